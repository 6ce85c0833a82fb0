"""The use cases, one file each; no SQL and no plugin manager in here."""

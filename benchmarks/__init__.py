"""What is measured: our own road beside hand-written SQL that leaves the same rows."""

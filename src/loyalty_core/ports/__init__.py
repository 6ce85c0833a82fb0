"""The Protocols that the application needs and that plugins or storage provide."""

"""The database: SQLAlchemy Core on SQLite and PostgreSQL, one implementation for both."""

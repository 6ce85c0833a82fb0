"""What tables are made of: the kinds of columns, and how a plugin declares tables of its own."""

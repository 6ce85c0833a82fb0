"""The demo: an example program with a year and a half of orders, its totals, and its gateway."""

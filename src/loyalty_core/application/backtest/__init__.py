"""Replaying the books under another configuration: decided anew, booked anew, compared."""

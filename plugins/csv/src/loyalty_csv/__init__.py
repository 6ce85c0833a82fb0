"""Folders that shops put files of facts into: a connector of the loyalty SDK."""

from loyalty_csv.plugin import plugin

__all__ = ["plugin"]

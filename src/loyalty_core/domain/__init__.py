"""The rules of loyalty as pure functions over frozen data: standard library only."""

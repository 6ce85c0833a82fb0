"""Errors of the database beneath the books."""

from __future__ import annotations

from loyalty_core.errors.base import LoyaltyError


class StoreError(LoyaltyError):
    """The database did not do what was asked: a command is booked as a whole or not at all.

    Only a session that broke off leaves open which: sending the same again is safe, and tells.
    """

    code = "store_failed"


class StoreUnreachable(StoreError):
    """The database cannot be reached or opened, or was away for longer than it is waited for."""

    code = "store_unreachable"
    default_remedy = "Check the database URL, that the server runs, and the permissions."


class StoreReadOnly(StoreError):
    """The database can be read but not written."""

    code = "store_read_only"
    default_remedy = "Check the permissions of the file and its folder, or the role's rights."


class StoreFull(StoreError):
    """The disk of the database is full; the transaction was rolled back."""

    code = "store_full"
    default_remedy = "Free space, then send the same facts again: nothing is booked twice."


class StoreBusy(StoreError):
    """Another writer held the lock longer than the bounded retries last."""

    code = "store_busy"
    default_remedy = "Try again: nothing was booked."


class HostConnectionUnsafe(StoreError):
    """The host's connection would lose our rows or keep them against its own rollback.

    SQLAlchemy's SQLite dialect needs the documented begin hooks for savepoints to hold.
    """

    code = "host_connection_unsafe"

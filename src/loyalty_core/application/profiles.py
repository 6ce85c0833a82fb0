"""What becomes of a member's profile when the host, or a shop, says what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from loyalty_core.domain.connectors import Customer
from loyalty_core.domain.members import Profile
from loyalty_core.ports.records import MemberRecord

NOBODY = Profile()


def written(record: MemberRecord, profile: Profile) -> None:
    """Gives a member the profile that the host says, all of it.

    What that changes is not as a shop said any more.
    """
    before = record.profile
    record.said = {
        name: source
        for name, source in record.said.items()
        if getattr(profile, name) == getattr(before, name)
    }
    record.profile = profile


def heard(record: MemberRecord, one: Customer) -> None:
    """Gives a member what a shop says of its customer.

    Tables are added to. What is empty stays as it was; but where the shop ``says`` it, it takes
    away what it had said itself, and nothing that the host or another shop did.
    """
    changes: dict[str, object] = {}
    said = dict(record.said)
    for item in fields(Profile):
        value, before = getattr(one.profile, item.name), getattr(record.profile, item.name)
        if isinstance(value, Mapping):
            changes[item.name] = {**before, **value}
        elif value:
            changes[item.name] = value
            if value != before:
                said[item.name] = one.source
        elif item.name in one.says and said.get(item.name) == one.source:
            changes[item.name] = getattr(NOBODY, item.name)
            del said[item.name]
    record.profile = replace(record.profile, **changes)  # type: ignore[arg-type]
    record.said = said

"""The rules of connectors: whatever a shop or the network does, books and shop are right."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_core.testing.quality import stands
from loyalty_core.testing.quality.rules import rule
from loyalty_core.testing.quality.subject import Subject


@rule(
    "LQ213",
    "has-a-stand",
    why="Nobody but its author knows how a platform writes an order, and what it answers. Without "
    "that nothing about a connector can be tried.",
    mend="Write a double of the platform, and give the test class that derives from `PluginSuite` "
    "`stands`: a `ConnectorStand` of `loyalty_core.testing` for each class of connector.",
)
def has_a_stand(subject: Subject) -> Iterator[str]:
    """Its tests put each kind of connector in front of a double, for all that it can do."""
    kinds = dict.fromkeys(type(one) for one in stands.connectors(subject).values())
    found = {stand.kind: stand for stand in stands.stands(subject)}
    for kind in kinds:
        stand = found.get(kind)
        if stand is None:
            yield f"no stand is given for {kind.__name__}"
            continue
        for name, needed in stands.needs(subject, kind).items():
            if needed and not getattr(stand, name):
                yield f"the stand of {kind.__name__} has no {name}"


@rule(
    "LQ218",
    "delivers-in-any-way",
    why="A connector is as good as the worst day of its platform.",
    mend="Say in `translate` what is the case now, and not what has changed: an order with all its "
    "refunds, with the moment by which it is the latest. Walks and webhooks have to say the same.",
)
def delivers_in_any_way(subject: Subject) -> Iterator[str]:
    """However a shop's history arrives, its books are the same.

    Webhooks come shuffled, twice or never, to a platform that goes on meanwhile, and walks find
    the rest.
    """
    return stands.delivered(subject)


@rule(
    "LQ219",
    "refuses-spoilt",
    why="Whoever can send a webhook can give himself points.",
    mend="Compare the signature of the raw body in constant time, with `same_signature`, before "
    "anything of it is read; refuse what is missing, doubled or not ASCII.",
)
def refuses_spoilt(subject: Subject) -> Iterator[str]:
    """A webhook that was spoilt is refused and leaves nothing; the right one is taken in."""
    return stands.signed(subject)


@rule(
    "LQ220",
    "acts-once",
    why="An answer that is lost looks like a request that was lost.",
    mend="Use the action's key as the platform's idempotency key, or look for what was made under "
    "it before making it again.",
)
def acts_once(subject: Subject) -> Iterator[str]:
    """A code is made once, whichever request is lost, and the shop's own codes are left alone."""
    return stands.acted(subject)


@rule(
    "LQ221",
    "shows-once",
    why="Members believe what the shop says they have.",
    mend="Write the whole of it, by the revision of the action, and only where it is another; "
    "leave what the platform adds itself out of what is compared.",
)
def shows_once(subject: Subject) -> Iterator[str]:
    """What is shown or told ends the same, whichever request is lost; echoes lead to none."""
    return stands.shown(subject)


@rule(
    "LQ222",
    "keeps-secrets",
    why="Logs are read by many, and sent to others.",
    mend="Put secrets into headers, never into URLs, and no headers and no answers of a platform "
    "into the text of an error.",
)
def keeps_secrets(subject: Subject) -> Iterator[str]:
    """No secret is logged or told in all of this, and when the platform says no in any way."""
    return stands.kept_secret(subject)


RULES = (
    has_a_stand,
    delivers_in_any_way,
    refuses_spoilt,
    acts_once,
    shows_once,
    keeps_secrets,
)

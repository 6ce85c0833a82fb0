"""What the plugin takes from outside, and refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from loyalty_core import ConfigError, FactError
from loyalty_referral import AsksFor, fraud
from loyalty_referral.config import ReferralConfig
from loyalty_referral.facts import kinds_of
from loyalty_referral.fraud import compared_by
from plugins.referral.tests.build import (
    FRIEND,
    NO_PRINTS,
    REFERRER,
    Opened,
    Shop,
    activity,
    joined,
)

SIGN_UP = [{**FRIEND, "when": "sign_up"}, {**REFERRER, "when": "sign_up"}]


@dataclass(frozen=True, kw_only=True)
class Model:
    """What a check asks for."""

    model: str = field(default="", metadata={"doc": "The model of the phone."})
    score: int = field(default=0, metadata={"doc": "Up to 100."})


class Asking:
    """A check of another distribution."""

    words = "No."

    def __init__(self, data: Any = Model) -> None:
        self.data = data

    def refuses(self, invitation: Any) -> bool:
        return bool(invitation.data.get("score", 0) > 80)


asking = Asking()
vague = Asking("words")


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a check asks for of everybody."""

    score: int = field(metadata={"doc": "Up to 100."})


@dataclass(frozen=True, kw_only=True)
class Takes:
    """What a check asks for that is there."""

    device: str = field(default="", metadata={"doc": "The device."})


needing, taking, again = Asking(Needs), Asking(Takes), Asking(Model)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs the checks above by their names."""
    names = ("asking", "again", "vague", "needing", "taking")
    points = [EntryPoint(one, f"{__name__}:{one}", fraud.GROUP) for one in names]
    monkeypatch.setattr(
        fraud, "entry_points", lambda **wanted: EntryPoints(points).select(**wanted)
    )


def refused(shop: Shop, fact: dict[str, Any]) -> list[tuple[str, str, str]]:
    receipt = shop.loyalty.record_many([fact])
    (found,) = receipt.rejected
    assert isinstance(found.error, FactError)
    return [(one.where, one.message, one.remedy) for one in found.error.problems]


def test_what_it_takes_is_said_in_sentences() -> None:
    config = ReferralConfig(checks=(*NO_PRINTS, "same_device", "same_shoe"))
    kinds = {one.kind: one for one in kinds_of(compared_by(config), [Model])}
    held = {name: [item.name for item in one.fields()] for name, one in kinds.items()}
    assert held == {
        "referral.touched": ["code"],
        "referral.joined": ["device", "address", "payment", "code", "shoe", "model", "score"],
        "referral.seen": ["device", "address", "payment", "shoe"],
        "referral.group_opened": ["deal", "group"],
        "referral.group_joined": ["code", "group"],
        "referral.group_left": ["code", "group"],
    }
    assert all(item.doc for one in kinds.values() for item in one.fields())
    needed = {name: [i.name for i in one.fields() if i.needed] for name, one in kinds.items()}
    assert needed["referral.joined"] == needed["referral.seen"] == []
    assert needed["referral.group_left"] == ["group"]


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (
            activity("joined", "bob", cdoe="ADA-10"),
            ("$.data.cdoe", "unknown key", "Did you mean code?"),
        ),
        (joined("bob", **{"check.score": 81}), ("$.data.check.score", "unknown key", "Known")),
        (activity("touched", "bob"), ("$.data.code", "", "")),
        (activity("seen", "bob", device=5), ("$.data.device", "", "")),
        (activity("group_opened", "bob", group="g"), ("$.data.deal", "", "")),
        (activity("group_joined", "bob", group="g"), ("$.data.code", "", "")),
        (activity("group_left", "bob", code="ADA-10"), ("$.data.group", "", "")),
        (activity("joind", "bob"), ("$.kind", "declares no activity", "referral.joined")),
        (activity("due", "bob", rule="friend"), ("$.kind", "declares no activity", "declares")),
        (activity("answered", "bob", reason=""), ("$.kind", "declares no activity", "declares")),
    ],
)
def test_what_does_not_fit_is_refused(
    opened: Opened, fact: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    """Nobody outside can send what a referral tells itself, such as that a reward is due."""
    shop = opened(reward=SIGN_UP, checks=NO_PRINTS)
    shop.enrol("ada")
    ((where, message, remedy),) = refused(shop, fact)
    assert where == expected[0]
    assert expected[1] in message
    assert expected[2] in remedy
    assert shop.points("ada") == [0]
    assert shop.loyalty.find(fact["identities"]) is None  # nobody came of it


def test_another_thing_is_compared_that_a_check_names(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP, checks=[*NO_PRINTS, "same_shoe"])
    shop.enrol("ada")
    shop.record(activity("seen", "ada", 0, shoe="42"))
    shop.record(joined("bob", hours=1, shoe="42"))
    shop.record(joined("cal", hours=2, shoe="43"))
    assert (shop.reasons("bob"), shop.reasons("cal")) == ("same_shoe", "")


@pytest.mark.parametrize("name", ["same_", "same_phone model", "same_code", "same_if"])
def test_what_cannot_be_held_is_not_compared(opened: Opened, name: str) -> None:
    with pytest.raises(ConfigError, match="there is no check"):
        opened(checks=[*NO_PRINTS, name])


@pytest.mark.usefixtures("checks")
def test_a_check_has_what_it_asks_for(opened: Opened) -> None:
    assert isinstance(asking, AsksFor)
    shop = opened(reward=SIGN_UP, checks=[*NO_PRINTS, "asking"])
    shop.enrol("ada")
    shop.record(joined("bob", score="81", model="X"))
    shop.record(joined("cal", score=80))
    assert (shop.reasons("bob"), shop.reasons("cal")) == ("asking", "")
    ((where, _, _),) = refused(shop, joined("dan", score="many"))
    assert where == "$.data.score"


@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["vague"], "the check 'vague' asks for data that are not a dataclass"),
        (["needing"], "the check 'needing' asks for 'score' without a default"),
        (["taking"], "the check 'taking' asks for 'device', which is taken"),
        (["same_model", "asking"], "the check 'asking' asks for 'model', which is taken"),
        (["asking", "again"], "the check 'again' asks for 'model', which is taken"),
    ],
)
def test_what_checks_cannot_ask_for_is_a_fault(
    opened: Opened, names: list[str], expected: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        opened(checks=[*NO_PRINTS, *names])
    found = [(one.where, one.message) for one in raised.value.problems]
    assert found[0] == (f"plugins.referral.checks[{2 + len(names)}]", expected)

"""Buying as a group: a member opens one, others take places, and it is complete or it is not.

The opener's facts decide: a place is a fact of the opener's caused by whoever takes it, so that all
places of a group stand in one order. Everybody in it is told by a fact of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from loyalty_core import Order, Outcome, ProgramConfig
from loyalty_referral.config import Deal, ReferralConfig
from loyalty_referral.facts import code_of, group_on
from loyalty_referral.turn import Document, Turn, in_order, promise

LATEST = 20
"""How many groups and places are remembered."""
LONGEST_GROUP = 64
OWN = "own"
"""The opener's own place."""
OPEN, WON, LOST = "open", "won", "lost"
ASKED, IN, REFUSED, LEFT = "asked", "in", "refused", "left"


class Groups:
    """Both sides of group buying."""

    def __init__(
        self, config: ReferralConfig, program: ProgramConfig, digest: Callable[[str], str]
    ) -> None:
        self._deals: Mapping[str, Deal] = {one.deal: one for one in config.deal}
        self._program = program
        self._digest = digest

    # -- who takes a place ------------------------------------------------------------------------

    def joined(self, turn: Turn) -> None:
        """Asks for a place."""
        code, group = code_of(turn.data.get("code")), str(turn.data.get("group") or "")
        if code and group:
            self._ask(turn, code, group)

    def left(self, turn: Turn) -> None:
        """Frees the member's place in a group, or in one of their own if no code is named."""
        code, group = code_of(turn.data.get("code")), str(turn.data.get("group") or "")
        if not code:
            self._free(turn, group, OWN)
        for key, place in turn.table("places").items():
            mine = (place["code"], place["group"]) == (code, group)
            if mine and place["state"] in (ASKED, IN):
                turn.put("places", key, {**place, "state": LEFT})
                turn.cause("place_left", {"group": group, "place": key}, rule=key, code=code)

    def ordered(self, turn: Turn, outcome: Outcome) -> None:
        """Takes the place that an order is for, until it is wholly given back."""
        order = outcome.fact
        assert isinstance(order, Order)
        code, group = group_on(order)
        if not code:
            return
        key = self._ask(turn, code, group, order=f"{order.source}/{order.id}")
        back = next((one.at for one in outcome.returned if one.whole or not one.value), None)
        if back is not None:
            turn.put("places", key, {**turn.table("places")[key], "back": True})
            freed = {"group": group, "place": key}
            turn.cause("place_left", freed, rule=key, code=code, at=back)

    def placed(self, turn: Turn) -> None:
        """Takes the opener's answer, which may come together with the group's end."""
        reason = turn.data["reason"]
        if turn.table("places").get(turn.data["place"], {}).get("state") == ASKED:
            self._mark(turn, REFUSED if reason else IN, reason=reason)

    def ended(self, turn: Turn, *, won: bool) -> None:
        """Gives what the group was for, or tells that it is not complete."""
        data = turn.data
        place = turn.table("places").get(data["place"], {})
        self._mark(turn, WON if won else LOST)
        if won and not place.get("back"):
            turn.give(data, f"deal:{data['deal']}")
        turn.tell(
            "group_succeeded" if won else "group_failed",
            group=data["group"],
            deal=data["deal"],
            code=place.get("code", ""),
            order=place.get("order", ""),
        )

    def _ask(self, turn: Turn, code: str, group: str, *, order: str = "") -> str:
        key = self._digest(f"{turn.fact.source}\0{turn.fact.id}")
        place = {"code": code, "group": group, "state": ASKED, "reason": ""}
        place |= {"order": order, "at": turn.at.isoformat()}
        turn.put("places", key, place, most=LATEST)
        asked = {"group": group, "place": key, "friend": turn.me}
        turn.cause("place", asked, rule=key, code=code)
        return key

    def _mark(self, turn: Turn, state: str, **more: object) -> None:
        key = turn.data["place"]
        place = turn.table("places").get(key)
        if place is not None and place["state"] != LEFT:
            turn.put("places", key, {**place, "state": state, **more})

    # -- who opened it ----------------------------------------------------------------------------

    def opened(self, turn: Turn) -> None:
        """Opens a group of the deal, with the opener in it, and closes it at its time."""
        deal = self._deals.get(str(turn.data.get("deal") or ""))
        group = str(turn.data.get("group") or "")
        groups = turn.table("groups")
        full = sum(one["state"] == OPEN for one in groups.values()) >= LATEST
        if deal is None or full or group in groups or not 1 <= len(group) <= LONGEST_GROUP:
            turn.tell("group_refused", group=group[:LONGEST_GROUP])
            return
        closes_at = turn.at + timedelta(hours=deal.hours)
        opened: dict[str, Any] = {
            "deal": deal.deal,
            "name": deal.name,
            "needs": deal.minimum,
            "most": deal.maximum or deal.minimum,
            "at": turn.at.isoformat(),
            "closes_at": closes_at.isoformat(),
            "state": OPEN,
            "places": {OWN: turn.me},
            "prize": promise(deal, self._program),
        }
        over = [name for name, one in in_order(groups) if one["state"] != OPEN]
        gone = over[: max(len(groups) + 1 - LATEST, 0)]
        kept = {name: one for name, one in groups.items() if name not in gone}
        turn.state["groups"] = {**kept, group: opened}
        turn.cause("group_closing", {"group": group}, rule=group, at=closes_at)

    def place(self, turn: Turn) -> None:
        """Gives a place, or says why not; the last one completes the group."""
        data = turn.data
        group = turn.table("groups").get(data["group"])
        reason = self._refusal(turn, group)
        turn.cause("placed", {"place": data["place"], "reason": reason}, to=data["friend"])
        if group is None or reason:
            return
        places = {**group["places"], data["place"]: data["friend"]}
        turn.put("groups", data["group"], {**group, "places": places})
        if len(places) >= group["most"]:
            self._close(turn, data["group"], won=True)

    def place_left(self, turn: Turn) -> None:
        """Frees a place while the group is open; afterwards it makes no difference to others."""
        self._free(turn, turn.data["group"], turn.data["place"])

    def closing(self, turn: Turn) -> None:
        """Ends a group whose time has come."""
        group = turn.table("groups").get(turn.data["group"])
        if group is not None and group["state"] == OPEN:
            self._close(turn, turn.data["group"], won=len(group["places"]) >= group["needs"])

    def _refusal(self, turn: Turn, group: Document | None) -> str:
        if group is None:
            return "no_group"
        if group["state"] != OPEN or turn.at >= datetime.fromisoformat(group["closes_at"]):
            return "closed"
        return "already" if turn.data["friend"] in (turn.me, *group["places"].values()) else ""

    def _free(self, turn: Turn, name: str, key: str) -> None:
        group = turn.table("groups").get(name)
        if group is not None and group["state"] == OPEN and key in group["places"]:
            places = {one: friend for one, friend in group["places"].items() if one != key}
            turn.put("groups", name, {**group, "places": places})

    def _close(self, turn: Turn, name: str, *, won: bool) -> None:
        """Ends a group: from here on it is known how many there were, not who."""
        group = turn.table("groups")[name]
        for key, friend in group["places"].items():
            what, to = "group_won" if won else "group_lost", "" if key == OWN else friend
            told = {"group": name, "deal": group["deal"], "place": key, **group["prize"]}
            turn.cause(what, told, rule=key, to=to)
        closed = {**group, "state": WON if won else LOST, "have": len(group["places"])}
        del closed["places"]
        turn.put("groups", name, closed)

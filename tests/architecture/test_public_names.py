"""A change of the public names is seen, and meant: it is in the same commit as its snapshot."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from tests.architecture.public_names import PUBLIC_MODULES, REFRESH, SNAPSHOT, section, snapshot


def test_the_public_names_are_the_recorded_ones() -> None:
    recorded = SNAPSHOT.read_text(encoding="utf-8")
    assert snapshot() == recorded, f"if this change is meant: {REFRESH}"


def test_no_public_signature_says_any() -> None:
    """But for those of hooks: what a plugin's settings are, the core does not know."""
    said = [line for line in snapshot().splitlines() if re.search(r"\bAny\b", line)]
    assert [line for line in said if not line.startswith("hook ")] == []


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_all_names_exist_once(name: str) -> None:
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)
    assert [missing for missing in module.__all__ if not hasattr(module, missing)] == []


SOURCE = """
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from loyalty_core import Deprecation

GOES = Deprecation(since="0.3", last_day=date(2027, 6, 30), use="earn")
MOST = 12
Thing = int | str
__all__ = ["MOST", "Earns", "Lot", "State", "Thing", "earn", "earn_all"]


class State(StrEnum):
    OPEN = "open"


@dataclass(frozen=True)
class Lot:
    size: int
    name: str = "it's"
    state: State = State.OPEN


class Earns(Protocol):
    def earns(self, lot: Lot) -> int: ...


def earn(points: int, *, by: str = "", at: date | None = None) -> tuple[Lot, ...]: ...


@GOES
def earn_all() -> None: ...
"""
TOLD = """
[planted]
class Earns(Protocol)
    def earns(self, lot: Lot) -> int
class Lot()
    def __init__(size: int, name: str = "it's", state: State = State.OPEN) -> None
    field name: str
    field size: int
    field state: State
value MOST = 12
class State(StrEnum)
    member OPEN = 'open'
union Thing = int | str
def earn(points: int, *, by: str = '', at: date | None = None) -> tuple[Lot, ...]
def earn_all() -> None  # until 2027-06-30"""


def test_a_snapshot_says_what_plugins_rely_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "planted.py").write_text(SOURCE)
    told = section("planted")
    del sys.modules["planted"]
    assert "\n".join(told) == TOLD

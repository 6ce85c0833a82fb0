"""A change of the public names is seen, and meant: it is in the same commit as its snapshot."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from tests.architecture.public_names import PUBLIC_MODULES, REFRESH, SNAPSHOT, snapshot


def test_the_public_names_are_the_recorded_ones() -> None:
    recorded = SNAPSHOT.read_text(encoding="utf-8")
    assert snapshot() == recorded, f"if this change is meant: {REFRESH}"


def test_no_public_signature_says_any() -> None:
    assert [line for line in snapshot().splitlines() if re.search(r"\bAny\b", line)] == []


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_all_names_exist_once(name: str) -> None:
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)
    assert [missing for missing in module.__all__ if not hasattr(module, missing)] == []


def test_a_changed_signature_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    source = "__all__ = ['earn', 'Lot']\ndef earn(points: int): ...\nclass Lot:\n    size: int\n"
    variants = [
        source,
        source.replace("points: int", "points: int = 0"),
        source.replace("size: int", "size: str"),
    ]
    seen = []
    for number, variant in enumerate(variants):
        (tmp_path / f"planted_{number}.py").write_text(variant)
        seen.append(snapshot((f"planted_{number}",)).replace(f"planted_{number}", "planted"))
        del sys.modules[f"planted_{number}"]
    assert len(set(seen)) == 3
    assert "def earn(points: int)" in seen[0]
    assert "field size: int" in seen[0]

"""Time for simulations."""

import pytest

from loyalty_core.storage import store


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others run while one waits for its next try, so nobody need wait by the clock."""
    monkeypatch.setattr(store, "FIRST_PAUSE_MS", 0)

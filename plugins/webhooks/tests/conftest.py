"""Secrets and a clock for the tests."""

from __future__ import annotations

import pytest

from loyalty_core.testing import FrozenClock
from plugins.webhooks.tests.build import NEW, NOW, OLD


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILL_NEW", NEW)
    monkeypatch.setenv("TILL_OLD", OLD)
    monkeypatch.setenv("CRM", NEW)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)

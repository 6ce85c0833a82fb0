"""The shop that commands are tried on."""

from pathlib import Path

import pytest

from tests.unit.cli.shop import CONFIG, Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop without members."""
    for name in ("LOYALTY_CONFIG", "LOYALTY_DATABASE", "LOYALTY_ACTOR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "loyalty.toml").write_text(CONFIG, encoding="utf-8")
    return Shop(tmp_path)

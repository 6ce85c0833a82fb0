"""A small shop that the command line's tests work on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from typer import testing
from typer.main import get_command
from typer.testing import CliRunner, Result

from loyalty_core.cli import build_app

CONFIG = """\
[program]
id = "shop"
currency = "EUR"
time_zone = "Europe/Berlin"

[wallets.points]
scale = 2
value = { points = 100, amount = "1.00" }
expiry = { after_years = 80 }

[[plugins.points.earn]]
rule = "purchases"
rate = { EUR = "1" }

[plugins.points.redeem]
"""
AT = "2024-03-02T00:00:00Z"


def order(number: int, amount: str = "40.00", **changes: Any) -> dict[str, Any]:
    made = {
        "type": "order",
        "source": "web",
        "id": f"A{number}",
        "currency": "EUR",
        "occurred_at": "2024-03-01T10:00:00+01:00",
        "identities": {"email": "ada@example.org"},
        "lines": [{"id": "1", "amount": amount}],
    }
    return made | changes


@dataclass(frozen=True)
class Shop:
    """A configuration and a database in a folder, and the commands on them."""

    folder: Path

    @property
    def options(self) -> list[str]:
        return [
            *("--config", str(self.folder / "loyalty.toml")),
            *("--database", f"sqlite:///{self.folder / 'books.db'}"),
        ]

    def run(self, *arguments: str, stdin: str | bytes = "") -> Result:
        """The result of a command on this shop."""
        return run([*arguments, *self.options], stdin)

    def json(self, *arguments: str, stdin: str | bytes = "", code: int = 0) -> Any:
        """The one JSON document that a command prints."""
        result = self.run(*arguments, "--json", stdin=stdin)
        assert result.exit_code == code, result.output
        assert result.stderr == ""
        return json.loads(result.stdout)

    def record(self, *facts: dict[str, Any]) -> list[Any]:
        stdin = "\n".join(json.dumps(fact) for fact in facts)
        receipts = self.json("record", stdin=stdin)["receipts"]
        assert isinstance(receipts, list)
        return receipts

    def error(self, *arguments: str, code: int, stdin: str | bytes = "") -> Any:
        """The error that a command prints as JSON."""
        return self.json(*arguments, stdin=stdin, code=code)["error"]

    def file(self, name: str, content: str | bytes) -> str:
        """The path of a new file."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


def run(arguments: Sequence[str], stdin: str | bytes = "") -> Result:
    """The result of a command; an exception that nobody expected is raised."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    app, command = built()
    with patch.object(testing, "_get_command", return_value=command):
        return CliRunner().invoke(app, list(arguments), input=data, catch_exceptions=False)


@cache
def built() -> tuple[Any, Any]:
    """The command line, put together once: that takes longer than most commands."""
    app = build_app()
    return app, get_command(app)


def points(units: int) -> dict[str, Any]:
    """Points as the shop's documents have them: two decimal digits."""
    sign, digits = "-" if units < 0 else "", str(abs(units)).rjust(3, "0")
    return {"units": units, "decimal": f"{sign}{digits[:-2]}.{digits[-2:]}"}


def euros(text: str) -> dict[str, str]:
    return {"amount": text, "currency": "EUR"}

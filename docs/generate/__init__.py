"""The reference pages, made from the code: ``python -m docs.generate`` writes them anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from docs.generate import (
    api,
    cli,
    config,
    deprecations,
    errors,
    events,
    facts,
    hard_cases,
    hooks,
    personal,
    quality,
)

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
COMMAND = "python -m docs.generate"
BY_HAND = frozenset({"guarantees.md"})
"""The pages beside the generated ones that no code could say."""


def pages() -> Mapping[str, str]:
    """The text of every generated file, by its path below ``docs/reference``."""
    made = {
        "api.md": api.page(),
        "cli.md": cli.page(),
        "config.md": config.page(),
        "deprecations.md": deprecations.page(),
        "events.md": events.page(),
        "facts.md": facts.page(),
        "facts.schema.json": facts.schema_text(),
        "hard-cases.md": hard_cases.page(),
        "hooks.md": hooks.page(),
        "personal-data.md": personal.page(),
        "quality.md": quality.page(),
    }
    return made | {f"errors/{name}": text for name, text in errors.pages().items()}


def stale() -> list[str]:
    """The generated files that differ from the code, are missing, or should not be there."""
    made = pages()
    there = {
        str(path.relative_to(REFERENCE)): path.read_text(encoding="utf-8")
        for path in REFERENCE.rglob("*")
        if path.is_file() and path.name not in BY_HAND
    }
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))

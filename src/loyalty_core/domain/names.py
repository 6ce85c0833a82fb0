"""Names that merchants give to what they configure, and the ids that are made of them."""

from __future__ import annotations

import re
from typing import Annotated

Name = Annotated[str, "name"]
"""What a merchant calls a rule, a tier or a badge: such a setting is short, and not empty."""
LONGEST_NAME = 50
"""How many characters a ``Name`` has at most: two of them and a word or two fit into an id."""
LONGEST_ID = 128
"""How many characters an id, a rule, an event, a metric or a kind has at most."""
_SECTION = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)


def is_name(text: str) -> bool:
    """Whether a text can be a ``Name``: it is short, and can be read as it is written."""
    return 1 <= len(text) <= LONGEST_NAME and text.isprintable() and text == text.strip()


def is_section(text: str) -> bool:
    """Whether a text can name a section of the core's, such as a wallet, and be an id at that."""
    return _SECTION.fullmatch(text) is not None

"""What is said of a setting in its own place, so that pages and editors can show it."""

from __future__ import annotations

from collections.abc import Mapping

SECRET = "secret"  # noqa: S105 - the name of what is said of a setting


def doc(text: str, *, secret: bool = False) -> Mapping[str, object]:
    """The metadata of a field of settings: a sentence about it, for reference pages and editors.

    With ``secret`` it names the variable of the environment in which a secret is: ``env:NAME``. A
    value that is no such reference is refused, and no message shows it.

    >>> doc("How many stamps buy one.")
    {'doc': 'How many stamps buy one.'}
    """
    return {"doc": text, SECRET: True} if secret else {"doc": text}

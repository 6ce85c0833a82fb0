"""What a rule of quality is, how one is written, and what can come of checking it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from loyalty_core.testing.quality.claim import Grade
from loyalty_core.testing.quality.subject import Subject

_CODE = re.compile(r"LQ[123][0-9]{2}", re.ASCII)


class Idle(Exception):
    """Raised by a rule that has nothing to look at, with why: then it holds."""


class Unchecked(Exception):
    """Raised by a rule that cannot be checked here, with what is missing: then nobody knows."""


Check = Callable[[Subject], Iterable[str]]
"""Yields what is wrong with a plugin, one sentence for each fault; nothing if it is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that is true of a good plugin.

    The first digit of ``code`` is its grade. ``name`` is a word for it, ``what`` the rule, ``why``
    what happens otherwise, and ``mend`` what to do where it does not hold.
    """

    code: str
    name: str
    what: str
    why: str
    mend: str
    check: Check

    @property
    def grade(self) -> Grade:
        """The grade that needs it."""
        return list(Grade)[int(self.code[2]) - 1]


def rule(code: str, name: str, *, why: str, mend: str) -> Callable[[Check], Rule]:
    """Makes a function a ``Rule``; its docstring is what the rule says.

    Raises ``ValueError`` for a code that is not ``LQ``, a grade from 1 to 3, and two digits.
    """

    def made(check: Check) -> Rule:
        if not _CODE.fullmatch(code):
            raise ValueError(f"{code!r} is no code of a rule, such as LQ101")
        what = " ".join((inspect.getdoc(check) or "").split()).replace("``", "`")
        return Rule(code=code, name=name, what=what, why=why, mend=mend, check=check)

    return made

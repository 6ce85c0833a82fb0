"""Modules that are run here and are no part of the program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def importable(module: ModuleType) -> Iterator[None]:
    """A module can be imported meanwhile: dataclasses look for the one that they are of."""
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        sys.modules.pop(module.__name__, None)

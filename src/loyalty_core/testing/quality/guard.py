"""Notices what a pure function must not do: ask a clock, chance, a file, a network, a database.

The interpreter itself tells of each call (``sys.setprofile``) and of each access to the outside
(``sys.addaudithook``), so it makes no difference by which name a clock was imported.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from types import FrameType
from typing import Any

_CLOCKS = frozenset(
    {
        "time",
        "time_ns",
        "monotonic",
        "monotonic_ns",
        "perf_counter",
        "perf_counter_ns",
        "process_time",
        "process_time_ns",
        "thread_time",
        "thread_time_ns",
        "localtime",
        "gmtime",
        "ctime",
        "sleep",
        "clock_gettime",
        "clock_gettime_ns",
    }
)
_NOW = frozenset({"now", "utcnow", "today"})
_SPAWNS = frozenset({"start_new_thread", "start_joinable_thread"})
_OUTSIDE: Mapping[str, str] = {
    "open": "a file",
    "os.listdir": "a folder",
    "os.scandir": "a folder",
    "os.system": "another program",
    "os.posix_spawn": "another program",
    "os.fork": "another process",
    "subprocess.Popen": "another program",
    "sqlite3.connect": "a database",
    "socket.__new__": "the network",
    "socket.connect": "the network",
    "socket.getaddrinfo": "the network",
    "socket.gethostbyname": "the network",
    "socket.bind": "the network",
    "urllib.Request": "the network",
}
_ALLOWED = frozenset(
    {
        "importlib",
        "_frozen_importlib",
        "_frozen_importlib_external",
        "zoneinfo",
        "linecache",
        "tokenize",
        "traceback",
        "logging",
        "warnings",
    }
)
"""Modules that load code and time zones, which are no input, or write a log, which is no answer."""

_CALLER = "loyalty_core.testing.quality.watching"
"""Whose call it is that is watched: what called that is not looked at."""

_watch = threading.local()
_hooked = threading.Lock()
_hooks: list[bool] = []


@contextmanager
def watched() -> Iterator[list[str]]:
    """What this thread asks of the outside meanwhile, as words such as ``the clock (time.time)``.

    What is asked is answered: nothing is forbidden, so that everything is found at once. No garbage
    is collected meanwhile: that runs what others have left in this process, finalizers and
    ``gc.callbacks`` (those of Hypothesis ask the clock), and none of it is what is watched.
    """
    _listen()
    seen: list[str] = []
    before = sys.getprofile()
    outer, _watch.seen = getattr(_watch, "seen", None), seen
    collects = gc.isenabled()
    gc.disable()
    sys.setprofile(lambda frame, event, value: _called(seen, frame, event, value))
    try:
        yield seen
    finally:
        _give_back(before)
        if collects:
            gc.enable()
        _watch.seen = outer


def _give_back(profiler: Any) -> None:
    """Lets whoever profiled this thread before go on: a function, or ``cProfile``."""
    if profiler is None or callable(profiler):
        sys.setprofile(profiler)
    else:
        sys.setprofile(None)
        profiler.enable()


def _listen() -> None:
    """Adds the audit hook, once in a process: one cannot be taken away again."""
    with _hooked:
        if not _hooks:
            _hooks.append(True)
            sys.addaudithook(_audited)


def _audited(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _OUTSIDE:
        return
    seen = getattr(_watch, "seen", None)
    if seen is not None and not _allowed(sys._getframe(1)):
        told = f"{_OUTSIDE[event]} ({event})"
        if told not in seen:
            seen.append(told)


def _allowed(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_globals.get("__name__") != _CALLER:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _ALLOWED:
            return True
        frame = frame.f_back
    return False


def _called(seen: list[str], frame: FrameType, event: str, value: Any) -> None:
    told = ""
    if event == "c_call":
        told = _of_builtin(value)
    elif event == "call":
        told = _of_python(frame)
    if told and told not in seen and not _allowed(frame):
        seen.append(told)


def _of_builtin(function: Any) -> str:
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    module = getattr(function, "__module__", None) or getattr(owner, "__name__", "")
    if name in _NOW and isinstance(owner, type) and issubclass(owner, date):
        return f"the clock ({owner.__name__}.{name})"
    if name in _CLOCKS and module == "time":
        return f"the clock (time.{name})"
    if name in ("urandom", "getrandom"):
        return f"chance (os.{name})"
    if owner is not None and owner is _chance():
        return f"chance (random.{name})"
    if name in _SPAWNS:
        return "another thread"
    return ""


def _of_python(frame: FrameType) -> str:
    """What is asked in Python: the functions of ``random``, and the environment."""
    if frame.f_globals.get("__name__") not in ("random", "os"):
        return ""
    mine = frame.f_locals.get("self")
    if mine is not None and mine is _chance():
        return f"chance (random.{frame.f_code.co_name})"
    if mine is os.environ and frame.f_code.co_name in ("__getitem__", "__iter__", "__contains__"):
        return "the environment (os.environ)"
    return ""


def _chance() -> object:
    """The generator behind the functions of ``random``; one with a seed of its own is pure."""
    return getattr(random.random, "__self__", None)

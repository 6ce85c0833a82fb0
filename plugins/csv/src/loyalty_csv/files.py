"""Where files are: what a connector asks of a place, and the folder on a disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from typing import BinaryIO, Protocol

from loyalty_core import Health, PlatformUnavailable, Secret

DONE = "done"
SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
SECOND_NS = 1_000_000_000


class Gone(Exception):
    """That version of a file is not there any more: it was changed, moved or deleted."""


class Files(Protocol):
    """A place that files are put into; every method raises ``PlatformUnavailable``."""

    secrets: tuple[Secret, ...]

    def health(self) -> Health:
        """Whether the place is there, and how much waits."""
        ...

    def listed(self) -> Mapping[str, str]:
        """The files that are there and whole, by name: the version of each, a text of its own."""
        ...

    def opened(self, name: str, version: str) -> BinaryIO:
        """What is in a version of a file, from the beginning; raises ``Gone``."""
        ...

    def put_away(self, name: str, version: str) -> None:
        """Takes a version that is booked out of the way, if that is done here."""
        ...


def readable(name: str) -> bool:
    """Whether a file of that name has facts in it."""
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


class DiskFolder:
    """A folder on a disk: what is booked goes into its folder ``done``."""

    secrets: tuple[Secret, ...] = ()

    def __init__(self, path: Path, quiet_seconds: int, connector: str) -> None:
        self._path = path
        self._quiet_ns = quiet_seconds * SECOND_NS
        self._connector = connector

    def health(self) -> Health:
        """Whether the folder is there and can be written: files are moved."""
        try:
            (self._path / DONE).mkdir(exist_ok=True)
            waiting = len(self._listed())
        except OSError as error:
            return Health(ok=False, detail=f"{self._path}: {error.strerror}")
        return Health(ok=True, detail=f"{waiting} file(s) wait in {self._path}")

    def listed(self) -> Mapping[str, str]:
        """The files that are not being written."""
        with self._there():
            return self._listed()

    def opened(self, name: str, version: str) -> BinaryIO:
        """The file, which is read while it lies there."""
        with self._there():
            try:
                stream = (self._path / name).open("rb")
            except FileNotFoundError as error:
                raise Gone from error
            if _version(os.fstat(stream.fileno())) != version:
                stream.close()
                raise Gone
            return stream

    def put_away(self, name: str, version: str) -> None:
        """Moves a file; one of its name that is moved already is kept beside it."""
        source, done = self._path / name, self._path / DONE
        with self._there():
            if not source.exists() or _version(source.stat()) != version:
                return
            done.mkdir(exist_ok=True)
            target, number = done / name, 1
            while target.exists():
                target, number = done / f"{source.stem}.{number}{source.suffix}", number + 1
            source.rename(target)

    def _listed(self) -> Mapping[str, str]:
        latest = time_ns() - self._quiet_ns
        found = {}
        for one in self._path.iterdir():
            if readable(one.name) and one.is_file() and (about := one.stat()).st_mtime_ns <= latest:
                found[one.name] = _version(about)
        return found

    @contextmanager
    def _there(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"{self._path} cannot be read: {error.strerror}"
            raise PlatformUnavailable(message, where=self._connector) from error


def _version(about: os.stat_result) -> str:
    """What changes when a file is written, or another one comes in its place."""
    return f"{about.st_mtime_ns}.{about.st_size}.{about.st_ino}"

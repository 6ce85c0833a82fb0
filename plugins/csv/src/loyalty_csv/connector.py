"""A place with files as a shop: they are read in turn, each version of each once.

A cursor says how far the file is booked that is being read, and which versions are booked of those
that are still there. If the process dies, rows are read again and found booked. So a file counts
once, whether it is moved away or stays, and whoever reads on; one that is written anew counts anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from hashlib import blake2b
from itertools import islice
from threading import Lock
from typing import BinaryIO

from loyalty_core import (
    FactError,
    FactFile,
    FileRow,
    Health,
    Input,
    Page,
    PlatformUnavailable,
    Program,
    Unreadable,
    read_facts,
)
from loyalty_csv.config import Folder
from loyalty_csv.files import Files, Gone

ROWS_A_PAGE = 500
TRIES = 5
"""How often a file may be written anew between listing and opening it, before it waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a folder is read.

    So many rows of a version of a file, or, with ``whole``, all of them. ``booked`` are the marks
    of the versions that are booked and were there when the folder was last looked into.
    """

    file: str = ""
    version: str = ""
    rows: int = 0
    whole: bool = False
    booked: tuple[str, ...] = ()

    @staticmethod
    def of(cursor: str) -> Place:
        """The place that a cursor names."""
        if not cursor:
            return Place()
        given = json.loads(cursor)
        return Place(**{**given, "booked": tuple(given["booked"])})

    def cursor(self) -> str:
        """The place as a cursor."""
        return json.dumps(asdict(self)) if self.file or self.booked else ""


@dataclass(frozen=True, slots=True)
class _Open:
    """A file that is being read, and the place in it."""

    place: Place
    rows: Iterator[FileRow]


class FolderConnector:
    """A folder that is watched, on a disk or in an object store."""

    def __init__(self, folder: Folder, program: Program, files: Files) -> None:
        self.id = folder.connector
        self.secrets = files.secrets
        self._folder = folder
        self._program = program
        self._files = files
        self._lock = Lock()
        self._open: _Open | None = None
        self._ahead: tuple[tuple[str, ...], dict[str, str]] | None = None

    @property
    def polled_every(self) -> timedelta | None:
        """As often as the settings say."""
        minutes = self._folder.every_minutes
        return timedelta(minutes=minutes) if minutes else None

    def health(self) -> Health:
        """Whether the folder is there, and how much waits."""
        return self._files.health()

    def changed_since(self, cursor: str) -> Page:
        """Rows of the file that is read, or of the next one; raises ``PlatformUnavailable``."""
        place = Place.of(cursor)
        if place.whole:
            self._files.put_away(place.file, place.version)
            place = Place(booked=_booked_with(place))
        opened = self._take(place) or self._next(place)
        if isinstance(opened, Place):
            return Page(inputs=(), cursor=opened.cursor())
        inputs, whole = self._read(opened)
        after = replace(opened.place, rows=opened.place.rows + len(inputs), whole=whole)
        if not whole:
            with self._lock:
                self._open = _Open(after, opened.rows)
        return Page(inputs=inputs, cursor=after.cursor(), more=True)

    def _take(self, place: Place) -> _Open | None:
        """The file that is open already at this very row, so that it is not read from the start."""
        with self._lock:
            kept, self._open = self._open, None
        return kept if kept is not None and kept.place == place else None

    def _next(self, place: Place) -> _Open | Place:
        """The file to read on, or the next one from its start; the place if there is none."""
        waiting = self._waiting_at(place)
        for _ in range(TRIES):
            if not waiting:
                place, waiting = self._look(place)
            if not waiting:
                return place
            name = place.file or next(iter(waiting))
            found = replace(place, file=name, version=waiting.pop(name))
            try:
                stream = self._files.opened(name, found.version)
            except Gone:
                place, waiting = Place(booked=place.booked), {}
                continue
            with self._lock:
                self._ahead = _booked_with(found), waiting
            rows = _rows(stream, self._file(name), self._program)
            return _Open(found, islice(rows, found.rows, None))
        message = f"{name} is written anew all the time"
        raise PlatformUnavailable(message, where=self.id)

    def _waiting_at(self, place: Place) -> dict[str, str]:
        """What is left of the latest list if it was for this place: lists may be long."""
        with self._lock:
            kept, self._ahead = self._ahead, None
        return kept[1] if kept is not None and not place.file and kept[0] == place.booked else {}

    def _look(self, place: Place) -> tuple[Place, dict[str, str]]:
        """The place as things are now, and the files that wait, in the order of their names."""
        listed = self._files.listed()
        marks = {_mark(name, version): name for name, version in listed.items()}
        booked = tuple(mark for mark in place.booked if mark in marks)
        done = {marks[mark] for mark in booked}
        waiting = {name: listed[name] for name in sorted(listed) if name not in done}
        stands = waiting.get(place.file) == place.version and bool(place.file)
        return replace(place if stands else Place(), booked=booked), waiting

    def _read(self, opened: _Open) -> tuple[tuple[Input, ...], bool]:
        """The next rows of a file, and whether they are its last."""
        name = opened.place.file
        inputs: list[Input] = []
        try:
            inputs.extend(_input(name, row) for row in islice(opened.rows, ROWS_A_PAGE))
        except FactError as error:  # of the file from here on, or as a whole
            return (*inputs, Unreadable(what=name, raw=b"", error=error)), True
        except OSError as error:
            message = f"{name} cannot be read: {error.strerror}"
            raise PlatformUnavailable(message, where=self.id) from error
        return tuple(inputs), len(inputs) < ROWS_A_PAGE

    def _file(self, name: str) -> FactFile:
        return FactFile(
            name=name,
            orders=self._folder.holds == "orders",
            source=self._folder.source or self._folder.account,
            currency=self._folder.currency,
            time_zone=self._folder.time_zone,
            date_format=self._folder.date_format,
            delimiter=self._folder.delimiter,
            maps=self._folder.maps,
            group_lines=self._folder.group_lines,
        )


def _booked_with(place: Place) -> tuple[str, ...]:
    """What is booked when the file of a place is."""
    return (*place.booked, _mark(place.file, place.version))


def _mark(name: str, version: str) -> str:
    """A short text that no other version of any file has."""
    return blake2b(f"{name}\n{version}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _rows(stream: BinaryIO, file: FactFile, program: Program) -> Iterator[FileRow]:
    with stream:
        yield from read_facts(stream, file, program)


def _input(name: str, row: FileRow) -> Input:
    if row.fact is not None:
        return row.fact
    what = f"{name}, line {row.number}"
    error = row.error or FactError("the row holds nothing")
    return Unreadable(what=what, raw=row.raw.encode("utf-8", "surrogatepass"), error=error)

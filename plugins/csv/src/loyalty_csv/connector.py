"""A folder as a shop: its files are read in turn, booked, and moved out of the way.

A cursor says how far the file is booked that is being read. What is booked is moved with the next
look; if the process dies in between, rows are read again and found booked. So a file counts once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from threading import Lock
from time import time_ns

from loyalty_core import (
    FactError,
    FactFile,
    FileRow,
    Health,
    Input,
    Page,
    PlatformUnavailable,
    Program,
    Secret,
    Unreadable,
    read_facts,
)
from loyalty_csv.config import Folder

ROWS_A_PAGE = 500
DONE = "done"
SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a folder is read: so many rows of a file, or, with ``whole``, all of them."""

    file: str = ""
    rows: int = 0
    whole: bool = False

    @staticmethod
    def of(cursor: str) -> Place:
        """The place that a cursor names."""
        return Place(**json.loads(cursor)) if cursor else Place()

    def cursor(self) -> str:
        """The place as a cursor."""
        return json.dumps(asdict(self)) if self.file else ""


class FolderConnector:
    """A folder that is watched."""

    secrets: tuple[Secret, ...] = ()

    def __init__(self, folder: Folder, program: Program) -> None:
        self.id = f"csv.{folder.account}"
        self._folder = folder
        self._path = Path(folder.path)
        self._program = program
        self._lock = Lock()
        self._open: tuple[str, int, Iterator[FileRow]] | None = None

    @property
    def polled_every(self) -> timedelta | None:
        """As often as the settings say."""
        minutes = self._folder.every_minutes
        return timedelta(minutes=minutes) if minutes else None

    def health(self) -> Health:
        """Whether the folder is there and can be written: files are moved."""
        try:
            (self._path / DONE).mkdir(exist_ok=True)
            waiting = len(self._files())
        except OSError as error:
            return Health(ok=False, detail=f"{self._path}: {error.strerror}")
        return Health(ok=True, detail=f"{waiting} file(s) wait in {self._path}")

    def changed_since(self, cursor: str) -> Page:
        """Rows of the file that is read, or of the next one; raises ``PlatformUnavailable``."""
        place = Place.of(cursor)
        try:
            if place.whole:
                self._move(place.file)
                place = Place()
            files = self._files()
            if place.file not in files:  # booked and moved, or taken away by somebody
                place = Place(file=files[0]) if files else Place()
            if not place.file:
                return Page(inputs=(), cursor="")
            inputs, whole = self._read(place)
        except OSError as error:
            message = f"{self._path} cannot be read: {error.strerror}"
            raise PlatformUnavailable(message, where=self.id) from error
        after = replace(place, rows=place.rows + len(inputs), whole=whole)
        return Page(inputs=inputs, cursor=after.cursor(), more=True)

    def _read(self, place: Place) -> tuple[tuple[Input, ...], bool]:
        """The next rows of a file, and whether they are its last."""
        name = place.file
        file = FactFile(
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
        at, rows = self._take(place) or (0, _rows(self._path / name, file, self._program))
        try:
            wanted = list(islice(rows, place.rows - at, place.rows - at + ROWS_A_PAGE))
        except FactError as error:  # of the file as a whole
            return (Unreadable(what=name, raw=b"", error=error),), True
        if len(wanted) == ROWS_A_PAGE:
            with self._lock:
                self._open = (name, place.rows + ROWS_A_PAGE, rows)
        inputs = tuple(_input(name, row) for row in wanted)
        return inputs, len(wanted) < ROWS_A_PAGE

    def _take(self, place: Place) -> tuple[int, Iterator[FileRow]] | None:
        """The file that is open already at this very row, so that it is not read from the start."""
        with self._lock:
            kept, self._open = self._open, None
        return kept[1:] if kept is not None and kept[:2] == (place.file, place.rows) else None

    def _files(self) -> list[str]:
        """The files that wait and are not being written, by name."""
        latest = time_ns() - self._folder.quiet_seconds * SECOND_NS
        return sorted(
            one.name
            for one in self._path.iterdir()
            if one.suffix.lower() in SUFFIXES
            and not one.name.startswith(".")
            and one.is_file()
            and one.stat().st_mtime_ns <= latest
        )

    def _move(self, name: str) -> None:
        """Puts a file that is booked away; one of its name that is there already is kept."""
        source, done = self._path / name, self._path / DONE
        if not source.exists():
            return
        done.mkdir(exist_ok=True)
        target, number = done / name, 1
        while target.exists():
            target, number = done / f"{source.stem}.{number}{source.suffix}", number + 1
        source.rename(target)


def _rows(path: Path, file: FactFile, program: Program) -> Iterator[FileRow]:
    with path.open("rb") as stream:
        yield from read_facts(stream, file, program)


def _input(name: str, row: FileRow) -> Input:
    if row.fact is not None:
        return row.fact
    what = f"{name}, line {row.number}"
    error = row.error or FactError("the row holds nothing")
    return Unreadable(what=what, raw=row.raw.encode("utf-8", "surrogatepass"), error=error)

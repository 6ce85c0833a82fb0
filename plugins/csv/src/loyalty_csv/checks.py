"""What can be wrong with the settings, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec

from loyalty_core import (
    ConfigError,
    LoyaltyError,
    Problem,
    minor_digits,
    secret_problems,
    url_problems,
    zone,
)
from loyalty_csv.config import REFERENCE, CsvConfig, Folder, is_endpoint

SCHEMES = ("s3", "gs", "az")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_URL = re.compile(r"([a-z0-9]+)://[^/\s?#@]+(/[^\s?#]*)?", re.ASCII)
_SECRET = re.compile(r"(key|secret|token|password|base64)$")
"""How the options end that are secrets themselves, and no names of one."""


def check(config: CsvConfig) -> None:
    """Raises ``ConfigError`` with every fault of the settings."""
    if problems := list(_faults(config)):
        raise ConfigError(problems)


def _faults(config: CsvConfig) -> Iterator[Problem]:
    names: set[str] = set()
    paths: set[str] = set()
    for place, folder in enumerate(config.folder):
        where = f"plugins.csv.folder[{place}]"
        if not _NAME.fullmatch(folder.account) or folder.account in names:
            remedy = "Use lower case letters, digits, - and _, and each name once."
            yield Problem(f"{where}.account", f"{folder.account[:60]!r} cannot be a name", remedy)
        if not folder.path or folder.path in paths:
            yield Problem(f"{where}.path", f"{folder.path[:60]!r} is empty, or there already")
        names.add(folder.account)
        paths.add(folder.path)
        yield from _numbers(where, folder)
        if folder.in_objects:
            yield from _objects(where, folder)
        elif folder.store:
            remedy = "Leave it out, or write a path such as s3://bucket/till/."
            yield Problem(f"{where}.store", "the folder is on a disk", remedy)


def _numbers(where: str, folder: Folder) -> Iterator[Problem]:
    for name, most in (("quiet_seconds", 86_400), ("every_minutes", 10_080)):
        if not 0 <= (value := getattr(folder, name)) <= most:
            yield Problem(f"{where}.{name}", f"{value} is not from 0 to {most:,}")
    if len(folder.delimiter) > 1:
        yield Problem(f"{where}.delimiter", f"{folder.delimiter[:60]!r} is more than a character")
    try:
        if folder.currency:
            minor_digits(folder.currency)
    except LoyaltyError as error:
        yield Problem(f"{where}.currency", str(error))
    try:
        if folder.time_zone:
            zone(folder.time_zone)
    except (ValueError, KeyError):  # a time zone that is not there is a missing key
        shown, remedy = folder.time_zone[:60], "Name one, such as Europe/Berlin."
        yield Problem(f"{where}.time_zone", f"{shown!r} is no time zone", remedy)


def _objects(where: str, folder: Folder) -> Iterator[Problem]:
    """What is wrong with a folder in an object store; no secret is read for it."""
    url = _URL.fullmatch(folder.path)
    if url is None or url[1] not in SCHEMES:
        remedy = "Write s3://bucket/till/, gs://bucket/till/ or az://container/till/."
        yield Problem(f"{where}.path", "it is no URL of an object store", remedy)
        return
    for name, value in folder.store.items():
        here = f"{where}.store.{name}"
        if value.startswith(REFERENCE) or _SECRET.search(name.lower()):
            yield from secret_problems(here, value)
        elif is_endpoint(name):
            yield from url_problems(here, value)
    if find_spec("obstore") is None:
        remedy = 'Install it: pip install "loyalty-csv[objects]".'
        yield Problem(f"{where}.path", "object stores need the distribution obstore", remedy)
    else:
        yield from _options(where, folder)


def _options(where: str, folder: Folder) -> Iterator[Problem]:
    from loyalty_csv.objects import unknown_option

    for name in folder.store:
        if unknown_option(folder.path, name):
            remedy = "Those of its kind of store are in the documentation of obstore."
            yield Problem(f"{where}.store.{name}", "obstore knows no such option", remedy)

"""Files in an object store: S3 and what speaks like it, Google Cloud Storage, Azure.

Nothing is written there. An object is whole when it is listed, and a version of it is what its
entity tag names; every part of one is asked for with that tag, so that no two are mixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO

import obstore
from obstore.exceptions import (
    BaseError,
    NotFoundError,
    PreconditionError,
    UnknownConfigurationKeyError,
)
from obstore.store import AzureStore, GCSStore, S3Store, from_url

from loyalty_core import Health, PlatformUnavailable, Secret
from loyalty_csv.config import REFERENCE, is_endpoint
from loyalty_csv.files import Gone, readable

PART_BYTES = 8 << 20
"""How much of an object is asked for at once."""
TIMEOUT = timedelta(seconds=30)
RETRIES = 2
MISSING = NotFoundError, FileNotFoundError
"""What obstore raises where there is no such object: which of them is up to the call."""
_ANSWERED = re.compile(r"status code: (\d{3}[\w ]*)")
_CODE = re.compile(r"<Code>(\w+)</Code>")

Store = S3Store | GCSStore | AzureStore


class ObjectFiles:
    """The objects right below a URL, or the one that it names; what is booked stays there."""

    def __init__(self, url: str, options: Mapping[str, str], connector: str) -> None:
        above, _, last = url.rpartition("/")
        self._only = last if readable(last) else ""
        self._url = url
        self._base = above + "/" if self._only else url
        self._options = options
        self._connector = connector
        self._store: Store | None = None
        given = [one for one in options.values() if one.startswith(REFERENCE)]
        self.secrets = tuple(Secret(one) for one in given)

    def health(self) -> Health:
        """Whether the store answers, and lists what is there."""
        try:
            there = len(self.listed())
        except PlatformUnavailable as error:
            return Health(ok=False, detail=error.message)
        return Health(ok=True, detail=f"{there} file(s) are at {self._url}")

    def listed(self) -> Mapping[str, str]:
        """The objects with the names of files, but none of folders below."""
        with self._answering():
            if self._only:
                return self._the_only_one()
            found = obstore.list_with_delimiter(self._opened_store())["objects"]
            return {one["path"]: _version(one) for one in found if readable(one["path"])}

    def opened(self, name: str, version: str) -> BinaryIO:
        """The object, fetched whole before any of it is read."""
        with ExitStack() as undone:
            made = undone.enter_context(TemporaryFile())
            self._fetch(name, version, made)
            made.seek(0)
            undone.pop_all()  # whoever reads it closes it
        return made

    def put_away(self, name: str, version: str) -> None:
        """Nothing: what is there is not ours."""

    def _fetch(self, name: str, version: str, into: IO[bytes]) -> None:
        store = self._opened_store()
        with self._answering():
            try:
                about = obstore.head(store, name)
                if _version(about) != version:
                    raise Gone
                for start in range(0, about["size"], PART_BYTES):
                    part = start, start + PART_BYTES
                    only = obstore.get(
                        store, name, options={"if_match": about["e_tag"], "range": part}
                    )
                    into.write(only.bytes())
            except (*MISSING, PreconditionError) as error:
                raise Gone from error

    def _the_only_one(self) -> Mapping[str, str]:
        try:
            return {self._only: _version(obstore.head(self._opened_store(), self._only))}
        except MISSING:
            return {}

    def _opened_store(self) -> Store:
        """The store; its secrets are read when it is asked for the first time."""
        if self._store is None:
            options = {
                name: Secret(value).reveal() if value.startswith(REFERENCE) else value
                for name, value in self._options.items()
            }
            try:
                self._store = store_of(self._base, options)
            except BaseError:  # what it says may show a value
                message = f"{self._url}: obstore does not take the options of the store"
                remedy = "Check what is in the variables that they name."
                raise PlatformUnavailable(message, where=self._connector, remedy=remedy) from None
        return self._store

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            message = f"{self._url} cannot be read: {_reason(error)}"
            raise PlatformUnavailable(message, where=self._connector) from None


def store_of(base: str, options: Mapping[str, str]) -> Store:
    """The store at a URL; raises what obstore does when it knows no such option."""
    plain = any(is_endpoint(one) and url.startswith("http://") for one, url in options.items())
    given: dict[str, Any] = {
        "config": dict(options),
        "client_options": {"timeout": TIMEOUT, "allow_http": plain},
        "retry_config": {"max_retries": RETRIES, "retry_timeout": TIMEOUT},
    }
    made = from_url(base, **given)
    assert isinstance(made, S3Store | GCSStore | AzureStore)
    return made


def unknown_option(url: str, name: str) -> bool:
    """Whether the store at a URL has no option of that name."""
    try:
        store_of(url, {name: ""})
    except UnknownConfigurationKeyError:
        return True
    except BaseError:  # no value for it
        return False
    return False


def _version(about: Mapping[str, object]) -> str:
    """The entity tag as it is in lists and in headers alike: some stores quote it in one alone."""
    tag = str(about["e_tag"] or "").removeprefix("W/").strip('"')
    return tag or f"{about['last_modified']:%Y%m%d%H%M%S}.{about['size']}"


def _reason(error: Exception) -> str:
    """What a store said, in a few words: the rest names keys, and is long."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error)
    answered, code = _ANSWERED.search(text), _CODE.search(text)
    said = [answered[1].strip()] if answered else []
    said += [code[1]] if code else []
    return ", ".join(said) or "there is no answer, or half of one"

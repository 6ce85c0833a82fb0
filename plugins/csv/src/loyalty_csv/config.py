"""What a merchant may write below ``[plugins.csv]``: one tree of frozen dataclasses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from loyalty_core import doc

REFERENCE = "env:"
_ENDPOINT = re.compile(r"(aws_|azure_|azure_storage_|google_)?(endpoint|endpoint_url|base_url)")


def is_endpoint(option: str) -> bool:
    """Whether an option of an object store says where it is, so that keys go there."""
    return _ENDPOINT.fullmatch(option.lower()) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that files are put into, on a disk or in an object store."""

    account: str = field(
        metadata=doc("Its name here, unique: lower case letters, digits, - and _.")
    )
    path: str = field(
        metadata=doc(
            "The folder: on a disk, where one that does not begin with / is below the working "
            "directory, or in an object store, such as `s3://bucket/till/`."
        )
    )
    store: Mapping[str, str] = field(
        default_factory=dict,
        metadata=doc(
            "How the object store is reached: options of obstore, such as `region` and `endpoint`; "
            "those that are secret as references to the environment (env:NAME)."
        ),
    )
    holds: Literal["orders", "facts"] = field(
        default="orders",
        metadata=doc("What CSV files hold: orders, or activities. JSON lines hold any facts."),
    )
    source: str = field(
        default="", metadata=doc("The source of its facts; the account's name if left out.")
    )
    currency: str = field(
        default="", metadata=doc("Of orders that state none; the program's if left out.")
    )
    time_zone: str = field(
        default="", metadata=doc("Of moments that state none; the program's if left out.")
    )
    date_format: str = field(
        default="", metadata=doc("How dates are written, such as %d.%m.%Y; ISO 8601 if left out.")
    )
    delimiter: str = field(
        default="", metadata=doc("What separates columns; by the file's name if left out.")
    )
    maps: Mapping[str, str] = field(
        default_factory=dict, metadata=doc("The columns of fields, where they have other names.")
    )
    group_lines: bool = field(
        default=False,
        metadata=doc("Whether rows of one order id that follow each other are its lines."),
    )
    quiet_seconds: int = field(
        default=10,
        metadata=doc(
            "How long a file on a disk must not have changed: one that is written is left alone."
        ),
    )
    every_minutes: int = field(
        default=1, metadata=doc("How often `tick` looks into it; 0 leaves it to `loyalty connect`.")
    )

    @property
    def connector(self) -> str:
        """The id of its connector."""
        return f"csv.{self.account}"

    @property
    def in_objects(self) -> bool:
        """Whether it is in an object store."""
        return "://" in self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvConfig:
    """Everything below ``[plugins.csv]``."""

    folder: tuple[Folder, ...] = field(metadata=doc("The folders that are watched."))

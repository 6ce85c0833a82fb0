"""Azure and Google Cloud Storage: other letters for the same, such as tags without quotes."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import Loyalty
from loyalty_core.testing import Answer, Asked, FrozenClock, PlatformDouble
from plugins.csv.tests.build import FOLDER, points, rows, watching
from plugins.csv.tests.double import entry

SECRET = "b3BlbnNlc2FtZQ=="  # Azure's keys are base64
AT = "Thu, 01 Jan 2026 00:00:00 GMT"


class Other(PlatformDouble):
    """A store with one object, of which there may be another version."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.tag = rows(1, 2).encode(), "0x8D1"

    def answer(self, asked: Asked) -> Answer:
        self.allow(asked.headers.get("authorization", ""))
        if "list-type" in asked.query or asked.query.get("comp") == "list":
            return Answer(body=self.listing().encode())
        assert asked.headers.get("if-match", f'"{self.tag}"') == f'"{self.tag}"'
        headers = {"etag": f'"{self.tag}"', "last-modified": AT}
        if "range" not in asked.headers:
            return Answer(body=self.body, headers=headers)
        headers["content-range"] = f"bytes 0-{len(self.body) - 1}/{len(self.body)}"
        return Answer(status=206, body=self.body, headers=headers)

    def allow(self, given: str) -> None:
        raise NotImplementedError

    def listing(self) -> str:
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        raise NotImplementedError


class Azure(Other):
    def allow(self, given: str) -> None:
        assert given.startswith("SharedKey till:")

    def listing(self) -> str:
        about = f"<Last-Modified>{AT}</Last-Modified><Etag>{self.tag}</Etag>"
        about += f"<Content-Length>{len(self.body)}</Content-Length>"
        about += "<Content-Type>text/csv</Content-Type>"
        blob = f"<Blob><Name>till/a.csv</Name><Properties>{about}</Properties></Blob>"
        return f"<EnumerationResults><Blobs>{blob}</Blobs><NextMarker /></EnumerationResults>"

    def settings(self) -> dict[str, Any]:
        options = {"account_name": "till", "account_key": "env:TILL_KEY", "endpoint": self.url}
        return {"path": "az://exports/till/", "store": options}


class Google(Other):
    def allow(self, given: str) -> None:
        assert given == f"Bearer {SECRET}"

    def listing(self) -> str:
        found = entry("till/a.csv", self.body, f'"{self.tag}"', "2026-01-01T00:00:00.000Z")
        return f"<ListBucketResult>{found}<IsTruncated>false</IsTruncated></ListBucketResult>"

    def settings(self) -> dict[str, Any]:
        options = {"bearer_token": "env:TILL_KEY", "base_url": self.url}
        return {"path": "gs://exports/till/", "store": options}


@pytest.mark.parametrize("kind", [Azure, Google])
def test_each_version_counts_once(
    kind: type[Other], clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILL_KEY", SECRET)
    with (
        kind() as store,
        Loyalty.open(watching(**store.settings()), "sqlite://", clock=clock) as loyalty,
    ):
        assert (loyalty.reconcile(FOLDER).missing, points(loyalty)) == (2, 2)
        assert loyalty.reconcile(FOLDER).inputs == 0
        store.body, store.tag = rows(1, 2, 3).encode(), "0x8D2"
        assert (loyalty.reconcile(FOLDER).missing, points(loyalty)) == (1, 3)
        assert {one.method for one in store.asked} == {"GET", "HEAD"}

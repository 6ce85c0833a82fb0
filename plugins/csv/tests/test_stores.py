"""Object stores that fail or refuse, and the settings of those that are reached."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty, PlatformUnavailable, SecretMissing
from loyalty_core.testing import Answer, Asked, Fault, FrozenClock
from loyalty_csv import checks, objects
from plugins.csv.tests.build import FOLDER, config_of, points, rows
from plugins.csv.tests.double import KEY_ID, SECRET, ObjectStore

REFUSED = Fault(kind="answer", answer=Answer(status=500, body=b"<Error/>"))


@pytest.mark.parametrize(
    "fault", [Fault(kind="drop"), Fault(kind="truncate"), Fault(kind="delay", seconds=0.4), REFUSED]
)
@pytest.mark.parametrize("before", [0, 1, 2], ids=["list", "head", "get"])
def test_a_store_that_fails_is_waited_for(
    store: ObjectStore,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    before: int,
) -> None:
    monkeypatch.setattr(objects, "TIMEOUT", timedelta(milliseconds=300))
    store.put("till/a.csv", rows(1, 2))

    def the_next_ones_fail(asked: Asked) -> None:
        if before == (1 if "list-type" in asked.query else 2 if asked.method == "HEAD" else 3):
            store.faults.extend([fault] * 9)

    with Loyalty.open(config_of(store), "sqlite://", clock=clock) as loyalty:
        store.during = the_next_ones_fail
        store.faults.extend([fault] * (9 if before == 0 else 0))
        with pytest.raises(PlatformUnavailable, match=r"there is no answer|500 Internal"):
            loyalty.reconcile(FOLDER)
        store.during = None
        store.faults.clear()
        assert (loyalty.reconcile(FOLDER).missing, points(loyalty)) == (2, 2)


def test_a_line_that_breaks_once_is_asked_again(loyalty: Loyalty, store: ObjectStore) -> None:
    store.put("till/a.csv", rows(1))
    store.faults.extend([Fault(kind="drop"), Fault(kind="forget")])
    assert (loyalty.reconcile(FOLDER).missing, points(loyalty)) == (1, 1)


def test_what_a_store_refuses_is_said_without_keys(
    loyalty: Loyalty, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.allowed = False
    health = loyalty.connector_health(FOLDER)
    assert (health.ok, health.detail) == (
        False,
        "s3://exports/till/ cannot be read: 403 Forbidden, AccessDenied",
    )
    with pytest.raises(PlatformUnavailable) as refused:
        loyalty.reconcile(FOLDER)
    shown = f"{refused.value!r} {refused.value.__cause__!r}"
    assert SECRET not in shown
    assert KEY_ID not in shown


def test_a_wrong_secret_is_refused_and_a_missing_one_named(
    opened: Callable[[], AbstractContextManager[Loyalty]],
    store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TILL_KEY", "another")
    with opened() as loyalty, pytest.raises(PlatformUnavailable, match="SignatureDoesNotMatch"):
        loyalty.reconcile(FOLDER)
    monkeypatch.delenv("TILL_KEY")
    with opened() as loyalty, pytest.raises(SecretMissing, match="TILL_KEY"):
        loyalty.reconcile(FOLDER)


def test_options_that_do_not_fit_are_not_shown(
    store: ObjectStore, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"service_account_key": "env:TILL_KEY"}
    config = config_of(store, path="gs://bucket/till/", store=options)
    with Loyalty.open(config, "sqlite://", clock=clock) as loyalty:
        with pytest.raises(PlatformUnavailable, match="does not take the options") as refused:
            loyalty.reconcile(FOLDER)
        assert SECRET not in str(refused.value)


def test_a_bucket_that_is_not_there_is_waited_for(store: ObjectStore, clock: FrozenClock) -> None:
    config = config_of(store, path="s3://other/till/")
    with Loyalty.open(config, "sqlite://", clock=clock) as loyalty:
        assert not loyalty.connector_health(FOLDER).ok
        with pytest.raises(PlatformUnavailable, match="NoSuchBucket"):
            loyalty.reconcile(FOLDER)
        assert loyalty.tick().polled == 0


# -- settings --------------------------------------------------------------------------------------


def problems(bucket: ObjectStore, **settings: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as refused:
        Loyalty.open(config_of(bucket, **settings), "sqlite://")
    return [(one.where.rpartition("]")[2], one.message) for one in refused.value.problems]


@pytest.mark.parametrize(
    "options",
    [
        {"secret_access_key": SECRET},
        {"aws_session_token": SECRET},
        {"sse_customer_key_base64": SECRET},
    ],
)
def test_secrets_stand_in_no_file(store: ObjectStore, options: dict[str, str]) -> None:
    found = problems(store, store=options)
    assert found == [(f".store.{next(iter(options))}", "a secret stands in the file")]


@pytest.mark.parametrize(
    "options",
    [
        SECRET,
        [SECRET],
        {"secret_access_key": [SECRET]},
        {"secret_access_key": {"key": SECRET}},
        {"secret_access_key": f"env:{SECRET}/"},
    ],
)
def test_secrets_in_another_shape_are_refused_and_not_told(
    store: ObjectStore, options: Any
) -> None:
    assert SECRET not in str(problems(store, store=options))


def test_faults_of_the_settings_name_their_place(store: ObjectStore) -> None:
    assert problems(store, store={"rejion": "x", "endpoint": "http://example.org"}) == [
        (".store.endpoint", "'http://example.org' is no https URL"),
        (".store.rejion", "obstore knows no such option"),
    ]
    assert problems(store, store={"aws_endpoint_url": "http://example.org"}) == [
        (".store.aws_endpoint_url", "'http://example.org' is no https URL"),
    ]
    for path in ("ftp://host/till/", "s3://", "s3://key:secret@bucket/till/", "s3://b/?x=1"):
        assert problems(store, path=path) == [(".path", "it is no URL of an object store")]
    assert problems(store, path="till") == [(".store", "the folder is on a disk")]


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("gs://bucket/till/", {"service_account_key": "env:TILL_KEY"}),
        ("az://container/till/", {"account_name": "till", "account_key": "env:TILL_KEY"}),
        ("s3://bucket", {}),
    ],
)
def test_other_stores_are_taken_and_their_secrets_read_when_they_are_asked(
    path: str, options: dict[str, str], store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TILL_KEY")
    with Loyalty.open(config_of(store, path=path, store=options), "sqlite://"):
        pass


def test_the_extra_that_is_missing_is_named(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r'pip install "loyalty-csv\[objects\]"'):
        Loyalty.open(config_of(store), "sqlite://")

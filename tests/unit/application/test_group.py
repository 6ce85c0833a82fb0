"""Callers that record at the same time: together, each with its own answer, none left waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from loyalty_core import Activity, FactReceipt, RecordStatus, StoreError
from loyalty_core.application.group import MOST_TOGETHER, Group, _Call
from loyalty_core.domain.facts import Fact, FactId

SECONDS = 10
AT = datetime(2026, 1, 1, tzinfo=UTC)


def fact(name: str) -> Activity:
    return Activity(source="shop", id=name, kind="review", occurred_at=AT)


def receipt(one: Fact) -> FactReceipt:
    assert isinstance(one, Activity)
    return FactReceipt(status=RecordStatus.BOOKED, fact_id=FactId(one.id))


class Books:
    """Records batches one after the other, each when the test lets it."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.fault: Callable[[Sequence[str]], None] = lambda _: None
        self._begun = threading.Semaphore(0)
        self._go = threading.Semaphore(0)
        self.open = False

    def record(self, facts: Sequence[Fact]) -> list[FactReceipt]:
        names = [one.id for one in facts if isinstance(one, Activity)]
        self.batches.append(names)
        if not self.open:
            self._begun.release()
            assert self._go.acquire(timeout=SECONDS)
        self.fault(names)
        return [receipt(one) for one in facts]

    def begun(self) -> None:
        assert self._begun.acquire(timeout=SECONDS)

    def let_go(self) -> None:
        """Lets the batch that has begun end, and all that follow."""
        self.open = True
        self._go.release()


class Callers:
    """Threads that record; each is known to wait before the next one calls."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.group = Group(books.record)
        self.pool = ThreadPoolExecutor(MOST_TOGETHER + 8)

    def call(self, name: str) -> Future[FactReceipt]:
        return self.pool.submit(self.group.record, fact(name))

    def queue(self, name: str) -> Future[FactReceipt]:
        """A call that waits by now for the one at work."""
        before = len(self.group._waiting)
        made = self.call(name)
        self.until(lambda: len(self.group._waiting) == before + 1)
        return made

    def until(self, true: Callable[[], bool]) -> None:
        for _ in range(SECONDS * 1000):
            if true():
                return
            threading.Event().wait(0.001)
        raise AssertionError("it did not happen")


@pytest.fixture
def callers() -> Iterator[Callers]:
    made = Callers(Books())
    yield made
    made.pool.shutdown()


def ids(futures: Sequence[Future[FactReceipt]]) -> list[object]:
    return [one.result(SECONDS).fact_id for one in futures]


def test_a_lone_caller_records_alone(callers: Callers) -> None:
    callers.books.open = True
    assert [callers.group.record(fact(name)).fact_id for name in "abc"] == ["a", "b", "c"]
    assert callers.books.batches == [["a"], ["b"], ["c"]]


def test_who_comes_while_one_is_at_work_records_together_next(callers: Callers) -> None:
    first = callers.call("a")
    callers.books.begun()
    others = [callers.queue(name) for name in "bcd"]
    assert callers.books.batches == [["a"]]
    callers.books.let_go()
    assert ids([first, *others]) == ["a", "b", "c", "d"]
    assert callers.books.batches == [["a"], ["b", "c", "d"]]


def test_a_leader_gives_way_to_those_who_were_in_the_last_group(
    callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = callers.call("a")
    callers.books.begun()
    others = [callers.queue(name) for name in "bcd"]
    callers.books.let_go()
    ids([first, *others])
    names, come = iter("fgh"), list[Future[FactReceipt]]()

    def give_way(seconds: int) -> None:
        assert seconds == 0
        come.append(callers.queue(next(names)))

    with monkeypatch.context() as patched:
        patched.setattr(time, "sleep", give_way)
        assert ids([callers.call("e")]) == ["e"]
        assert ids(come) == ["f", "g"]
    assert callers.books.batches[2:] == [["e", "f", "g"]]  # as many as then, and no more


def test_a_leader_to_whom_nobody_comes_gives_way_once(
    callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = callers.call("a")
    callers.books.begun()
    others = [callers.queue(name) for name in "bcd"]
    callers.books.let_go()
    ids([first, *others])
    given = list[int]()
    with monkeypatch.context() as patched:
        patched.setattr(time, "sleep", given.append)
        assert ids([callers.call(name) for name in "e"]) == ["e"]
        assert ids([callers.call(name) for name in "f"]) == ["f"]
    assert given == [0]  # and the next one was alone, so it expects nobody


def test_one_document_is_not_twice_in_a_batch(callers: Callers) -> None:
    first = callers.call("a")
    callers.books.begun()
    others = [callers.queue(name) for name in "babcb"]
    callers.books.let_go()
    assert ids([first, *others]) == ["a", "b", "a", "b", "c", "b"]
    assert callers.books.batches == [["a"], ["b", "a", "c"], ["b"], ["b"]]


def test_a_batch_has_an_end(callers: Callers) -> None:
    first = callers.call("first")
    callers.books.begun()
    others = [callers.queue(str(number)) for number in range(MOST_TOGETHER + 2)]
    callers.books.let_go()
    assert ids([first, *others]) == ["first", *(str(n) for n in range(MOST_TOGETHER + 2))]
    assert [len(batch) for batch in callers.books.batches] == [1, MOST_TOGETHER, 2]


def test_a_batch_that_fails_leaves_each_to_its_own_answer(callers: Callers) -> None:
    def fault(names: Sequence[str]) -> None:
        if "c" in names:
            raise StoreError("c cannot be stored")

    callers.books.fault = fault
    first = callers.call("a")
    callers.books.begun()
    others = [callers.queue(name) for name in "bcd"]
    callers.books.let_go()
    assert ids([first, others[0], others[2]]) == ["a", "b", "d"]
    with pytest.raises(StoreError, match="c cannot"):
        others[1].result(SECONDS)
    assert callers.books.batches[:2] == [["a"], ["b", "c", "d"]]
    assert sorted(callers.books.batches[2:]) == [["b"], ["c"], ["d"]]


def test_an_interrupted_leader_takes_nobody_along(callers: Callers) -> None:
    def fault(names: Sequence[str]) -> None:
        if len(names) > 1:
            raise KeyboardInterrupt

    callers.books.fault = fault
    first = callers.call("a")
    callers.books.begun()
    others = [callers.queue(name) for name in "bcd"]
    callers.books.let_go()
    with pytest.raises(KeyboardInterrupt):
        others[0].result(SECONDS)
    assert ids([first, *others[1:]]) == ["a", "c", "d"]
    assert ids([callers.call("e")]) == ["e"]


class Interrupted(_Call):
    """A caller that is interrupted as soon as it has to wait."""

    def __init__(self, one: Fact) -> None:
        super().__init__(one)
        self.turn = self  # type: ignore[assignment]

    def acquire(self) -> None:
        raise KeyboardInterrupt


def test_a_caller_interrupted_while_it_waits_is_not_recorded(
    callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = callers.call("a")
    callers.books.begun()
    with monkeypatch.context() as patched:
        patched.setattr("loyalty_core.application.group._Call", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            callers.group.record(fact("b"))
    after = callers.queue("c")
    callers.books.let_go()
    assert ids([first, after]) == ["a", "c"]
    assert callers.books.batches == [["a"], ["c"]]


def test_recording_that_records_does_not_wait_for_itself(callers: Callers) -> None:
    callers.books.open = True

    def again(names: Sequence[str]) -> None:
        if names == ["a"]:
            assert callers.group.record(fact("inner")).fact_id == "inner"

    callers.books.fault = again
    assert callers.group.record(fact("a")).fact_id == "a"
    assert callers.books.batches == [["a"], ["inner"]]
    assert callers.group.record(fact("b")).fact_id == "b"

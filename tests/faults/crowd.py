"""One of several processes whose threads all want the same at the same moment.

It reads lines of JSON, ``[DATABASE, TASK, FIRST, THREADS, MEMBER]``. To each it says ``ready``,
waits for another line, and answers with one line of JSON: what each thread got.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from loyalty_core import InsufficientPoints, Loyalty
from tests.toy import START, Toy, config_of, order, refund

Task = Callable[[Loyalty, str, int], str]


def redeem(loyalty: Loyalty, member: str, number: int) -> str:
    try:
        return loyalty.redeem(member, points=30, key=f"k{number}").transaction_id
    except InsufficientPoints as error:
        return error.code


def redeem_once(loyalty: Loyalty, member: str, _: int) -> str:
    return loyalty.redeem(member, points=30, key="k").transaction_id


def give_back(loyalty: Loyalty, _: str, number: int) -> str:
    return loyalty.record(refund(f"r{number}", amount="1.00")).status


def record(loyalty: Loyalty, _: str, __: int) -> str:
    return loyalty.record(order("same", "7.00", email="new@example.org")).fact_id or ""


def adjust(loyalty: Loyalty, member: str, _: int) -> str:
    given = {"reason": "r", "actor": "a", "key": "k"}
    return loyalty.adjust(member, "points", -5, **given).transaction_id or ""


def enrol(loyalty: Loyalty, _: str, number: int) -> str:
    known = {"email": "new@example.org", "phone": "+4930123456"}
    return loyalty.enrol(known, key=f"k{number % 3}").id


TASKS: dict[str, Task] = {
    task.__name__: task for task in (redeem, redeem_once, give_back, record, adjust, enrol)
}


def opened(database: str) -> Loyalty:
    return Loyalty.open(config_of(), database, plugins=[Toy()], clock=lambda: START)


def crowd(database: str, task: str, first: int, threads: int, member: str) -> None:
    with opened(database) as loyalty, ThreadPoolExecutor(threads) as pool:
        print("ready", flush=True)
        sys.stdin.readline()
        numbers = range(first, first + threads)
        got = list(pool.map(lambda n: TASKS[task](loyalty, member, n), numbers))
    print(json.dumps(got), flush=True)


if __name__ == "__main__":
    while asked := sys.stdin.readline():
        crowd(*json.loads(asked))

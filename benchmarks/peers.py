"""Other Python ledgers, each posting two entries and nothing else; run as a process of its own.

    python -m benchmarks.peers django-hordak|python-accounting URL

answers each line with the same line when it has made as many postings between two known accounts:
each in its own transaction or, for ``together NUMBER``, all in one if the peer can.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from subprocess import PIPE
from typing import Any

from sqlalchemy import create_engine, make_url

from benchmarks.recording import told
from benchmarks.shop import TURNS, Measured, Shop, in_turns, part

MODULES = {"django-hordak": "hordak", "python-accounting": "python_accounting"}


def installed(peer: str) -> bool:
    return importlib.util.find_spec(MODULES[peer]) is not None


@contextmanager
def running(peer: str, shop: Shop) -> Iterator[Callable[[str], None]]:
    """A peer in a process of its own, on the shop's database; what it is asked, it does."""
    url = shop.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "benchmarks.peers", peer, url]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as process:
        given, said = process.stdin, process.stdout
        assert given is not None
        assert said is not None

        def ask(line: str) -> None:
            given.write(f"{line}\n")
            for answer in said:  # the peer's own words come in between
                if answer == f"{line}\n":
                    return
            raise RuntimeError(f"{peer} has ended")

        ask("1")  # it has made its tables by then
        yield ask
        given.close()


def beside(peer: str) -> Callable[[Shop, int], Measured]:
    """A case: whole orders, with a subscriber to their events, beside postings of a peer."""

    def run(shop: Shop, number: int) -> Measured:
        loyalty, facts = told(shop, number)
        few = max(number // TURNS // 3, 2)

        def ours(turn: int) -> int:
            return len([loyalty.record(fact) for fact in part(facts, turn)])

        with running(peer, shop) as ask:

            def theirs(_: int) -> int:
                ask(str(few))
                return few

            return in_turns(ours, theirs)

    return run


def imported_beside(peer: str) -> Callable[[Shop, int], Measured]:
    """A case: whole orders by ``record_many``, beside as many postings in one transaction."""

    def run(shop: Shop, number: int) -> Measured:
        loyalty, facts = told(shop, number)
        few = max(number // TURNS // 3, 2)
        with running(peer, shop) as ask:

            def theirs(_: int) -> int:
                ask(f"together {few}")
                return few

            return in_turns(lambda turn: loyalty.record_many(part(facts, turn)).total, theirs)

    return run


Post = Callable[[], None]
Together = Callable[[], AbstractContextManager[Any]]
"""A transaction around many postings."""


def hordak(url: str) -> tuple[Post, Together]:
    """One posting of django-hordak: a transaction with two legs."""
    import django
    from django.conf import settings

    parsed = make_url(url)
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": parsed.database}
    database |= {"HOST": parsed.query["host"], "USER": parsed.username}
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command
    from django.db import transaction
    from hordak.models import Account, AccountType
    from moneyed import Money

    call_command("migrate", verbosity=0)
    issuer, member = (
        Account.objects.create(name=name, code=code, type=kind, currencies=["USD"])
        for name, code, kind in (
            ("issuer", "1", AccountType.income),
            ("member", "2", AccountType.liability),
        )
    )

    def post() -> None:
        with transaction.atomic():
            issuer.transfer_to(member, Money(10, "USD"), description="points")

    return post, transaction.atomic


def accounting(url: str) -> tuple[Post, Together]:
    """One posting of python-accounting: a journal entry with one line, which it commits."""
    from python_accounting.database.session import get_session
    from python_accounting.models import Account, Base, Currency, Entity, LineItem
    from python_accounting.transactions import JournalEntry

    engine = create_engine(url)
    Base.metadata.create_all(engine)
    session: Any = get_session(engine)
    entity = Entity(name="shop")
    session.add(entity)
    session.commit()
    currency = Currency(name="US Dollars", code="USD", entity_id=entity.id)
    session.add(currency)
    session.commit()
    kinds = (Account.AccountType.OPERATING_EXPENSE, Account.AccountType.CURRENT_LIABILITY)
    accounts = [
        Account(name=f"{kind}", account_type=kind, currency_id=currency.id, entity_id=entity.id)
        for kind in kinds
    ]
    session.add_all(accounts)
    session.commit()
    issuer, member = (account.id for account in accounts)
    whose = {"entity_id": entity.id, "narration": "points"}

    def post() -> None:
        made = JournalEntry(transaction_date=datetime.now(UTC), account_id=issuer, **whose)
        session.add(made)
        session.flush()
        line = LineItem(account_id=member, amount=10, **whose)
        session.add(line)
        session.flush()
        made.line_items.add(line)
        session.add(made)
        made.post(session)

    return post, nullcontext


def main() -> None:
    peer, url = sys.argv[1:]
    post, together = {"django-hordak": hordak, "python-accounting": accounting}[peer](url)
    for line in sys.stdin:
        *many, number = line.split()
        with together() if many else nullcontext():
            for _ in range(int(number)):
                post()
        print(line, end="", flush=True)


if __name__ == "__main__":
    main()

"""Other Python ledgers, each posting two entries and nothing else; run as a process of its own.

    python -m benchmarks.peers django-hordak|python-accounting URL NUMBER

prints the postings a second, each in its own transaction and between two known accounts.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import create_engine, make_url

from benchmarks.recording import recorded
from benchmarks.shop import Measured, Shop

MODULES = {"django-hordak": "hordak", "python-accounting": "python_accounting"}


def installed(peer: str) -> bool:
    return importlib.util.find_spec(MODULES[peer]) is not None


def beside(peer: str) -> Callable[[Shop, int], Measured]:
    """A case: whole orders, with a subscriber to their events, beside postings of a peer."""

    def run(shop: Shop, number: int) -> Measured:
        ours = recorded(shop, number)
        url = shop.engine.url.render_as_string(hide_password=False)
        command = [sys.executable, "-m", "benchmarks.peers", peer, url, str(max(number // 10, 20))]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return Measured(ours, float(done.stdout.split()[-1]))

    return run


def hordak(url: str) -> Callable[[], None]:
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

    return post


def accounting(url: str) -> Callable[[], None]:
    """One posting of python-accounting: a journal entry with one line."""
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

    return post


def main() -> None:
    peer, url, number = sys.argv[1:]
    post = {"django-hordak": hordak, "python-accounting": accounting}[peer](url)
    post()
    started = time.perf_counter()
    for _ in range(int(number)):
        post()
    print(int(number) / (time.perf_counter() - started))


if __name__ == "__main__":
    main()

"""Changes that add a good connector to the good plugin, with a double and a stand in its tests."""

from __future__ import annotations

from tests.platform.planted import Change

SHOP = """\
import hashlib
import hmac
import json

from loyalty_core import (
    ActionRefused,
    ConnectorError,
    DropCode,
    Health,
    MakeCode,
    Page,
    Secret,
    ShopHttp,
    SignatureInvalid,
    Verified,
    Wants,
    same_signature,
)


class Booth:
    id = "stamps.booth"
    polled_every = None

    def __init__(self, config):
        self.secrets = (Secret("env:BOOTH_KEY"),)
        self.wants = Wants(rewards=config.codes, members=config.shows)
        self._url, self._http = config.shop_url, ShopHttp(seconds=5)

    def health(self):
        self._ask("GET", "/orders")
        return Health(ok=True, detail="it answers")

    def verify(self, request):
        key = self.secrets[0].reveal().encode()
        expected = hmac.new(key, request.body, hashlib.sha256).hexdigest()
        if not same_signature(request.needed("Booth-Signature"), [expected]):
            raise SignatureInvalid("the signature is another one", where="Booth-Signature")
        return Verified(key=expected, topic="order")

    def translate(self, message):
        return [message.json()]

    def changed_since(self, cursor):
        return Page(inputs=tuple(self._ask("GET", "/orders")), cursor="end", more=False)

    def act(self, action):
        if isinstance(action, MakeCode | DropCode):
            path, ours = f"/codes/{action.code}", action.grant.grant_id
            grant = self._ask("GET", path)
            if isinstance(action, MakeCode) and grant not in ("", ours):
                raise ActionRefused("the shop has such a code of its own")
            if isinstance(action, MakeCode):
                self._ask("PUT", path, ours)
            elif grant == ours:
                self._ask("DELETE", path)
        else:
            wallet = action.statement.wallets[0]
            self._ask("PUT", "/shown", f"{wallet.available}")

    def _ask(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.secrets[0].reveal()}"}
        content = json.dumps(body).encode()
        answer = self._http.ask(method, self._url + path, headers=headers, content=content)
        if answer.away:
            raise answer.unavailable()
        if answer.status >= 400:
            raise ConnectorError(f"it answers {answer.status}")
        return answer.json()
"""
STAND = """\
import hashlib
import hmac
import json
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from loyalty_core import Loyalty
from loyalty_core.testing import (
    ActingShop,
    Answer,
    ConnectorStand,
    FrozenClock,
    PlatformDouble,
    SentWebhook,
    changes_of,
    order_fact,
    orders_at,
)
from PACKAGE import plugin
from PACKAGE.shop import Booth

KEY = "open-sesame-said-the-baker"
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


class Double(PlatformDouble):
    def __init__(self):
        super().__init__()
        self.orders, self.codes, self.shown = [], {}, []

    def answer(self, asked):
        if asked.path == "/orders":
            return Answer.of(self.orders)
        given = asked.json()
        if asked.path == "/shown":
            self.shown = [*(self.shown if asked.method == "POST" else []), given]
            return Answer.of({})
        code = asked.path.rpartition("/")[2]
        if asked.method == "PUT":
            self.codes[code] = given
        elif asked.method == "DELETE":
            self.codes.pop(code, None)
        return Answer.of(self.codes.get(code, ""))


def signed(document):
    body = json.dumps(document).encode()
    signature = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    return SentWebhook(body=body, headers=(("Booth-Signature", signature),))


class Platform:
    connector = "stamps.booth"

    def __init__(self, double):
        self.double = double

    def webhooks(self, history):
        return [each for at, one in changes_of(history) for each in self.about(one, at)]

    def about(self, order, at):
        return [signed(order_fact(order, at, source="web"))]

    def hold(self, history, at=None):
        held = orders_at(history, at)
        self.double.orders = [order_fact(one, moment, source="web") for moment, one in held]


def opened(double, clock=None, **settings):
    section = {"skus": ["SKU-0", "TEA"], "each": 10, "shop_url": double.url, **settings}
    code = {"prefix": "TEA-", "length": 12}
    config = {
        "program": {"id": "shop", "currency": "USD"},
        "wallets": {"points": {}},
        "rewards": {
            "five": {"kind": "discount", "amount": "5.00", "points": 10, "code": code},
        },
        "plugins": {"stamps": section},
    }
    clock = clock or FrozenClock(NOW)
    return Loyalty.open(config, "sqlite://", plugins=[plugin], clock=clock)


@contextmanager
def delivering():
    with Double() as double:
        yield lambda: opened(double), Platform(double)


@contextmanager
def acting(**settings):
    clock = FrozenClock(NOW)
    with Double() as double, opened(double, clock, **settings) as loyalty:
        order = {
            "type": "order",
            "source": "web",
            "id": "1",
            "identities": {"email": "ada@example.org"},
            "currency": "USD",
            "occurred_at": (NOW - timedelta(days=1)).isoformat(),
            "lines": [{"id": "a", "sku": "TEA", "amount": "3.00"}],
        }
        member = loyalty.record(order).member_id

        def theirs(asked):
            double.codes[asked.path.rpartition("/")[2]] = "theirs"

        yield ActingShop(
            loyalty=loyalty,
            double=double,
            clock=clock,
            connector="stamps.booth",
            member=member,
            stands=lambda: [*double.codes, *double.shown],
            theirs=theirs if "codes" in settings else None,
        )


STAND = ConnectorStand(
    kind=Booth,
    environment={"BOOTH_KEY": KEY},
    platform=delivering,
    signature="Booth-Signature",
    rewards={"five": lambda: acting(codes=["five"])},
    shown=lambda: acting(shows=True),
)
"""
SETTINGS = """\
    shop_url: str = field(default="", metadata=doc("Where the shop is."))
    codes: tuple[str, ...] = field(default=(), metadata=doc("Rewards whose codes it has."))
    shows: bool = field(default=False, metadata=doc("Whether it shows what members have."))
"""
REGISTERS = """\
    @hookimpl
    def loyalty_register_connectors(self, config):
        return [Booth(config)]

"""
KEPT = """\
            PersonalData(what="Orders.", where="facts", why="They are stamped."),
            PersonalData(
                what="Points.", where="outside", why="To be seen.", erasure="It forgets them."
            ),
"""
HOOK = "    @hookimpl\n    def loyalty_register_rewards"
BOOTH: tuple[Change, ...] = (
    ("shop.py", "", SHOP),
    ("tests/stand.py", "", STAND),
    (
        "tests/test_conformance.py",
        "from PACKAGE import plugin\n",
        "from PACKAGE import plugin\nfrom stand import STAND\n",
    ),
    (
        "tests/test_conformance.py",
        "    plugin = plugin\n",
        "    plugin = plugin\n    stands = (STAND,)\n",
    ),
    ("config.py", "", SETTINGS),
    ("README.md", "", "\nThe shop is at `shop_url`, has `codes`, and `shows` what members have.\n"),
    ("plugin.py", "import Stamps, Tea\n", "import Stamps, Tea\nfrom PACKAGE.shop import Booth\n"),
    ("plugin.py", HOOK, REGISTERS + HOOK),
    ("plugin.py", "        ),\n    )\n", f"{KEPT}        ),\n    )\n"),
)
"""A connector that keeps all rules, in front of a double that is in its tests."""


def spoilt(old: str, new: str) -> tuple[Change, ...]:
    """The connector with something else in its place."""
    return (*BOOTH, ("shop.py", old, new))


def lacking(*what: str) -> tuple[Change, ...]:
    """The connector with a stand that lacks something."""
    return (*BOOTH, *(("tests/stand.py", one, "") for one in what))


UNNAMED: tuple[Change, ...] = (*BOOTH, ("tests/test_conformance.py", "stands =", "stood ="))
"""The connector with a stand that no suite names."""


MAKES = """\
    rewards={"five": lambda: acting(codes=["five"])},
"""
SHOWN = "    shown=lambda: acting(shows=True),\n"
ANOTHER = """\
    def _another(self, action):
        self._count = getattr(self, "_count", 0) + 1
        code = f"{action.code}{self._count}"
        self._ask("PUT", f"/codes/{code}", action.grant.grant_id)
        return code

"""
VERIFIES = """\
    def verify(self, request):
        key = self.secrets[0].reveal().encode()
"""
ASKS_FIRST = f"""{VERIFIES}\
        try:
            self._ask("GET", "/orders")
        except ConnectorError as error:
            raise ConnectorError(f"{{error.message}} who has {{key}}")
"""
TELLS_A_401 = """\
    def _make(self, path, ours):
        try:
            self._ask("PUT", path, ours)
        except ConnectorError as error:
            if "401" not in error.message:
                raise
            raise ConnectorError(f"it refuses {self.secrets[0].reveal()}")

"""
CONNECTORS: dict[str, list[tuple[str, tuple[Change, ...]]]] = {
    "LQ218": [
        (
            "Booth, history 0:",
            spoilt("[message.json()]", '[{**message.json(), "refunds": [], "status": "paid"}]'),
        )
    ],
    "LQ219": [
        (
            "a webhook was taken in whose signature is missing",
            spoilt("if not same_signature(", "if False and same_signature("),
        )
    ],
    "LQ220": [
        (
            "Booth, five: request 0 (PUT",
            (
                *spoilt(
                    'path, ours = f"/codes/{action.code}", action.grant.grant_id',
                    "return self._another(action)",
                ),
                ("shop.py", "    def _ask", f"{ANOTHER}    def _ask"),
            ),
        )
    ],
    "LQ221": [("Booth, shown: request 0 (POST", spoilt('"PUT", "/shown"', '"POST", "/shown"'))],
    "LQ222": [
        (
            "Booth: the value of BOOTH_KEY is told",
            (
                *lacking(MAKES, SHOWN),
                ("shop.py", "_url + path", '_url + path + "?k=" + self.secrets[0].reveal()'),
            ),
        ),
        (
            "Booth: the value of BOOTH_KEY is told",
            (
                *lacking(MAKES, SHOWN),
                ("shop.py", 'f"it answers {answer.status}"', 'f"it answers {answer.body}"'),
            ),
        ),
        (
            "Booth: the value of BOOTH_KEY is told",
            (*lacking(MAKES, SHOWN), ("shop.py", VERIFIES, ASKS_FIRST)),
        ),
        (
            "Booth: the value of BOOTH_KEY is told",
            (
                *lacking(SHOWN),
                ("shop.py", VERIFIES, f"{VERIFIES}        self._ask('GET', '/orders')\n"),
                ("shop.py", "    def _ask", f"{TELLS_A_401}    def _ask"),
                ("shop.py", 'self._ask("PUT", path, ours)', "self._make(path, ours)"),
            ),
        ),
    ],
}
"""Changes to a good connector, each of which breaks one rule of connectors."""

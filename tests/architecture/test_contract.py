"""What plugins rely on changes with the version of the API, or not at all."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.architecture import refresh
from tests.architecture.contract import NO_RELEASE, PROMISED, faults, promise, release_of
from tests.architecture.public_names import REFRESH, SNAPSHOT

DAY = date(2027, 6, 30)
PLANTED = """
[planted]
value PLUGIN_API_VERSION = '1.4'
value MOST = 12
union Effect = Credit | Grant
class State(StrEnum)
    member OPEN = 'open'
    member SHUT = 'shut'
class Base()
    def told(self) -> str
class Lot(Base)
    def __init__(*, size: int, name: str = '', old: str = '') -> None
    field name: str
    field old: str  # until 2027-06-30
    field size: int
class Program(Protocol)
    def decide(self, fact: Order, member: View) -> Sequence[Effect]
    property id: str
def earn(points: int, by: str = 'x', *, at: date | None = None, key: str) -> Lot | None
async def fetch() -> int
def earn_all() -> None  # until 2027-06-30
hook register(config: Any, program: Config) -> Iterable[Program]
event credited: wallet, amount
limit rules.MOST = 1000
"""
BREAKS = {
    "value MOST = 12": ("value MOST = 10", "planted.MOST: it was = 12"),
    "union Effect = Credit | Grant": (
        "union Effect = Credit",
        "planted.Effect: the kind Grant is gone",
    ),
    "    member SHUT = 'shut'\n": ("", "planted.State.SHUT: it is gone, and was not deprecated"),
    "'open'": ("'opened'", "planted.State.OPEN: it was = 'open'"),
    "class Lot(Base)": ("class Lot()", "planted.Lot: the base Base is gone"),
    "size: int, name": (
        "size: int, stock: int, name",
        "planted.Lot.__init__: the parameter 'stock' is new",
    ),
    "name: str = ''": ("name: str", "planted.Lot.__init__: the parameter 'name' is another"),
    "    field size: int": ("    field size: str", "planted.Lot.size: it was: int"),
    "    field name: str": (
        "    property name: str",
        "planted.Lot.name: it was a field, and is a property",
    ),
    "    property id: str": (
        "    property id: str\n    property summary: str",
        "planted.Program.summary: plugins have to have it now",
    ),
    "fact: Order, member: View": (
        "fact: Order, member: View, at: date",
        "planted.Program.decide: it was called with self, fact: Order, member: View",
    ),
    "Sequence[Effect]": ("tuple[Effect]", "planted.Program.decide: it answered Sequence[Effect]"),
    "points: int, by: str = 'x'": (
        "by: str = 'x', points: int = 0",
        "planted.earn: the parameter 'by' is another",
    ),
    "at: date | None": ("at: date", "planted.earn: the parameter 'at' is another"),
    ", *, at: date | None = None": (", *", "planted.earn: the parameter 'at' is gone"),
    "'x'": ("'y'", "planted.earn: the parameter 'by' is another"),
    "Lot | None": ("Lot | Other | None", "planted.earn: it answered Lot | None"),
    "async def": ("def", "planted.fetch: it was a async def, and is a def"),
    "program: Config": (
        "program: Other",
        "planted.register: the parameter program: Config is gone",
    ),
    "Iterable[Program]": ("list[Program]", "planted.register: it answered Iterable[Program]"),
    "wallet, amount": ("wallet", "planted.credited: the value amount is gone"),
    "= 1000": ("= 999", "planted.rules.MOST: it was 1000, and is 999"),
    "class Base()\n    def told(self) -> str\n": ("", "planted.Base: it is gone"),
}
ADDS = {
    "class Base()": ("value LEAST = 1\nclass Base()", "planted.LEAST: it is new"),
    "Credit | Grant": ("Credit | Grant | Emit", "planted.Effect: the kind Emit is new"),
    "    member SHUT = 'shut'\n": (
        "    member SHUT = 'shut'\n    member LOST = 'lost'\n",
        "planted.State.LOST: it is new",
    ),
    "name: str = ''": (
        "name: str = '', stock: int = 0",
        "planted.Lot.__init__: the parameter 'stock' is new",
    ),
    "    field size: int": (
        "    field size: int\n    def told(self) -> str",
        "planted.Lot.told: it is new",
    ),
    "points: int": ("points: int | str", "planted.earn: the parameter 'points' is another"),
    ", key: str": (", key: str = ''", "planted.earn: the parameter 'key' is another"),
    "-> Lot | None": ("-> Lot", "planted.earn: it answered Lot | None"),
    "-> Sequence[Effect]": (
        "-> Sequence[Effect] | None",
        "planted.Program.decide: it answered Sequence[Effect]",
    ),
    "program: Config": (
        "program: Config, payments: Payments",
        "planted.register: the parameter payments: Payments is new",
    ),
    "wallet, amount": ("wallet, amount, fact", "planted.credited: the value fact is new"),
    "= 1000": ("= 1001", "planted.rules.MOST: it was 1000, and is 1001"),
    "async def fetch() -> int": (
        "async def fetch() -> int  # until 2028-01-01",
        "planted.fetch: it goes after 2028-01-01",
    ),
}


def told(old: str, new: str, version: str = "1.4", today: date = DAY) -> list[str]:
    assert PLANTED.count(old) == 1, old
    changed = PLANTED.replace(old, new).replace("'1.4'", f"'{version}'")
    return faults(PLANTED, changed, today)


@pytest.mark.parametrize("old", BREAKS)
def test_what_breaks_plugins_needs_a_raised_major_version(old: str) -> None:
    new, what = BREAKS[old]
    (said,) = [one for one in told(old, new) if one.startswith(what)]
    assert said.endswith("; raise PLUGIN_API_VERSION to 2.0, or leave it")
    assert told(old, new, "1.9") != []
    assert told(old, new, "2.0") == []


@pytest.mark.parametrize("old", ADDS)
def test_what_is_new_needs_a_raised_minor_version(old: str) -> None:
    new, what = ADDS[old]
    assert told(old, new) == [f"{what}; raise PLUGIN_API_VERSION to 1.5"]
    assert told(old, new, "1.5") == []


def test_several_changes_share_one_raise() -> None:
    more = PLANTED.replace("'1.4'", "'1.5'").replace("Credit | Grant", "Credit | Grant | Emit")
    assert faults(PLANTED, more, DAY) == []
    assert faults(PLANTED, more.replace("= 1000", "= 2000"), DAY) == []


def test_the_version_never_falls_and_alone_is_no_change() -> None:
    assert faults(PLANTED, PLANTED, DAY) == []
    assert told("'1.4'", "'1.10'", "1.4") == []
    assert told("'1.4'", "'1.3'") == ["PLUGIN_API_VERSION is below 1.4, which was promised"]


def test_what_moves_to_a_base_is_still_there() -> None:
    moved = PLANTED.replace("    field size: int\n", "").replace(
        "class Base()\n", "class Base()\n    field size: int\n"
    )
    said = faults(PLANTED, moved, DAY)
    assert said == ["planted.Base.size: it is new; raise PLUGIN_API_VERSION to 1.5"]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("def earn_all() -> None  # until 2027-06-30\n", "", "planted.earn_all: it is gone"),
        ("# until 2027-06-30\nhook", "# until 2027-06-29\nhook", "planted.earn_all: it was"),
    ],
)
def test_what_is_deprecated_stays_until_its_last_day(old: str, new: str, what: str) -> None:
    """A raised version is no way around it: whoever uses it was told that day."""
    for version in ("1.4", "1.5", "2.0"):
        (said,) = told(old, new, version)
        assert said.startswith(what)
        assert said.endswith("promised until 2027-06-30; it has to stay until then")


def test_what_was_deprecated_goes_with_a_raised_minor_version() -> None:
    after = date(2027, 7, 1)
    gone = "def earn_all() -> None  # until 2027-06-30\n"
    assert told(gone, "", today=after) == [
        "planted.earn_all: it is gone after 2027-06-30; raise PLUGIN_API_VERSION to 1.5"
    ]
    assert told(gone, "", "1.5", today=after) == []
    field = PLANTED.replace(", old: str = ''", "").replace(
        "    field old: str  # until 2027-06-30\n", ""
    )
    assert faults(PLANTED, field, after) == [
        "planted.Lot.old: it is gone after 2027-06-30; raise PLUGIN_API_VERSION to 1.5"
    ]


def test_the_public_names_keep_what_was_promised() -> None:
    promised, now = (one.read_text(encoding="utf-8") for one in (PROMISED, SNAPSHOT))
    assert faults(promised, now, datetime.now(UTC).date()) == [], f"see CONTRIBUTING.md; {REFRESH}"


def test_a_promise_is_that_of_a_release() -> None:
    release = release_of(PROMISED.read_text(encoding="utf-8"))
    changelog = refresh.CHANGELOG.read_text(encoding="utf-8")
    assert release == NO_RELEASE or f"## [{release}]" in changelog
    assert release_of(promise(PLANTED, "0.3.0")) == "0.3.0"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SNAPSHOT", "PROMISED", "CHANGELOG"):
        monkeypatch.setattr(refresh, name, tmp_path / name)
    monkeypatch.setattr(refresh, "snapshot", lambda: PLANTED)
    monkeypatch.setattr(refresh, "__version__", "0.3.0")
    (tmp_path / "SNAPSHOT").write_text("old")
    (tmp_path / "PROMISED").write_text(promise(PLANTED, NO_RELEASE))
    (tmp_path / "CHANGELOG").write_text("## [Unreleased]\n")
    return tmp_path


def test_refresh_writes_what_is_allowed_alone(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refresh.refresh(release=False) == []
    assert (files / "SNAPSHOT").read_text() == PLANTED
    monkeypatch.setattr(refresh, "snapshot", lambda: PLANTED.replace("= 1000", "= 999"))
    assert refresh.refresh(release=False) == [
        "planted.rules.MOST: it was 1000, and is 999; raise PLUGIN_API_VERSION to 2.0, or leave it"
    ]
    assert (files / "SNAPSHOT").read_text() == PLANTED


def test_a_release_is_what_promises(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = PLANTED.replace("'1.4'", "'1.5'").replace("= 1000", "= 1001")
    monkeypatch.setattr(refresh, "snapshot", lambda: more)
    assert refresh.refresh(release=True) == [
        "CHANGELOG.md has no section of 0.3.0, so it is not released"
    ]
    assert (files / "PROMISED").read_text() == promise(PLANTED, NO_RELEASE)
    assert (files / "SNAPSHOT").read_text() == "old"
    (files / "CHANGELOG").write_text("## [Unreleased]\n\n## [0.3.0] - 2027-07-01\n")
    assert refresh.refresh(release=True) == []
    assert (files / "PROMISED").read_text() == promise(more, "0.3.0")
    assert (files / "SNAPSHOT").read_text() == more

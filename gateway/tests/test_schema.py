"""The committed schemas are those the code makes, and everything in them is described."""

import re
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, is_specified_scalar_type
from graphql.type import GraphQLInterfaceType, GraphQLObjectType

from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import Audience
from loyalty_gateway.schema import main, schema_text

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "gateway" / "schema"
TESTS = "tests/test_*.py"
RENEW = "python -m loyalty_gateway.schema --write gateway/schema"


@pytest.mark.parametrize("audience", list(Audience))
def test_the_committed_schema_is_fresh(audience: Audience) -> None:
    committed = (FOLDER / f"{audience.value}.graphql").read_text(encoding="utf-8")
    assert schema_text(audience) == committed, f"if this change is meant: {RENEW}"


@pytest.mark.parametrize("audience", list(Audience))
def test_everything_is_described(audience: Audience) -> None:
    bare = []
    for name, kind in composed(audience).graphql_schema.type_map.items():
        if name.startswith("__") or is_specified_scalar_type(kind):
            continue
        bare += [] if kind.description else [name]
        if isinstance(kind, GraphQLEnumType):
            bare += [f"{name}.{key}" for key, item in kind.values.items() if not item.description]
        if isinstance(kind, GraphQLInputObjectType):
            bare += [f"{name}.{key}" for key, item in kind.fields.items() if not item.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for key, item in kind.fields.items():
                bare += [] if item.description else [f"{name}.{key}"]
                bare += [
                    f"{name}.{key}({arg})" for arg, it in item.args.items() if not it.description
                ]
    assert bare == []


def test_operators_fields_are_not_in_the_storefront() -> None:
    storefront = composed(Audience.STOREFRONT).graphql_schema.type_map
    for name in ("Report", "Explanation", "FactReceipt", "TopMember", "FactInput"):
        assert name not in storefront
    for kind, hidden in {
        "Transaction": ("actor", "reason", "factId"),
        "Profile": ("tags",),
    }.items():
        found = storefront[kind]
        assert isinstance(found, GraphQLObjectType)
        assert not set(hidden) & set(found.fields)


def test_lists_that_can_grow_are_paged() -> None:
    """Every list of transactions is a connection with a size that has a default."""
    for audience in Audience:
        kinds = composed(audience).graphql_schema.type_map
        for name, kind in kinds.items():
            if not isinstance(kind, GraphQLObjectType):
                continue
            for key, item in kind.fields.items():
                plain = str(item.type).strip("!")
                assert "[Transaction" not in plain or name == "TransactionConnection", (
                    f"{name}.{key}"
                )
                if plain == "TransactionConnection":
                    assert item.args["first"].default_value == 20


def test_the_command_renews_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(tmp_path)]) == 1
    assert main(["--write", str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    with pytest.raises(SystemExit):
        main([])
    assert "storefront.graphql is stale" in capsys.readouterr().out


PLUGINS = sorted(path.parents[1].name for path in ROOT.glob("plugins/*/src/loyalty_*"))
EXTENDING = sorted(
    path.relative_to(ROOT).parts[1] for path in ROOT.glob("plugins/*/src/loyalty_*/graphql*")
)


def test_what_each_plugin_adds_is_committed() -> None:
    """Each plugin's own tests check that it is fresh."""
    assert EXTENDING
    for name in EXTENDING:
        files = {path.name for path in (ROOT / "plugins" / name / "graphql").iterdir()}
        assert files, name
        assert files <= {"storefront.graphql", "admin.graphql"}, name
        tests = [path.read_text(encoding="utf-8") for path in (ROOT / "plugins" / name).glob(TESTS)]
        for check in ("check_extension(plugin)", "check_schema_files(plugin, "):
            assert any(check in text for text in tests), f"{name}: no test calls {check}"


@pytest.mark.parametrize("name", PLUGINS)
def test_the_gateway_names_no_plugin(name: str) -> None:
    places = [*ROOT.glob("gateway/src/**/*.py"), ROOT / "gateway/pyproject.toml"]
    for path in places:
        text = path.read_text(encoding="utf-8")
        named = re.search(rf"loyalty[_-]{name}\b|plugins[/.]{name}\b|Plugin\(.{name}", text)
        assert named is None, f"{path}: {named}"
    for audience in Audience:
        own = composed(audience).graphql_schema.type_map
        path = ROOT / "plugins" / name / "graphql" / f"{audience.value}.graphql"
        if path.is_file():
            new = re.findall(r"(?m)^(?:type|enum|input|union) (\w+)", path.read_text("utf-8"))
            assert new
            assert [kind for kind in new if kind in own] == []

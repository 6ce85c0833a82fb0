"""The committed schemas are those the code makes, and everything in them is described."""

from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, is_specified_scalar_type
from graphql.type import GraphQLInterfaceType, GraphQLObjectType

from loyalty_gateway.compose import Audience, composed
from loyalty_gateway.schema import main, schema_text

FOLDER = Path(__file__).resolve().parents[1] / "schema"
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
    assert main([]) == 2
    assert "storefront.graphql is stale" in capsys.readouterr().out

"""Identities as people type them, made comparable."""

import pytest

from loyalty_core import Identity, IdentityInvalid, IdentityKind
from loyalty_core.application.identities import GIVEN, read_identities


def read(kind: str, value: str, *, source: str = "web", country: str = "") -> tuple[str, str]:
    """The normalised value and source of one identity."""
    (found,) = read_identities({kind: value}, source=source, country=country)
    assert found.kind == kind
    return found.value, found.source


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  Ada@Example.ORG\t", "ada@example.org"),
        ("ada+shop@example.org", "ada+shop@example.org"),
        ("\uff41\uff44\uff41\uff20example.org", "ada@example.org"),  # full width letters
        ("STRASSE@example.org", "strasse@example.org"),
        ("straße@example.org", "strasse@example.org"),
        ("cafe\u0301@example.org", "café@example.org"),
        ('"a@b"@example.org', '"a@b"@example.org'),
        ("\u212aelvin@example.org", "kelvin@example.org"),
    ],
)
def test_an_address_is_the_same_however_it_is_typed(written: str, address: str) -> None:
    assert read("email", written) == (address, "")


@pytest.mark.parametrize(
    "written",
    ["ada", "@example.org", "ada@", "ada@localhost", "ada@.", "ada@.org.", "a b@example.org"],
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(IdentityInvalid) as raised:
        read("email", written)
    assert raised.value.code == "identity_invalid"
    assert raised.value.where == "$.identities.email"
    assert repr(written) in raised.value.message


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("+49 30 901820", "", "+4930901820"),
        ("030 901820", "DE", "+4930901820"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("1-212-555-0123", "US", "+12125550123"),
        ("06 1234 5678", "IT", "+390612345678"),  # the nought stays in Italy
        ("0612345678", "FR", "+33612345678"),
        ("+1 212 555 0123", "DE", "+12125550123"),
        ("\uff10\uff1044 20 7946 0958", "GB", "+442079460958"),
        ("٠١٠٠١٢٣٤٥٦٧", "EG", "+201001234567"),
    ],
)
def test_a_phone_number_is_read_as_its_country_does(
    written: str, country: str, number: str
) -> None:
    assert read("phone", written, country=country) == (number, "")


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("030 901820", ""),
        ("ada", "DE"),
        ("12", "US"),
        ("+49 1234567890123456789", ""),
        ("+999 123456", ""),
    ],
)
def test_what_is_no_phone_number_is_refused(written: str, country: str) -> None:
    with pytest.raises(IdentityInvalid) as raised:
        read("phone", written, country=country)
    assert raised.value.where == "$.identities.phone"


@pytest.mark.parametrize(
    ("kind", "source"),
    [("customer_id", "web"), ("card", ""), ("payment_token", "")],
)
def test_only_customer_numbers_count_within_their_source(kind: str, source: str) -> None:
    assert read(kind, " \uff21-1 ") == ("A-1", source)
    assert read(kind, "a-1") == ("a-1", source)


def test_identities_are_sorted_and_empty_ones_left_out() -> None:
    given = {"phone": " ", "email": "b@example.org", "card": "9", "customer_id": ""}
    assert read_identities(given, source="web", country="") == (
        Identity(IdentityKind.CARD, "9"),
        Identity(IdentityKind.EMAIL, "b@example.org"),
    )


def test_nobody_is_named_by_a_code_that_members_give_away() -> None:
    with pytest.raises(IdentityInvalid) as raised:
        read("code", "ADA-10")
    assert raised.value.message == "'code' is not a kind of identity"


@pytest.mark.parametrize("kind", GIVEN)
@pytest.mark.parametrize("inside", ["\x00", "\n", "\x1b", "\x7f", "\x85", "\ud800"])
def test_control_characters_and_surrogates_are_refused(kind: str, inside: str) -> None:
    with pytest.raises(IdentityInvalid) as raised:
        read(kind, f"a{inside}b")
    assert raised.value.where == f"$.identities.{kind}"
    raised.value.message.encode()


@pytest.mark.parametrize(
    ("value", "taken"),
    [("x" * 254, True), ("x" * 255, False), ("\ufdfa" * 20, False)],  # one sign, 18 letters
    ids=["254", "255", "20 that become 360"],
)
def test_a_value_has_254_characters_at_most(value: str, taken: bool) -> None:
    if taken:
        assert read("card", value) == (value, "")
        return
    with pytest.raises(IdentityInvalid):
        read("card", value)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(IdentityInvalid) as raised:
        read("e-mail", "ada@example.org")
    assert raised.value.message == "'e-mail' is not a kind of identity"
    assert raised.value.remedy == ("Known kinds: email, phone, customer_id, card, payment_token.")


def test_a_value_that_is_no_text_is_refused() -> None:
    with pytest.raises(IdentityInvalid) as raised:
        read("email", None)  # type: ignore[arg-type]
    assert (raised.value.where, raised.value.message) == (
        "$.identities.email",
        "email is not a text",
    )

"""Who may ask: only whom a right signature or key names, and only for themself."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from gateway.tests.shop import ADMIN_KEY, AUDIENCE, SECRET, SETTINGS, Front, signed
from loyalty_core import Loyalty
from loyalty_gateway import JwtSettings

OTHER_SECRET = "another secret, also long enough for HS256"


def unsigned(header: dict[str, object], claims: dict[str, object], signature: str = "") -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (header, claims)
    ]
    return ".".join([*parts, signature])


def forgeries(member_id: str) -> dict[str, str]:
    """Tokens that name the member and must not be believed."""
    right = signed(member_id)
    head, claims, signature = right.split(".")
    later = int(time.time()) + 3600
    plain = {"sub": member_id, "aud": AUDIENCE, "exp": later}
    past, future = datetime.now(UTC) - timedelta(minutes=5), datetime.now(UTC) + timedelta(hours=1)
    other = (
        base64.urlsafe_b64encode(json.dumps({**plain, "sub": "somebody else"}).encode())
        .decode()
        .rstrip("=")
    )
    return {
        "no algorithm": unsigned({"alg": "none", "typ": "JWT"}, plain),
        "no algorithm, in capitals": unsigned({"alg": "NONE", "typ": "JWT"}, plain),
        "another key": jwt.encode(plain, OTHER_SECRET, algorithm="HS256"),
        "another algorithm": jwt.encode(plain, SECRET * 2, algorithm="HS512"),
        "expired": signed(member_id, exp=past),
        "no expiry": signed(member_id, exp=None),
        "another audience": signed(member_id, aud="another shop"),
        "no audience": signed(member_id, aud=None),
        "not yet valid": signed(member_id, nbf=future),
        "issued in the future": signed(member_id, iat=future),
        "claims exchanged": f"{head}.{other}.{signature}",
        "signature cut": right[:-4],
        "signature left out": f"{head}.{claims}.",
        "subject left out": signed(member_id, sub=None),
        "subject is empty": signed(""),
        "subject is a number": unsigned({"alg": "HS256"}, {**plain, "sub": 1}, signature),
        "identities of no kind": signed(member_id, identities={"shoe size": "43"}),
        "identities are a text": signed(member_id, identities="ada@example.org"),
        "unknown critical header": jwt.encode(
            plain, SECRET, algorithm="HS256", headers={"crit": ["x"], "x": 1}
        ),
        "not a token": "nonsense",
        "too long": "a." * 10_000,
    }


FORGERIES = sorted(forgeries("x"))


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_token_is_refused_whole(standing: tuple[Front, str], kind: str) -> None:
    front, ada = standing
    answer = front.post("/graphql", {"query": "{ me { id } program { id } }"}, forgeries(ada)[kind])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "errors": [
            {
                "message": "The credentials are not accepted",
                "extensions": {"code": "UNAUTHENTICATED"},
            }
        ]
    }


def test_the_right_token_of_the_same_test_is_believed(front: Front, ada: str) -> None:
    assert front.data("{ me { id } }", signed(ada)) == {"me": {"id": ada}}


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "token", ""])
def test_other_authorization_headers_are_refused(standing: tuple[Front, str], header: str) -> None:
    answer = standing[0].post("/graphql", {"query": "{ me { id } }"}, authorization=header)
    assert answer.status_code == 401


def test_without_settings_for_tokens_none_is_believed(loyalty: Loyalty, ada: str) -> None:
    front = Front(loyalty, replace(SETTINGS, jwt=None))
    assert front.post("/graphql", {"query": "{ me { id } }"}, signed(ada)).status_code == 401


def test_the_issuer_is_checked_if_it_is_set(loyalty: Loyalty, ada: str) -> None:
    settings = JwtSettings(secret=SECRET, audience=AUDIENCE, issuer="https://id.example")
    front = Front(loyalty, replace(SETTINGS, jwt=settings))
    assert front.data("{ me { id } }", signed(ada, iss="https://id.example"))["me"] == {"id": ada}
    for token in (signed(ada), signed(ada, iss="https://evil.example")):
        assert front.post("/graphql", {"query": "{ me { id } }"}, token).status_code == 401


def test_a_token_of_nobody_is_a_clear_error(front: Front) -> None:
    for token in (signed("nobody"), signed("x", identities={"email": "nobody@example.org"})):
        answer = front.ask("{ me { id } }", token)
        assert answer["data"] == {"me": None}
        assert answer["errors"][0]["message"] == "the token names nobody in this program"
        assert answer["errors"][0]["extensions"] == {"code": "member_not_found"}


def test_members_see_themselves_only(front: Front, ada: str, bob: str) -> None:
    query = """{ me { id identities { value } wallet(name: "points") { balance }
                 history { edges { node { points } } } } }"""
    for member, email, points in ((ada, "ada@example.org", "120"), (bob, "bob@example.org", "30")):
        assert front.data(query, signed(member))["me"] == {
            "id": member,
            "identities": [{"value": email}],
            "wallet": {"balance": points},
            "history": {"edges": [{"node": {"points": points}}]},
        }


def test_the_storefront_has_no_way_to_name_a_member(front: Front, ada: str, bob: str) -> None:
    for query in (
        f'{{ member(id: "{bob}") {{ id }} }}',
        f'{{ me(id: "{bob}") {{ id }} }}',
        f'{{ statement(memberId: "{bob}") {{ at }} }}',
        f'mutation {{ redeem(memberId: "{bob}", idempotencyKey: "k") {{ __typename }} }}',
        "{ program { report { members } } }",
        "{ me { history { edges { node { actor } } } } }",
    ):
        answer = front.ask(query, signed(ada))
        assert "data" not in answer, query


def test_a_key_of_one_member_is_not_anothers(front: Front, ada: str, bob: str) -> None:
    query = """mutation { redeem(points: "20", idempotencyKey: "the same key") {
                 __typename ... on Redemption { member { id } } } }"""
    for member in (ada, bob):
        made = front.data(query, signed(member))["redeem"]
        assert made == {"__typename": "Redemption", "member": {"id": member}}


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "wrong",
        ADMIN_KEY + "x",
        ADMIN_KEY[:-1],
        hashlib.sha256(ADMIN_KEY.encode()).hexdigest(),
    ],
)
def test_operators_need_the_key(standing: tuple[Front, str], key: str | None) -> None:
    answer = standing[0].post("/admin/graphql", {"query": "{ program { id } }"}, key)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


def test_a_members_token_is_no_operators_key(front: Front, ada: str) -> None:
    answer = front.post("/admin/graphql", {"query": "{ program { id } }"}, signed(ada))
    assert answer.status_code == 401
    assert front.post("/graphql", {"query": "{ program { id } }"}, ADMIN_KEY).status_code == 401


def test_without_keys_no_operator_is_let_in(loyalty: Loyalty) -> None:
    front = Front(loyalty, replace(SETTINGS, admin_keys=()))
    answer = front.post("/admin/graphql", {"query": "{ program { id } }"}, ADMIN_KEY)
    assert answer.status_code == 401


def test_tokens_signed_with_a_private_key(loyalty: Loyalty, ada: str) -> None:
    pytest.importorskip("cryptography", reason="loyalty-gateway[crypto] is not installed")
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    plain = {"sub": ada, "aud": AUDIENCE, "exp": int(time.time()) + 3600}
    pairs = {
        "RS256": rsa.generate_private_key(65537, 2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
    }
    for algorithm, private in pairs.items():
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        settings = JwtSettings(
            algorithms=(algorithm,), public_key=public.decode(), audience=AUDIENCE
        )
        front = Front(loyalty, replace(SETTINGS, jwt=settings))
        right = jwt.encode(plain, private, algorithm=algorithm)
        assert front.data("{ me { id } }", right) == {"me": {"id": ada}}
        head, body = unsigned({"alg": "HS256", "typ": "JWT"}, plain).split(".")[:2]
        mac = hmac.digest(public, f"{head}.{body}".encode(), "sha256")
        confused = f"{head}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
        for wrong in (confused, signed(ada), right[:-6] + "AAAAAA"):
            assert front.post("/graphql", {"query": "{ me { id } }"}, wrong).status_code == 401

"""Who is asking: members by signed tokens, operators by keys. Nothing else is believed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import jwt

from loyalty_core import ConfigError, IdentityKind, Problem
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.settings import JwtSettings

LONGEST_CREDENTIAL = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberClaim:
    """Whom a verified token names: a member's id, or identities to find the member by.

    ``expires_at`` is when the token ends, which closes what is still open by it.
    """

    member_id: str = ""
    identities: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    expires_at: datetime | None = None


class TokenVerifier:
    """Verifies members' tokens as the settings say; without settings it refuses every one."""

    def __init__(self, settings: JwtSettings | None) -> None:
        """Raises ``ConfigError`` for a key that cannot be used with the algorithms."""
        self._settings = settings
        if settings:
            _check_key(settings)

    @property
    def signs(self) -> bool:
        """Whether it can sign tokens as well: with a secret, not with a public key."""
        return self._settings is not None and bool(self._settings.secret)

    def sign(self, claim: MemberClaim, now: datetime, seconds: int) -> str:
        """A token that names somebody, and that ``verify`` takes for so many seconds."""
        settings = self._settings
        assert settings is not None
        claims = {
            "aud": settings.audience,
            "iat": now,
            "exp": now + timedelta(seconds=seconds),
            "identities": dict(claim.identities),
            "source": claim.source,
        }
        if settings.issuer:
            claims["iss"] = settings.issuer
        return jwt.encode(claims, settings.secret, algorithm=settings.algorithms[0])

    def verify(self, token: str) -> MemberClaim:
        """Whom ``token`` names, once its signature, audience, issuer and times are right.

        Raises ``RequestRefused`` (UNAUTHENTICATED) for anything else, never saying which it was.
        """
        settings = self._settings
        if settings is None or len(token) > LONGEST_CREDENTIAL:
            raise _refused()
        required = ["exp", "aud", "iss"] if settings.issuer else ["exp", "aud"]
        try:
            claims = jwt.decode(
                token,
                settings.secret or settings.public_key,
                algorithms=list(settings.algorithms),
                audience=settings.audience,
                issuer=settings.issuer or None,
                leeway=settings.leeway_seconds,
                options={"require": required},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise _refused() from None
        return _claim_of(claims)


def _check_key(settings: JwtSettings) -> None:
    for name in settings.algorithms:
        try:
            algorithm = jwt.get_algorithm_by_name(name)
            algorithm.prepare_key(settings.secret or settings.public_key)
        except NotImplementedError:
            remedy = "Install the library that verifies it: pip install 'loyalty-gateway[crypto]'."
            problem = Problem("gateway.jwt.algorithms", f"{name} cannot be verified here", remedy)
            raise ConfigError([problem]) from None
        except (jwt.PyJWTError, ValueError, TypeError):
            place = "secret" if settings.secret else "public_key"
            remedy = "A public key goes with RS, PS, ES and EdDSA, a random secret with HS."
            problem = Problem(f"gateway.jwt.{place}", f"not a key for {name}", remedy)
            raise ConfigError([problem]) from None


def _claim_of(claims: Mapping[str, object]) -> MemberClaim:
    subject, identities = claims.get("sub"), claims.get("identities")
    source = claims.get("source", "")
    expires_at = _moment(int(cast(Any, claims["exp"])))  # a number, or it were not verified
    if identities is None and isinstance(subject, str) and subject:
        return MemberClaim(member_id=subject, expires_at=expires_at)
    if isinstance(identities, dict) and identities and isinstance(source, str):
        known = {kind.value for kind in IdentityKind}
        if all(kind in known and isinstance(value, str) for kind, value in identities.items()):
            return MemberClaim(identities=identities, source=source, expires_at=expires_at)
    raise _refused()


def _moment(seconds: int) -> datetime:
    """A token's moment, in seconds since 1970 (RFC 7519 2); the last one for what is beyond it."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)


class AdminKeys:
    """The operators' keys, of which only hashes are known."""

    def __init__(self, hashes: Sequence[str]) -> None:
        self._hashes = tuple(bytes.fromhex(item) for item in hashes)

    def verify(self, key: str) -> None:
        """Returns nothing for a right key; the time it takes says nothing about the right ones.

        Raises ``RequestRefused`` (UNAUTHENTICATED) for any other.
        """
        given = hashlib.sha256(key[:LONGEST_CREDENTIAL].encode("utf-8", "replace")).digest()
        matches = [hmac.compare_digest(given, known) for known in self._hashes]
        if not any(matches) or len(key) > LONGEST_CREDENTIAL:
            raise _refused()


def bearer(authorization: str | None) -> str | None:
    """The credential of an ``Authorization: Bearer`` header (RFC 6750), or None without one.

    Raises ``RequestRefused`` (UNAUTHENTICATED) for any other kind of header.
    """
    if authorization is None:
        return None
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise _refused()
    return credential.strip()


def _refused() -> RequestRefused:
    return RequestRefused("The credentials are not accepted", code="UNAUTHENTICATED", status=401)

"""Sending a request to somebody else's URL, and to no other address than that one may have."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from loyalty_core import ConnectorError, PlatformUnavailable

TRANSLATED = tuple(
    map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)
"""Addresses that stand for IPv4 ones: NAT64 (RFC 6052, RFC 8215), 6to4, and Teredo."""
LONGEST_ANSWER = 65_536
"""Bytes of an answer that are read: nothing of it is needed."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered: the status, and how many seconds we are asked to wait."""

    status: int
    retry_after: int | None


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool, seconds: int
) -> Answered:
    """What is answered to a body sent to a URL; no redirect is followed.

    The name is resolved once, and what was checked is what is connected to: a name cannot be
    public when it is looked at and private when it is used. Raises ``PlatformUnavailable``, and
    ``ConnectorError`` for an address that is not allowed.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = _address(host, port, allow_private=allow_private)
    pinned = parts._replace(netloc=f"{_bracketed(address)}:{port}").geturl()
    given = {**headers, "host": parts.netloc.rpartition("@")[2]}
    timeout, until = httpx2.Timeout(seconds), time.monotonic() + seconds
    try:
        with (
            httpx2.Client(follow_redirects=False, timeout=timeout, trust_env=False) as client,
            client.stream(
                "POST", pinned, content=body, headers=given, extensions={"sni_hostname": host}
            ) as answer,
        ):
            size = 0
            for chunk in answer.iter_raw():
                size += len(chunk)
                if size > LONGEST_ANSWER or time.monotonic() > until:
                    break
            return Answered(answer.status_code, _seconds(answer.headers.get("retry-after")))
    except httpx2.HTTPError as error:
        message = f"{host} cannot be reached: {type(error).__name__}: {error}"
        raise PlatformUnavailable(message, where=host) from error


def _address(host: str, port: int, *, allow_private: bool) -> str:
    """The address to connect to; none of the name's addresses may be private."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PlatformUnavailable(f"{host} has no address: {error}", where=host) from None
    addresses = [str(one[4][0]) for one in found]
    private = [one for one in addresses if not _public(one)]
    if private and not allow_private:
        raise ConnectorError(
            f"{host} is the private address {private[0]}",
            where=host,
            remedy="Set allow_private = true for this endpoint, if that is meant.",
        )
    return addresses[0]


def _public(address: str) -> bool:
    """Whether an address is one of the internet: not of a host, a network or a cloud's own."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if any(parsed in network for network in TRANSLATED):
            return False  # another address is behind it, and which one is not ours to know
        parsed = parsed.ipv4_mapped or parsed
    return parsed.is_global and not parsed.is_multicast


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _seconds(text: str | None) -> int | None:
    """The seconds of a ``retry-after`` header; None for a date, which is rare."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else None

"""Which addresses may be connected to, and which URLs name something to be fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

import msgspec

LONGEST_URL = 4096
"""Characters of an address over the network; data URLs are bounded by their bytes."""

PORTS = {"http": 80, "https": 443}
"""The only ports that are connected to, unless an address is named by the settings."""

_TRANSLATED = tuple(
    IPv6Network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
"""IPv6 addresses that stand for IPv4 ones: NAT64, 6to4, Teredo, the old compatible form."""


class RefusedError(Exception):
    """It is not fetched, now or later; the message says why, without the URL."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet; what is no address is not."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return False
        if any(found in network for network in _TRANSLATED):
            return False
    return _is_open(found)


def _is_open(found: IPv4Address | IPv6Address) -> bool:
    return found.is_global and not (
        found.is_multicast
        or found.is_private
        or found.is_loopback
        or found.is_link_local
        or found.is_reserved
        or found.is_unspecified
    )


class Guard(msgspec.Struct, frozen=True):
    """What may be connected to. ``also`` names hosts as ``host:port`` that people vouch for."""

    also: frozenset[str] = frozenset()

    def check_place(self, host: str, port: int, scheme: str) -> None:
        """Before a name is looked up.

        Raises:
            RefusedError: no host, or a port that no page is served on.
        """
        if not host:
            raise RefusedError("the URL names no host")
        if port != PORTS[scheme] and f"{host}:{port}" not in self.also:
            raise RefusedError(f"port {port} is not connected to")

    def check_addresses(self, host: str, port: int, addresses: Iterable[str]) -> list[str]:
        """The addresses of a name; one that is not public is enough to refuse them all.

        Raises:
            RefusedError: an address inside somebody's network, or none at all.
        """
        found = list(dict.fromkeys(addresses))
        if not found:
            raise RefusedError("the host has no address")
        if f"{host}:{port}" not in self.also:
            for address in found:
                if not is_public(address):
                    raise RefusedError("the host has an address that is not public")
        return found


def parsed(url: str) -> SplitResult:
    """A URL over the network, in parts that can be relied on.

    Raises:
        RefusedError: it is too long, broken, of another scheme, or carries a password.
    """
    if len(url) > LONGEST_URL:
        raise RefusedError("the URL is too long")
    if any(letter <= " " or letter in {"\x7f", "\\"} for letter in url):
        raise RefusedError("the URL holds characters that no URL may hold")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".").encode("idna").decode().lower()
    except (ValueError, UnicodeError):
        raise RefusedError("the URL cannot be read") from None
    if parts.scheme not in PORTS:
        raise RefusedError(f"{parts.scheme[:20]!r} URLs are not fetched")
    if parts.username is not None or parts.password is not None:
        raise RefusedError("the URL carries a name or password")
    place = f"[{host}]" if ":" in host else host
    if port is not None and port != PORTS[parts.scheme]:
        place = f"{place}:{port}"
    return parts._replace(netloc=place, fragment="", path=parts.path or "/")


def canonical(url: str) -> str:
    """One form for all spellings of a URL; what is no URL of the network stays as it is."""
    try:
        return urlunsplit(parsed(url))
    except RefusedError:
        return url


def url_key(url: str) -> str:
    """What stands for a URL wherever it is remembered: 32 hexadecimal digits."""
    raw = canonical(url).encode("utf-8", "surrogatepass")
    return hashlib.sha256(raw).hexdigest()[:32]

"""Where a webhook may go: what its address may look like, and which network addresses may be called.

Whatever is inside (this machine, private networks, the services of a cloud that answer there) is refused,
unless the network is on the list of those allowed. A name is judged by every address it resolves to.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL: Final = 1_000
USUAL_PORTS: Final = (443, 8443)
"""Of receivers outside; those in allowed networks have any."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_PRINTABLE: Final = re.compile(r"[\x21-\x5b\x5d\x5f\x61-\x7a\x7e]+")
"""Without blanks, quotation by `\\`, and what a URL has to write in percent."""
_LABEL: Final = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""What old resolvers take for an IPv4 address: 127.1, 0x7f000001, 2130706433."""

_REFUSED: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier"),
        ("127.0.0.0/8", "this machine"),
        ("168.63.129.16/32", "a service inside a cloud"),
        ("169.254.0.0/16", "link-local, where clouds keep credentials"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documents"),
        ("192.31.196.0/24", "reserved"),
        ("192.52.193.0/24", "reserved"),
        ("192.88.99.0/24", "a relay of 6to4"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved"),
        ("198.18.0.0/15", "for measuring"),
        ("198.51.100.0/24", "for documents"),
        ("203.0.113.0/24", "for documents"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::1/128", "this machine"),
        ("::/128", "no address"),
        ("64:ff9b:1::/48", "a translation to IPv4"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documents"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "reserved"),
        ("3fff::/20", "for documents"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
    )
)
_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")


class BadReceiver(ValueError):
    """The URL cannot be the address of a receiver.

    Attributes:
        expected: what would be right.
    """

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.expected = expected


class ReceiverRefused(Exception):
    """The address is well-formed, and may not be called; the message says why."""


class Receiver(NamedTuple):
    """A URL taken apart. `host` is a name, or an IP address without brackets."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query."""


def receiver(url: str) -> Receiver:
    """The parts of `url`.

    Raises:
        BadReceiver: it is no URL that a webhook may have, wherever it points.
    """
    if len(url) > LONGEST_URL:
        raise BadReceiver("is too long", f"at most {LONGEST_URL} characters")
    if not _PRINTABLE.fullmatch(url):
        raise BadReceiver(
            "holds characters that no URL has", "ASCII; other characters in percent, names in punycode"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadReceiver("is not a URL", "as in https://example.org/mitra") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise BadReceiver("has the wrong scheme", "a URL starting with https://")
    if "@" in parts.netloc:
        raise BadReceiver("holds a user or password", "no credentials: messages are signed instead")
    if "#" in url:
        raise BadReceiver("has a fragment", "no part after #: it is never sent")
    host = _host(parts)
    if port == 0:
        raise BadReceiver("has the port 0", "a port that can be called")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Receiver(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], target)


def is_address(host: str) -> bool:
    """Whether `host` is an IP address, and no name to look up."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if is_address(host):
        return str(ip_address(host))
    if not _HOST.fullmatch(host) or len(host) > 253 or _NUMERIC.fullmatch(host):  # noqa: PLR2004 - of DNS
        raise BadReceiver("names no host", "a name such as hooks.example.org, or a whole IP address")
    return host


def check_addresses(called: Receiver, addresses: Iterable[str], allowed: Iterable[Network]) -> list[str]:
    """The addresses to connect to, all of which may be called.

    Args:
        called: what they are addresses of.
        addresses: everything the name resolves to.
        allowed: networks in which everything is allowed, also HTTP without TLS and any port.

    Raises:
        ReceiverRefused: at least one of them may not be called, or there is none.
    """
    allowed = tuple(allowed)
    checked = [_embedded(ip_address(text)) for text in addresses]
    if not checked:
        raise ReceiverRefused(f"{called.host} has no address")
    for address in checked:
        if any(address in network for network in allowed):
            continue
        why = why_refused(address)
        if why is not None:
            raise ReceiverRefused(f"{called.host} is at {address}, which is {why}")
        if called.scheme != "https":
            raise ReceiverRefused("only https is allowed there")
        if called.port not in USUAL_PORTS:
            ports = " and ".join(map(str, USUAL_PORTS))
            raise ReceiverRefused(f"port {called.port} is not allowed there; {ports} are")
    return [str(address) for address in checked]


def why_refused(address: Address) -> str | None:
    """Why an address may not be called; None: it is one of the public internet."""
    address = _embedded(address)
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return "of one link only"
    for network, why in _REFUSED:
        if address in network:
            return why
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return "reserved"
    return None if address.is_global else "reserved"


def _embedded(address: Address) -> Address:
    """The IPv4 address that is really called by an IPv6 one, where that is so."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def networks(text: str) -> tuple[Network, ...]:
    """The networks in a comma-separated list, as in `127.0.0.0/8, fd00::/8`.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())

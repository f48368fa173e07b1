"""How long whoever guesses has to wait: longer with every failure, never for good.

Counted twice: for the login that is tried, whether it exists or not, and for the network of the caller,
who may try many logins. A carrier's phones share few addresses, so a network may fail more often before
it waits.
"""

from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

FORGIVEN_AFTER: Final = timedelta(hours=24)
"""Without another failure."""
LONGEST_WAIT: Final = timedelta(minutes=15)
_FIRST_WAIT: Final = timedelta(seconds=1)
_DOUBLINGS: Final = 10


class Scope(StrEnum):
    """What failures are counted for."""

    LOGIN = "login"
    ADDRESS = "address"


FREE_FAILURES: Final = {Scope.LOGIN: 5, Scope.ADDRESS: 50}
"""So many failures cost no wait."""


def wait_after(scope: Scope, failures: int) -> timedelta:
    """How long nobody may try after the `failures`-th failure in a row: 1 s, 2 s, 4 s, ..., 15 minutes."""
    beyond = failures - FREE_FAILURES[scope]
    if beyond < 0:
        return timedelta()
    return min(LONGEST_WAIT, _FIRST_WAIT * (1 << min(beyond, _DOUBLINGS)))


def network_of(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one; text that is no address stays as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))  # noqa: PLR2004 - IPv4

"""From which network a request comes: the address of the caller, as the proxies we trust tell it."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import Request

from enrolment.domain.lock_out import network_of

Network = IPv4Network | IPv6Network


def client_network(request: Request, proxies: Sequence[Network]) -> str:
    """The network behind the last address that no proxy of ours has.

    `X-Forwarded-For` is read from its end, where our own proxy wrote, and only while what is there is
    ours: what a caller writes into it stands before that, and is never looked at.
    """
    address = "" if request.client is None else request.client.host
    told = [
        each.strip() for header in request.headers.getlist("x-forwarded-for") for each in header.split(",")
    ]
    while told and _is_ours(address, proxies):
        address = told.pop()
    return network_of(address)


def _is_ours(address: str, proxies: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in proxies)

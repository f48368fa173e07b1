"""Names of the issuer: its public base address and the decentralised identifier (`did:web`) made from it."""

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

_LONGEST_ADDRESS: Final = 200
_ALLOWED: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-:/")


class BadPublicUrl(ValueError):
    """The public base address cannot be an issuer; the message says what would be right."""


@lru_cache(maxsize=64)
def did_of(public_url: str) -> str:
    """`did:web:mitra.example.org` for `https://mitra.example.org`; a port is percent-encoded.

    Raises:
        BadPublicUrl: it is not scheme, host and port alone, in small letters.
    """
    try:
        parts = urlsplit(public_url)
        port = parts.port
    except ValueError:
        raise BadPublicUrl(_expected(public_url)) from None
    address = f"{parts.hostname or ''}{'' if port is None else f':{port}'}"
    if (
        len(public_url) > _LONGEST_ADDRESS
        or not parts.hostname
        or not set(public_url) <= _ALLOWED
        or public_url not in {f"https://{address}", f"http://{address}"}
    ):
        raise BadPublicUrl(_expected(public_url))
    return f"did:web:{parts.hostname}{'' if port is None else f'%3A{port}'}"


def _expected(public_url: str) -> str:
    return (
        f"{public_url[:_LONGEST_ADDRESS]!r} is no public base address; it is scheme, host and port in small "
        "letters, without a path or a slash at the end, e.g. https://mitra.example.org"
    )


def status_list_url(public_url: str, number: int) -> str:
    """Where status list `number` is served."""
    return f"{public_url}/v1/status-lists/{number}"


def verification_page_url(public_url: str) -> str:
    """The page that verifies; a code follows it as the fragment."""
    return f"{public_url}/v"

"""Requests that may come twice: one at a time by caller and key, and told apart by what they ask for."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import StaffId

_ALONE: Final = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")


class KeyReused(Exception):
    """The caller used the same key for another request before."""


class Request(NamedTuple):
    """Who asks, under which key, and a digest of what is asked for."""

    caller: StaffId
    key: str
    digest: bytes

    @classmethod
    def of(cls, caller: StaffId, key: str, asked: Mapping[str, Any]) -> "Request":
        """The request for `asked`, which is plain data."""
        content = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=str)
        return cls(caller, key, sha256(content.encode()).digest())


async def alone(connection: AsyncConnection, name: str) -> None:
    """Wait until nobody else is in a transaction under this name; it is given back at its end."""
    await connection.execute(_ALONE, {"name": name})


async def alone_with(connection: AsyncConnection, request: Request) -> None:
    """Wait until no other transaction is at work on a request with the same key of the same caller."""
    await alone(connection, f"request {request.caller} {request.key}")


def check_same(request: Request, digest: bytes) -> None:
    """The earlier request of that key asked for the same.

    Raises:
        KeyReused: it did not.
    """
    if request.digest != digest:
        raise KeyReused(request.key)

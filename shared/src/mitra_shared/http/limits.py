"""Bounds on what one request may cost: the size of its body and of its head.

A body that announces its length is refused before any of it is read; one that does not (chunked) is refused
as soon as it grows past the bound. `http.edge.Edge` applies these and the bound on time.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from mitra_shared.http.problems import BAD_REQUEST, BODY_TOO_LARGE

LARGEST_BODY: Final = 1_000_000
"""Bytes."""
LONGEST_REQUEST: Final = 30.0
"""Seconds from the head of the request to the start of the answer."""


class BodyTooLarge(HTTPException):
    """The body grew past the bound. An `HTTPException`, since FastAPI hands only those on from reading."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, _too_large(limit))


def _too_large(limit: int) -> str:
    return f"The body may have at most {limit} bytes"


def bounded(
    scope: Scope, receive: Receive, length: bytes | None, *, largest_body: int = LARGEST_BODY
) -> Receive:
    """`receive`, unable to give more than `largest_body` bytes of body.

    Args:
        scope: of the request.
        receive: of the request.
        length: the value of its `Content-Length`, if it has one.
        largest_body: in bytes.

    Raises:
        Problem: 413 for a longer announced length, 400 for a NUL in the address (no database takes one).
    """
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        raise BAD_REQUEST("The address holds a NUL character")
    if length is None or not length.isdigit():
        return _counting(receive, largest_body)
    if int(length) > largest_body:
        raise BODY_TOO_LARGE(_too_large(largest_body), limit=largest_body)
    # The server itself ends the body at the announced length.
    return receive


def _counting(receive: Receive, largest_body: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > largest_body:
            raise BodyTooLarge(largest_body)
        return message

    return counted

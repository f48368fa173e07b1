"""Bounds on what one request may cost: size of its body, and time until its answer begins.

Pure ASGI. A body that announces its length is refused before any of it is read; one that does not
(chunked) is refused as soon as it grows past the bound.
"""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mitra_shared.http.problems import BAD_REQUEST, BODY_TOO_LARGE, TIMED_OUT, Problem

LARGEST_BODY: Final = 1_000_000
"""Bytes."""
LONGEST_REQUEST: Final = 30.0
"""Seconds from the head of the request to the start of the answer."""


class BodyTooLarge(HTTPException):
    """The body grew past the bound. An `HTTPException`, since FastAPI hands only those on from reading."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, _too_large_detail(limit))


def _too_large_detail(limit: int) -> str:
    return f"The body may have at most {limit} bytes"


class Limits:
    """Refuses bodies over `largest_body` bytes and gives up on requests after `longest` seconds.

    A streamed answer may go on for any time once it has begun.
    """

    def __init__(
        self, app: ASGIApp, *, largest_body: int = LARGEST_BODY, longest: float = LONGEST_REQUEST
    ) -> None:
        self.app = app
        self.largest_body = largest_body
        self.longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        bounded = self._bounded(scope, receive)
        begun = False
        timer = asyncio.timeout(self.longest)

        async def watched(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                timer.reschedule(None)
            await send(message)

        try:
            async with timer:
                await self.app(scope, bounded, watched)
        except TimeoutError:
            if begun or not timer.expired():
                raise
            raise TIMED_OUT(
                f"No answer within {self.longest:g} seconds", headers={"Retry-After": "2"}, retry_after=2
            ) from None

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            raise BAD_REQUEST("The address holds a NUL character")
        length: bytes | None = None
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = value
                break
        if length is not None and length.isdigit():
            if int(length) > self.largest_body:
                raise self._too_large()
            # The server itself ends the body at the announced length.
            return receive
        return self._counting(receive)

    def _too_large(self) -> Problem:
        return BODY_TOO_LARGE(_too_large_detail(self.largest_body), limit=self.largest_body)

    def _counting(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.largest_body:
                raise BodyTooLarge(self.largest_body)
            return message

        return counted

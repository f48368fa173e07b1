"""A gateway over HTTP: one POST of JSON for each message, with a secret and the message's id as its key.

See docs/messages.md for what a gateway must do. Nothing of its answer is believed but the status and, if it
is short and plain, its reference; redirects are not followed, and proxies of the environment are not asked.
"""

import asyncio
import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, NamedTuple, Self

import httpx

from enrolment.messages.gateway import GatewayFailed, GatewayReceipt, MessageRefused, OutgoingMessage

MOST_OF_ANSWER: Final = 4_096
LONGEST_PAUSE: Final = 3_600.0
"""However long a gateway asks us to wait."""
_REFERENCE: Final = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_ABOUT_US: Final = frozenset({401, 403, 404, 405, 407, 408, 425, 429})
"""Refusals that say nothing about the message: a wrong secret or path, or too much at once."""


class GatewayLimits(NamedTuple):
    """Seconds."""

    connect: float = 5.0
    total: float = 15.0
    """Until the status of the answer."""
    body: float = 1.0
    """For the body, which decides nothing."""


class HttpGateway:
    """Posts messages to one URL."""

    def __init__(self, url: str, secret: str, limits: GatewayLimits | None = None) -> None:
        self._url = url
        self._limits = limits = limits or GatewayLimits()
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {secret}", "User-Agent": "mitra"},
            timeout=httpx.Timeout(limits.total, connect=limits.connect),
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, message: OutgoingMessage) -> GatewayReceipt:
        """Post one message.

        Raises:
            MessageRefused: a 4xx that is about the message.
            GatewayFailed: no connection, no answer in time, no HTTP, or any other status.
        """
        request = self._client.build_request(
            "POST",
            self._url,
            json={
                "id": str(message.id),
                "to": message.phone,
                "text": message.text,
                "language": message.language,
                "kind": message.kind.value,
            },
            headers={"Idempotency-Key": str(message.id)},
        )
        try:
            async with asyncio.timeout(self._limits.total):
                answer = await self._client.send(request, stream=True)
        except TimeoutError:
            raise GatewayFailed("no answer in time") from None
        except httpx.HTTPError as error:
            # Only the kind: messages of the library repeat addresses.
            raise GatewayFailed(f"no answer: {type(error).__name__}") from None
        try:
            return await self._judged(answer)
        finally:
            with suppress(httpx.HTTPError):
                await answer.aclose()

    async def _judged(self, answer: httpx.Response) -> GatewayReceipt:
        status = answer.status_code
        if answer.is_success:
            return GatewayReceipt(_reference(await self._beginning(answer)))
        if answer.is_client_error and status not in _ABOUT_US:
            raise MessageRefused(f"status {status}")
        raise GatewayFailed(f"status {status}", _retry_after(answer.headers.get("retry-after", "")))

    async def _beginning(self, answer: httpx.Response) -> bytes:
        """As much of the body as comes in time; a gateway that goes on for ever is left."""
        body = b""
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(self._limits.body):
                async for part in answer.aiter_raw():
                    body += part
                    if len(body) > MOST_OF_ANSWER:
                        return b""
        return body


def _reference(body: bytes) -> str | None:
    try:
        given = json.loads(body)["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return given if isinstance(given, str) and _REFERENCE.fullmatch(given) else None


def _retry_after(text: str) -> float | None:
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(LONGEST_PAUSE, float(text[:9]))
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return min(LONGEST_PAUSE, max(0.0, (then - datetime.now(UTC)).total_seconds()))

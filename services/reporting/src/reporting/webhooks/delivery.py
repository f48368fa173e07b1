"""One attempt to deliver: a POST to the very address that was checked; the answer is read as far as needed.

Redirects are not followed, proxies of the environment are not asked, and nothing of the answer is kept but
its status: whoever may see attempts must not be able to read through us what stands inside.
"""

import asyncio
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, Self

import httpcore

from reporting.domain.receivers import BadReceiver, ReceiverRefused, receiver
from reporting.domain.webhooks import Outcome, outcome_of
from reporting.webhooks.resolving import Doorway, NotResolved

MOST_OF_ANSWER: Final = 4_096
"""Bytes of a body that are read, so that a receiver can end its answer in peace."""
MOST_ADDRESSES: Final = 4
"""Tried in one attempt."""


class Limits(NamedTuple):
    """Seconds."""

    connect: float = 5.0
    total: float = 15.0
    """From the lookup of the name to the status of the answer."""
    body: float = 1.0
    """For the body, which decides nothing."""


class Delivery:
    """Posts messages."""

    def __init__(self, doorway: Doorway, limits: Limits | None = None) -> None:
        self._doorway = doorway
        self._limits = limits or Limits()
        self._tls = httpcore.default_ssl_context()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """What came of it; whatever the receiver does, this returns within the limits."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._post(url, headers, body, began)
        except TimeoutError:
            error = f"no answer within {self._limits.total:g} s"
        except (NotResolved, ReceiverRefused) as refused:
            error = str(refused)
        except BadReceiver as bad:
            error = f"the URL {bad}"
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as failed:
            error = _in_words(failed)
        return Outcome(time.monotonic() - began, None, error)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes, began: float) -> Outcome:
        called = receiver(url)
        addresses = await self._doorway.addresses(called)
        limits = self._limits
        timeouts = {"connect": limits.connect, "read": limits.total, "write": limits.total}
        async with (
            _Checked(addresses) as network,
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls,
                max_connections=1,
                max_keepalive_connections=0,
                network_backend=network,
            ) as pool,
            pool.stream(
                "POST",
                httpcore.URL(scheme=called.scheme, host=called.host, port=called.port, target=called.target),
                headers=list(headers.items()),
                content=body,
                extensions={"timeout": timeouts},
            ) as answer,
        ):
            outcome = outcome_of(answer.status, time.monotonic() - began, _retry_after(answer.headers))
            with suppress(
                TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError
            ):
                async with asyncio.timeout(limits.body):
                    await _read_some(answer)
        return outcome


async def _read_some(answer: httpcore.Response) -> None:
    seen = 0
    async for part in answer.aiter_stream():
        seen += len(part)
        if seen >= MOST_OF_ANSWER:
            return


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, whatever the name may resolve to by now.

    At its end the connection is closed, also where the library leaves it open: it does so when it is given up
    while TLS is agreed on.
    """

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = list(addresses)[:MOST_ADDRESSES]
        self._network = httpcore.AnyIOBackend()
        self._opened: list[httpcore.AsyncNetworkStream] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for stream in self._opened:
            await stream.aclose()

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - TLS still asks for a certificate of this name
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of the library
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address that takes one."""
        for address in self._addresses[:-1]:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._connect(address, port, timeout, local_address, socket_options)
        return await self._connect(self._addresses[-1], port, timeout, local_address, socket_options)

    async def _connect(
        self,
        address: str,
        port: int,
        timeout: float | None,  # noqa: ASYNC109 - passed on
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._network.connect_tcp(
            address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
        )
        self._opened.append(stream)
        return stream

    async def sleep(self, seconds: float) -> None:
        """Sleep between attempts of the pool."""
        await asyncio.sleep(seconds)


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    """Seconds of a `Retry-After`, given as such or as a date; None: none that can be understood."""
    text = (
        next((value for name, value in headers if name.lower() == b"retry-after"), b"")
        .decode("latin-1")
        .strip()
    )
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())


_WORDS: Final = (
    (ConnectionRefusedError, "the connection was refused"),
    (ssl.SSLError, "TLS could not be agreed on"),
    (httpcore.ConnectTimeout, "no connection in time"),
    (httpcore.TimeoutException, "no answer in time"),
    (httpcore.ConnectError, "no connection"),
    (httpcore.ProtocolError, "the answer is no HTTP"),
)


def _in_words(error: Exception) -> str:
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS: {cause.verify_message}"
    for kind, words in _WORDS:
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return "the connection was lost"


def _causes(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__

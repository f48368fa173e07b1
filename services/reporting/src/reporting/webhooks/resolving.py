"""From the name of a receiver to the addresses that may be called."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from reporting.domain.receivers import Network, Receiver, check_addresses, is_address

Resolve = Callable[[str], Awaitable[list[str]]]
"""All addresses of a name; raises OSError if there is none or they cannot be asked for."""

RESOLVE_SECONDS: Final = 5.0


class NotResolved(Exception):
    """The name has no address, or name service does not answer.

    Attributes:
        for_now: whether it may be another matter in a minute.
    """

    def __init__(self, message: str, *, for_now: bool) -> None:
        super().__init__(message)
        self.for_now = for_now


async def system_addresses(host: str) -> list[str]:
    """What the name service of this machine says.

    In a thread of its own: the loop has four for all lookups, and a name that hangs would take one for long.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str], error: OSError | None) -> None:
        if found.done():
            return
        if error is None:
            found.set_result(addresses)
        else:
            found.set_exception(error)

    def look_up() -> None:
        addresses: list[str] = []
        failure: OSError | None = None
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except OSError as error:
            failure = error
        except UnicodeError:
            failure = socket.gaierror(socket.EAI_NONAME, "no name")
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, addresses, failure)

    threading.Thread(target=look_up, name="name service", daemon=True).start()
    return await found


@dataclass(frozen=True, slots=True)
class Doorway:
    """Decides whom a webhook may call."""

    allowed: tuple[Network, ...] = ()
    """Networks in which everything is allowed."""
    resolve: Resolve = system_addresses

    async def addresses(self, called: Receiver) -> list[str]:
        """The addresses to connect to; each was checked.

        Raises:
            NotResolved: there are none to be had.
            ReceiverRefused: one of them may not be called.
        """
        if is_address(called.host):
            return check_addresses(called, [called.host], self.allowed)
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self.resolve(called.host)
        except TimeoutError:
            raise NotResolved("the name service does not answer", for_now=True) from None
        except OSError as error:
            for_now = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            raise NotResolved("the name does not resolve", for_now=for_now) from None
        return check_addresses(called, found, self.allowed)

"""The answer that carries an export: chunk by chunk, while its reader takes them and is still there."""

import asyncio
from contextlib import aclosing
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reporting.api.problems import EXPORTS_FULL
from reporting.exports.desk import ExportDesk, TooManyExports
from reporting.exports.forms import MEDIA_TYPES, Form, chunks
from reporting.exports.table import Table

SEND_SECONDS: Final = 30.0
"""A reader that takes nothing for so long is hung up on."""
COME_BACK_SECONDS: Final = 5


class Download(Response):
    """A table in a form. It takes its place at the desk only once it is sent, so that none is ever lost."""

    def __init__(self, table: Table, form: Form, desk: ExportDesk, *, bom: bool) -> None:
        about = dict(table.about)
        super().__init__(
            headers={
                "Content-Disposition": f'attachment; filename="{table.file_name}.{form}"',
                "Cache-Control": "private, no-store",
                "Mitra-As-Of": about["as_of"],
                "Mitra-Definition": about["definition"],
                "Mitra-Version": about["version"],
                "Mitra-Lag-Events": about["lag_events"],
                "Mitra-Positions": about["positions"],
            },
            media_type=MEDIA_TYPES[form],
        )
        # How long it is shows at the end.
        del self.headers["content-length"]
        self._table, self._form, self._desk, self._bom = table, form, desk, bom

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it.

        Raises:
            Problem: 503 while all places are taken.
            ClientDisconnect: the reader went away, or takes nothing.
        """
        try:
            with self._desk.place():
                await self._sent(receive, send)
        except TooManyExports as error:
            raise EXPORTS_FULL(
                f"{error}; try again",
                headers={"Retry-After": str(COME_BACK_SECONDS)},
                retry_after=COME_BACK_SECONDS,
            ) from None

    async def _sent(self, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise ClientDisconnect
            await sending
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        made = chunks(self._form, self._table, self._desk.directory, bom=self._bom)
        async with aclosing(made) as parts:
            # The head follows the first chunk: until then what goes wrong can still be a problem document.
            first = await anext(parts)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _send_part(send, first)
            async for part in parts:
                await _send_part(send, part)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_part(send: Send, part: bytes) -> None:
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except TimeoutError:
        raise ClientDisconnect from None


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""The field app with the certificates service beside it, on another origin, as phones find them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from certificates.commands.publish_status_lists import publish_status_list
from certificates.issuer import Issuer
from certificates.storage import credentials
from mitra_shared.http.server import serve
from mitra_shared.ids import MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.ops.embedded.process import free_port
from mitra_shared.person_names import seal_context
from mitra_shared.process import ShutdownSignal
from mitra_shared.security.tokens import public_jwks
from tests.certificates.certificates_api import application
from tests.certificates.enrolment_log import EnrolmentLog, quotas
from tests.certificates.issuing import NAMES, issuer_in, sign
from tests.enrolment.field.site import Site, running_site
from tests.enrolment.intake_api import SIGNING_KEY, rows, running_api


@dataclass
class Town:
    """Both services, and what was asked of the second.

    To the path `lost` it does not answer, and what is asked of it on any path waits while `gate` is closed.
    """

    site: Site
    certificates: AsyncEngine
    issuer: Issuer
    log: EnrolmentLog
    lost: str = ""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    async def mitras(self, staff: str) -> list[MitraId]:
        """Those whom a member of staff has enrolled, in their order."""
        found = await rows(
            self.site.api.engine,
            "select id from mitra where recruiter = :s order by enrolled_at, id",
            s=staff,
        )
        return [row.id for row in found]

    async def enrolled(self, mitra: MitraId, name: str, segment: str = "S11-AC019") -> None:
        """The certificates service learns of somebody, and issues."""
        sealed = NAMES.seal(name, context=seal_context(mitra))
        self.log.enrolled(0, segment, mitra_id=mitra, holder_name=sealed)
        await self.deliver()

    async def withdrew(self, mitra: MitraId, segment: str = "S11-AC019") -> None:
        self.log.withdrew(0, segment, mitra_id=mitra)
        await self.deliver()

    async def deliver(self) -> None:
        await self.log.deliver(self.certificates)
        await sign(self.certificates, self.issuer)
        async with unit_of_work(self.certificates) as unit:
            while await publish_status_list(unit, self.issuer, datetime.now(UTC)):
                pass

    async def code(self, mitra: MitraId) -> str:
        """The text of the QR code on somebody's certificate."""
        async with self.certificates.connect() as connection:
            query = (
                "select k.id from credential as k join certificate as c on c.id = k.certificate_id"
                " where mitra_id = :mitra"
            )
            (credential,) = (await connection.execute(text(query), {"mitra": mitra})).scalars().all()
            (stored,) = await credentials.find(connection, [UUID(str(credential))])
        return self.issuer.open(stored).qr

    async def handed_over(self) -> list[Any]:
        async with self.certificates.connect() as connection:
            return list((await connection.execute(text("select handed_by from hand_over"))).scalars())


def watched(town: Town, inner: ASGIApp) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] != "OPTIONS":
            town.asked.append(f"{scope['method']} {scope['path']}")
            is_lost = scope["path"] == town.lost
            await town.gate.wait()
            if is_lost:

                async def swallowed(_message: Message) -> None:
                    return

                await inner(scope, receive, swallowed)
                raise ConnectionAbortedError
        await inner(scope, receive, send)

    return app


@asynccontextmanager
async def running_town(enrolment: AsyncEngine, certificates: AsyncEngine) -> AsyncIterator[Town]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        async with running_api(enrolment, certificates=address) as api, running_site(api) as site:
            town = Town(site, certificates, issuer_in(directory), EnrolmentLog())
            town.gate.set()
            town.log.defined(goals=quotas(1_000))
            await town.deliver()
            async with application(
                certificates,
                town.issuer,
                directory,
                token_keys=public_jwks(SIGNING_KEY),
                cors_origins=site.url,
            ) as app:
                shutdown = ShutdownSignal()
                port_file = directory / "port"
                serving = asyncio.create_task(
                    serve(
                        watched(town, app),
                        host="127.0.0.1",
                        port=port,
                        shutdown=shutdown,
                        port_file=port_file,
                    )
                )
                async with asyncio.timeout(60):
                    while not port_file.exists():  # noqa: ASYNC110 - a file does not call
                        await asyncio.sleep(0.01)
                yield town
                shutdown.request("the test is over")
                await serving

"""Certificates that are issued and signed, and callers who print them and hand them over."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.commands.forget_partition import forget_partition
from certificates.commands.sign_credentials import SignCredentials, sign_credentials
from certificates.issuer import Issuer
from certificates.storage import credentials
from certificates.storage.credentials import Version
from certificates.storage.words import Words
from mitra_shared.contracts.codec import decode
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import CUSTODY, ENROLMENT, all_partitions
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller, Role, mint
from tests.certificates.certificates_api import SIGNING_KEY, api_client
from tests.certificates.enrolment_log import EnrolmentLog, quotas
from tests.certificates.issuing import enrol, issuer_in, sign

SEGMENT = "S11-AC017"


def staff(
    role: Role = Role.IN_CHARGE,
    area: str | None = "S11-PC04",
    subject: str = "S11-PC04/in-charge",
    campaign: str | None = "small",
) -> dict[str, str]:
    """The header of a caller."""
    caller = Caller(
        StaffId(subject),
        role,
        None if campaign is None else CampaignId(campaign),
        None if area is None else AreaCode(area),
    )
    return {"Authorization": f"Bearer {mint(SIGNING_KEY, caller, lifetime=timedelta(days=1))}"}


IN_CHARGE = staff()
CO_IN_CHARGE = staff(Role.CO_IN_CHARGE, subject="S11-PC04/co-in-charge-07")
OPERATOR = staff(Role.OPERATOR, None, "printer", None)


def keyed(key: str | None = None) -> dict[str, str]:
    """The header that tells a request from others."""
    return {"Idempotency-Key": key or str(uuid4())}


@dataclass
class Office:
    """A database with certificates on paper, its API, and who signs."""

    engine: AsyncEngine
    log: EnrolmentLog
    issuer: Issuer
    api: httpx.AsyncClient
    directory: Path

    async def issue(self, count: int, segment: str = SEGMENT, *, first: int = 1) -> None:
        """Enrol people, and sign what is issued for them."""
        for number in range(first, first + count):
            enrol(self.log, number, f"Asha Devi {number}", segment)
        await self.sign()

    async def sign(self) -> None:
        """Deliver what the enrolment log holds and sign what follows."""
        await self.log.deliver(self.engine)
        await sign(self.engine, self.issuer)

    async def forget_and_replay(self) -> None:
        """A rebuild of everything that follows from the enrolment log."""
        async with unit_of_work(self.engine) as unit:
            for partition in all_partitions():
                await forget_partition(unit, ENROLMENT, partition)
        self.log.rewind()
        await self.sign()

    async def sign_anew(self, serial: int) -> None:
        """Sign what the row of a certificate says now, as after a correction or a new number."""
        ((certificate, revision),) = await self.rows(
            "select id, revision from certificate where serial = :serial and segment = :segment",
            serial=serial,
            segment=SEGMENT,
        )
        due = SignCredentials({certificate: Version(revision, serial)}, [], datetime.now(UTC))
        async with unit_of_work(self.engine) as unit:
            await sign_credentials(unit, due, self.issuer, Words())

    async def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query), parameters)]

    async def run(self, statement: str, **parameters: Any) -> int:
        async with self.engine.begin() as connection:
            return (await connection.execute(text(statement), parameters)).rowcount

    async def told(self) -> list[Event]:
        """The custody log."""
        rows = await self.rows("select cast(payload as text) from custody_log order by partition, position")
        return [decode(CUSTODY, row[0]) for row in rows]

    async def make_sheet(
        self,
        *,
        segment: str = SEGMENT,
        caller: dict[str, str] = IN_CHARGE,
        key: str | None = None,
        **asked: Any,
    ) -> httpx.Response:
        return await self.api.post(
            f"/v1/segments/{segment}/sheets", json=asked, headers={**caller, **keyed(key)}
        )

    async def sheet(self, **asked: Any) -> str:
        """The id of a new sheet."""
        answer = await self.make_sheet(**asked)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def rendered(self, **asked: Any) -> str:
        """The id of a sheet that counts as rendered, without a press."""
        sheet = await self.sheet(**asked)
        await self.run("update sheet_member set rendered = true where sheet = :sheet", sheet=sheet)
        return sheet

    async def post(self, path: str, body: Any = None, caller: dict[str, str] = IN_CHARGE) -> httpx.Response:
        return await self.api.post(path, json=body, headers=caller)

    async def serials(self, sheet: str) -> list[int]:
        """The numbers on a sheet, in the order of its pages."""
        rows = await self.rows(
            "select c.serial from sheet_member as m join credential as c on c.id = m.credential"
            " where m.sheet = :sheet order by m.place",
            sheet=sheet,
        )
        return [row[0] for row in rows]

    async def codes(self, serials: Sequence[int], segment: str = SEGMENT) -> list[str]:
        """The texts of the QR codes under these numbers."""
        ids = {
            row[1]: UUID(str(row[0]))
            for row in await self.rows(
                "select id, serial from credential where segment = :segment and revoked_at is null",
                segment=segment,
            )
        }
        async with self.engine.connect() as connection:
            found = await credentials.find(connection, [ids[serial] for serial in serials])
        stored = {each.serial: each for each in found}
        return [self.issuer.open(stored[serial]).qr for serial in serials]


@asynccontextmanager
async def office_on(engine: AsyncEngine, directory: Path, places: int = 1_000) -> AsyncIterator[Office]:
    """An office in a campaign with so many places in each segment."""
    issuer, log = issuer_in(directory), EnrolmentLog()
    log.defined(goals=quotas(places))
    async with api_client(engine, issuer, directory) as api:
        office = Office(engine, log, issuer, api, directory)
        await office.sign()
        yield office


def slug(answer: httpx.Response) -> str:
    """The problem of an answer."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"]).removeprefix("urn:mitra:problem:")

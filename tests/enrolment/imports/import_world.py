"""An api and the worker of imports on one database; sheets, and what comes of them."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import xlsxwriter
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.importing import Field
from enrolment.imports.child_limits import ReadingLimits
from enrolment.imports.template import HEADINGS
from enrolment.imports.work import Workshop
from enrolment.imports.worker import ImportMetrics, ImportWorker
from tests.enrolment.intake_api import SEALS, IntakeApi, running_api, token
from tests.factories import NOTICE_VERSION

LIMITS = ReadingLimits(memory=512 << 20, seconds=20, rows=2_000)
COLUMNS = list(HEADINGS)


def line(number: int = 0, **changes: Any) -> list[Any]:
    """A row that is accepted, for the `number`-th person; `changes` by the name of the field."""
    said = {
        Field.NAME: "आयशा बेगम",
        Field.PHONE: f"98{number:08d}",
        Field.SEGMENT: "Kalpetta",
        Field.BASIS: "लाभार्थी",
        Field.SCHEMES: "PMAY-G",
        Field.LANGUAGE: "hi",
        Field.ADULT: "yes",
        Field.PARTY_MEMBER: "no",
        Field.CONSENT: "yes",
        Field.NOTICE_VERSION: NOTICE_VERSION,
        Field.NOTICE_LANGUAGE: "hi",
        Field.COLLECTED_ON: "03-11-2026",
        Field.COLLECTED_BY: "Ravi",
    } | {Field(name): value for name, value in changes.items()}
    return [said[field] for field in COLUMNS]


def table(rows: Iterable[Sequence[Any]], headings: Sequence[str] | None = None) -> list[Sequence[Any]]:
    """Rows below their headings."""
    return [list(HEADINGS.values()) if headings is None else headings, *rows]


def csv_file(rows: Iterable[Sequence[Any]], *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Rows, headings included, as text."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def people(count: int, first: int = 0) -> bytes:
    """A CSV file of people who are accepted."""
    return csv_file(table(line(first + number) for number in range(count)))


def workbook(
    *sheets: tuple[str, list[Sequence[Any]]], hidden: Sequence[str] = (), paint: Any = None
) -> bytes:
    """An XLSX file; `paint(book, sheets by name)` may do more to it."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    made = {}
    for name, rows in sheets:
        made[name] = sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        if name in hidden:
            sheet.hide()
    if paint is not None:
        paint(book, made)
    book.close()
    return out.getvalue()


@dataclass
class ImportWorld:
    """Somebody with a sheet."""

    api: IntakeApi
    worker: ImportWorker
    shop: Workshop

    async def send(self, file: bytes, *, bearer: str | None = None) -> dict[str, Any]:
        """Send a file; nothing has looked at it yet."""
        answer = await self.ask("POST", "", content=file, bearer=bearer)
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def preview(self, file: bytes, *, bearer: str | None = None) -> dict[str, Any]:
        """Send a file and have it read."""
        return await self.worked((await self.send(file, bearer=bearer))["id"], bearer=bearer)

    async def accept(self, told: dict[str, Any], *, bearer: str | None = None) -> dict[str, Any]:
        """Accept a preview and have it enrolled, as far as that goes."""
        answer = await self.ask(
            "POST",
            f"/{told['id']}/accept",
            json={"preview": told["preview"], "papers_are_signed": True},
            bearer=bearer,
        )
        assert answer.status_code == 202, answer.text
        return await self.worked(told["id"], bearer=bearer)

    async def worked(self, upload: str, *, bearer: str | None = None) -> dict[str, Any]:
        """Let the worker do all there is, and look."""
        while await self.worker.turn():
            pass
        answer = await self.ask("GET", f"/{upload}", bearer=bearer)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def map(self, told: dict[str, Any], **mapping: Any) -> dict[str, Any]:
        """Have it read otherwise."""
        answer = await self.ask("PUT", f"/{told['id']}/mapping", json=mapping)
        assert answer.status_code == 202, answer.text
        return await self.worked(told["id"])

    async def rows(self, told: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """All rows that something stands against, page by page."""
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            answer = await self.ask(
                "GET", f"/{told['id']}/rows", params={"after": after, "limit": 7, **query}
            )
            page = answer.json()
            found += page["rows"]
            after = page["next"]
        return found

    async def problems(self, told: dict[str, Any]) -> list[tuple[int, str, str]]:
        """(row, field, code) of all that stands against rows."""
        return [
            (row["row"], problem["field"], problem["code"])
            for row in await self.rows(told)
            for problem in row["problems"]
        ]

    async def result(self, told: dict[str, Any], *, bearer: str | None = None) -> list[list[str]]:
        """The result file, read as a spreadsheet program would."""
        answer = await self.ask("GET", f"/{told['id']}/result.csv", bearer=bearer)
        assert answer.status_code == 200, answer.text
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))

    async def ask(self, method: str, path: str, *, bearer: str | None = None, **sent: Any) -> httpx.Response:
        return await self.api.client.request(
            method, f"/v1/imports{path}", headers={"Authorization": f"Bearer {bearer or token()}"}, **sent
        )


@asynccontextmanager
async def import_world(
    engine: AsyncEngine, *, limits: ReadingLimits = LIMITS, at_once: int = 500, **settings: Any
) -> AsyncIterator[ImportWorld]:
    async with running_api(engine, **settings) as api:
        yield world_on(api, limits=limits, at_once=at_once)


def world_on(api: IntakeApi, *, limits: ReadingLimits = LIMITS, at_once: int = 500) -> ImportWorld:
    """Imports at an api that runs already."""
    service = api.service
    shop = Workshop(
        api.engine, service.campaigns, SEALS, service.desk, service.clock, limits, at_once=at_once
    )
    return ImportWorld(api, ImportWorker(shop, ImportMetrics(CollectorRegistry())), shop)

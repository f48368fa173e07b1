"""Rows of an accepted import on their way to the intake: opened, read, judged and sealed anew.

This is half of the work of an import, and needs no database: it is done for the next rows while the intake
commits those before them. Nothing of it is kept: whatever ends the process, it is done again.
"""

import asyncio
from base64 import urlsafe_b64encode
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row as DatabaseRow

from enrolment.clock import india_day
from enrolment.commands.enrol_mitra import EnrolMitra, draft_of
from enrolment.imports.interpreting import Interpreter
from enrolment.imports.rows import Complaint, Paper
from enrolment.imports.work import AT_A_STRETCH, Held
from enrolment.intake.desk import Judged
from enrolment.storage import import_rows
from enrolment.storage.import_rows import SheetRow
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.security.tokens import Role


class Asking(NamedTuple):
    """A row that asks for an enrolment."""

    number: int
    judged: Judged
    paper: Paper


class Batch(NamedTuple):
    """Rows that are handed to the intake together."""

    asking: list[Asking]
    faulty: list[tuple[int, tuple[Complaint, ...]]]
    """What the rules object to now, and did not at the preview."""


class Preparation:
    """Makes rows of one import ready, in order."""

    def __init__(self, held: Held) -> None:
        about = held.row
        name = held.shop.seals.lookup.digest("import-row", about.digest, str(about.sheet))
        self._held = held
        self._last = 0
        self._key = f"import-{urlsafe_b64encode(name[:18]).decode()}"
        self._mapped = held.mapped()
        self._interpreter = held.interpreter(self._mapped)
        self._recruiter = StaffId(about.staff)
        self._role = Role(about.role)
        self._area = AreaCode(about.constituency)

    async def batch(self) -> Batch | None:
        """The next rows; None at the end."""
        shop = self._held.shop
        async with shop.engine.connect() as connection:
            await work_as(connection, Work.IMPORTS)
            rows = await import_rows.sealed_after(connection, self._held.id, self._last, at_most=shop.at_once)
        if not rows:
            return None
        self._last = rows[-1].row
        now = shop.clock()
        interpreter = self._in_force(india_day(now))
        batch = Batch([], [])
        for index, row in enumerate(rows):
            if index % AT_A_STRETCH == 0:
                await asyncio.sleep(0)
            self._add(batch, row, interpreter, now)
        return batch

    def _in_force(self, today: date) -> Interpreter:
        """By the rules in force and of today; an import may go on past midnight."""
        rules = self._held.campaign().rules
        if self._interpreter.rules is not rules or self._interpreter.today != today:
            self._interpreter = self._held.interpreter(self._mapped)
        return self._interpreter

    def _add(self, batch: Batch, kept: DatabaseRow[Any], interpreter: Interpreter, now: datetime) -> None:
        number = kept.row
        row = interpreter.read(self._held.open(number, kept.sealed))
        if row.asked is None:
            batch.faulty.append((number, row.complaints))
            return
        about, seals = self._held.row, self._held.shop.seals
        request = row.asked.request()
        command = EnrolMitra(
            campaign=about.campaign,
            recruiter=self._recruiter,
            recruiter_role=self._role,
            area=self._area,
            idempotency_key=f"{self._key}-{number}",
            request=request,
            received_at=now,
            session=about.session,
            sheet_row=SheetRow(self._held.id, number),
        )
        judged = Judged(
            command,
            seals.request_digest(about.campaign, request.model_dump_json()),
            draft_of(command, row.asked.eligible, seals),
            interpreter.rules.version,
        )
        batch.asking.append(Asking(number, judged, row.asked.paper))

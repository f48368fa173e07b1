"""The commit: rows of an accepted import go to the intake, batch by batch, each under a key of its own.

The key follows from file, sheet and row, so that whatever ends this, the same rows again are the same people;
an outcome is noted once it is durable at the intake.
"""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from structlog import get_logger

from enrolment.commands.enrol_mitra import EnrolMitra
from enrolment.domain.importing import Field, Outcome, State
from enrolment.imports.interpreting import Complaint, Interpreter, Paper, Row
from enrolment.imports.work import Held, told
from enrolment.intake.committer import IntakeFull
from enrolment.intake.items import Answer
from enrolment.storage import import_rows, imports, papers
from enrolment.storage.import_rows import Settled
from enrolment.storage.row_security import Work, work_as
from mitra_shared.database import backoff
from mitra_shared.http.problems import URN
from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.security.tokens import Role

log = get_logger(__name__)

_CREATED: Final = 201
_RATIONED: Final = 429
_PASSING: Final = 503
_INTERNAL: Final = 500
_ROLE_ENDED: Final = "role-ended"
_ATTEMPTS: Final = 6
"""At a batch that the intake puts off; then the import waits for its next turn."""


class PutOff(Exception):
    """The intake takes nothing more for now, for that many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"for {seconds} s")
        self.seconds = seconds


class RoleEnded(Exception):
    """Whoever sent the file may enrol nobody there any more."""


async def enrol_rows(held: Held) -> None:
    """Enrol the rows of an accepted import, from where it stands.

    Raises:
        LeaseLost: the import is somebody else's, or gone.
        SQLAlchemyError, OSError: the database is away; the next turn goes on.
    """
    async with held.changing() as connection:
        await import_rows.settle_without_intake(connection, held.id)
        counts = Counter(await import_rows.outcomes(connection, held.id))
        await imports.change(connection, held.id, outcomes=dict(counts))
    interpreter = held.interpreter(held.mapped())
    after = 0
    try:
        while batch := await _next(held, interpreter, after):
            counts.update(await _enrol(held, batch))
            await _note(held, counts)
            after = batch[-1][0]
    except PutOff as put_off:
        continues = held.shop.clock() + timedelta(seconds=put_off.seconds)
        async with held.changing() as connection:
            await imports.let_go(connection, held.id, State.ACCEPTED, continues_at=continues)
        log.info("an import waits", upload=str(held.id), seconds=put_off.seconds)
    except RoleEnded:
        async with held.changing() as connection:
            why = told([Complaint(Field.NAME, _ROLE_ENDED)])
            await import_rows.settle_the_rest(connection, held.id, why or "[]")
            await _finish(held, connection, State.STOPPED, why=_ROLE_ENDED)
    else:
        async with held.changing() as connection:
            await _finish(held, connection, State.DONE)


async def _finish(held: Held, connection: AsyncConnection, state: State, **values: Any) -> None:
    outcomes = await import_rows.outcomes(connection, held.id)
    await imports.delete_file(connection, held.id)
    await imports.let_go(
        connection, held.id, state, outcomes=outcomes, finished_at=held.shop.clock(), **values
    )


async def _note(held: Held, counts: Counter[str]) -> None:
    async with held.changing() as connection:
        await imports.change(connection, held.id, outcomes=dict(counts))


async def _next(held: Held, interpreter: Interpreter, after: int) -> list[tuple[int, Row]]:
    async with held.shop.engine.connect() as connection:
        await work_as(connection, Work.IMPORTS)
        rows = await import_rows.sealed_after(connection, held.id, after, at_most=held.shop.at_once)
    return [(row.row, interpreter.read(held.open(row.row, row.sealed))) for row in rows]


async def _enrol(held: Held, batch: Sequence[tuple[int, Row]]) -> Counter[str]:
    """Enrol a batch and note what became of each row. Returns how many have which outcome.

    Raises:
        PutOff, RoleEnded: after what was done is noted.
    """
    asked = [(number, row) for number, row in batch if row.request is not None]
    given = await _ask(held, [_command(held, number, row) for number, row in asked])
    settled = [
        # The rules changed since the preview.
        Settled(number, Outcome.REFUSED, told(row.complaints))
        for number, row in batch
        if row.request is None
    ]
    enrolled: list[tuple[int, UUID, Paper]] = []
    later: PutOff | RoleEnded | None = None
    for (number, row), answer in zip(asked, given, strict=True):
        body = json.loads(answer.body)
        code = str(body.get("type", "")).removeprefix(URN)
        if answer.status == _CREATED and row.paper is not None:
            enrolled.append((number, UUID(body["mitra_id"]), row.paper))
        elif answer.status in {_RATIONED, _PASSING}:
            later = later or PutOff(answer.retry_after or 5)
        elif code == _ROLE_ENDED:
            later = RoleEnded()
        else:
            settled.append(Settled(number, Outcome.REFUSED, told(_complaints(body, code))))
    seal = held.shop.seals.seal_collector
    async with held.changing() as connection:
        signed = [
            papers.Paper(mitra, paper.collected_on, seal(paper.collected_by, mitra))
            for _, mitra, paper in enrolled
        ]
        ours = await papers.keep_papers(connection, held.id, signed) if signed else set()
        for number, mitra, _ in enrolled:
            outcome = Outcome.ENROLLED if mitra in ours else Outcome.ENROLLED_BEFORE
            settled.append(Settled(number, outcome, None))
        if settled:
            await import_rows.settle(connection, held.id, settled)
    if later is not None:
        raise later
    return Counter(row.outcome.value for row in settled)


async def _ask(held: Held, commands: Sequence[EnrolMitra]) -> list[Answer]:
    """What the intake says; what it only puts off is asked again a few times."""
    given: dict[int, Answer] = {}
    open_ = list(range(len(commands)))
    for attempt in range(_ATTEMPTS):
        try:
            answers = await held.shop.desk.enrol_all([commands[index] for index in open_])
        except IntakeFull:
            answers = []
        given.update(zip(open_, answers, strict=False))
        open_ = [index for index in open_ if index not in given or given[index].status == _PASSING]
        if not open_:
            break
        await asyncio.sleep(backoff(attempt))
    if len(given) < len(commands):
        raise PutOff(5)
    return [given[index] for index in range(len(commands))]


def _command(held: Held, number: int, row: Row) -> EnrolMitra:
    if row.request is None:
        raise ValueError("a faulty row asks for nothing")
    about = held.row
    name = held.shop.seals.lookup.digest("import-row", about.digest, str(about.sheet))
    return EnrolMitra(
        campaign=about.campaign,
        recruiter=StaffId(about.staff),
        recruiter_role=Role(about.role),
        area=AreaCode(about.constituency),
        idempotency_key=f"import-{urlsafe_b64encode(name[:18]).decode()}-{number}",
        request=row.request,
        received_at=held.shop.clock(),
        session=about.session,
    )


_FIELDS: Final = {field.value for field in Field}


def _complaints(body: dict[str, Any], code: str) -> list[Complaint]:
    """What the intake objects to; its fields are those of a single enrolment."""
    names = [str(error.get("field", "")).removeprefix("consent.") for error in body.get("errors", ())]
    fields = [Field(name) for name in names if name in _FIELDS] or [Field.PHONE]
    return [Complaint(fields[0], code)]

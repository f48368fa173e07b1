"""The commit: rows of an accepted import go to the intake, batch by batch, each under a key of its own.

The key follows from file, sheet and row, so that whatever ends this, the same rows again are the same people;
an outcome is noted once it is durable at the intake.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog import get_logger

from enrolment.domain.importing import Field, Outcome, State
from enrolment.imports.ahead import one_ahead
from enrolment.imports.preparing import Batch, Preparation
from enrolment.imports.rows import Complaint, Paper
from enrolment.imports.work import Held, told
from enrolment.intake.answers import ROW_EMPTIED
from enrolment.intake.committer import IntakeFull
from enrolment.intake.desk import Judged
from enrolment.intake.items import Answer
from enrolment.storage import import_rows, imports, papers
from enrolment.storage.import_rows import Settled
from mitra_shared.database import backoff
from mitra_shared.http.problems import URN

log = get_logger(__name__)

_CREATED: Final = 201
_RATIONED: Final = 429
_PASSING: Final = 503
_ROLE_ENDED: Final = "role-ended"
_EMPTIED: Final = to_json([Complaint(Field.PHONE, "cells-gone")]).decode()
"""Stands against a row out of which its person was erased."""
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
    try:
        await _enrol(held, counts)
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
            await import_rows.settle_emptied(connection, held.id, _EMPTIED)
            await _finish(held, connection, State.DONE)


async def _finish(held: Held, connection: AsyncConnection, state: State, **values: Any) -> None:
    outcomes = await import_rows.outcomes(connection, held.id)
    await imports.delete_file(connection, held.id)
    await imports.let_go(
        connection, held.id, state, outcomes=outcomes, finished_at=held.shop.clock(), **values
    )


async def _enrol(held: Held, counts: Counter[str]) -> None:
    """Enrol batch after batch: while one is noted, the next is at the intake and the one after made ready.

    Raises:
        PutOff, RoleEnded: after what was done is noted; a batch that is under way then is asked again.
    """
    async with aclosing(one_ahead(Preparation(held).batch)) as batches:

        async def asked() -> tuple[Batch, list[Answer]] | None:
            batch = await anext(batches, None)
            if batch is None:
                return None
            return batch, await _ask(held, [asking.judged for asking in batch.asking])

        async with aclosing(one_ahead(asked)) as answered:
            async for batch, given in answered:
                await _note(held, batch, given, counts)


async def _note(held: Held, batch: Batch, given: Sequence[Answer], counts: Counter[str]) -> None:
    """Note what became of each row; `counts` is how many of the import have which outcome.

    Raises:
        PutOff, RoleEnded: after what was done is noted.
    """
    # The rules changed since the preview.
    settled = [Settled(number, Outcome.REFUSED, told(why)) for number, why in batch.faulty]
    enrolled: list[tuple[int, UUID, Paper]] = []
    later: PutOff | RoleEnded | None = None
    for asking, answer in zip(batch.asking, given, strict=True):
        if answer == ROW_EMPTIED:
            # Settled at the end, with all that were emptied.
            continue
        body = from_json(answer.body)
        if answer.status == _CREATED:
            enrolled.append((asking.number, UUID(body["mitra_id"]), asking.paper))
        elif answer.status in {_RATIONED, _PASSING}:
            later = later or PutOff(answer.retry_after or 5)
        elif (code := str(body.get("type", "")).removeprefix(URN)) == _ROLE_ENDED:
            later = RoleEnded()
        else:
            settled.append(Settled(asking.number, Outcome.REFUSED, told(_complaints(body, code))))
    seal = held.shop.seals.seal_collector
    signed = [
        papers.Paper(mitra, paper.collected_on, seal(paper.collected_by, mitra))
        for _, mitra, paper in enrolled
    ]
    async with held.changing() as connection:
        ours = await papers.keep_papers(connection, held.id, signed) if signed else set()
        for number, mitra, _ in enrolled:
            outcome = Outcome.ENROLLED if mitra in ours else Outcome.ENROLLED_BEFORE
            settled.append(Settled(number, outcome, None))
        if settled:
            await import_rows.settle(connection, held.id, settled)
        counts.update(row.outcome.value for row in settled)
        await imports.change(connection, held.id, outcomes=dict(counts))
    if later is not None:
        raise later


async def _ask(held: Held, judged: Sequence[Judged]) -> list[Answer]:
    """What the intake says; what it only puts off is asked again a few times."""
    given: dict[int, Answer] = {}
    open_ = list(range(len(judged)))
    for attempt in range(_ATTEMPTS):
        try:
            answers = await held.shop.desk.enrol_judged([judged[index] for index in open_])
        except IntakeFull:
            answers = []
        given.update(zip(open_, answers, strict=False))
        open_ = [index for index in open_ if index not in given or given[index].status == _PASSING]
        if not open_:
            break
        await asyncio.sleep(backoff(attempt))
    if len(given) < len(judged):
        raise PutOff(5)
    return [given[index] for index in range(len(judged))]


_FIELDS: Final = {field.value for field in Field}


def _complaints(body: Mapping[str, Any], code: str) -> list[Complaint]:
    """What the intake objects to; its fields are those of a single enrolment."""
    names = [str(error.get("field", "")).removeprefix("consent.") for error in body.get("errors", ())]
    fields = [Field(name) for name in names if name in _FIELDS] or [Field.PHONE]
    return [Complaint(fields[0], code)]

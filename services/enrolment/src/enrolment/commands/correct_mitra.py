"""Carry out a correction that was granted: the row and the event that tells others, if anything changes."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from enrolment.commands.ask_request import Correction
from enrolment.seals import Seals
from enrolment.storage import mitras
from mitra_shared.contracts.events import LanguageCorrected, MitraCorrectedV1, SchemesCorrected
from mitra_shared.ids import new_event_id
from mitra_shared.log import UnitOfWork


async def correct_mitra(
    unit: UnitOfWork, person: Row[Any], asked: Correction, seals: Seals, at: datetime, traceparent: str | None
) -> None:
    """Correct a person who has not withdrawn, whose row is locked. What is right already is no correction.

    Raises:
        SealError: the name that is kept cannot be opened.
    """
    name = asked.name if _is_another_name(person, asked, seals) else None
    language = None if asked.language == person.language else asked.language
    schemes = asked.schemes
    if schemes is not None and set(schemes) == set(person.schemes):
        schemes = None
    if name is None and language is None and schemes is None:
        return
    sealed = None if name is None else seals.seal_name(name, person.id)
    await mitras.correct(unit.connection, person.id, name=sealed, language=language, schemes=schemes, at=at)
    unit.emit(
        MitraCorrectedV1(
            event_id=new_event_id(),
            campaign=person.campaign,
            occurred_at=at,
            mitra_id=person.id,
            constituency=person.constituency,
            segment=person.segment,
            name_changed=sealed is not None,
            holder_name=sealed,
            language=None
            if language is None
            else LanguageCorrected(language=language, previous=person.language),
            schemes=None
            if schemes is None
            else SchemesCorrected(schemes=schemes, previous=tuple(person.schemes)),
        ),
        traceparent,
    )


def _is_another_name(person: Row[Any], asked: Correction, seals: Seals) -> bool:
    return asked.name is not None and asked.name != seals.open_name(person.name, person.id)

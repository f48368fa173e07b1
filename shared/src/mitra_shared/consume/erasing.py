"""Erasure where events are consumed: in the transaction that moves the position past it.

It waits for nothing. Where earlier events of the person could not be applied, the name in them goes too, and
they are to be played without it.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text

from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.consume.reading import Run
from mitra_shared.contracts.events import MitraErasedV1
from mitra_shared.ids import MitraId
from mitra_shared.log.unit_of_work import UnitOfWork

_SEALED: Final = "holder_name"
_UNREADABLE: Final = "{}"

_LETTERS: Final = text(
    """
    select id, payload from dead_letter
    where (subject = any(:subjects) and payload like '%' || :sealed || '%')
       or (subject is null and payload like any(:mentions))
    for update
    """
)


async def erase_subjects(unit: UnitOfWork, group: ConsumerGroup, runs: Sequence[Run]) -> None:
    """Erase those whose erasure is told in `runs`; after everything else of these runs."""
    subjects = [
        item.event.mitra_id for run in runs for item in run.items if isinstance(item.event, MitraErasedV1)
    ]
    if not subjects:
        return
    await _scrub_letters(unit, subjects)
    if group.erase is not None:
        await group.erase(unit, subjects)


async def _scrub_letters(unit: UnitOfWork, subjects: Sequence[MitraId]) -> None:
    letters = await unit.connection.execute(
        _LETTERS,
        {
            "subjects": list(subjects),
            "sealed": _SEALED,
            "mentions": [f"%{subject}%" for subject in subjects],
        },
    )
    scrubbed = [{"id": letter.id, "payload": without(letter.payload, _SEALED)} for letter in letters]
    if scrubbed:
        await unit.connection.execute(
            text("update dead_letter set payload = :payload where id = :id"), scrubbed
        )


def without(payload: str, field: str) -> str:
    """The payload of a dead letter without what is sealed; of one that nobody can read, nothing."""
    try:
        told: Any = json.loads(payload)
    except ValueError:
        return _UNREADABLE
    if not isinstance(told, dict):
        return _UNREADABLE
    told.pop(field, None)
    return json.dumps(told, ensure_ascii=False)

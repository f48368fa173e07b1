"""Taking what is personal out of the rows: of people, of the log, and of answers that lead to people.

Every place is found from the person's row: the log by partition and subject, the answer to the enrolment by
recruiter and id, the photo of a signed paper by id, answers to duplicates and rows of imported sheets by the
phone.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.storage.import_rows import scrub_imports
from enrolment.storage.outcomes import NO_DIGEST
from mitra_shared.ids import MitraId

_PEOPLE: Final = text(
    """
    update mitra set name = null, phone = null, phone_hash = null, slot = null, receipt_hash = null,
        messages_off_at = null, erased_at = :at
    where id = any(:mitras)
    """
)

_LOG: Final = text(
    """
    update enrolment_log set payload = cast(cast(payload as jsonb) - 'holder_name' as json)
    where partition = any(:partitions) and subject = any(:mitras) and payload ->> 'holder_name' is not null
    """
)

_ANSWERS: Final = text(
    """
    update outcome set digest = :no_digest, status = :status, body = cast(:body as json)
    where caller = any(:recruiters) and status = 201 and body ->> 'mitra_id' = any(:mitras)
    """
)

_PHOTOS: Final = text("delete from paper_photo where mitra = any(:mitras)")

_DUPLICATES: Final = text(
    """
    with forgotten as (
        update duplicate_record set phone_hash = null where phone_hash = any(:hashes)
        returning caller, idempotency_key
    )
    update outcome set digest = :no_digest from forgotten
    where outcome.caller = forgotten.caller and outcome.idempotency_key = forgotten.idempotency_key
    """
)


async def scrub(connection: AsyncConnection, people: Sequence[Row[Any]], *, status: int, body: str) -> None:
    """Take names out of the log, photos, and what recognises the requests out of answers.

    `people` are locked rows. Whoever sends an enrolment again gets `status` and `body` from now on.

    An answer to a duplicate stays as it was: it says nothing of the person, and another one would tell the
    caller that the person is gone.
    """
    mitras = [person.id for person in people]
    await connection.execute(
        _LOG, {"partitions": sorted({person.partition for person in people}), "mitras": mitras}
    )
    await connection.execute(
        _ANSWERS,
        {
            "recruiters": sorted({person.recruiter for person in people}),
            "mitras": [str(mitra) for mitra in mitras],
            "no_digest": NO_DIGEST,
            "status": status,
            "body": body,
        },
    )
    await connection.execute(_PHOTOS, {"mitras": mitras})
    hashes = [person.phone_hash for person in people if person.phone_hash is not None]
    await connection.execute(_DUPLICATES, {"hashes": hashes, "no_digest": NO_DIGEST})
    await scrub_imports(connection, people)


async def scrub_people(connection: AsyncConnection, mitras: Collection[MitraId], at: datetime) -> None:
    """Empty the rows of people, who are withdrawn by now."""
    await connection.execute(_PEOPLE, {"mitras": list(mitras), "at": at})

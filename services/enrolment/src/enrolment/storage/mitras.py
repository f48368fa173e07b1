"""People: sealed names and phones, found again through a keyed hash."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.drafts import Draft
from mitra_shared.campaign.definition import Retention
from mitra_shared.contracts.topics import partition_of
from mitra_shared.ids import MitraId
from mitra_shared.log import Place

_INSERT: Final = text(
    """
    insert into mitra (id, campaign, constituency, segment, partition, recruiter, recruiter_role, basis,
                       schemes, language, name, phone, phone_hash, slot, notice_version, notice_language,
                       notice_hash, consent_manner, receipt_hash, enrolled_at)
    select new.id, new.campaign, new.constituency, new.segment, new.partition, new.recruiter,
           new.recruiter_role, new.basis,
           cast(new.schemes as text[]), new.language, new.name, new.phone, new.phone_hash, new.slot,
           new.notice_version, new.notice_language, new.notice_hash, new.consent_manner, new.receipt_hash,
           new.enrolled_at
    from unnest(
        cast(:ids as uuid[]), cast(:campaigns as text[]), cast(:constituencies as text[]),
        cast(:segments as text[]), cast(:partitions as smallint[]), cast(:recruiters as text[]),
        cast(:roles as text[]),
        cast(:bases as text[]), cast(:schemes as text[]), cast(:languages as text[]), cast(:names as text[]),
        cast(:phones as text[]), cast(:hashes as bytea[]), cast(:slots as smallint[]),
        cast(:notice_versions as text[]), cast(:notice_languages as text[]),
        cast(:notice_hashes as bytea[]), cast(:manners as text[]), cast(:receipts as bytea[]),
        cast(:enrolled as timestamptz[]))
        as new(id, campaign, constituency, segment, partition, recruiter, recruiter_role, basis, schemes,
               language, name, phone, phone_hash, slot, notice_version, notice_language, notice_hash,
               consent_manner, receipt_hash, enrolled_at)
    """
)


async def insert(connection: AsyncConnection, drafts: Sequence[tuple[Draft, int]]) -> None:
    """Insert people, each with a place on the phone."""
    await connection.execute(
        _INSERT,
        {
            "ids": [draft.mitra for draft, _ in drafts],
            "campaigns": [draft.campaign for draft, _ in drafts],
            "constituencies": [draft.constituency for draft, _ in drafts],
            "segments": [draft.segment for draft, _ in drafts],
            "partitions": [partition_of(draft.constituency) for draft, _ in drafts],
            "recruiters": [draft.recruiter for draft, _ in drafts],
            "roles": [draft.recruiter_role for draft, _ in drafts],
            "bases": [draft.basis for draft, _ in drafts],
            # An array of arrays would be flattened by unnest. Codes of schemes need no quotes.
            "schemes": [f"{{{','.join(draft.schemes)}}}" for draft, _ in drafts],
            "languages": [draft.language for draft, _ in drafts],
            "names": [draft.name for draft, _ in drafts],
            "phones": [draft.phone for draft, _ in drafts],
            "hashes": [draft.phone_hash for draft, _ in drafts],
            "slots": [slot for _, slot in drafts],
            "notice_versions": [draft.notice_version for draft, _ in drafts],
            "notice_languages": [draft.notice_language for draft, _ in drafts],
            "notice_hashes": [draft.notice_hash for draft, _ in drafts],
            "manners": [draft.consent_manner for draft, _ in drafts],
            "receipts": [draft.receipt_hash for draft, _ in drafts],
            "enrolled": [draft.enrolled_at for draft, _ in drafts],
        },
    )


_FIND: Final = """
    select id, campaign, constituency, segment, recruiter, basis, schemes, language, notice_version,
           notice_language, notice_hash, consent_manner, enrolled_at, withdrawn_at, partition,
           withdrawal_epoch, withdrawal_position, erase_at, erasure_noticed_at, erased_at, messages_off_at,
           merged_into
    from mitra where id = :id
"""


async def find(connection: AsyncConnection, mitra: MitraId, *, for_update: bool = False) -> Row[Any] | None:
    """The row of a person without name and phone, locked until the end of the transaction if asked."""
    statement = text(f"{_FIND} for update" if for_update else _FIND)
    return (await connection.execute(statement, {"id": mitra})).one_or_none()


_WITHDRAW: Final = text(
    """
    update mitra
    set withdrawn_at = cast(:at as timestamptz), slot = null, withdrawal_epoch = :epoch,
        withdrawal_position = :position,
        erasure_why = coalesce(erasure_why, 'withdrawn'),
        erase_at = coalesce(erase_at, cast(:at as timestamptz) + make_interval(days => coalesce(
            (select cast(definition -> 'retention' ->> 'days_after_withdrawal' as integer)
             from campaign where campaign.id = mitra.campaign and current),
            :days)))
    where id = :id
    """
)


async def mark_withdrawn(connection: AsyncConnection, mitra: MitraId, at: datetime, place: Place) -> None:
    """Note the withdrawal and where its event stands; the place on the phone is free again.

    What is personal is to be erased when the campaign's rule says, if that was not planned before.
    """
    await connection.execute(
        _WITHDRAW,
        {
            "id": mitra,
            "at": at,
            "epoch": place.epoch,
            "position": place.position,
            "days": Retention().days_after_withdrawal,
        },
    )


_FIND_SEALED: Final = """
    select id, campaign, constituency, segment, recruiter, recruiter_role, basis, schemes, language, name,
           phone, notice_version, notice_language, notice_hash, consent_manner, enrolled_at, withdrawn_at,
           messages_off_at, merged_into
    from mitra where id = :id
"""


async def find_sealed(
    connection: AsyncConnection, mitra: MitraId, *, for_update: bool = False
) -> Row[Any] | None:
    """The row of a person with name and phone, sealed; for the person alone and whoever answers a request."""
    statement = text(f"{_FIND_SEALED} for update" if for_update else _FIND_SEALED)
    return (await connection.execute(statement, {"id": mitra})).one_or_none()


_MESSAGES_OFF: Final = text(
    """
    update mitra set messages_off_at = case when cast(:since as timestamptz) is not null
                                            then least(messages_off_at, :since) end
    where id = :id and erased_at is null
    """
)


async def set_messages_off(connection: AsyncConnection, mitra: MitraId, since: datetime | None) -> None:
    """Note since when a person who is not erased wants no messages in bulk; None: they are wanted.

    What was said first stays.
    """
    await connection.execute(_MESSAGES_OFF, {"id": mitra, "since": since})


async def of_receipt(connection: AsyncConnection, receipt: bytes) -> MitraId | None:
    """Whose receipt has this keyed hash, as long as there is a phone to send a code to."""
    found = await connection.execute(
        text("select id from mitra where receipt_hash = :receipt and phone is not null"), {"receipt": receipt}
    )
    mitra = found.scalar_one_or_none()
    return None if mitra is None else MitraId(mitra)


async def correct(
    connection: AsyncConnection,
    mitra: MitraId,
    *,
    name: str | None,
    language: str | None,
    schemes: Sequence[str] | None,
    at: datetime,
) -> None:
    """Put right what is given: a sealed name, a language, schemes. The event in the log tells others."""
    received = None if schemes is None else list(schemes)
    await connection.execute(
        text(
            """
            update mitra set name = coalesce(:name, name), language = coalesce(:language, language),
                schemes = coalesce(cast(:schemes as text[]), schemes), corrected_at = :at
            where id = :id
            """
        ),
        {
            "id": mitra,
            "name": name,
            "language": language,
            "schemes": received,
            "at": at,
        },
    )

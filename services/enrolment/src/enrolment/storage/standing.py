"""What a group needs to know before it is decided, in one look: one round trip instead of four."""

from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.storage.outcomes import Identity, Outcome
from mitra_shared.ids import CampaignId, StaffId

Phone = tuple[CampaignId, bytes]


class Found(NamedTuple):
    """What the database knows, at one moment."""

    versions: dict[CampaignId, int]
    """Of the campaigns in force."""
    outcomes: list[Outcome]
    """Answers given to the identities before."""
    slots: dict[Phone, set[int]]
    """Places in use on the phones."""
    duplicates: dict[StaffId, int]
    """Duplicate answers of the callers on the day."""


_LOOK: Final = text(
    """
    select 'campaign' as kind, id as owner, '' as key, null::bytea as hash, version as number, '' as body
    from campaign where current
    union all
    select 'outcome', outcome.caller, outcome.idempotency_key, outcome.digest, outcome.status,
           cast(outcome.body as text)
    from unnest(cast(:callers as text[]), cast(:keys as text[])) as asked(caller, idempotency_key)
    join outcome using (caller, idempotency_key)
    union all
    select 'slot', mitra.campaign, '', mitra.phone_hash, mitra.slot, ''
    from unnest(cast(:campaigns as text[]), cast(:hashes as bytea[])) as asked(campaign, phone_hash)
    join mitra using (campaign, phone_hash)
    where mitra.slot is not null
    union all
    select 'duplicates', caller, '', null, answered, ''
    from duplicate_answer where day = :day and caller = any(:recruiters)
    """
)


async def look(
    connection: AsyncConnection,
    identities: Collection[Identity],
    phones: Collection[Phone],
    callers: Collection[StaffId],
    day: date,
) -> Found:
    """Look up campaigns, answers, phones and rations."""
    rows = await connection.execute(
        _LOOK,
        {
            "callers": [caller for caller, _ in identities],
            "keys": [key for _, key in identities],
            "campaigns": [campaign for campaign, _ in phones],
            "hashes": [digest for _, digest in phones],
            "recruiters": list(callers),
            "day": day,
        },
    )
    found = Found({}, [], {}, {})
    for kind, owner, key, digest, number, body in rows:
        match kind:
            case "campaign":
                found.versions[owner] = number
            case "outcome":
                found.outcomes.append(Outcome(owner, key, digest, number, body))
            case "slot":
                found.slots.setdefault((owner, digest), set()).add(number)
            case _:
                found.duplicates[owner] = number
    return found

"""What a group needs to know before it is decided, in one look: one round trip instead of four."""

from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.storage.outcomes import Identity, Outcome
from enrolment.storage.row_security import Grant
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
    grants: set[Grant]
    """Those of the asked for that are held, by staff who are not suspended."""


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
    union all
    select 'grant', asked.staff, asked.campaign, null, 0, asked.area
    from unnest(cast(:staff as text[]), cast(:staff_campaigns as text[]), cast(:areas as text[]))
        as asked(staff, campaign, area)
    where exists (
            select from token_grant as held
            where (held.staff, held.campaign, held.area) = (asked.staff, asked.campaign, asked.area))
        or exists (
            select from staff_grant as held join staff on staff.id = held.staff and staff.state = 'active'
            where (held.staff, held.campaign, held.area) = (asked.staff, asked.campaign, asked.area)
                and held.role in ('in_charge', 'co_in_charge') and held.until is null)
    """
)


async def look(
    connection: AsyncConnection,
    identities: Collection[Identity],
    phones: Collection[Phone],
    callers: Collection[StaffId],
    grants: Collection[Grant],
    day: date,
) -> Found:
    """Look up campaigns, answers, phones, rations and grants."""
    rows = await connection.execute(
        _LOOK,
        {
            "callers": [caller for caller, _ in identities],
            "keys": [key for _, key in identities],
            "campaigns": [campaign for campaign, _ in phones],
            "hashes": [digest for _, digest in phones],
            "recruiters": list(callers),
            "staff": [grant.staff for grant in grants],
            "staff_campaigns": [grant.campaign for grant in grants],
            "areas": [grant.area for grant in grants],
            "day": day,
        },
    )
    found = Found({}, [], {}, {}, set())
    for kind, owner, key, digest, number, body in rows:
        match kind:
            case "campaign":
                found.versions[owner] = number
            case "outcome":
                found.outcomes.append(Outcome(owner, key, digest, number, body))
            case "slot":
                found.slots.setdefault((owner, digest), set()).add(number)
            case "grant":
                found.grants.add(Grant(owner, key, body))
            case _:
                found.duplicates[owner] = number
    return found

"""Pairs of people who are likely one, and what was decided about them. No name, no phone, no score."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.alike import Grounds
from enrolment.domain.duplicates import Decision, DifferentBecause, PairId
from mitra_shared.ids import AreaCode, CampaignId, MitraId

LISTED: Final = 200

Pair = tuple[MitraId, MitraId]
"""The one who was enrolled earlier, and the later one."""

_OPEN: Final = text(
    """
    insert into likely_duplicate (id, campaign, earlier, later, constituency, other_constituency, evidence)
    select new.id, later.campaign, new.earlier, new.later, later.constituency, earlier.constituency,
           new.evidence
    from unnest(cast(:ids as uuid[]), cast(:earlier as uuid[]), cast(:later as uuid[]),
                cast(:evidence as text[])) as new(id, earlier, later, evidence)
    join mitra as earlier on earlier.id = new.earlier
    join mitra as later on later.id = new.later
    on conflict (earlier, later) do update
        set state = 'open', evidence = excluded.evidence, opened_at = clock_timestamp(), ended_at = null
        where likely_duplicate.state = 'gone'
    """
)
_LAPSE: Final = text(
    """
    update likely_duplicate as pair set state = 'gone', ended_at = clock_timestamp()
    where pair.state = 'open'
      and (pair.earlier = any(cast(:mitras as uuid[])) or pair.later = any(cast(:mitras as uuid[])))
      and not exists (
          select from unnest(cast(:earlier as uuid[]), cast(:later as uuid[])) as held(earlier, later)
          where (held.earlier, held.later) = (pair.earlier, pair.later))
    """
)


async def keep_pairs(
    connection: AsyncConnection, mitras: Collection[MitraId], found: Mapping[Pair, Grounds]
) -> int:
    """Open the pairs found for these people that are not known yet, and end what is found no more.

    What was decided is not asked again. Returns how many were opened.
    """
    told = {"earlier": [pair[0] for pair in found], "later": [pair[1] for pair in found]}
    await connection.execute(_LAPSE, told | {"mitras": list(mitras)})
    if not found:
        return 0
    opened = await connection.execute(
        _OPEN,
        told | {"ids": [uuid4() for _ in found], "evidence": [each.value for each in found.values()]},
    )
    return opened.rowcount


_FIELDS: Final = """
    pair.id, pair.campaign, pair.earlier, pair.later, pair.constituency, pair.other_constituency,
    pair.evidence, pair.state, pair.opened_at, pair.ended_at, last.decision, last.reason, last.kept
    from likely_duplicate as pair left join lateral (
        select decision, reason, kept from duplicate_decision as made
        where made.pair = pair.id order by decided_at desc, id limit 1
    ) as last on true
"""


async def listed(
    connection: AsyncConnection, campaign: CampaignId, constituency: AreaCode, *, is_open: bool
) -> Sequence[Row[Any]]:
    """Pairs that the in-charge of a constituency decides: open ones, or those decided."""
    states = ["open"] if is_open else ["merged", "different"]
    rows = await connection.execute(
        text(
            f"select {_FIELDS} where pair.campaign = :campaign and pair.constituency = :constituency"
            " and pair.state = any(:states) order by pair.opened_at, pair.id limit :at_most"
        ),
        {"campaign": campaign, "constituency": constituency, "states": states, "at_most": LISTED},
    )
    return rows.all()


async def find(connection: AsyncConnection, pair: PairId, *, for_update: bool = False) -> Row[Any] | None:
    """One pair, with the last decision about it; locked until the end of the transaction if asked."""
    lock = " for update of pair" if for_update else ""
    found = await connection.execute(text(f"select {_FIELDS} where pair.id = :id{lock}"), {"id": pair})
    return found.one_or_none()


async def decide(
    connection: AsyncConnection,
    pair: PairId,
    decision: Decision,
    *,
    reason: DifferentBecause | None = None,
    kept: MitraId | None = None,
    by: str,
    at: datetime,
) -> None:
    """Keep a decision about a pair whose row is locked."""
    await connection.execute(
        text(
            "insert into duplicate_decision (id, pair, decision, reason, kept, decided_by, decided_at)"
            " values (:id, :pair, :decision, :reason, :kept, :by, :at)"
        ),
        {
            "id": uuid4(),
            "pair": pair,
            "decision": decision.value,
            "reason": None if reason is None else reason.value,
            "kept": kept,
            "by": by,
            "at": at,
        },
    )
    if decision is Decision.REOPEN:
        change = "state = 'open', opened_at = clock_timestamp(), ended_at = null"
    else:
        state = "merged" if decision is Decision.MERGE else "different"
        change = f"state = '{state}', ended_at = clock_timestamp()"
    await connection.execute(text(f"update likely_duplicate set {change} where id = :id"), {"id": pair})  # noqa: S608


async def count_open(connection: AsyncConnection) -> Mapping[str, int]:
    """Open pairs by evidence."""
    rows = await connection.execute(
        text(
            "select evidence, count(*) as pairs from likely_duplicate where state = 'open' group by evidence"
        )
    )
    return {row.evidence: row.pairs for row in rows}

"""The pool of anonymous answer sheets, and the ids of submissions, which lead to no sheet."""

import json
from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.opinions import WaitingSheet
from mitra_shared.ids import AreaCode, CampaignId


class Pile(NamedTuple):
    """The sheets of one round and segment that wait."""

    campaign: CampaignId
    round: str
    constituency: AreaCode
    segment: AreaCode
    sheets: int


async def pool_once(
    connection: AsyncConnection,
    submission: UUID,
    pooled: UUID,
    campaign: CampaignId,
    sheet: WaitingSheet,
    day: date,
) -> None:
    """Put a sheet in the pool, unless its submission was pooled before."""
    await connection.execute(
        text(
            """
            with first as (
                insert into opinion_submission (id, day) values (:submission, :day)
                on conflict do nothing returning 1
            )
            insert into opinion_pool (id, campaign, round, constituency, segment, day, answers)
            select :pooled, :campaign, :round, :constituency, :segment, :day, cast(:answers as json)
            from first
            """
        ),
        {
            "submission": submission,
            "pooled": pooled,
            "campaign": campaign,
            "round": sheet.round,
            "constituency": sheet.constituency,
            "segment": sheet.segment,
            "day": day,
            "answers": json.dumps(sheet.answers, ensure_ascii=False),
        },
    )


async def piles(connection: AsyncConnection) -> list[Pile]:
    """How many sheets wait, by campaign, round and segment."""
    rows = await connection.execute(
        text(
            "select campaign, round, constituency, segment, count(*) from opinion_pool"
            " group by campaign, round, constituency, segment order by campaign, round, segment"
        )
    )
    return [Pile(*row) for row in rows]


async def take(
    connection: AsyncConnection, campaign: CampaignId, taken: Collection[Pile]
) -> list[WaitingSheet]:
    """Remove all sheets of some piles of one campaign from the pool."""
    rows = await connection.execute(
        text(
            """
            delete from opinion_pool using unnest(cast(:rounds as text[]), cast(:segments as text[]))
                as pile(round, segment)
            where opinion_pool.campaign = :campaign and opinion_pool.round = pile.round
                and opinion_pool.segment = pile.segment
            returning opinion_pool.round, constituency, opinion_pool.segment, cast(answers as text) as answers
            """
        ),
        {
            "campaign": campaign,
            "rounds": [pile.round for pile in taken],
            "segments": [pile.segment for pile in taken],
        },
    )
    return [
        WaitingSheet(row.round, row.constituency, row.segment, _answers(json.loads(row.answers)))
        for row in rows
    ]


def _answers(stored: Mapping[str, str | int | list[str]]) -> dict[str, str | int | tuple[str, ...]]:
    return {
        question: tuple(answer) if isinstance(answer, list) else answer for question, answer in stored.items()
    }


async def count_dropped(
    connection: AsyncConnection, campaign: CampaignId, dropped: Mapping[tuple[str, AreaCode], int]
) -> None:
    """Add to the counts of sheets that were too few to be let out."""
    await connection.execute(
        text(
            """
            insert into opinion_dropped as told (campaign, round, constituency, sheets)
            select :campaign, new.round, new.constituency, new.sheets
            from unnest(cast(:rounds as text[]), cast(:constituencies as text[]), cast(:sheets as integer[]))
                as new(round, constituency, sheets)
            on conflict (campaign, round, constituency) do update set sheets = told.sheets + excluded.sheets
            """
        ),
        {
            "campaign": campaign,
            "rounds": [round_id for round_id, _ in dropped],
            "constituencies": [constituency for _, constituency in dropped],
            "sheets": list(dropped.values()),
        },
    )


async def forget_submissions(connection: AsyncConnection, before: date, *, at_most: int) -> int:
    """Delete up to `at_most` submission ids of days before that one. Returns how many."""
    result = await connection.execute(
        text(
            """
            delete from opinion_submission where ctid = any(array(
                select ctid from opinion_submission where day < :before limit :at_most))
            """
        ),
        {"before": before, "at_most": at_most},
    )
    return result.rowcount

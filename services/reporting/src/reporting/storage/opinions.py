"""Keeping releases of opinions: what waits to be shown, and what was shown, block by block."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId
from reporting.domain.releases import Block, Due

_LOCK: Final = text("select pg_advisory_xact_lock(hashtext('releases of opinions'))")
_NOW: Final = text("select now()")
_LAST: Final = text(
    """
    select number, made_at, closing from opinion_release
    where campaign = :campaign and round = :round order by number desc limit 1
    """
)
_RELEASES: Final = text(
    """
    select round, number, made_at, closing from opinion_release where campaign = :campaign
    order by round, number
    """
)
_WAITING: Final = text(
    """
    select question, area, answer, cast(sum(sheets) as bigint) as sheets
    from (
        select question, area, answer, count as sheets from rollup_answer
        where campaign = :campaign and round = :round
        union all
        select question, area, answer, -counted from opinion_block
        where campaign = :campaign and round = :round
    ) as both_ways
    group by question, area, answer having sum(sheets) <> 0
    """
)
_RELEASED: Final = text(
    """
    insert into opinion_release (campaign, round, number, made_at, closing)
    values (:campaign, :round, :number, now(), :closing)
    """
)
_BLOCK: Final = text(
    """
    insert into opinion_block (campaign, round, area, question, release, answer, counted, shown)
    values (:campaign, :round, :area, :question, :release, :answer, :counted, :shown)
    """
)
_SHOWN: Final = text(
    """
    select area, question, answer, cast(sum(shown) as bigint) as shown from opinion_block
    where campaign = :campaign and round = :round and release <= :release
    group by area, question, answer
    """
)


class Released(NamedTuple):
    """A release as it was made."""

    round: str
    number: int
    made_at: datetime
    closing: bool


async def lock_releases(connection: AsyncConnection) -> datetime:
    """Make releases one at a time, until the transaction ends; the database's time."""
    await connection.execute(_LOCK)
    now: datetime = (await connection.execute(_NOW)).scalar_one()
    return now


async def last_release(
    connection: AsyncConnection, campaign: CampaignId, opinion_round: str
) -> Released | None:
    """The newest release of a round."""
    row = (await connection.execute(_LAST, {"campaign": campaign, "round": opinion_round})).one_or_none()
    return None if row is None else Released(opinion_round, row.number, row.made_at, row.closing)


async def releases(connection: AsyncConnection, campaign: CampaignId) -> list[Released]:
    """All releases of a campaign, by round and number."""
    rows = await connection.execute(_RELEASES, {"campaign": campaign})
    return [Released(row.round, row.number, row.made_at, row.closing) for row in rows]


async def waiting(
    connection: AsyncConnection, campaign: CampaignId, opinion_round: str
) -> dict[str, dict[AreaCode, dict[str, int]]]:
    """What was counted and is in no block: by question, area and answer.

    An area whose counts went below what was shown of it (a log was put back) is left out: it waits.
    """
    found: dict[str, dict[AreaCode, dict[str, int]]] = {}
    for row in await connection.execute(_WAITING, {"campaign": campaign, "round": opinion_round}):
        found.setdefault(row.question, {}).setdefault(row.area, {})[row.answer] = row.sheets
    return {
        question: {area: answers for area, answers in areas.items() if min(answers.values()) > 0}
        for question, areas in found.items()
    }


async def keep_release(
    connection: AsyncConnection,
    campaign: CampaignId,
    opinion_round: str,
    number: int,
    due: Due,
    blocks: Iterable[Block],
) -> None:
    """Write a release with its blocks; nothing of it is ever changed."""
    about = {"campaign": campaign, "round": opinion_round}
    await connection.execute(_RELEASED, {**about, "number": number, "closing": due.closing})
    rows = [
        {
            **about,
            "area": block.area,
            "question": block.question,
            "release": number,
            "answer": answer,
            "counted": counted,
            "shown": block.shown[answer],
        }
        for block in blocks
        for answer, counted in block.counted.items()
    ]
    if rows:
        await connection.execute(_BLOCK, rows)


async def shown_answers(
    connection: AsyncConnection, campaign: CampaignId, opinion_round: str, release: int
) -> dict[str, dict[AreaCode, dict[str, int]]]:
    """What the releases up to `release` show of each area itself: by question, area and answer."""
    found: dict[str, dict[AreaCode, dict[str, int]]] = {}
    asked = {"campaign": campaign, "round": opinion_round, "release": release}
    for row in await connection.execute(_SHOWN, asked):
        found.setdefault(row.question, {}).setdefault(row.area, {})[row.answer] = row.shown
    return found

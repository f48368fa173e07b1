"""Waiting until every consumer stands at the end of its logs, and what the logs say came of the day.

Reads the three databases through the role that only reads.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

_LOGS: Final = {
    "enrolment": "enrolment",
    "opinions": "enrolment",
    "staff": "enrolment",
    "certificates": "certificates",
    "custody": "certificates",
}
"""Topic -> service that keeps its log."""

_READS: Final = {
    "certificates": ("certificates", ("enrolment",)),
    "credentials": ("certificates", ("certificates",)),
    "reporting": ("reporting", ("enrolment", "certificates", "opinions", "custody")),
    "certificates-staff": ("certificates", ("staff",)),
    "reporting-staff": ("reporting", ("staff",)),
}
"""Consumer group -> service whose database keeps its positions, and topics it reads; upstream first."""

_MAY_BE_ABSENT: Final = frozenset({"credentials"})
"""Groups that are waited for only where they have run."""

LOOK_SECONDS: Final = 0.25


class NotSettled(Exception):
    """Consumers did not reach the end of the logs in time; the message says who lacks how many events."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the certificates service made of the day.

    Attributes:
        overflowed: segments whose quota is used up and that have had a waitlist.
        waiting: people who wait now.
        promoted: certificates issued to people who had waited.
    """

    issued: int
    revoked: int
    waiting: int
    promoted: int
    overflowed: int


async def _behind(engines: Mapping[str, AsyncEngine]) -> dict[str, int]:
    """Events that each reader still lacks, by 'group of topic'; upstream heads are read last."""
    lacking: dict[str, int] = {}
    for group, (service, topics) in _READS.items():
        for topic in topics:
            async with engines[service].connect() as connection:
                stands = await connection.execute(
                    text(
                        "select partition, position from consumer_position"
                        ' where "group" = :group and topic = :topic'
                    ),
                    {"group": group, "topic": topic},
                )
                positions = {row.partition: row.position for row in stands}
            if not positions and group in _MAY_BE_ABSENT:
                continue
            async with engines[_LOGS[topic]].connect() as connection:
                ends = await connection.execute(text(f"select partition, position from {topic}_head"))  # noqa: S608
                lacks = sum(max(0, row.position - positions.get(row.partition, 0)) for row in ends)
            if lacks:
                lacking[f"{group} of {topic}"] = lacks
    return lacking


async def settled(engines: Mapping[str, AsyncEngine], *, within: float) -> None:
    """Return once every reader stands at the end of every log it reads, twice in a row.

    Args:
        engines: of the three services' databases, by service; reading is enough.
        within: seconds to wait at most.

    Raises:
        NotSettled: the time is over.
    """
    deadline = monotonic() + within
    quiet = 0
    lacking: dict[str, int] = {}
    while monotonic() < deadline:
        try:
            lacking = await _behind(engines)
        except (SQLAlchemyError, OSError) as error:
            lacking = {f"database away ({type(error).__name__})": 1}
        quiet = 0 if lacking else quiet + 1
        if quiet > 1:
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise NotSettled(", ".join(f"{who} lacks {count:,} events" for who, count in lacking.items()))


async def outcome(certificates: AsyncEngine) -> Outcome:
    """Read the outcome from the certificates service's own log."""
    async with certificates.connect() as connection:
        row = (
            await connection.execute(
                text(
                    """
                    with happened as (
                        select replace(replace(type, 'Certificate', ''), 'V1', '') as what,
                               payload ->> 'segment' as segment,
                               payload ->> 'previous' = 'waitlisted' as had_waited
                        from certificates_log
                    )
                    select count(*) filter (where what = 'Issued') as issued,
                           count(*) filter (where what = 'Revoked') as revoked,
                           count(*) filter (where what = 'Waitlisted')
                             - count(*) filter (where what <> 'Waitlisted' and had_waited) as waiting,
                           count(*) filter (where what = 'Issued' and had_waited) as promoted,
                           count(distinct segment) filter (where what = 'Waitlisted') as overflowed
                    from happened
                    """
                )
            )
        ).one()
    return Outcome(row.issued, row.revoked, row.waiting, row.promoted, row.overflowed)

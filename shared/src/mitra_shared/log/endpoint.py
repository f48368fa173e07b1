"""The log over HTTP, for groups that are new, lagging, or unsure which branch they stand on.

`GET /v1/log/{topic}/{partition}?after=<epoch>-<position>&event_id=<id at that place>&limit=`. Services only.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.topics import PARTITIONS, Topic
from mitra_shared.http.problems import Problem, problem_responses
from mitra_shared.http.tokens import requires
from mitra_shared.ids import Epoch, Partition, Position
from mitra_shared.log.fork import declare_fork
from mitra_shared.log.pages import Head, LogEntry, entry_at, heads, pages_after
from mitra_shared.log.unit_of_work import unit_of_work
from mitra_shared.security.tokens import Role

MAX_PAGE = 5_000


def _as_json(entry: LogEntry) -> str:
    previous = f'"{entry.previous}"' if entry.previous else "null"
    return (
        f'{{"epoch":{entry.place.epoch},"position":{entry.place.position},"event_id":"{entry.event_id}",'
        f'"previous":{previous},"payload":{entry.payload}}}'
    )


def _diverged(topic: Topic, partition: Partition, head: Head) -> Problem:
    return Problem(
        "log-diverged",
        "That place is on a branch of the log that no longer exists",
        409,
        f"{topic.name} {partition} was restored to an earlier point or started again. Discard what came from "
        "this partition and read it again from 0-0.",
        epoch=head.epoch,
        position=head.position,
    )


async def _declare(engine: AsyncEngine, topic: Topic, partition: Partition, seen: Epoch) -> Head:
    """Begin a new epoch at the head: the caller has proof of another branch that we did not know of."""
    async with unit_of_work(engine) as unit:
        head = (await heads(unit.connection, topic))[partition]
        epoch = await declare_fork(unit.connection, topic, partition, fork=head.position, seen=seen)
    return head._replace(epoch=epoch)


def log_router(engine: AsyncEngine, *topics: Topic) -> APIRouter:
    """Routes that serve the logs of `topics` from `engine` to callers with a service token."""
    router = APIRouter(tags=["log"], dependencies=[Depends(requires(Role.SERVICE))])
    by_name = {topic.name: topic for topic in topics}

    @router.get("/v1/log/{topic}/{partition}", responses=problem_responses(401, 403, 404, 409, 422, 503))
    async def read_log(
        topic: str,
        partition: int,
        after: Annotated[str, Query(pattern=r"^\d{1,9}-\d{1,18}$", examples=["1-150"])] = "0-0",
        event_id: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1_000,
    ) -> Response:
        """Entries after a place, oldest first, and the head of the partition."""
        if topic not in by_name or not 0 <= partition < PARTITIONS:
            raise Problem(
                "unknown-log",
                "No such log",
                404,
                f"This service keeps {sorted(by_name)} with partitions 0 to {PARTITIONS - 1}.",
            )
        log, where = by_name[topic], Partition(partition)
        epoch, position = (int(part) for part in after.split("-"))
        async with engine.connect() as plain:
            # One snapshot: a log that is begun again meanwhile must not answer for a place of the old branch.
            connection = await plain.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            at = await entry_at(connection, log, where, Position(position)) if position else None
            page = (await pages_after(connection, log, {where: Position(position)}, limit))[where]
            head = (await heads(connection, log))[where]
        # The epoch counts even where the event is the same: a log that was replayed from its own source gives
        # the same ids, and what stood before an entry may be different.
        lost = at is None or at[0] != epoch or (event_id is not None and at[1] != event_id)
        if position and lost:
            if epoch >= head.epoch:
                head = await _declare(engine, log, where, Epoch(epoch))
            raise _diverged(log, where, head)
        entries = ",".join(map(_as_json, page.entries))
        return Response(
            f'{{"epoch":{head.epoch},"position":{head.position},"entries":[{entries}]}}',
            media_type="application/json",
        )

    return router

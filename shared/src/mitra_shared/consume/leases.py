"""Leases: who reads which partition. Only an optimisation; the compare-and-set on positions is the fence.

All locks of a process are advisory locks of one session, which the server ends when the process has been
silent for five seconds (stopped, or cut off), so that another takes over. Members share evenly by rank.
"""

from typing import Final
from uuid import UUID, uuid4
from zlib import crc32

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.contracts.topics import PARTITIONS, all_partitions
from mitra_shared.ids import Partition

log = get_logger(__name__)

SILENT_SECONDS: Final = 5
"""After so long without a sign the server ends the session, and members count as gone."""


def share_of(rank: int, members: int) -> int:
    """How many partitions the member of that rank (from 0) holds: 16 over three are 6, 5 and 5."""
    return PARTITIONS // members + (1 if rank < PARTITIONS % members else 0)


class Leases:
    """The partitions this process may read for a group.

    Attributes:
        member: identity of this process among the members.
        owned: the partitions held at the last renewal; empty when the session is gone.
        share: how many they ought to be; None when the session is gone.
    """

    def __init__(self, engine: AsyncEngine, group: str) -> None:
        self.member: UUID = uuid4()
        self.owned: frozenset[Partition] = frozenset()
        self.share: int | None = None
        self._url = engine.url
        self._group = group
        self._space = crc32(group.encode()) - 2**31
        self._session: asyncpg.Connection | None = None

    async def renew(self) -> frozenset[Partition]:
        """Show that this process lives, and take or give back partitions until it holds its share.

        Raises:
            OSError, TimeoutError, asyncpg errors: there is no session, and nothing is owned.
        """
        try:
            session = await self._open_session()
            await self._settle(session)
        except BaseException:
            self.drop()
            raise
        return self.owned

    def drop(self) -> None:
        """Give everything up at once; the server frees the locks with the session."""
        self.owned, self.share = frozenset(), None
        if self._session is not None:
            self._session.terminate()
            self._session = None

    async def leave(self) -> None:
        """Give everything up and say so, so that the others need not wait."""
        if self._session is not None and not self._session.is_closed():
            await self._session.execute(
                'delete from consumer_member where "group" = $1 and member = $2',
                self._group,
                self.member,
                timeout=2,
            )
        self.drop()

    async def _open_session(self) -> asyncpg.Connection:
        if self._session is None or self._session.is_closed():
            self.owned, self.share = frozenset(), None
            self._session = await asyncpg.connect(
                host=self._url.host,
                port=self._url.port,
                user=self._url.username,
                password=self._url.password,
                database=self._url.database,
                timeout=5,
                command_timeout=SILENT_SECONDS,
                server_settings={
                    "application_name": f"{self._group} leases",
                    "idle_session_timeout": f"{SILENT_SECONDS}s",
                    # Stopped between preparing and executing, a session does not count as idle.
                    "statement_timeout": f"{SILENT_SECONDS}s",
                    "tcp_keepalives_idle": "2",
                    "tcp_keepalives_interval": "1",
                    "tcp_keepalives_count": "3",
                },
            )
        return self._session

    async def _settle(self, session: asyncpg.Connection) -> None:
        members = await session.fetch(
            """
            with me as (
                insert into consumer_member ("group", member, seen_at) values ($1, $2, clock_timestamp())
                on conflict ("group", member) do update set seen_at = excluded.seen_at
            ), gone as (
                delete from consumer_member where "group" = $1
                  and seen_at < clock_timestamp() - make_interval(secs => $3 * 12) and member <> $2
            )
            select member from consumer_member
            where "group" = $1 and member <> $2
              and seen_at > clock_timestamp() - make_interval(secs => $3)
            """,
            self._group,
            self.member,
            float(SILENT_SECONDS),
        )
        ranks = sorted([*(row["member"] for row in members), self.member])
        rank = ranks.index(self.member)
        share = share_of(rank, len(ranks))
        held = sorted(self.owned)
        owned = set(held[:share])
        if held[share:]:
            await session.execute(
                "select pg_advisory_unlock($1, p) from unnest($2::int[]) as p", self._space, held[share:]
            )
        if len(owned) < share:
            offset = sum(share_of(r, len(ranks)) for r in range(rank))
            in_turn = sorted(all_partitions(), key=lambda partition: (partition - offset) % PARTITIONS)
            # One by one, and no further than the limit: a lock beyond it is never tried.
            taken = await session.fetch(
                "select p from unnest($2::int[]) as p where pg_try_advisory_lock($1, p) limit $3",
                self._space,
                [partition for partition in in_turn if partition not in owned],
                share - len(owned),
            )
            owned.update(Partition(row["p"]) for row in taken)
        if owned != self.owned:
            log.info("partitions", group=self._group, owned=sorted(owned), members=len(ranks))
        self.owned, self.share = frozenset(owned), share

"""The database alone keeps quotas: whoever writes, with whatever statement, however sessions interleave."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from tests.servers import Database

INSERT = """
    insert into certificate (id, partition, campaign, constituency, segment, pool, mitra_id, holder_name,
                             enrolled_at, enrolled_position, state, queue_position, serial, issued_at)
    select gen_random_uuid(), 0, 'c', 'C1', $1, $1, gen_random_uuid(), 'sealed', now(), n, $2, n,
           case when $2 = 'issued' then n end, case when $2 = 'issued' then now() end
    from generate_series($3::integer, $4::integer) as n
"""


@pytest_asyncio.fixture
async def session(certificates_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(certificates_database.url)
    await connection.execute(
        """
        insert into segment (partition, campaign, segment, constituency, state, pool)
        values (0, 'c', 'A', 'C1', 'S', 'A'), (0, 'c', 'B', 'C1', 'S', 'B');
        insert into pool (partition, campaign, area, quota, taken, ceiling)
        values (0, 'c', 'A', 3, 0, 3), (0, 'c', 'B', 3, 0, 3);
        """
    )
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def other(certificates_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(certificates_database.url)
    yield connection
    await connection.close()


async def write(
    session: asyncpg.Connection, first: int, last: int, *, area: str = "A", state: str = "issued"
) -> None:
    await session.execute(INSERT, area, state, first, last)


async def pools(session: asyncpg.Connection) -> dict[str, tuple[int, int]]:
    rows = await session.fetch("select area, taken, ceiling from pool")
    return {row["area"]: (row["taken"], row["ceiling"]) for row in rows}


async def test_more_than_the_quota_cannot_be_inserted(session: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="pool_not_oversold"):
        await write(session, 1, 4)
    await write(session, 1, 3)
    with pytest.raises(asyncpg.CheckViolationError, match="pool_not_oversold"):
        await write(session, 4, 4)
    assert await pools(session) == {"A": (3, 3), "B": (0, 3)}


async def test_a_waitlisted_certificate_cannot_be_updated_past_the_quota(session: asyncpg.Connection) -> None:
    await write(session, 1, 3)
    await write(session, 4, 5, state="waitlisted")
    with pytest.raises(asyncpg.CheckViolationError, match="pool_not_oversold"):
        await session.execute(
            "update certificate set state = 'issued', serial = enrolled_position, issued_at = now()"
        )
    with pytest.raises(asyncpg.CheckViolationError, match="pool_not_oversold"):
        await session.execute(
            "update certificate set state = 'issued', serial = 4, issued_at = now() where serial is null"
            " and enrolled_position = 4"
        )
    assert await pools(session) == {"A": (3, 3), "B": (0, 3)}


async def test_an_issued_certificate_cannot_be_moved_into_a_full_pool(session: asyncpg.Connection) -> None:
    await write(session, 1, 3)
    await write(session, 4, 4, area="B")
    with pytest.raises(asyncpg.CheckViolationError, match="pool_not_oversold"):
        await session.execute("update certificate set pool = 'A'")
    await session.execute("update certificate set pool = 'B' where enrolled_position = 1")
    assert await pools(session) == {"A": (2, 3), "B": (2, 3)}


async def test_one_statement_may_revoke_and_call(session: asyncpg.Connection) -> None:
    await write(session, 1, 3)
    await write(session, 4, 4, state="waitlisted")
    await session.execute(
        """
        update certificate
        set state = case enrolled_position when 1 then 'revoked' else 'issued' end,
            serial = enrolled_position, issued_at = now(),
            revoked_at = case enrolled_position when 1 then now() end,
            holder_name = case enrolled_position when 1 then null else holder_name end
        where enrolled_position in (1, 4)
        """
    )
    assert await pools(session) == {"A": (3, 3), "B": (0, 3)}


async def test_what_is_deleted_gives_its_place_back(session: asyncpg.Connection) -> None:
    await write(session, 1, 3)
    await write(session, 4, 5, state="waitlisted")
    await session.execute("delete from certificate where enrolled_position in (1, 2, 5)")
    assert await pools(session) == {"A": (1, 3), "B": (0, 3)}


async def test_two_sessions_that_take_the_last_place_do_not_both_get_it(
    session: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    await write(session, 1, 2)
    first, second = session.transaction(), other.transaction()
    await first.start()
    await second.start()
    await write(session, 3, 3)
    waiting = asyncio.create_task(write(other, 4, 4))
    await asyncio.sleep(0.2)
    assert not waiting.done(), "the second must wait for the first to decide"
    await first.commit()
    with pytest.raises(asyncpg.CheckViolationError, match="pool_not_oversold"):
        await waiting
    await second.rollback()
    assert await pools(session) == {"A": (3, 3), "B": (0, 3)}


async def test_the_second_gets_the_last_place_when_the_first_gives_up(
    session: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    await write(session, 1, 2)
    first = session.transaction()
    await first.start()
    await write(session, 3, 3)
    waiting = asyncio.create_task(write(other, 4, 4))
    await first.rollback()
    await waiting
    assert await pools(session) == {"A": (3, 3), "B": (0, 3)}


async def test_many_sessions_at_once_never_oversell(
    certificates_database: Database, session: asyncpg.Connection
) -> None:
    await session.execute("update pool set quota = 20, ceiling = 20 where area = 'A'")

    async def grab(start: int) -> int:
        connection = await asyncpg.connect(certificates_database.url)
        taken = 0
        for number in range(start, start + 10):
            try:
                await write(connection, number, number)
                taken += 1
            except asyncpg.CheckViolationError:
                pass
        await connection.close()
        return taken

    assert sum(await asyncio.gather(*(grab(n * 100 + 1) for n in range(4)))) == 20
    assert (await pools(session))["A"] == (20, 20)


async def test_the_last_number_of_a_segment_follows_whoever_gives_numbers(
    session: asyncpg.Connection,
) -> None:
    last = "select last_serial from segment order by segment"
    await write(session, 1, 2)
    await write(session, 3, 3, area="B", state="waitlisted")
    assert [row[0] for row in await session.fetch(last)] == [2, 0]
    await session.execute(
        "update certificate set state = 'issued', serial = 1, issued_at = now() where serial is null"
    )
    await session.execute("update certificate set revoked_at = now(), state = 'revoked', holder_name = null")
    assert [row[0] for row in await session.fetch(last)] == [2, 1]


async def test_after_a_lowered_quota_the_ceiling_only_falls(session: asyncpg.Connection) -> None:
    await write(session, 1, 3)
    await session.execute("update pool set quota = 1 where area = 'A'")
    await session.execute("delete from certificate where enrolled_position = 1")
    assert (await pools(session))["A"] == (2, 2)
    with pytest.raises(asyncpg.CheckViolationError, match="pool_not_oversold"):
        await write(session, 4, 4)
    await session.execute("delete from certificate")
    assert (await pools(session))["A"] == (0, 1)


async def test_a_ceiling_below_the_quota_is_refused(session: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="pool_ceiling_covers_quota"):
        await session.execute("update pool set quota = 4 where area = 'A'")


async def test_nothing_is_issued_from_a_pool_that_does_not_exist(session: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="pool that does not exist"):
        await write(session, 1, 1, area="Z")


async def test_a_number_or_a_mitra_cannot_appear_twice(session: asyncpg.Connection) -> None:
    await write(session, 1, 1)
    with pytest.raises(asyncpg.UniqueViolationError, match="certificate_number"):
        await write(session, 1, 1)
    await write(session, 2, 2, state="waitlisted")
    with pytest.raises(asyncpg.UniqueViolationError, match="certificate_of_mitra"):
        await session.execute(
            "update certificate set mitra_id = (select mitra_id from certificate where enrolled_position = 1)"
        )


@pytest.mark.parametrize(
    "change",
    [
        "state = 'lost'",
        "state = 'issued'",
        "serial = 9",
        "queue_position = null",
        "state = 'revoked'",
        "state = 'revoked', revoked_at = now()",
    ],
)
async def test_a_row_that_contradicts_its_state_is_refused(session: asyncpg.Connection, change: str) -> None:
    await write(session, 1, 1, state="waitlisted")
    with pytest.raises(asyncpg.CheckViolationError, match="certificate_state"):
        await session.execute(f"update certificate set {change}")  # noqa: S608 - ours

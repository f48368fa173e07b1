"""The desk and the log together: what was decided is decided again at its place, whatever the batches."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.commands.decide_at_desk import KeyOfAnotherRequest, PartitionReplaying
from certificates.commands.forget_partition import forget_partition
from certificates.consumers import apply
from certificates.domain.desk import (
    CorrectName,
    Decision,
    DeskRefusal,
    GrantPlace,
    NotEnoughPlaces,
    RaiseQuota,
    ReissueCertificate,
    ReservePlaces,
)
from certificates.storage.tables import GROUP
from certificates.wire import certificate_id_of
from mitra_shared.consume.feeding import Feed
from mitra_shared.consume.positions import Source, Standing, restart_partition
from mitra_shared.contracts.topics import ENROLMENT, partition_of
from mitra_shared.ids import AreaCode, Epoch, Position
from mitra_shared.log import Place, UnitOfWork, unit_of_work
from tests.certificates.conftest import Look
from tests.certificates.desk_stories import (
    DESK_STORIES,
    PROGRAMMES,
    DeskStory,
    Teller,
    ask,
    empty,
    forget,
    replay,
    told,
)
from tests.certificates.enrolment_log import KEY, EnrolmentLog, Entry, deliver, mitra, quotas
from tests.certificates.naive import NaiveOffice
from tests.certificates.stories import PARTITIONS

TOLD = """
    select type,
           coalesce(payload->>'mitra_id', payload->>'area'),
           cast(coalesce(payload->>'serial', payload->>'by', payload->>'places') as integer),
           case type when 'CertificateReissuedV1' then payload->>'void_serial'
                     when 'CertificateCorrectedV1' then payload->>'revision'
                     else coalesce(payload->>'previous', payload->>'programme') end
    from certificates_log where partition = :partition order by position
"""
ROWS = (
    "select * from certificate order by partition, enrolled_position",
    "select * from pool order by partition, area",
    "select * from reservation order by partition, area, programme",
    "select * from void_number order by segment, serial",
    "select * from segment order by partition, segment",
    """select partition, position, event_id, type, key, subject, occurred_at, cast(payload as text)
    from certificates_log order by partition, position""",
    """select id, number, after_position, kind, lapsed, holder_name, request, cast(outcome as text)
    from desk_entry order by number""",
)
HOME = partition_of("S11-PC04")
WAYANAD = AreaCode("S11-AC017")


async def everything(look: Look) -> list[Any]:
    return [await look(query) for query in ROWS]


def certificate(number: int) -> Any:
    return certificate_id_of(mitra(number), KEY)


# Without shrinking: on a database that takes minutes, and a story says enough as it is.
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(DESK_STORIES, st.lists(st.integers(1, 9), min_size=1, max_size=4))
async def test_any_story_is_as_a_naive_office_tells_it_and_the_same_when_replayed_in_any_batches(
    certificates_engine: AsyncEngine, look: Look, story: DeskStory, sizes: list[int]
) -> None:
    await empty(certificates_engine)
    log = told(story)
    teller = await live(certificates_engine, log, story[2])
    await the_naive_say_the_same(look, teller)
    before = await everything(look)
    await forget(certificates_engine, *PARTITIONS)
    await replay(certificates_engine, log, sizes)
    assert await everything(look) == before


async def live(engine: AsyncEngine, log: EnrolmentLog, decisions: Sequence[tuple[int, Any]]) -> Teller:
    """Deliver the log, and decide in between; the naive offices hear the same."""
    teller = Teller({partition: NaiveOffice(partition) for partition in PARTITIONS})
    positions: dict[Any, Any] = {}
    start = 0
    for number, (after, about) in enumerate(
        [*sorted(decisions, key=lambda d: d[0]), (len(log.entries), None)]
    ):
        batch = log.entries[start : max(start, after)]
        start = max(start, after)
        for event, place in batch:
            teller.offices[place.partition].hear(event, place.position)
            positions[place.partition] = place.position
        if batch:
            await deliver(engine, batch)
        asked = teller.tell(about, positions) if about else None
        if asked is None or partition_of(asked.constituency) not in positions:
            continue
        key = mitra(1_000 + number)
        if asked.possible:
            await ask(engine, asked.decision, asked.constituency, key=key)
        else:
            with pytest.raises(DeskRefusal):
                await ask(engine, asked.decision, asked.constituency, key=key)
    return teller


async def the_naive_say_the_same(look: Look, teller: Teller) -> None:
    for partition, naive in teller.offices.items():
        log = [
            (kind, str(whose), number, None if last is None else str(last))
            for kind, whose, number, last in naive.log
        ]
        assert await look(TOLD, partition=partition) == log
        assert await look(
            "select mitra_id, state, serial, revision, holder_name, language, pool from certificate"
            " where partition = :partition order by enrolled_position",
            partition=partition,
        ) == [
            (p.mitra, p.state, p.serial, p.revision, p.name, p.language, naive.pool(p)) for p in naive.people
        ]
        if naive.heard is None:
            continue
        assert await look(
            "select area, quota, taken, ceiling, raised, reserved from pool"
            " where partition = :partition order by area",
            partition=partition,
        ) == [
            (
                area,
                naive.quota(area),
                naive.taken(area),
                max(naive.quota(area), naive.taken(area)),
                naive.raised[area],
                naive.kept(area),
            )
            for area in naive.pools()
        ]
        assert await look(
            "select segment, serial from void_number where partition = :partition order by 1, 2",
            partition=partition,
        ) == sorted(naive.void)


async def a_segment_with_a_desk(log: EnrolmentLog, engine: AsyncEngine) -> None:
    """Two places and one more; 1 to 4 enrol, a place is raised, 1 gets a new number, 2 another name."""
    log.defined(goals=quotas(2))
    for number in (1, 2, 3, 4):
        log.enrolled(number)
    await log.deliver(engine)
    await ask(engine, RaiseQuota(WAYANAD, 1))
    await ask(engine, ReissueCertificate(certificate(1), 1))
    await ask(engine, CorrectName(certificate(2), "sealed again"))


def of_home(log: EnrolmentLog) -> list[Entry]:
    return [entry for entry in log.entries if entry[1].partition == HOME]


STANDING = "select state, serial, revision from certificate order by enrolled_position"


async def test_what_cannot_be_carried_out_again_lapses_and_the_rest_goes_on(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    await a_segment_with_a_desk(log, certificates_engine)
    assert await look(STANDING) == [
        ("issued", 4, 2), ("issued", 2, 2), ("issued", 3, 1), ("waitlisted", None, 1),
    ]  # fmt: skip
    await forget(certificates_engine, HOME)
    restored = [entry for entry in of_home(log) if getattr(entry[0], "mitra_id", None) != mitra(1)]
    await deliver(certificates_engine, restored)
    assert await look(STANDING) == [("issued", 1, 2), ("issued", 2, 1), ("issued", 3, 1)]
    assert await look("select kind, lapsed from desk_entry order by number") == [
        ("raise", None),
        ("reissue", "up to here there is no such certificate"),
        ("correct", None),
    ]
    assert await look("select holder_name from certificate where mitra_id = :m", m=mitra(2)) == [
        ("sealed again",)
    ]
    await forget(certificates_engine, HOME)
    await deliver(certificates_engine, of_home(log))
    assert await look("select distinct lapsed from desk_entry") == [(None,)]


async def test_what_was_decided_on_a_lost_branch_is_decided_where_the_new_one_begins(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    await a_segment_with_a_desk(log, certificates_engine)
    await forget(certificates_engine, HOME)
    kept, lost = of_home(log)[:4], of_home(log)[4]
    await deliver(certificates_engine, kept)
    assert await look("select count(*) from desk_entry where applied_at is null") == [(3,)]
    begins = lost[1]._replace(epoch=Epoch(2))
    await deliver(certificates_engine, [(lost[0], begins)])
    # The place that was raised went to 3 before 4 came, who waits again.
    assert await look(STANDING) == [
        ("issued", 4, 2), ("issued", 2, 2), ("issued", 3, 1), ("waitlisted", None, 1),
    ]  # fmt: skip
    assert await look("select count(*) from desk_entry where applied_at is null") == [(0,)]


async def test_what_was_decided_after_an_event_that_is_put_away_is_carried_out_all_the_same(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    await a_segment_with_a_desk(log, certificates_engine)
    await forget(certificates_engine, HOME)
    *before, put_away = of_home(log)
    await deliver(certificates_engine, before)
    await move_to(certificates_engine, put_away[1])
    assert await look("select count(*) from desk_entry where applied_at is null") == [(3,)]
    await ask(certificates_engine, RaiseQuota(WAYANAD, 2))
    assert await look("select count(*) from desk_entry where applied_at is null") == [(0,)]
    assert await look(STANDING) == [("issued", 4, 2), ("issued", 2, 2), ("issued", 3, 1)]
    log.enrolled(5)
    await deliver(certificates_engine, log.entries[-1:])
    assert (await look(STANDING))[3:] == [("issued", 5, 1)]


async def test_nothing_is_decided_while_a_partition_is_replayed(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(2))
    for number in (1, 2, 3):
        log.enrolled(number)
    await log.deliver(certificates_engine)
    stands = Standing(Epoch(1), Position(4), None, None)
    source = Source(ENROLMENT, HOME)
    async with unit_of_work(certificates_engine) as unit:
        await restart_partition(unit.connection, GROUP, HOME, {source: stands}, "a test")
        await forget_partition(unit, ENROLMENT, HOME)
    entries = of_home(log)
    await deliver(certificates_engine, entries[:2])
    # A place looks free that is not: the second has not been told of again.
    with pytest.raises(PartitionReplaying):
        await ask(certificates_engine, ReservePlaces(WAYANAD, PROGRAMMES[0], 1))
    assert await look("select count(*) from desk_entry") == [(0,)]
    await deliver(certificates_engine, entries[2:])
    with pytest.raises(NotEnoughPlaces):
        await ask(certificates_engine, ReservePlaces(WAYANAD, PROGRAMMES[0], 1))


async def test_the_desk_waits_for_a_batch_and_decides_after_it(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(1))
    log.enrolled(1)
    await log.deliver(certificates_engine)
    log.enrolled(2)
    event, place = log.entries[-1]
    async with unit_of_work(certificates_engine) as unit:
        await move_in(unit, place)
        asked = asyncio.create_task(ask(certificates_engine, RaiseQuota(WAYANAD, 1)))
        await asyncio.sleep(0.2)
        assert not asked.done()
        await apply([event], Feed(unit, [place]), KEY)
    assert (await asked).after == place
    assert await look(STANDING) == [("issued", 1, 1), ("issued", 2, 1)]


async def test_many_at_the_desk_and_a_consumer_at_work_end_as_a_replay_does(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(3))
    await log.deliver(certificates_engine)
    for number in range(40):
        log.enrolled(number, ["S11-AC017", "S11-AC018"][number % 2])
    waiting = iter(of_home(log)[1:])

    async def consume() -> None:
        for entry in waiting:
            await deliver(certificates_engine, [entry])

    async def decide(number: int) -> int:
        area = AreaCode(["S11-AC017", "S11-AC018"][number % 2])
        decision: Decision = RaiseQuota(area, 1)
        if number % 4 > 1:
            decision = ReservePlaces(area, PROGRAMMES[0], 1)
        try:
            await ask(certificates_engine, decision, key=mitra(1_000 + number))
        except NotEnoughPlaces:
            return 0
        return 1

    consuming = asyncio.create_task(consume())
    done = await asyncio.gather(*(decide(number) for number in range(24)))
    await consuming
    assert await look("select count(*) from desk_entry") == [(sum(done),)]
    assert await look("select count(*) from pool where taken + reserved > quota") == [(0,)]
    assert await look("select sum(raised) from pool") == [(12,)]
    before = await everything(look)
    await forget(certificates_engine, HOME)
    await deliver(certificates_engine, of_home(log))
    assert await everything(look) == before


async def test_a_key_decides_once_wherever_and_however_often_it_comes(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(1))
    await log.deliver(certificates_engine)
    key = mitra(1)
    asked = [ask(certificates_engine, RaiseQuota(WAYANAD, 1), key=key) for _ in range(4)]
    entries = await asyncio.gather(*asked)
    assert len({entry.number for entry in entries}) == 1
    assert await look("select raised from pool where area = 'S11-AC017'") == [(1,)]
    for area, home, request in (("S11-AC018", "S11-PC04", b"another"), ("S24-AC036", "S24-PC07", b"other")):
        with pytest.raises(KeyOfAnotherRequest):
            await ask(certificates_engine, RaiseQuota(AreaCode(area), 1), home, key=key, request=request)
    assert await look("select sum(raised) from pool") == [(1,)]


async def test_a_raised_quota_is_guarded_by_the_database_as_any_other(
    log: EnrolmentLog, certificates_engine: AsyncEngine
) -> None:
    log.defined(goals=quotas(1))
    for number in range(4):
        log.enrolled(number)
    await log.deliver(certificates_engine)
    await ask(certificates_engine, RaiseQuota(WAYANAD, 1))
    with pytest.raises(IntegrityError, match="pool_not_oversold"):
        async with certificates_engine.begin() as connection:
            await connection.execute(
                text(
                    "update certificate set state = 'issued', serial = 3, issued_at = now()"
                    " where mitra_id = :m"
                ),
                {"m": mitra(3)},
            )


async def test_a_granted_certificate_that_is_withdrawn_leaves_a_place_for_those_who_wait(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(2))
    log.enrolled(1)
    await log.deliver(certificates_engine)
    await ask(certificates_engine, ReservePlaces(WAYANAD, PROGRAMMES[0], 1))
    for number in (2, 3, 4):
        log.enrolled(number)
    await log.deliver(certificates_engine)
    await ask(certificates_engine, GrantPlace(certificate(4), PROGRAMMES[0]))
    log.withdrew(4)
    await log.deliver(certificates_engine)
    assert await look(STANDING) == [
        ("issued", 1, 1), ("issued", 3, 1), ("waitlisted", None, 1), ("revoked", 2, 1),
    ]  # fmt: skip
    assert await look("select taken, reserved from pool where area = 'S11-AC017'") == [(2, 0)]


async def test_places_of_a_constituency_lapse_when_the_quotas_move_to_segments(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(2))
    await log.deliver(certificates_engine)
    await ask(certificates_engine, RaiseQuota(WAYANAD, 3))
    await ask(certificates_engine, ReservePlaces(WAYANAD, PROGRAMMES[0], 2))
    log.defined(2, goals=quotas(2, "constituency"))
    await log.deliver(certificates_engine)
    pools = "select area, quota, raised, reserved from pool where partition = :p and raised + reserved > 0"
    assert await look(pools, p=HOME) == [("S11-PC04", 5, 3, 2)]
    assert await look("select area, places from reservation") == [("S11-PC04", 2)]
    log.defined(3, goals=quotas(2))
    await log.deliver(certificates_engine)
    assert await look(pools, p=HOME) == await look("select area, places from reservation") == []
    assert [row[:3] for row in await look(TOLD, partition=HOME)][2:] == [
        ("PlacesRaisedV1", "S11-AC017", -3),
        ("PlacesRaisedV1", "S11-PC04", 3),
        ("PlacesReservedV1", "S11-AC017", -2),
        ("PlacesReservedV1", "S11-PC04", 2),
        ("PlacesRaisedV1", "S11-PC04", -3),
        ("PlacesReservedV1", "S11-PC04", -2),
    ]


async def move_in(unit: UnitOfWork, place: Place) -> None:
    await unit.connection.execute(
        text(
            "update consumer_position set epoch = :epoch, position = :position"
            ' where "group" = :group and partition = :partition'
        ),
        {"group": GROUP, **place._asdict()},
    )


async def move_to(engine: AsyncEngine, place: Place) -> None:
    async with unit_of_work(engine) as unit:
        await move_in(unit, place)

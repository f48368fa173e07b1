"""The desk and the log together: what was decided is decided again at its place, whatever the batches."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.domain.desk import (
    DeskRefusal,
)
from certificates.wire import certificate_id_of
from mitra_shared.contracts.topics import partition_of
from mitra_shared.ids import AreaCode
from tests.certificates.conftest import Look
from tests.certificates.desk_stories import (
    DESK_STORIES,
    DeskStory,
    Teller,
    ask,
    empty,
    forget,
    replay,
    told,
)
from tests.certificates.enrolment_log import KEY, EnrolmentLog, deliver, mitra
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
            "select mitra_id, state, serial, revision, holder_name, pool from certificate"
            " where partition = :partition order by enrolled_position",
            partition=partition,
        ) == [(p.mitra, p.state, p.serial, p.revision, p.name, naive.pool(p)) for p in naive.people]
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

"""The handler on a real database: batches of the enrolment log become certificates and their log."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.commands.decide_certificates import CampaignNotDefined
from certificates.consumers import apply
from certificates.domain.register import MitraNotEnrolled, SegmentNotInCampaign
from certificates.wire import certificate_id_of
from mitra_shared.consume.feeding import Feed
from mitra_shared.contracts.codec import decode
from mitra_shared.contracts.events import CertificateIssuedV1
from mitra_shared.contracts.topics import CERTIFICATES
from mitra_shared.log import unit_of_work
from mitra_shared.security.lookup import KeyedHash
from tests.certificates.conftest import Look
from tests.certificates.enrolment_log import BEGIN, KEY, EnrolmentLog, deliver, mitra, quotas
from tests.certificates.naive import NaiveOffice
from tests.certificates.stories import PARTITIONS, STORIES, Story, tell

STANDING = "select state, serial from certificate order by partition, enrolled_position"
TOLD = """
    select type, cast(payload->>'mitra_id' as uuid), cast(payload->>'serial' as integer),
           coalesce(payload->>'previous', payload->>'revision')
    from certificates_log where partition = any(:partitions) order by partition, position
"""
ALL = list(range(16))


async def test_the_first_come_are_issued_and_the_next_wait(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined()
    for number in range(1, 6):
        log.enrolled(number)
    await log.deliver(certificates_engine)
    assert await look(STANDING) == [
        ("issued", 1), ("issued", 2), ("issued", 3), ("waitlisted", None), ("waitlisted", None),
    ]  # fmt: skip
    assert await look("select quota, taken, ceiling from pool where area = 'S11-AC017'") == [(3, 3, 3)]
    assert await look(TOLD, partitions=ALL) == [
        *(("CertificateIssuedV1", mitra(n), n, None) for n in (1, 2, 3)),
        *(("CertificateWaitlistedV1", mitra(n), None, None) for n in (4, 5)),
    ]


async def test_what_is_told_carries_the_instant_of_its_cause_and_derived_ids(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined()
    log.enrolled(1)
    await log.deliver(certificates_engine)
    ((payload, row_id),) = await look(
        "select cast(log.payload as text), certificate.id from certificates_log as log, certificate"
    )
    event = decode(CERTIFICATES, payload)
    assert isinstance(event, CertificateIssuedV1)
    assert event.certificate_id == row_id == certificate_id_of(mitra(1), KEY)
    assert event.certificate_id != certificate_id_of(
        mitra(1), KeyedHash(b"another key for certificates.....")
    )
    assert event.occurred_at == log.entries[-1][0].at > BEGIN
    assert event.event_id.version == 8
    assert "sealed name" not in payload


async def test_a_withdrawal_frees_the_place_in_one_transaction(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(1))
    for number in (1, 2, 3):
        log.enrolled(number)
    await log.deliver(certificates_engine)
    log.withdrew(1)
    log.withdrew(2)
    await log.deliver(certificates_engine)
    assert await look(STANDING) == [("revoked", 1), ("revoked", 2), ("issued", 3)]
    assert await look("select quota, taken, ceiling from pool where area = 'S11-AC017'") == [(1, 1, 1)]
    assert (await look(TOLD, partitions=ALL))[3:] == [
        ("CertificateRevokedV1", mitra(1), 1, "issued"),
        ("CertificateIssuedV1", mitra(2), 2, "waitlisted"),
        ("CertificateRevokedV1", mitra(2), 2, "issued"),
        ("CertificateIssuedV1", mitra(3), 3, "waitlisted"),
    ]
    assert await look("select mitra_id from certificate where holder_name is null") == [
        (mitra(1),),
        (mitra(2),),
    ]


async def test_a_number_that_became_void_is_not_given_again_by_a_later_batch(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined()
    for number in (1, 2):
        log.enrolled(number)
        log.withdrew(number)
        await log.deliver(certificates_engine)
    log.enrolled(3)
    await log.deliver(certificates_engine)
    assert await look(STANDING) == [("revoked", 1), ("revoked", 2), ("issued", 3)]


async def test_an_event_played_again_later_stands_where_the_log_has_it(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(1))
    for number in (1, 2, 3):
        log.enrolled(number)
    log.withdrew(1)
    put_away = next(entry for entry in log.entries if getattr(entry[0], "mitra_id", None) == mitra(2))
    withdrawal = log.entries.pop()
    log.entries.remove(put_away)
    await log.deliver(certificates_engine)
    async with unit_of_work(certificates_engine) as unit:
        entries = [put_away, withdrawal]
        await apply([event for event, _ in entries], Feed(unit, [place for _, place in entries]), KEY)
    assert await look(STANDING) == [("revoked", 1), ("issued", 2), ("waitlisted", None)]


async def test_a_lowered_quota_keeps_its_certificates_and_the_ceiling_comes_down_with_them(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    pool = "select quota, taken, ceiling from pool where area = 'S11-AC017'"
    log.defined(goals=quotas(3))
    for number in range(1, 5):
        log.enrolled(number)
    log.defined(2, goals=quotas(1))
    await log.deliver(certificates_engine)
    assert await look(pool) == [(1, 3, 3)]
    log.withdrew(1)
    await log.deliver(certificates_engine)
    assert await look(pool) == [(1, 2, 2)]
    log.withdrew(2)
    log.withdrew(3)
    await log.deliver(certificates_engine)
    assert await look(pool) == [(1, 1, 1)]
    assert await look(STANDING) == [("revoked", 1), ("revoked", 2), ("revoked", 3), ("issued", 4)]


async def test_quotas_may_move_to_another_level(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(2))
    for number, segment in enumerate(["S11-AC017", "S11-AC017", "S11-AC017", "S11-AC018", "S11-AC018"]):
        log.enrolled(number, segment)
    log.defined(2, goals=quotas(3, "constituency"))
    await log.deliver(certificates_engine)
    pools = """
        select area, quota, taken, ceiling from pool
        where area = 'S11-PC04' or area like 'S11-AC01_' order by area
    """
    assert await look(pools) == [("S11-PC04", 3, 4, 4)]
    assert await look("select distinct pool from certificate") == [("S11-PC04",)]
    log.defined(3, goals=quotas(3))
    await log.deliver(certificates_engine)
    assert await look(pools) == [
        ("S11-AC017", 3, 3, 3), ("S11-AC018", 3, 2, 3), ("S11-AC019", 3, 0, 3),
    ]  # fmt: skip


async def test_a_place_of_a_constituency_is_given_on_to_another_of_its_segments(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(1, "constituency"))
    log.enrolled(1, "S11-AC017")
    log.enrolled(2, "S11-AC018")
    await log.deliver(certificates_engine)
    log.withdrew(1, "S11-AC017")
    await log.deliver(certificates_engine)
    assert await look(STANDING) == [("revoked", 1), ("issued", 1)]


async def test_campaigns_do_not_share_anything(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    log.defined(goals=quotas(1))
    log.enrolled(1)
    log.defined(goals=quotas(1), id="other")
    log.enrolled(2, campaign="other")
    await log.deliver(certificates_engine)
    assert await look("select campaign, segment, serial from certificate order by campaign") == [
        ("other", "S11-AC017", 1), ("small", "S11-AC017", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"campaign": "unheard-of"}, CampaignNotDefined),
        ({"segment": "S11-AC999"}, SegmentNotInCampaign),
        ({"mitra_id": mitra(99)}, MitraNotEnrolled),
    ],
)
async def test_a_log_that_contradicts_itself_changes_nothing(
    log: EnrolmentLog,
    certificates_engine: AsyncEngine,
    look: Look,
    change: dict[str, Any],
    refusal: type[Exception],
) -> None:
    log.defined()
    await log.deliver(certificates_engine)
    log.enrolled(1)
    if "mitra_id" in change:
        log.withdrew(99)
    else:
        log.enrolled(2, **change)
    with pytest.raises(refusal):
        await log.deliver(certificates_engine)
    assert await look(STANDING) == []
    assert await look(TOLD, partitions=ALL) == []


async def test_a_mitra_of_another_partition_is_not_taken_for_known(
    log: EnrolmentLog, certificates_engine: AsyncEngine
) -> None:
    log.defined()
    log.enrolled(1, "S11-AC017")
    await log.deliver(certificates_engine)
    log.withdrew(1, "S24-AC036")
    with pytest.raises(MitraNotEnrolled):
        await log.deliver(certificates_engine)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STORIES, st.lists(st.integers(1, 9), min_size=1, max_size=4))
async def test_any_story_in_any_batches_ends_as_a_naive_reading_of_it(
    certificates_engine: AsyncEngine, look: Look, story: Story, sizes: list[int]
) -> None:
    await _empty(certificates_engine)
    log = tell(story)
    start, turn = 0, 0
    while start < len(log.entries):
        size = sizes[turn % len(sizes)]
        await deliver(certificates_engine, log.entries[start : start + size])
        start, turn = start + size, turn + 1
    for partition in PARTITIONS:
        naive = NaiveOffice(partition)
        for event, place in log.entries:
            if place.partition == partition:
                naive.hear(event, place.position)
        assert await look(TOLD, partitions=[partition]) == [
            (kind, who, number, None if last is None else str(last)) for kind, who, number, last in naive.log
        ]
        rows = await look(
            "select mitra_id, state, serial, pool, revision, holder_name, language from certificate"
            " where partition = :partition order by enrolled_position",
            partition=partition,
        )
        assert rows == [
            (p.mitra, p.state, p.serial, naive.pool(p), p.revision, p.name, p.language) for p in naive.people
        ]
        assert await look(
            "select mitra_id, queue_position from certificate"
            " where partition = :partition and state <> 'revoked' order by enrolled_position",
            partition=partition,
        ) == [(p.mitra, p.eligible) for p in naive.people if p.state != "revoked"]
        assert await look(
            "select area, quota, taken, ceiling from pool where partition = :partition order by area",
            partition=partition,
        ) == [
            (area, naive.quota(area), naive.taken(area), max(naive.quota(area), naive.taken(area)))
            for area in naive.pools()
        ]


async def _empty(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("truncate certificate, pool, segment, campaign, certificates_log"))
        await connection.execute(text("update certificates_head set position = 0, epoch = 1, floor = 0"))

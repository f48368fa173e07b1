"""Whatever way events arrive, the rollups are what a recount of them gives."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, Topic
from mitra_shared.ids import AreaCode, Partition
from reporting.domain.counting import difference
from reporting.mirror import Mirror
from tests.factories import ROUND, small_campaign
from tests.reporting.field import DAY, START, Field, source_of
from tests.reporting.recounting import (
    assert_cells,
    recount,
    recount_rounds,
    stored_days,
    stored_totals,
    totals_of,
)


async def empty(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "truncate rollup_total, rollup_day, rollup_recruiter, rollup_fieldwork, rollup_round,"
                " rollup_answer, campaign_known, places_beside, round_open, consumer_position"
            )
        )
        await connection.execute(text("update rollup_version set version = 0"))


def interleaved(data: st.DataObject, events: Sequence[Event]) -> list[list[Event]]:
    """The events in any order that keeps each partition of each topic in its own, cut into any batches."""
    queues: dict[tuple[str, Partition], list[Event]] = {}
    for event in events:
        queues.setdefault((event.topic.name, source_of(event)), []).append(event)
    batches: list[list[Event]] = []
    while queues:
        batch: list[Event] = []
        for source in data.draw(st.lists(st.sampled_from(sorted(queues)), min_size=1, unique=True)):
            size = data.draw(st.integers(1, 12))
            batch += queues[source][:size]
            del queues[source][:size]
            if not queues[source]:
                del queues[source]
        batches.append(batch)
    return batches


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), length=st.integers(1, 60), data=st.data())
async def test_any_interleaving_and_batching_gives_what_a_recount_gives(
    reporting_engine: AsyncEngine, seed: int, length: int, data: st.DataObject
) -> None:
    await empty(reporting_engine)
    field = Field(reporting_engine, seed=seed)
    events = field.history(length)
    definition_comes_after, round_opens_after = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))
    mirror = Mirror(reporting_engine)
    for number, batch in enumerate(interleaved(data, events)):
        if number == definition_comes_after:
            await field.apply(field.defined())
        if number == round_opens_after:
            await field.open_round(ROUND)
        await field.apply(batch)
        if data.draw(st.booleans()):
            await mirror.refresh()
    expected = recount(events)
    assert await stored_days(reporting_engine) == expected
    assert await stored_totals(reporting_engine) == totals_of(expected)
    await assert_cells(reporting_engine, events)
    await field.apply(field.defined())
    await field.open_round(ROUND)
    await mirror.refresh()
    nation = mirror.boards[field.campaign.id].rollup(mirror.boards[field.campaign.id].root.code).counts
    of_all = Counter[str]()
    decided = Counter[str]()
    papers = {step: Counter[str]() for step in ("printed", "dispatched", "handed_over")}
    for (_, area, metric), count in totals_of(expected).items():
        of_all[metric] += count
        if metric.startswith("custody:"):
            papers[metric.removeprefix("custody:")][area] += count
        if metric in {"certificates:decided", "certificates:never_decided"}:
            decided[area] += count
    issued = sum(min(count, 3) for count in decided.values())
    assert nation[:4] == (of_all["enrolled"], issued, sum(decided.values()) - issued, of_all["opinions"])
    shown = [sum(min(of[area], decided[area], 3) for area in of) for of in papers.values()]
    told = [of_all[f"programmes:{figure}"] for figure in ("held", "presented", "beneficiaries", "attendance")]
    assert nation[4:11] == (*shown, *told)
    of_round = [counts for (_, one, _), counts in recount_rounds(events).items() if one == ROUND]
    assert nation[11:] == (
        of_all["outreach:meetings"],
        of_all["outreach:people_met"],
        ROUND,
        sum(attempted for attempted, _ in of_round),
        sum(reached for _, reached in of_round),
        of_all["enrolled"],
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), topic=st.sampled_from([ENROLMENT, OPINIONS, CERTIFICATES, CUSTODY]))
async def test_what_is_forgotten_and_replayed_is_as_it_was(
    reporting_engine: AsyncEngine, seed: int, topic: Topic
) -> None:
    await empty(reporting_engine)
    field = Field(reporting_engine, seed=seed)
    events = field.history(40)
    await field.apply(field.defined())
    await field.apply(events)
    mirror = Mirror(reporting_engine)
    await mirror.refresh()
    partition = source_of(events[0])

    def is_forgotten(event: Event) -> bool:
        return event.topic == topic and source_of(event) == partition

    await field.forget(topic, partition)
    rest = [event for event in events if not is_forgotten(event)]
    assert await stored_days(reporting_engine) == recount(rest)
    assert await stored_totals(reporting_engine) == totals_of(recount(rest))
    await assert_cells(reporting_engine, rest)

    again = [event for event in events if is_forgotten(event)]
    definitions = field.defined()[partition : partition + 1] if topic == ENROLMENT else []
    await field.apply([*definitions, *again[::2], *again[1::2]])
    assert await stored_days(reporting_engine) == recount(events)
    assert await stored_totals(reporting_engine) == totals_of(recount(events))
    await assert_cells(reporting_engine, events)

    fresh = Mirror(reporting_engine)
    await fresh.refresh()
    await mirror.refresh()
    codes = field.campaign.by_code
    followed, read_anew = mirror.boards[field.campaign.id], fresh.boards[field.campaign.id]
    assert [followed.rollup(c).counts for c in codes] == [read_anew.rollup(c).counts for c in codes]


async def test_a_correction_counts_on_its_day_and_leaves_the_day_of_the_enrolment(
    field: Field, reporting_engine: AsyncEngine
) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017", schemes=["PMUY", "PMAY-G"])])
    later = field.corrected(
        "S11-AC017", ["PMAY-G", "PM-KISAN"], ["PMUY", "PMAY-G"], START + timedelta(days=2)
    )
    name_alone = later.model_copy(update={"schemes": None})
    await field.apply([later, name_alone])
    schemes = {
        (day, metric): count
        for (_, day, area, metric), count in (await stored_days(reporting_engine)).items()
        if area == "S11-PC04"
    }
    assert schemes == {
        (DAY, "scheme:PMUY"): 1,
        (DAY, "scheme:PMAY-G"): 1,
        (DAY + timedelta(days=2), "scheme_added:PM-KISAN"): 1,
        (DAY + timedelta(days=2), "scheme_removed:PMUY"): 1,
    }


async def test_a_day_ends_at_midnight_in_india(field: Field, reporting_engine: AsyncEngine) -> None:
    late = START.replace(hour=18, minute=29, second=59)
    await field.apply(
        [field.enrolled("S11-AC017", late), field.enrolled("S11-AC017", late + timedelta(seconds=1))]
    )
    days = await stored_days(reporting_engine)
    assert days["small", DAY, "S11-AC017", "enrolled"] == 1
    assert days["small", DAY + timedelta(days=1), "S11-AC017", "enrolled"] == 1


async def test_an_older_definition_does_not_replace_a_newer_one(
    field: Field, reporting_engine: AsyncEngine
) -> None:
    newer = small_campaign(version=2, target_date=date(2035, 1, 1))
    await field.apply([*field.defined(newer), *field.defined(small_campaign(version=1))])
    await field.apply(field.defined(small_campaign(version=1)))
    mirror = Mirror(reporting_engine)
    await mirror.refresh()
    assert mirror.boards[newer.id].definition == newer


async def test_a_raised_goal_shows_in_every_area_it_adds_to(
    field: Field, reporting_engine: AsyncEngine
) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017")])
    mirror = Mirror(reporting_engine)
    await mirror.refresh()
    before = mirror.boards[field.campaign.id].rollup(AreaCode("S11"))
    goals = [goal.model_dump() for goal in field.campaign.goals]
    raised = [{**goal, "number": 20} if goal["level"] == "constituency" else goal for goal in goals]
    await field.apply(field.defined(small_campaign(version=2, goals=raised)))
    await mirror.refresh()
    after = mirror.boards[field.campaign.id].rollup(AreaCode("S11"))
    assert before.target is not None
    assert after.target is not None
    assert (before.target.number, after.target.number) == (20, 40)
    assert after.counts.enrolled == 1
    assert after.version > before.version


async def test_an_area_outside_the_definition_is_counted_and_kept_out_of_the_sums(
    field: Field, reporting_engine: AsyncEngine
) -> None:
    stranger = field.enrolled("S11-AC017").model_copy(update={"segment": "S11-AC099"})
    await field.apply([*field.defined(), stranger, field.enrolled("S11-AC017")])
    mirror = Mirror(reporting_engine)
    await mirror.refresh()
    board = mirror.boards[field.campaign.id]
    assert board.rollup(board.root.code).counts.enrolled == 1
    assert board.unplaced[AreaCode("S11-AC099")].enrolled == 1


def test_a_batch_names_each_cell_once() -> None:
    field = Field()
    events = [field.enrolled("S11-AC017", basis="admirer") for _ in range(500)]
    change = difference((Partition(3), event) for event in events)
    assert len(change.days) == 2
    assert set(change.days.values()) == {500}


async def test_versions_follow_the_order_of_commits(field: Field, reporting_engine: AsyncEngine) -> None:
    seen = []
    mirror = Mirror(reporting_engine)
    for _ in range(5):
        await field.apply([field.enrolled("S11-AC017"), field.opinion("S11-AC017")])
        await mirror.refresh()
        seen.append(mirror.version)
    assert seen == sorted(set(seen))

"""Outreach: one report for each member of staff, day and segment, and events that add up to it."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import (
    CONSTITUENCY,
    ELSEWHERE,
    SEGMENT,
    IntakeApi,
    TestClock,
    count,
    heads_match_log,
    load,
    logged,
    rows,
    running_api,
    token,
)
from tests.enrolment.staff_world import problem
from tests.factories import small_campaign

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
ANOTHER = token(f"{CONSTITUENCY}/co-in-charge-08")
IN_CHARGE = token(f"{CONSTITUENCY}/in-charge", Role.IN_CHARGE)


async def put(
    api: IntakeApi,
    meetings: Any = 2,
    people_met: Any = 85,
    *,
    day: date | str = TODAY,
    segment: str = SEGMENT,
    bearer: str | None = None,
) -> httpx.Response:
    return await api.client.put(
        f"/v1/outreach/{day}/{segment}",
        json={"meetings": meetings, "people_met": people_met},
        headers={"Authorization": f"Bearer {bearer or token()}"},
    )


async def told(engine: AsyncEngine) -> list[tuple[Any, Any]]:
    """Figures and what they replace, event by event."""
    return [(event["figures"], event["previous"]) for event in await logged(engine, "enrolment", REPORTED)]


REPORTED = "OutreachReportedV1"


@pytest.fixture
def at_noon() -> TestClock:
    return TestClock(NOON)


async def test_a_report_is_kept_and_told_with_its_day_segment_and_member_of_staff(
    campaign_engine: AsyncEngine, at_noon: TestClock
) -> None:
    async with running_api(campaign_engine, clock=at_noon) as api:
        answer = await put(api)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "day": "2026-11-23",
            "segment": SEGMENT,
            "staff": f"{CONSTITUENCY}/co-in-charge-07",
            "meetings": 2,
            "people_met": 85,
            "reported_at": "2026-11-23T06:30:00Z",
        },
    )
    (event,) = await logged(campaign_engine, "enrolment", REPORTED)
    del event["event_id"]
    assert event == {
        "type": REPORTED,
        "campaign": "small",
        "occurred_at": "2026-11-23T06:30:00Z",
        "constituency": CONSTITUENCY,
        "segment": SEGMENT,
        "staff": f"{CONSTITUENCY}/co-in-charge-07",
        "day": "2026-11-23",
        "figures": {"meetings": 2, "people_met": 85},
        "previous": None,
    }
    assert await heads_match_log(campaign_engine, "enrolment")


async def test_the_same_figures_again_tell_nothing_and_others_tell_what_they_replace(
    campaign_engine: AsyncEngine, at_noon: TestClock
) -> None:
    async with running_api(campaign_engine, clock=at_noon) as api:
        first = await put(api, 2, 85)
        at_noon.now += timedelta(hours=1)
        again = await put(api, 2, 85)
        assert again.json() == first.json()
        corrected = await put(api, 3, 85)
        assert (corrected.json()["meetings"], corrected.json()["reported_at"]) == (3, "2026-11-23T07:30:00Z")
        assert (await put(api, 0, 0)).json()["meetings"] == 0
        assert (await put(api, 0, 0)).status_code == 200
    steps = [{"meetings": m, "people_met": p} for m, p in ((2, 85), (3, 85), (0, 0))]
    assert await told(campaign_engine) == [(steps[0], None), (steps[1], steps[0]), (steps[2], steps[1])]
    (kept,) = await rows(campaign_engine, "select meetings, people_met, reports from outreach_report")
    assert tuple(kept) == (0, 0, 3)


async def test_reports_of_one_day_that_come_at_once_end_in_one_truth_whose_events_add_up(
    campaign_engine: AsyncEngine,
) -> None:
    sent = [(number % 5, number) for number in range(1, 13)]
    async with running_api(campaign_engine) as one, running_api(campaign_engine) as other:
        today = (datetime.now(UTC) + timedelta(hours=5, minutes=30)).date()
        answers = await asyncio.gather(
            *(put((one, other)[n % 2], *did, day=today) for n, did in enumerate(sent))
        )
    assert {answer.status_code for answer in answers} == {200}
    chain = await told(campaign_engine)
    assert [previous for _, previous in chain] == [None, *(figures for figures, _ in chain[:-1])]
    (kept,) = await rows(campaign_engine, "select meetings, people_met, reports from outreach_report")
    assert (chain[-1][0], len(chain)) == ({"meetings": kept.meetings, "people_met": kept.people_met}, 12)
    assert kept.reports == 12


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"segment": "S11-AC999"}, (422, "unknown-segment", "segment")),
        ({"segment": ELSEWHERE}, (403, "segment-outside-area", "segment")),
        ({"day": "2026-11-24"}, (422, "day-not-reported", "day")),
        ({"day": "2026-10-22"}, (422, "day-not-reported", "day")),
        ({"day": "yesterday"}, (422, "invalid-request", "day")),
        ({"meetings": 0, "people_met": 0}, (422, "nothing-to-report", "meetings")),
        ({"meetings": 51}, (422, "invalid-request", "meetings")),
        ({"people_met": 10_001}, (422, "invalid-request", "people_met")),
        ({"meetings": -1}, (422, "invalid-request", "meetings")),
        ({"meetings": True}, (422, "invalid-request", "meetings")),
        ({"people_met": 2.5}, (422, "invalid-request", "people_met")),
        ({"meetings": None}, (422, "invalid-request", "meetings")),
    ],
    ids=str,
)
async def test_what_cannot_be_so_is_refused_with_what_would_be_right(
    campaign_engine: AsyncEngine, at_noon: TestClock, given: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    async with running_api(campaign_engine, clock=at_noon) as api:
        answer = await put(api, **given)
    (error,) = answer.json()["errors"]
    assert (*problem(answer), error["field"]) == expected
    assert error["expected"]
    assert await count(campaign_engine, "outreach_report") == 0
    assert await logged(campaign_engine, "enrolment", REPORTED) == []


async def test_days_are_those_of_india_from_the_first_of_the_campaign_to_thirty_one_back(
    enrolment_engine: AsyncEngine, at_noon: TestClock
) -> None:
    await load(enrolment_engine, small_campaign(starts_on=date(2026, 11, 1), rounds=[]))
    async with running_api(enrolment_engine, clock=at_noon) as api:
        early = await put(api, day=date(2026, 10, 31))
        assert early.json()["errors"][0]["expected"] == "a day from 2026-11-01 to 2026-11-23 in India"
        assert (await put(api, day=date(2026, 11, 1))).status_code == 200
        # Half past midnight of the 24th in India, still the 23rd in Greenwich.
        at_noon.now = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
        assert (await put(api, day=date(2026, 11, 24))).status_code == 200
        at_noon.now = datetime(2026, 10, 1, tzinfo=UTC)
        before = await put(api, day=date(2026, 10, 1))
        assert before.json()["errors"][0]["message"] == "The campaign has not begun."


async def test_staff_read_their_own_reports_and_the_in_charge_those_of_the_constituency(
    campaign_engine: AsyncEngine, at_noon: TestClock
) -> None:
    rampur = token("S24-PC07/in-charge", Role.IN_CHARGE, "S24-PC07")
    async with running_api(campaign_engine, clock=at_noon) as api:
        for bearer, segment in ((token(), SEGMENT), (ANOTHER, SEGMENT), (rampur, ELSEWHERE)):
            for day in (TODAY, TODAY - timedelta(days=31)):
                assert (await put(api, day=day, segment=segment, bearer=bearer)).status_code == 200
        own = (await api.get("/v1/outreach")).json()
        assert {report["staff"] for report in own["reports"]} == {f"{CONSTITUENCY}/co-in-charge-07"}
        assert ([report["day"] for report in own["reports"]], own["next"]) == (
            ["2026-10-23", "2026-11-23"],
            None,
        )
        everybody = (await api.get("/v1/outreach", bearer=IN_CHARGE)).json()["reports"]
        assert [(report["day"], report["staff"][-2:]) for report in everybody] == [
            ("2026-10-23", "07"),
            ("2026-10-23", "08"),
            ("2026-11-23", "07"),
            ("2026-11-23", "08"),
        ]
        one_day = await api.get("/v1/outreach?from=2026-11-23&to=2026-11-23", bearer=IN_CHARGE)
        assert one_day.json()["reports"] == everybody[2:]
        seen = []
        pages: list[str | None] = [""]
        while (after := pages[-1]) is not None:
            page = (await api.get(f"/v1/outreach?limit=3&after={after}", bearer=IN_CHARGE)).json()
            seen += page["reports"]
            pages.append(page["next"])
        assert len(pages) == 3
        assert seen == everybody


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-11-24", "from"),
        ("from=2026-08-01&to=2026-11-01", "from"),
        ("to=never", "to"),
        ("after=somewhere", "after"),
        ("limit=0", "limit"),
    ],
)
async def test_a_list_that_cannot_be_given_is_refused(
    campaign_engine: AsyncEngine, at_noon: TestClock, query: str, field: str
) -> None:
    async with running_api(campaign_engine, clock=at_noon) as api:
        answer = await api.get(f"/v1/outreach?{query}")
    assert problem(answer) == (422, "invalid-request")
    assert answer.json()["errors"][0]["field"] == field

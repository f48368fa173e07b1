"""Contacts, outreach, attendance and topics as they are read: by area, round, day and staff, and on pages."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.database import create_engine
from mitra_shared.security.tokens import Role
from reporting.domain.contact_rounds import Stage, round_open_on, stage_of
from reporting.domain.disclosure import FEWER, NOT_CLOSED, TOO_FINE
from reporting.exports.forms import Form
from reporting.publisher import Publisher
from tests.factories import small_campaign
from tests.reporting.field import DAY, START, Field
from tests.reporting.reporting_api import ReportingApi, running_api, token
from tests.reporting.test_exports import taken
from tests.reporting.test_publisher import AREAS, end_of, entries, newest
from tests.servers import Databases

NOW = START + timedelta(days=10)
TODAY = DAY + timedelta(days=10)
IN_CHARGE = token(Role.IN_CHARGE, "S11-PC04")
CONTACTS = ("contacts_round", "contacts_attempted", "contacts_reached", "contacts_due")
FORM = Form.PARQUET
TOPICS = {"housing": "Housing", "water": "Drinking water", "roads": "Roads"}


def rounds(*dates: tuple[date, date]) -> list[dict[str, Any]]:
    """Rounds of these first and last days, `round-1` first."""
    (first,) = small_campaign().rounds
    return [
        first.model_dump() | {"id": f"round-{n}", "opens_on": opens, "closes_on": closes}
        for n, (opens, closes) in enumerate(dates, 1)
    ]


def visiting_campaign() -> Field:
    """A round that is over, one that is open, and one to come; and topics."""
    far = date(2036, 1, 1)
    days = (
        (DAY, DAY + timedelta(days=4)),
        (DAY + timedelta(days=5), far),
        (far + timedelta(days=1), far + timedelta(days=9)),
    )
    topics = [{"id": topic, "name": {"en": name}} for topic, name in TOPICS.items()]
    return Field(campaign=small_campaign(rounds=rounds(*days), topics=topics))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worked(databases: Databases, session_redis_url: str) -> AsyncIterator[ReportingApi]:
    """Ten days of field work, the second round open; only read from."""
    database = await databases.make("reporting")
    field = visiting_campaign()
    field.engine = create_engine(database.url, application="tests", pool_size=5)
    people = [field.enrolled("S11-AC017", START + timedelta(days=n % 10)) for n in range(20)]
    people += [field.enrolled("S11-AC033")]
    report = field.outreach("S11-AC018", 2, 60, recruiter=7)
    first = field.discussed("S11-PC04", 200, {"housing": 30, "water": 14})
    later = DAY + timedelta(days=6)
    done = [
        field.contacted("S11-AC017", 9, 5, DAY + timedelta(days=1)),
        field.contacted("S11-AC017", 6, 4, later, contact_round="round-2"),
        field.contacted("S11-AC017", 3, 1, later, recruiter=2, contact_round="round-2"),
        field.contacted("S24-AC036", 8, 8, later, contact_round="round-2"),
        report,
        field.outreach("S11-AC018", 3, 45, report, recruiter=7),
        first,
        field.discussed("S11-PC04", 190, {"housing": 30, "water": 12, "roads": 9}, first),
        field.discussed("S11-PC04", 80, {"housing": 3, "water": 20}, day=later),
    ]
    await field.apply([*field.defined(), *people, *done])
    await field.open_round("round-2")
    redis = Redis.from_url(session_redis_url)
    async with running_api(field.engine, redis, now=lambda: NOW) as api:
        await api.caught_up()
        yield api
    await redis.aclose()
    await field.engine.dispose()
    await databases.drop(database)


def some(area: dict[str, Any], *names: str) -> list[Any]:
    return [area[name] for name in names]


async def rollup(api: ReportingApi, area: str) -> dict[str, Any]:
    answer = await api.get(f"/v1/rollups/{area}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["rollup"]
    return found


async def test_contacts_of_the_open_round_stand_beside_everybody_who_is_due(worked: ReportingApi) -> None:
    shown = {area: some(await rollup(worked, area), *CONTACTS) for area in ("S11-AC017", "S11", "S24", "IN")}
    assert shown == {
        "S11-AC017": ["round-2", 9, 5, 20],
        "S11": ["round-2", 9, 5, 21],
        "S24": ["round-2", 8, 8, 0],
        "IN": ["round-2", 17, 13, 21],
    }


async def test_a_corrected_report_replaces_the_one_before(worked: ReportingApi) -> None:
    figures = ("meetings_held", "people_met", "programmes_attendance")
    assert some(await rollup(worked, "S11-PC04"), *figures) == [3, 45, 270]
    assert some(await rollup(worked, "S11-AC018"), *figures) == [3, 45, None]
    assert some(await rollup(worked, "S24"), *figures) == [0, 0, 0]


async def test_every_round_is_told_with_those_who_were_due_by_its_end(worked: ReportingApi) -> None:
    answer = (await worked.get("/v1/rounds?level=state")).json()
    told = {each["round"]: each for each in answer["rounds"]}
    kerala = {name: some(each["areas"][0], "attempted", "reached", "due") for name, each in told.items()}
    assert [each["stage"] for each in answer["rounds"]] == ["closed", "open", "to come"]
    assert kerala == {"round-1": [9, 5, 11], "round-2": [9, 5, 21], "round-3": [0, 0, None]}
    assert answer["positions"]["enrolment"]
    own = (await worked.get("/v1/rounds", as_token=IN_CHARGE)).json()
    assert [area["area"] for area in own["rounds"][0]["areas"]] == ["S11-PC04"]
    below = (await worked.get("/v1/rounds?parent=S11-PC04")).json()
    assert {area["level"] for area in below["rounds"][0]["areas"]} == {"segment"}
    assert (await worked.get("/v1/rounds?parent=S24", as_token=IN_CHARGE)).status_code == 403
    assert (await worked.get("/v1/rounds?parent=S99")).status_code == 404


async def test_days_tell_contacts_once_they_are_closed_and_topics_from_ten_up(worked: ReportingApi) -> None:
    path = f"/v1/rollups/S11-PC04/days?from={DAY}&to={TODAY}"
    days = {day["day"]: day for day in (await worked.get(path)).json()["days"]}
    first, later, today = (days[str(DAY + timedelta(days=n))] for n in (0, 6, 10))
    assert (later["contacts_attempted"]["value"], later["contacts_reached"]["value"]) == (9, 5)
    assert today["contacts_attempted"] == {"value": None, "reason": NOT_CLOSED}
    assert (first["meetings_held"]["value"], first["people_met"]["value"]) == (3, 45)
    assert (first["programmes_attendance"]["value"], later["programmes_attendance"]["value"]) == (190, 80)
    assert {topic: first["topics"][topic] for topic in TOPICS} == {
        "housing": {"value": 30, "reason": None},
        "water": {"value": 12, "reason": None},
        "roads": {"value": None, "reason": FEWER},
    }
    segment = (await worked.get(f"/v1/rollups/S11-AC017/days?from={DAY}&to={DAY}")).json()["days"][0]
    assert segment["programmes_attendance"] == {"value": None, "reason": TOO_FINE}
    assert {figure["reason"] for figure in segment["topics"].values()} == {TOO_FINE}


async def test_an_in_charge_sees_the_field_work_of_each_of_the_staff(worked: ReportingApi) -> None:
    answer = await worked.get(f"/v1/recruiters?from={DAY}&to={TODAY}", as_token=IN_CHARGE)
    work = ("enrolled", "contacts_attempted", "contacts_reached", "meetings_held", "people_met")
    shown = {each["recruiter"][-2:]: each for each in answer.json()["recruiters"]}
    assert {name: some(each, *work) for name, each in shown.items()} == {
        "01": [20, 15, 9, 0, 0],
        "02": [0, 3, 1, 0, 0],
        "07": [0, 0, 0, 3, 45],
    }
    assert some(shown["07"]["days"][0], "meetings_held", "people_met") == [3, 45]
    assert some(shown["01"]["days"][6], *work) == [2, 6, 4, 0, 0]


async def test_exports_carry_field_work(worked: ReportingApi) -> None:
    areas = {row["area"]: row for row in (await taken(worked, "areas?level=constituency", FORM)).rows}
    for area, row in areas.items():
        shown = await rollup(worked, area)
        figures = (*CONTACTS, "meetings_held", "people_met", "programmes_attendance")
        assert some(row, *figures) == some(shown, *figures)
    days = (await taken(worked, f"days?level=constituency&from={DAY}&to={DAY}", FORM)).rows
    first = next(row for row in days if row["area"] == "S11-PC04")
    assert some(first, "meetings_held", "programmes_attendance", "topic_housing") == [3, 190, 30]
    assert some(first, "topic_roads", "topic_roads_why_hidden") == [None, FEWER]
    segments = (await taken(worked, f"days?level=segment&from={DAY}&to={DAY}", FORM)).rows
    assert not any(name.startswith("topic_") for name in segments[0])
    staff = (await taken(worked, "recruiters", FORM, IN_CHARGE)).rows
    assert [some(row, "segment", "enrolled", "people_met") for row in staff if row["people_met"]] == [
        ["S11-AC018", 0, 45]
    ]
    by_day = (await taken(worked, f"recruiter-days?from={DAY}&to={TODAY}", FORM, IN_CHARGE)).rows
    assert sum(row["contacts_attempted"] for row in by_day) == 18


async def test_pages_show_contacts_outreach_attendance_and_topics(worked: ReportingApi) -> None:
    page = (await worked.get("/areas/S11-PC04", as_token=IN_CHARGE)).text
    for figure, value in (("contacts_reached", 5), ("contacts_due", 20), ("contacts_attempted", 9)):
        assert f'data-count="{figure}">{value}<' in page
    for figure, value in (("meetings_held", 3), ("people_met", 45), ("programmes_attendance", 270)):
        assert f'data-count="{figure}">{value}<' in page
    assert "What people spoke about" in page
    # 30 of the first day; the 3 of the other are withheld, so they are in no sum.
    assert '<th scope="row">Housing</th><td class="number">30</td>' in page.replace("\n", "")
    assert "Roads" not in page
    assert "co-in-charge-07" in page
    segment = (await worked.get("/areas/S11-AC018")).text
    assert 'data-count="people_met">45<' in segment
    assert "What people spoke about" not in segment
    assert "programmes_attendance" not in segment
    days = (await worked.get("/areas/S11/days")).text
    assert "Drinking water" in days
    assert "Housing" not in days, "its only figure of the week is withheld"


async def test_while_no_round_is_open_nobody_is_due(field: Field, api: ReportingApi) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017"), field.contacted("S11-AC017", 3, 2)])
    await api.caught_up()
    assert some(await rollup(api, "S11-AC017"), *CONTACTS) == [None] * 4
    assert "data-round" not in (await api.get("/")).text


async def test_a_correction_whose_report_was_put_away_leaves_nothing_below_zero(
    field: Field, api: ReportingApi, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    report = field.outreach("S11-AC017", 5, 60)
    talk = field.discussed("S11-PC04", 200, {"water": 30})
    corrections = [
        field.outreach("S11-AC017", 1, 10, report),
        field.discussed("S11-PC04", 20, {"water": 11}, talk),
    ]
    await field.apply([*field.defined(), *corrections])
    await api.caught_up()
    figures = ("meetings_held", "people_met", "programmes_attendance")
    assert some(await rollup(api, "S11-PC04"), *figures) == [0, 0, 0]
    day = (await api.get(f"/v1/rollups/S11-PC04/days?from={DAY}&to={DAY}")).json()["days"][0]
    assert [day[figure]["value"] for figure in figures] == [0, 0, 0]
    assert await Publisher(reporting_engine, redis).publish() == AREAS
    (staff,) = (await api.get("/v1/recruiters", as_token=IN_CHARGE)).json()["recruiters"]
    assert (staff["meetings_held"], staff["people_met"]) == (0, 0)
    await field.apply([report, talk])
    await api.caught_up()
    assert some(await rollup(api, "S11-PC04"), *figures) == [1, 10, 20]


async def test_a_round_that_opens_is_news_of_every_area_in_stream_and_feed(
    field: Field, api: ReportingApi, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    today = datetime.now(UTC).date()
    open_now = rounds((today - timedelta(days=9), today - timedelta(days=3)), (today, today + timedelta(9)))
    field.campaign = small_campaign(rounds=open_now)
    publisher = Publisher(reporting_engine, redis)
    await field.apply([*field.defined(), field.contacted("S11-AC017", 3, 2, contact_round="round-1")])
    assert await publisher.publish() == AREAS
    await field.open_round("round-1")
    await api.caught_up()
    async with api.events() as events:
        before = (await anext(events)).areas
        assert some(before["S11"], *CONTACTS) == ["round-1", 3, 2, 0]
        assert await publisher.publish() == AREAS
        async for event in events:
            if event.kind != "freshness":
                assert event.kind == "snapshot"
                assert some(event.areas["S11"], *CONTACTS) == ["round-2", 0, 0, 0]
                break
    assert {each.contacts_round for each in newest(await entries(redis)).values()} == {"round-2"}
    assert await publisher.publish() == 0
    last = await end_of(redis)
    await field.apply([field.contacted("S11-AC017", 4, 1, contact_round="round-2")])
    assert await publisher.publish() == 4
    news = newest(await entries(redis, str(last)))
    assert (news["IN"].contacts_attempted, news["IN"].contacts_reached) == (4, 1)
    await field.apply([field.contacted("S11-AC017", 4, 1, contact_round="round-1")])
    assert await publisher.publish() == 0


def test_of_several_open_rounds_the_one_that_opened_last_is_shown() -> None:
    campaign = small_campaign(rounds=rounds((DAY, TODAY), (DAY + timedelta(1), TODAY - timedelta(1))))
    assert round_open_on(campaign, DAY - timedelta(1)) is None
    assert round_open_on(campaign, DAY) == "round-1"
    assert round_open_on(campaign, DAY + timedelta(1)) == "round-2"
    assert round_open_on(campaign, TODAY) == "round-1"
    first = campaign.rounds[0]
    stages = [stage_of(first, day) for day in (DAY - timedelta(1), DAY, TODAY, TODAY + timedelta(1))]
    assert stages == [Stage.TO_COME, Stage.OPEN, Stage.OPEN, Stage.CLOSED]

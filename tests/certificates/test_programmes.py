"""Programmes: planned, held, and reported with what was counted and what is told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.events import (
    DiscussionFigures,
    ProgrammeDiscussedV1,
    ProgrammeFigures,
    ProgrammeReportedV1,
)
from mitra_shared.security.tokens import Role
from tests.certificates.enrolment_log import quotas
from tests.certificates.papers import CO_IN_CHARGE, IN_CHARGE, OPERATOR, Office, keyed, office_on, slug, staff

HELD_ON = date(2026, 11, 20)
PLAN = {"kind": "discussion", "place": "Town hall, Kalpetta", "held_on": str(HELD_ON)}


@pytest_asyncio.fixture
async def office(certificates_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_on(certificates_engine, tmp_path) as office:
        yield office


async def plan(
    office: Office, caller: dict[str, str] = IN_CHARGE, key: str | None = None, **changes: Any
) -> httpx.Response:
    return await office.api.post("/v1/programmes", json=PLAN | changes, headers={**caller, **keyed(key)})


async def planned(office: Office, **changes: Any) -> str:
    answer = await plan(office, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def present(office: Office, programme: str, *serials: int) -> None:
    records = [
        {
            "record": str(uuid4()),
            "code": f"S11-AC017-{serial:04d}",
            "at": "2026-11-20T10:00:00Z",
            "programme": programme,
        }
        for serial in serials
    ]
    answer = await office.post("/v1/hand-overs", {"records": records}, CO_IN_CHARGE)
    assert {each["outcome"] for each in answer.json()["outcomes"]} == {"handed_over"}


async def test_a_programme_is_planned_and_seen_by_the_staff_of_its_constituency(office: Office) -> None:
    first = (await plan(office)).json()
    assert first | {"id": ""} == PLAN | {
        "id": "", "campaign": "small", "constituency": "S11-PC04", "planned_by": "S11-PC04/in-charge",
        "handed_over": 0, "reported": None,
    }  # fmt: skip
    later = await planned(office, held_on="2026-11-22")
    listed = (await office.api.get("/v1/programmes", headers=CO_IN_CHARGE)).json()["programmes"]
    assert [each["id"] for each in listed] == [later, first["id"]]
    stranger = staff(area="S24-PC07")
    assert (await office.api.get("/v1/programmes", headers=stranger)).json() == {"programmes": []}
    answer = await office.api.get(f"/v1/programmes/{later}", headers=stranger)
    assert (answer.status_code, slug(answer)) == (404, "programme-unknown")


async def test_the_same_key_plans_one_programme(office: Office) -> None:
    answers = await asyncio.gather(*(plan(office, key="launch-in-kalpetta") for _ in range(4)))
    assert len({answer.text for answer in answers}) == 1
    other = await plan(office, key="launch-in-kalpetta", place="Library")
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")


async def test_a_report_counts_the_presented_and_may_be_corrected(office: Office) -> None:
    await office.issue(5)
    programme = await planned(office)
    await present(office, programme, 1, 2, 3)
    first = await office.post(f"/v1/programmes/{programme}/report", {"beneficiaries": 40})
    assert first.json()["reported"] | {"at": ""} == {
        "presented": 3, "beneficiaries": 40, "attendance": None, "topics": {},
        "by": "S11-PC04/in-charge", "at": "",
    }  # fmt: skip
    assert (
        await office.post(f"/v1/programmes/{programme}/report", {"beneficiaries": 40})
    ).json() == first.json()
    await present(office, programme, 4)
    assert (await office.api.get(f"/v1/programmes/{programme}", headers=IN_CHARGE)).json()["handed_over"] == 4
    await office.post(f"/v1/programmes/{programme}/report", {"beneficiaries": 38})
    reports = [each for each in await office.told() if isinstance(each, ProgrammeReportedV1)]
    before, after = [ProgrammeFigures(presented=n, beneficiaries=m) for n, m in ((3, 40), (4, 38))]
    assert [(each.previous, each.figures) for each in reports] == [(None, before), (before, after)]
    assert {(each.programme, each.kind, each.held_on) for each in reports} == {
        (UUID(programme), "discussion", HELD_ON)
    }
    assert len({each.event_id for each in reports}) == 2


async def test_reports_sent_at_once_follow_one_another(office: Office) -> None:
    programme = await planned(office)
    await asyncio.gather(
        *(
            office.post(f"/v1/programmes/{programme}/report", {"beneficiaries": number % 3})
            for number in range(9)
        )
    )
    figures = None
    for report in await office.told():
        assert isinstance(report, ProgrammeReportedV1)
        assert report.previous == figures
        assert report.figures != figures
        figures = report.figures


async def test_a_programme_is_not_reported_before_its_day(office: Office) -> None:
    tomorrow = datetime.now(ZoneInfo("Asia/Kolkata")).date() + timedelta(days=2)
    programme = await planned(office, held_on=str(tomorrow))
    answer = await office.post(f"/v1/programmes/{programme}/report", {"beneficiaries": 1})
    assert (answer.status_code, slug(answer)) == (409, "programme-not-held")
    assert await office.told() == []


@pytest.mark.parametrize(
    "caller",
    [CO_IN_CHARGE, OPERATOR, staff(Role.HEADQUARTERS, None), staff(Role.STATE_COORDINATOR, "S11")],
    ids=["co-in-charge", "operator", "headquarters", "state"],
)
async def test_only_the_in_charge_plans_and_reports(office: Office, caller: dict[str, str]) -> None:
    programme = await planned(office)
    assert slug(await plan(office, caller)) == "forbidden"
    report = await office.post(f"/v1/programmes/{programme}/report", {"beneficiaries": 1}, caller)
    assert slug(report) == "forbidden"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "rally"}, "kind"),
        ({"place": " "}, "place"),
        ({"place": "x" * 121}, "place"),
        ({"place": "Asha is a Hindu and votes for the party"}, "place"),
        ({"place": "Hall, of, Ward, 4, Kalpetta"}, "place"),
        ({"place": "Town hall, ask Ravi 98470 12345"}, "place"),
        ({"place": "Town hall, ९८४७०१२३४५"}, "place"),
        ({"place": "Town hall\nKalpetta"}, "place"),
        ({"place": "12, 14"}, "place"),
        ({"held_on": "20-11-2026"}, "held_on"),
        ({"religion": "any"}, "religion"),
    ],
)
async def test_what_is_wrong_with_a_plan_is_named(office: Office, changes: Any, field: str) -> None:
    answer = await plan(office, **changes)
    assert slug(answer) == "invalid-request"
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("  Town   hall,Kalpetta ", "Town hall,Kalpetta"),
        ("St. Mary's U.P. School (ground), Sulthan Bathery 673592", None),
        ("राजकीय इंटर कॉलेज मैदान, मुरादाबाद", None),
        ("گورنمنٹ اسکول، بارہمولہ", None),
    ],
)
async def test_a_place_is_named_in_any_script(office: Office, place: str, kept: str | None) -> None:
    answer = await plan(office, place=place)
    assert (answer.status_code, answer.json()["place"]) == (201, kept or place)


@pytest.mark.parametrize("beneficiaries", [-1, 1_000_001, "many", None])
async def test_a_report_without_a_sensible_number_is_refused(office: Office, beneficiaries: Any) -> None:
    programme = await planned(office)
    answer = await office.post(f"/v1/programmes/{programme}/report", {"beneficiaries": beneficiaries})
    assert (answer.status_code, slug(answer)) == (422, "invalid-request")


TOPICS = [{"id": topic, "name": {"en": topic, "hi": topic}} for topic in ("housing", "health-cover")]


async def discussed(office: Office) -> str:
    """A programme in a campaign with topics, of which something is told."""
    office.log.defined(2, goals=quotas(1_000), topics=TOPICS)
    await office.sign()
    programme = await planned(office)
    told = {"beneficiaries": 40, "attendance": 90, "topics": {"housing": 12, "health-cover": 5}}
    answer = await office.post(f"/v1/programmes/{programme}/report", told)
    assert answer.status_code == 200, answer.text
    return programme


async def told_of_discussions(office: Office) -> list[ProgrammeDiscussedV1]:
    return [each for each in await office.told() if isinstance(each, ProgrammeDiscussedV1)]


async def test_attendance_and_topics_are_told_and_each_correction_with_what_it_replaces(
    office: Office,
) -> None:
    programme = await discussed(office)
    path = f"/v1/programmes/{programme}"
    seen = (await office.api.get(path, headers=CO_IN_CHARGE)).json()["reported"]
    assert (seen["attendance"], seen["topics"]) == (90, {"housing": 12, "health-cover": 5})
    again = {"beneficiaries": 40, "attendance": 90, "topics": {"health-cover": 5, "housing": 12}}
    assert (await office.post(f"{path}/report", again)).json()["reported"] == seen
    corrected = await office.post(f"{path}/report", again | {"topics": {"housing": 13}})
    assert corrected.json()["reported"]["topics"] == {"housing": 13}
    assert corrected.json()["reported"]["at"] > seen["at"]
    first, second = await told_of_discussions(office)
    before = DiscussionFigures(attendance=90, topics={"housing": 12, "health-cover": 5})
    after = DiscussionFigures(attendance=90, topics={"housing": 13})
    assert [(each.previous, each.figures) for each in (first, second)] == [(None, before), (before, after)]
    assert (first.programme, first.held_on, first.constituency) == (UUID(programme), HELD_ON, "S11-PC04")
    # What was not corrected is not told again, and the figures of a report come first.
    kinds = [type(each) for each in await office.told()]
    assert kinds == [ProgrammeReportedV1, ProgrammeDiscussedV1, ProgrammeDiscussedV1]
    assert len({each.event_id for each in await office.told()}) == 3


async def test_a_client_that_knows_nothing_of_topics_leaves_them_as_they_are(office: Office) -> None:
    programme = await discussed(office)
    answer = await office.post(f"/v1/programmes/{programme}/report", {"beneficiaries": 41})
    reported = answer.json()["reported"]
    assert (reported["beneficiaries"], reported["attendance"]) == (41, 90)
    assert reported["topics"] == {"housing": 12, "health-cover": 5}
    assert len(await told_of_discussions(office)) == 1
    cleared = await office.post(
        f"/v1/programmes/{programme}/report", {"beneficiaries": 41, "attendance": 91, "topics": {}}
    )
    assert (cleared.json()["reported"]["attendance"], cleared.json()["reported"]["topics"]) == (91, {})


@pytest.mark.parametrize(
    ("told", "field", "expected"),
    [
        ({"attendance": 39}, "beneficiaries", "at most the attendance, 39"),
        ({"beneficiaries": 91}, "beneficiaries", "at most the attendance, 90"),
        ({"topics": {"housing": 41}}, "topics.housing", "at most the beneficiaries, 40"),
        ({"beneficiaries": 11}, "topics.housing", "at most the beneficiaries, 11"),
        ({"topics": {"religion": 3}}, "topics", "topics of the campaign: health-cover, housing"),
        ({"topics": {"religion": 41}}, "topics", "topics of the campaign: health-cover, housing"),
        ({"topics": {"housing": 0}}, "topics.housing", "at least 1"),
        ({"attendance": 1_000_001}, "attendance", "at most 1000000"),
    ],
    ids=str,
)
async def test_a_discussion_that_cannot_have_been_so_is_refused(
    office: Office, told: dict[str, Any], field: str, expected: str
) -> None:
    programme = await discussed(office)
    answer = await office.post(f"/v1/programmes/{programme}/report", {"beneficiaries": 40} | told)
    assert (answer.status_code, slug(answer)) == (422, "invalid-request")
    (error,) = answer.json()["errors"]
    assert (error["field"], error["expected"]) == (field, expected)
    assert len(await office.told()) == 2


async def test_a_campaign_without_topics_takes_none_and_topics_need_an_attendance(office: Office) -> None:
    programme = await planned(office)
    path = f"/v1/programmes/{programme}/report"
    answer = await office.post(path, {"beneficiaries": 4, "topics": {"housing": 2}})
    assert [(error["field"], error["expected"]) for error in answer.json()["errors"]] == [
        ("topics", "none: the campaign has no topics"),
        ("attendance", "how many people came"),
    ]
    assert await office.told() == []
    assert (await office.post(path, {"beneficiaries": 4, "attendance": 9})).status_code == 200
    (event,) = await told_of_discussions(office)
    assert event.figures == DiscussionFigures(attendance=9, topics={})


async def test_a_topic_that_a_later_version_dropped_stays_where_it_was_told(office: Office) -> None:
    programme = await discussed(office)
    office.log.defined(3, goals=quotas(1_000), topics=TOPICS[:1])
    await office.sign()
    path = f"/v1/programmes/{programme}/report"
    same = {"beneficiaries": 40, "attendance": 95, "topics": {"housing": 12, "health-cover": 5}}
    assert (await office.post(path, same)).status_code == 200
    await office.post(path, same | {"topics": {"housing": 12}})
    refused = await office.post(path, same)
    assert refused.json()["errors"][0]["expected"] == "topics of the campaign: housing"

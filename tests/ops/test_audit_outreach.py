"""Outreach is broken in every way the audit claims to see, and it says which."""

import pytest

from tests.ops.broken import Breakable, Broken, assert_found, sql
from tests.ops.campaign_world import World

DIFFERS = "outreach differs from the last report of it"
CORRECTIONS = "type = 'OutreachReportedV1' and payload::jsonb -> 'previous' <> 'null'"


def outreach(name: str, says: str, statement: str) -> Broken:
    return Broken(name, sql("enrolment", statement, corrections=CORRECTIONS), "outreach", says)


OUTREACH = [
    outreach("more people met", DIFFERS, "update outreach_report set people_met = people_met + 1"),
    outreach("fewer reports", DIFFERS, "update outreach_report set reports = reports - 1 where reports > 1"),
    outreach(
        "a report in another constituency", DIFFERS, "update outreach_report set constituency = 'S11-PC06'"
    ),
    outreach(
        "a report that nobody told",
        "outreach that was reported is not in the log",
        "update outreach_report set staff = 'somebody else'",
    ),
    outreach(
        "a report that the log made up",
        "the log tells of outreach that nobody reported",
        "delete from outreach_report where segment = 'S11-AC017'",
    ),
    outreach(
        "a correction of something else",
        "a report of outreach does not replace the one before it",
        "update enrolment_log set payload = jsonb_set(payload::jsonb, '{previous}', 'null')::json"
        " where {corrections}",
    ),
    outreach(
        "a correction that corrects nothing",
        "a report of outreach changes nothing",
        "update enrolment_log set payload ="
        " jsonb_set(payload::jsonb, '{figures}', payload::jsonb -> 'previous')::json where {corrections}",
    ),
]


@pytest.mark.parametrize("broken", OUTREACH, ids=str)
async def test_what_is_wrong_with_outreach_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def test_sound_outreach_is_told_in_numbers(world: World) -> None:
    report = await world.audit()
    assert report.clean, report.findings
    (check,) = [check for check in report.checks if check.name == "outreach"]
    assert check.numbers == {"reports": 2, "meetings": 3, "people met": 97}

"""Custody is broken in every way the audit claims to see, and it says which."""

import pytest

from tests.ops.broken import Breakable, Broken, assert_found, sql
from tests.ops.campaign_world import World

DIFFER = "hand-overs and their log differ"
OTHERWISE = "a sheet is marked otherwise than its log tells"
UNCOUNTED = "a sheet does not count the papers that it was the first for"
PROGRAMME = "a programme differs from the last report of it"
DISCUSSION = "a discussion differs from what was told of it last"

_COPY = (
    "insert into custody_log select partition, position + 100, epoch, gen_random_uuid(), type, key, subject,"
    " occurred_at, traceparent, jsonb_set(payload::jsonb, '{sheet}', to_jsonb(gen_random_uuid()))::json"
    " from custody_log where type = '{type}' limit 1"
)


def custody(name: str, says: str, *statements: str, **words: str) -> Broken:
    return Broken(name, sql("certificates", *statements, **words), "custody", says)


CUSTODY = [
    custody(
        "a certificate on two sheets",
        "a certificate is on two sheets without a reason",
        "drop index sheet_member_once",
        "insert into sheet_member (sheet, place, credential, reprint)"
        " select s.id, 99, m.credential, false from sheet_member as m"
        " join print_sheet as s on s.id <> m.sheet and s.reason is null where not m.reprint limit 1",
    ),
    custody(
        "a sheet that hides that it is a reprint",
        "a page contradicts whether its sheet is a reprint",
        "update print_sheet set reason = null where reason is not null",
    ),
    custody(
        "a sheet without one of its pages",
        "a sheet has other pages than it counts",
        "update print_sheet set count = count + 1 where reason is not null",
    ),
    custody(
        "a page of another segment",
        "a certificate is on a sheet of another segment",
        "update print_sheet set segment = 'S11-AC018' where reason is not null",
    ),
    custody(
        "a sheet that was sent at another time", OTHERWISE,
        "update print_sheet set dispatched_at = dispatched_at + interval '1 s' where dispatched > 0",
    ),
    custody(
        "a sheet that was printed and is not told of",
        "a marked sheet is not in the log",
        "update print_sheet set dispatched_at = printed_at, dispatched_by = 'x', dispatched = 1"
        " where dispatched is null and reason is null",
    ),
    custody(
        "a sheet that the log made up",
        "the log tells of a sheet that is not marked so",
        _COPY,
        type="CertificatesPrintedV1",
    ),
    custody(
        "a paper nobody printed", UNCOUNTED,
        "update custody set printed_sheet = (select id from print_sheet where reason is not null)"
        " where credential in (select credential from sheet_member where reprint)",
    ),
    custody(
        "a lost paper", UNCOUNTED,
        "delete from custody where dispatched_at is null",
    ),
    custody(
        "a paper of a sheet it was never on",
        "a paper was not on the sheet that it is said to be of",
        "update sheet_member set rendered = false where not reprint",
    ),
    custody("a lost hand-over", DIFFER, "delete from hand_over where programme is null"),
    custody("a hand-over at another time", DIFFER, "update hand_over set recorded_at = now()"),
    custody(
        "a hand-over without its programme", DIFFER,
        "update hand_over set programme = null where programme is not null",
    ),
    custody(
        "a hand-over that the log made up", DIFFER,
        _COPY,
        type="CertificateHandedOverV1",
    ),
    custody(
        "a paper in another segment",
        "a paper stands in another segment than its certificate",
        "update custody set segment = 'S11-AC018'",
    ),
    custody(
        "a programme of others",
        "a certificate was handed over at a programme of others",
        "update programme set constituency = 'S11-PC06'",
    ),
    custody("a programme with more guests", PROGRAMME, "update programme set beneficiaries = 999"),
    custody("a programme with fewer reports", PROGRAMME, "update programme set reports = reports - 1"),
    custody(
        "a report that nobody gave",
        "a reported programme is not in the log",
        "delete from custody_log where type = 'ProgrammeReportedV1'",
    ),
    custody(
        "a report of no programme",
        "the log tells of a programme that was not reported",
        "update programme set reports = 0, presented = null, beneficiaries = null, reported_by = null,"
        " reported_at = null",
    ),
    custody(
        "a correction of something else",
        "a report does not replace the one before it",
        "update custody_log set payload = jsonb_set(payload::jsonb, '{previous}', 'null')::json"
        " where type = 'ProgrammeReportedV1'",
    ),
    custody("a programme to which more came", DISCUSSION, "update programme set attendance = attendance + 1"),
    custody(
        "a topic that fewer spoke about", DISCUSSION,
        "update programme set topics = jsonb_set(topics, '{housing}', '1')",
    ),
    custody("a discussion told less often", DISCUSSION, "update programme set discussions = discussions - 1"),
    custody(
        "a discussion that nobody told",
        "a discussion that was reported is not in the log",
        "delete from custody_log where type = 'ProgrammeDiscussedV1'",
    ),
    custody(
        "a discussion of no programme",
        "the log tells of a discussion that was not reported",
        "update programme set discussions = 0, attendance = null, topics = null, discussed_by = null,"
        " discussed_at = null",
    ),
    custody(
        "another discussion corrected",
        "what was told of a discussion does not replace what was told before",
        "update custody_log set payload = jsonb_set(payload::jsonb, '{previous}', 'null')::json"
        " where type = 'ProgrammeDiscussedV1'",
    ),
    custody(
        "a topic that more spoke about than were there",
        "more joined a discussion, or spoke about a topic, than there were",
        "update programme set topics = jsonb_set(topics, '{housing}', '999')",
    ),
    custody(
        "more beneficiaries than people",
        "more joined a discussion, or spoke about a topic, than there were",
        "update programme set beneficiaries = 999",
    ),
]  # fmt: skip


@pytest.mark.parametrize("broken", CUSTODY, ids=str)
async def test_what_is_wrong_with_custody_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def test_a_sound_custody_is_told_in_numbers(world: World) -> None:
    report = await world.audit(deep=True)
    assert report.clean, report.findings
    (check,) = [check for check in report.checks if check.name == "custody"]
    assert check.numbers == {
        "sheets": 3, "printed": 3, "dispatched": 2, "handed over": 3, "never marked as printed": 0,
        "programmes": 1, "discussed": 1,
    }  # fmt: skip


ROLLUPS = [
    Broken(
        f"a rollup with more {column}",
        sql("reporting", "update rollup_total set {column} = {column} + 1 where {column} > 0", column=column),
        "rollups",
        "a total is not that of the logs",
    )
    for column in (
        "certificates_printed", "certificates_dispatched", "certificates_handed_over", "programmes_held",
        "programmes_presented", "programmes_beneficiaries",
    )
]  # fmt: skip


@pytest.mark.parametrize("broken", ROLLUPS, ids=str)
async def test_what_is_wrong_with_counts_of_papers_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def test_signed_credentials_without_a_position_of_their_group_are_a_mistake(
    breakable: Breakable,
) -> None:
    await breakable.run("certificates", "delete from consumer_position where \"group\" = 'credentials'")
    report = await breakable.audit()
    (finding,) = report.findings["positions"]
    assert finding.what == "credentials are signed, and their group has no position"

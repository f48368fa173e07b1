"""People, dead letters and opinions are broken in every way the audit claims to see, and it says which."""

import pytest

from tests.ops.broken import Breakable, Broken, assert_found, sql

SWAPPED = (
    "update enrolment_log set position = position + 999 where partition = {p} and position in (2, 16)",
    "update enrolment_log set position = 2 where partition = {p} and position = 1015",
    "update enrolment_log set position = 16 where partition = {p} and position = 1001",
)
"""The first enrolment and its withdrawal."""

PEOPLE = [
    Broken(
        "a lost person",
        sql("enrolment", "delete from mitra where segment = 'S11-AC018'"),
        "people",
        "a MitraEnrolled in the log has no person",
    ),
    Broken(
        "a person of whom the log knows nothing",
        sql(
            "enrolment",
            "insert into mitra (id, campaign, constituency, segment, partition, recruiter, basis, schemes,"
            " language, slot, notice_version, notice_language, enrolled_at)"
            " select gen_random_uuid(), campaign, constituency, segment, partition, recruiter, basis,"
            " schemes, language, 1, notice_version, notice_language, enrolled_at from mitra limit 1",
        ),
        "people",
        "a person has no MitraEnrolled in the log",
    ),
    *(
        Broken(
            f"a person with another {column}",
            sql(
                "enrolment",
                "update mitra set {column} = {value} where segment = 'S11-AC018'",
                column=column,
                value=value,
            ),
            "people",
            "a person differs from the MitraEnrolled in the log",
        )
        for column, value in (
            ("segment", "'S11-AC017'"),
            ("partition", "partition + 1"),
            ("basis", "'both'"),
            ("schemes", "array['PM-KISAN']"),
            ("enrolled_at", "enrolled_at + interval '1 s'"),
            ("recruiter", "'somebody'"),
        )
    ),
    Broken(
        "a photo of a paper that nobody signed",
        sql(
            "enrolment",
            "set mitra.work = 'upkeep';"
            " insert into paper_photo (mitra, sealed, digest, taken_on, kept_by, kept_at)"
            " select id, 'x', 'x', now(), 'somebody', now() from mitra where consent_manner = 'read' limit 1",
        ),
        "people",
        "the photo of a paper is kept of somebody who signed none",
    ),
    Broken(
        "a withdrawal that does not show",
        sql(
            "enrolment",
            "update mitra set withdrawn_at = null, slot = 0 where withdrawn_at is not null"
            " and segment = 'S24-AC036'",
        ),
        "people",
        "a MitraWithdrawn in the log does not show at the person",
    ),
    Broken(
        "a withdrawal that was never told",
        sql("enrolment", "update mitra set withdrawn_at = now(), slot = null where segment = 'S11-AC018'"),
        "people",
        "a withdrawn person has no MitraWithdrawn in the log",
    ),
    Broken(
        "a withdrawal at another place",
        sql("enrolment", "update mitra set withdrawal_position = 3 where withdrawn_at is not null"),
        "people",
        "a withdrawn person differs from the MitraWithdrawn in the log",
    ),
    Broken(
        "a withdrawn person who is gone",
        sql("enrolment", "delete from mitra where withdrawn_at is not null"),
        "people",
        "a MitraWithdrawn in the log is of nobody",
    ),
    Broken(
        "a withdrawal before the enrolment",
        sql("enrolment", *SWAPPED),
        "order",
        "a step of a person stands in the log before the enrolment",
    ),
    Broken(
        "a withdrawal without an enrolment",
        sql(
            "enrolment",
            "update enrolment_log set subject = gen_random_uuid() where partition = {p} and position = 2",
        ),
        "order",
        "a step of a person stands in the log with no enrolment",
    ),
    Broken(
        "steps in two partitions",
        sql(
            "enrolment",
            "update enrolment_log set partition = 3, position = 900 where partition = {p} and position = 16",
        ),
        "order",
        "steps of one person stand in several partitions",
    ),
    *(
        Broken(
            f"a person whose {what}",
            sql("enrolment", "update mitra set {change} where corrected_at is not null", change=change),
            "people",
            "a person differs from what the log told and corrected",
        )
        for what, change in (
            ("corrected name did not arrive", "name = 'sealed before'"),
            ("corrected language did not arrive", "language = 'en'"),
            ("corrected schemes did not arrive", "schemes = array['PMAY-G']"),
            ("correction does not show", "corrected_at = null"),
        )
    ),
    Broken(
        "a correction that was never told",
        sql("enrolment", "update mitra set schemes = '{}', corrected_at = now() where segment = 'S11-AC018'"),
        "people",
        "a person differs from what the log told and corrected",
    ),
    *(
        Broken(
            f"a correction of other {part} than there were",
            sql(
                "enrolment",
                "update enrolment_log set payload = jsonb_set(payload::jsonb, '{{part},previous}', '{was}')"
                "::json where type = 'MitraCorrectedV1' and payload ->> '{part}' is not null",
                part=part,
                was=was,
            ),
            "people",
            "a MitraCorrected replaces what did not stand there",
        )
        for part, was in (("schemes", '["PM-KISAN", "PMUY"]'), ("language", '"en"'))
    ),
    Broken(
        "a correction of somebody who had withdrawn",
        sql(
            "enrolment",
            "update enrolment_log as late set subject = gone.subject from enrolment_log as gone"
            " where late.partition = gone.partition and late.type = 'MitraCorrectedV1'"
            " and gone.type = 'MitraWithdrawnV1'",
        ),
        "order",
        "a person was corrected after the withdrawal",
    ),
    Broken(
        "two enrolments of one person",
        sql(
            "enrolment",
            "update enrolment_log set subject = (select subject from enrolment_log where partition = {p}"
            " and position = 3) where partition = {p} and position = 4",
        ),
        "order",
        "MitraEnrolledV1 stands in the log more than once for one person",
    ),
]

LETTER = """
    insert into dead_letter ("group", topic, partition, epoch, position, event_id, type, subject, payload,
                             state, error, attempts)
    select '{group}', 'enrolment', partition, epoch, position, event_id, 'MitraEnrolledV1',
           gen_random_uuid(), '{}', '{state}', 'could not be applied', 1
    from consumer_position where partition = {p} and topic = 'enrolment'
"""


def letter(group: str, state: str) -> str:
    """A letter of the event that the group stands on."""
    return LETTER.replace("{group}", group).replace("{state}", state)


LETTERS = [
    *(
        Broken(f"{state} at {group}", sql(group, letter(group, state)), "dead letters", says)
        for group in ("certificates", "reporting")
        for state, says in (
            ("poison", "an event could not be applied"),
            ("parked", "an event is parked behind an earlier one"),
            ("redrive", "an event waits to be played again"),
        )
    ),
    Broken(
        "a letter of an event that is not in the log",
        sql(
            "certificates",
            letter("certificates", "done"),
            "update dead_letter set event_id = gen_random_uuid()",
        ),
        "dead letters",
        "a letter is of an event that its log does not have",
    ),
    Broken(
        "a letter of an event that was not reached",
        sql("certificates", letter("certificates", "done"), "update dead_letter set position = position + 1"),
        "dead letters",
        "a letter is of an event that the group has not reached",
    ),
]

OPINIONS = [
    Broken(
        "a column that leads to a person",
        sql("enrolment", "alter table opinion_pool add column recruiter text"),
        "opinions",
        "a table of opinions has a column that may lead to a person",
    ),
    Broken(
        "a column that leads to an hour",
        sql("enrolment", "alter table opinion_submission add column submitted_at timestamptz"),
        "opinions",
        "a table of opinions has a column that may lead to a person",
    ),
    Broken(
        "a sheet under the id of its submission",
        sql("enrolment", "update opinion_pool set id = (select id from opinion_submission limit 1)"
            " where id = (select id from opinion_pool limit 1)"),
        "opinions",
        "a sheet has the id of its submission",
    ),
    *(
        Broken(
            f"a released sheet with {what}",
            sql("enrolment", "update opinions_log set {change} where position = 3", change=change),
            "opinions",
            "a released sheet carries more than it may",
        )
        for what, change in (
            ("a subject", "subject = gen_random_uuid()"),
            ("a trace", "traceparent = '00-1-1-01'"),
            ("an hour", "occurred_at = occurred_at + interval '3 hours'"),
            ("an id made from the time", "event_id = '0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b'"),
            ("a further field", """payload = ('{"phone": "1", ' || substr(payload::text, 2))::json"""),
        )
    ),
    Broken(
        "a lost sheet",
        sql("enrolment", "delete from opinion_pool where id = (select id from opinion_pool limit 1)"),
        "opinions",
        "submitted sheets are lost",
    ),
    Broken(
        "a sheet that nobody submitted",
        sql(
            "enrolment",
            "delete from opinion_submission where id = (select id from opinion_submission limit 1)",
        ),
        "opinions",
        "there are sheets that nobody submitted",
    ),
    Broken(
        "sheets that went out with too few others",
        sql("enrolment", "delete from opinions_log where position > 9"),
        "opinions",
        "sheets went out in a company of fewer than 10",
    ),
]  # fmt: skip


@pytest.mark.parametrize("broken", PEOPLE, ids=str)
async def test_what_is_wrong_with_people_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


@pytest.mark.parametrize("broken", LETTERS, ids=str)
async def test_a_dead_letter_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


@pytest.mark.parametrize("broken", OPINIONS, ids=str)
async def test_what_is_wrong_with_opinions_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def test_more_sheets_than_submissions_are_no_mistake_once_submissions_may_be_forgotten(
    breakable: Breakable,
) -> None:
    await breakable.run("enrolment", "update campaign set defined_at = now() - interval '90 days'")
    await breakable.run("enrolment", "delete from opinion_submission")
    report = await breakable.audit()
    assert report.clean, report.findings

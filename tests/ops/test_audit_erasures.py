"""Erasures that left something, were never told, or are late: the audit says which; a whole one is clean."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from enrolment.commands.erase_mitras import erase_mitras
from mitra_shared.database import create_engine
from tests.ops.broken import Breakable, Broken, Corruption, assert_found, sql

DUE = """
    update mitra set erase_at = now(), erasure_noticed_at = now() - interval '48 hours'
    where withdrawn_at is not null and partition = {p}
"""
APPLIED = """
    update consumer_position as stands
    set position = head.position, event_id = head.event_id
    from (select {position}::bigint as position, '{event}'::uuid as event_id) as head
    where topic = 'enrolment' and partition = {p}
"""
LETTER = """
    insert into dead_letter ("group", topic, partition, epoch, position, event_id, type, subject, payload,
                             state, error, attempts)
    values ('{group}', 'enrolment', {p}, 1, 1, gen_random_uuid(), 'MitraEnrolledV1', '{mitra}',
            '{"holder_name": "sealed"}', 'discarded', 'could not be applied', 1)
"""


async def erase(breakable: Breakable) -> None:
    """Erase those of Wayanad who withdrew, and let every consumer have come to that."""
    await sql("enrolment", DUE)(breakable)
    engine = create_engine(breakable.sources.enrolment, application="tests")
    try:
        assert await erase_mitras(engine, datetime.now(UTC)) == 2
        async with engine.connect() as connection:
            last = await connection.exec_driver_sql(
                "select position, event_id from enrolment_log where partition = 10"
                " order by position desc limit 1"
            )
            row = last.one()
            position, event = row.position, row.event_id
    finally:
        await engine.dispose()
    for service in ("certificates", "reporting"):
        await sql(service, APPLIED, position=position, event=event)(breakable)


def erased(then: Corruption | None = None) -> Corruption:
    async def corrupt(breakable: Breakable) -> None:
        await erase(breakable)
        if then is not None:
            await then(breakable)

    return corrupt


OF_ERASED = "(select id from mitra where erased_at is not null limit 1)"

ERASURES = [
    Broken(
        "a name that is back in the log",
        erased(
            sql(
                "enrolment",
                "update enrolment_log set payload = jsonb_set(payload::jsonb, '{holder_name}', '\"x\"')::json"
                " where type = 'MitraEnrolledV1' and subject = {of_erased}",
                of_erased=OF_ERASED,
            )
        ),
        "erasures",
        "the log holds a sealed name of an erased person",
    ),
    Broken(
        "a photo of a paper that was left",
        erased(
            sql(
                "enrolment",
                "update mitra set consent_manner = 'signed_paper' where id = {of_erased}",
                "set mitra.work = 'upkeep';"
                " insert into paper_photo (mitra, sealed, digest, taken_on, kept_by, kept_at)"
                " values ({of_erased}, 'x', 'x', now(), 'somebody', now())",
                of_erased=OF_ERASED,
            )
        ),
        "erasures",
        "the photo of a paper is kept of an erased person",
    ),
    Broken(
        "a message in bulk that still names the person",
        erased(
            sql(
                "enrolment",
                "insert into message (id, recipient, kind, facts, broadcast, state, send_after, next_at,"
                " ended_at) values (gen_random_uuid(), {of_erased}, 'broadcast', jsonb_build_object(),"
                " gen_random_uuid(), 'sent', now(), now(), now())",
                of_erased=OF_ERASED,
            )
        ),
        "erasures",
        "a message in bulk names an erased person",
    ),
    Broken(
        "that the person wanted no messages in bulk",
        erased(
            sql(
                "enrolment",
                "update mitra set messages_off_at = now() where id = {of_erased}",
                of_erased=OF_ERASED,
            )
        ),
        "erasures",
        "an erased person has personal fields",
    ),
    Broken(
        "a name that is gone without an erasure",
        sql(
            "enrolment",
            "update enrolment_log set payload = (payload::jsonb - 'holder_name')::json"
            " where type = 'MitraEnrolledV1' and partition = {p}",
        ),
        "erasures",
        "a name is gone from the log, of a person who is not erased",
    ),
    Broken(
        "a corrected name that is gone without an erasure",
        sql(
            "enrolment",
            "update enrolment_log set payload = (payload::jsonb - 'holder_name')::json"
            " where type = 'MitraCorrectedV1' and payload ->> 'holder_name' is not null",
        ),
        "erasures",
        "a name is gone from the log, of a person who is not erased",
    ),
    Broken(
        "an answer that leads to the person",
        erased(
            sql(
                "enrolment",
                "update outcome set status = 201, caller = (select recruiter from mitra where id = "
                "{of_erased}), body = json_build_object('mitra_id', {of_erased}) where status = 410"
                " and idempotency_key = (select min(idempotency_key) from outcome where status = 410)",
                of_erased=OF_ERASED,
            )
        ),
        "erasures",
        "an answer leads to an erased person",
    ),
    Broken(
        "an erasure that does not show at the person",
        erased(
            sql("enrolment", "update mitra set erased_at = null where id = {of_erased}", of_erased=OF_ERASED)
        ),
        "erasures",
        "a MitraErased in the log does not show at the person",
    ),
    Broken(
        "an erasure that was never told",
        sql(
            "enrolment",
            "update mitra set erased_at = now(), name = null, phone = null, phone_hash = null"
            " where withdrawn_at is not null and partition = {p}",
        ),
        "erasures",
        "an erased person has no MitraErased in the log",
    ),
    Broken(
        "an erasure that is not in the ledger",
        erased(sql("enrolment", "delete from erasure")),
        "erasures",
        "an erasure is not in the ledger",
    ),
    Broken(
        "an erasure of nobody in the ledger",
        sql(
            "enrolment",
            "insert into erasure (mitra, campaign, partition, why, erased_at, event_id)"
            " values (gen_random_uuid(), 'small', {p}, 'asked', now(), gen_random_uuid())",
        ),
        "erasures",
        "the ledger holds an erasure that the log does not tell",
    ),
    Broken(
        "a ledger with another time",
        erased(sql("enrolment", "update erasure set erased_at = erased_at - interval '1 minute'")),
        "erasures",
        "the ledger differs from the log",
    ),
    Broken(
        "somebody whose time is over",
        sql(
            "enrolment",
            "update mitra set erase_at = now() - interval '2 hours' where withdrawn_at is not null",
        ),
        "erasures",
        "somebody should have been erased by now",
    ),
    Broken(
        "a withdrawal that plans nothing",
        sql(
            "enrolment", "update mitra set erase_at = null, erasure_why = null where withdrawn_at is not null"
        ),
        "erasures",
        "somebody withdrew and is not going to be erased",
    ),
    Broken(
        "a stream that nobody writes anew",
        erased(
            sql(
                "enrolment",
                "update enrolment_log set occurred_at = occurred_at - interval '2 hours'"
                " where type = 'MitraErasedV1'",
                "update erasure set erased_at = erased_at - interval '2 hours'",
            )
        ),
        "erasures",
        "a stream or a file may still hold the name of somebody who was erased",
    ),
    Broken(
        "a certificate with the recruiter",
        erased(
            sql("certificates", "update certificate set recruiter = 'somebody' where state = 'revoked'"),
        ),
        "erasures",
        "a certificate holds the name of an erased person",
    ),
]


@pytest.mark.parametrize("broken", ERASURES, ids=str)
async def test_the_audit_finds(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def _dead_letter(breakable: Breakable, group: str) -> None:
    await erase(breakable)
    engine = create_engine(breakable.sources.enrolment, application="tests")
    async with engine.connect() as connection:
        found = await connection.exec_driver_sql("select min(mitra::text) from erasure")
        mitra = found.scalar_one()
    await engine.dispose()
    await breakable.run(
        group, LETTER.replace("{group}", group).replace("{p}", "10").replace("{mitra}", str(mitra))
    )


@pytest.mark.parametrize("group", ["certificates", "reporting"])
async def test_the_audit_finds_a_name_in_a_dead_letter(breakable: Breakable, group: str) -> None:
    put: Callable[[Breakable], Awaitable[None]] = lambda each: _dead_letter(each, group)  # noqa: E731
    await assert_found(
        breakable,
        Broken("a letter", put, "erasures", "a dead letter holds the name of an erased person"),
    )


async def test_a_whole_erasure_is_clean(breakable: Breakable) -> None:
    await erase(breakable)
    report = await breakable.audit()
    assert "erasures" not in report.findings, report.findings
    for check in ("people", "order", "entries", "logs"):
        assert check not in report.findings

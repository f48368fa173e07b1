"""Logs, streams and consumers are broken in every way that the audit claims to see, and it says which."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from tests.ops.broken import WAYANAD, Breakable, Broken, assert_found, notes_of, redis, sql

Fields = dict[bytes, bytes]

STREAM = f"enrolment.{{{WAYANAD}}}"
LAST = "partition = {p} and position = (select max(position) from {topic}_log where partition = {p})"


def of_topics(name: str, statement: str, check: str, says: str) -> list[Broken]:
    """The same corruption of every log."""
    return [
        Broken(f"{name} of {topic}", sql(database, statement, where=LAST, topic=topic), check, says)
        for topic, database in (
            ("enrolment", "enrolment"), ("opinions", "enrolment"), ("certificates", "certificates"),
        )
    ]  # fmt: skip


LOGS = [
    *of_topics(
        "a gap in the log",
        "delete from {topic}_log where position = 3 and partition = {p}",
        "logs",
        "a log has gaps",
    ),
    *of_topics(
        "a lost end of the log",
        "delete from {topic}_log where {where}",
        "logs",
        "a head is not at the end of its log",
    ),
    *of_topics(
        "a head that is ahead of the log",
        "update {topic}_head set position = position + 1 where partition = {p}",
        "logs",
        "a head is not at the end of its log",
    ),
    Broken(
        "a missing head",
        sql("enrolment", "delete from enrolment_head where partition = 3"),
        "logs",
        "a partition has no head",
    ),
    Broken(
        "an epoch that falls",
        sql("enrolment", "update enrolment_log set epoch = 2 where partition = {p} and position = 5"),
        "logs",
        "an epoch falls",
    ),
    Broken(
        "an entry beyond the epoch of its head",
        sql("enrolment", "update enrolment_log set epoch = 2 where {where}", where=LAST, topic="enrolment"),
        "logs",
        "an entry is of a later epoch than its head",
    ),
    Broken(
        "an event that was appended twice",
        sql(
            "enrolment",
            "insert into enrolment_log select partition, head.position + 1, log.epoch, event_id, type, key,"
            " subject, occurred_at, traceparent, payload from enrolment_log as log"
            " join enrolment_head as head using (partition) where partition = {p} and log.position = 4",
            "update enrolment_head set position = position + 1 where partition = {p}",
        ),
        "logs",
        "an event stands in a log twice",
    ),
    *of_topics(
        "an altered event id",
        "update {topic}_log set event_id = gen_random_uuid() where partition = {p} and position = 4",
        "entries",
        "columns and payload of an entry contradict each other",
    ),
    Broken(
        "an altered time",
        sql(
            "enrolment",
            "update enrolment_log set occurred_at = occurred_at + interval '1 s' where subject is not null",
        ),
        "entries",
        "columns and payload of an entry contradict each other",
    ),
    Broken(
        "an altered payload",
        sql(
            "enrolment",
            "update enrolment_log set payload = replace(payload::text, 'PC04', 'PC06')::json"
            " where partition = {p} and position = 4",
        ),
        "entries",
        "columns and payload of an entry contradict each other",
    ),
    Broken(
        "a constituency in another partition than its own",
        sql(
            "certificates",
            "update certificates_log set key = 'S24-PC07' where partition = {p} and position = 2",
        ),
        "entries",
        "entries stand in another partition than that of their key",
    ),
    Broken(
        "a definition that one partition was told otherwise",
        sql(
            "enrolment",
            "update enrolment_log set payload = replace(payload::text, 'Small', 'Other')::json"
            " where partition = 2 and position = 2",
        ),
        "definitions",
        "a partition was told other definitions than the first, or in another order",
    ),
    Broken(
        "definitions in another order",
        sql(
            "enrolment",
            "update enrolment_log set position = position + 99 where partition = 2",
            "update enrolment_log set position = 104 - position where partition = 2",
        ),
        "definitions",
        "a campaign's version does not rise",
    ),
    Broken(
        "a definition that intake does not have",
        sql("enrolment", "delete from campaign where version = 2"),
        "definitions",
        "a definition in the log is not one of enrolment's",
    ),
    Broken(
        "a definition that was never told",
        sql(
            "enrolment",
            "insert into campaign select id, 9, definition, now(), false from campaign where current",
        ),
        "definitions",
        "a definition is not in the log",
    ),
    Broken(
        "a definition that intake has otherwise",
        sql("enrolment", "update campaign set definition = '{}' where version = 1"),
        "definitions",
        "a definition in the log differs from enrolment's",
    ),
    Broken(
        "an old version in force",
        sql(
            "enrolment",
            "update campaign set current = false where version = 4",
            "update campaign set current = true where version = 3",
        ),
        "definitions",
        "another version than the newest is in force",
    ),
]

STREAMS = [
    Broken("a lost stream", redis("DEL", STREAM), "streams", "a stream is lost"),
    Broken(
        "a lost entry in the middle",
        redis("XDEL", STREAM, "1-5"),
        "streams",
        "a stream has holes or foreign entries",
    ),
    Broken("a lost first entry", redis("XDEL", STREAM, "1-1"), "streams", "a stream lacks its beginning"),
    Broken(
        "a lost end of a stream",
        redis("XTRIM", "certificates.{6}", "MAXLEN", "0"),
        "streams",
        "a stream is lost",
    ),
    Broken(
        "a foreign entry",
        redis("XADD", STREAM, "*", "hello", "world"),
        "streams",
        "the last entry of a stream is not in its log",
    ),
    Broken(
        "an entry that looks like the next",
        redis("XADD", STREAM, "1-999", "id", "made up", "type", "MitraEnrolledV1", "key", "", "prev", ""),
        "streams",
        "a stream has holes or foreign entries",
    ),
    Broken(
        "a stream that is no stream",
        redis("SET", STREAM, "hello"),
        "streams",
        "a key of a stream holds something else",
    ),
]

POSITIONS = [
    Broken(
        "a position ahead of the log",
        sql("certificates", "update consumer_position set position = position + 1 where partition = {p}"),
        "positions",
        "a group is ahead of its log",
    ),
    Broken(
        "a position on another event",
        sql(
            "reporting",
            "update consumer_position set event_id = gen_random_uuid() where partition = {p}"
            " and topic = 'certificates'",
        ),
        "positions",
        "a group stands on an entry that its log does not have",
    ),
    Broken(
        "a position on another branch",
        sql("certificates", "update consumer_position set epoch = 2 where partition = {p}"),
        "positions",
        "a group stands on an entry that its log does not have",
    ),
    Broken(
        "a position before everything that names an event",
        sql("certificates", "update consumer_position set epoch = 0, position = 0 where partition = {p}"),
        "positions",
        "a group stands before the first entry and names one",
    ),
    Broken(
        "a missing position",
        sql("reporting", "delete from consumer_position where partition = {p} and topic = 'opinions'"),
        "positions",
        "a group has no position in a partition",
    ),
    Broken(
        "a position where there is nothing to read",
        sql(
            "certificates",
            """insert into consumer_position ("group", topic, partition, epoch, position)"""
            " values ('certificates', 'opinions', 1, 0, 0)",
        ),
        "positions",
        "a group has a position where it has nothing to read",
    ),
    Broken(
        "a registered group ahead of the log",
        sql("enrolment", "insert into enrolment_group values ('somebody', {p}, 1, 999, now())"),
        "groups",
        "a registered group is ahead of its log",
    ),
]


@pytest.mark.parametrize("broken", LOGS, ids=str)
async def test_a_broken_log_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


@pytest.mark.parametrize("broken", STREAMS, ids=str)
async def test_a_broken_stream_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


@pytest.mark.parametrize("broken", POSITIONS, ids=str)
async def test_a_wrong_position_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def test_a_stream_that_lags_is_told_with_its_place(breakable: Breakable) -> None:
    last = cast("list[tuple[bytes, Fields]]", await breakable.redis.xrevrange(STREAM, count=1))
    assert await breakable.redis.xdel(STREAM, last[0][0]) == 1
    report = await breakable.audit()
    (finding,) = report.findings["streams"][:1]
    assert finding.what == "a stream lags behind its log: the relay does not carry it"
    assert finding.examples[0].startswith(STREAM)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"id", b"altered"),
        (b"type", b"MitraClearedV1"),
        (b"key", b"S24-PC07"),
        (b"prev", b""),
        (b"__data__", b"short"),
    ],
)
async def test_only_a_deep_audit_reads_what_stands_between_the_ends(
    breakable: Breakable, field: bytes, value: bytes
) -> None:
    await rewrite(breakable, lambda fields: fields | {field: value})
    assert (await breakable.audit()).clean
    report = await breakable.audit(deep=True)
    (finding,) = report.findings["streams"]
    assert finding.what == "an entry of a stream differs from its log"
    told = "payload" if field == b"__data__" else field.decode()
    assert finding.examples == (f"{STREAM} at 1-6: {told}",)


async def test_an_altered_payload_in_a_stream_is_found_by_a_deep_audit(breakable: Breakable) -> None:
    await rewrite(breakable, lambda fields: fields | {b"__data__": fields[b"__data__"].replace(b"hi", b"ur")})
    assert (await breakable.audit()).clean
    report = await breakable.audit(deep=True)
    assert report.findings["streams"][0].examples == (f"{STREAM} at 1-6: payload",)


async def rewrite(breakable: Breakable, change: Callable[[Fields], Fields]) -> None:
    """Write the stream again with its sixth entry changed."""
    entries = cast("list[tuple[bytes, Fields]]", await breakable.redis.xrange(STREAM))
    await breakable.redis.delete(STREAM)
    for number, (entry_id, fields) in enumerate(entries, 1):
        written: Any = change(fields) if number == 6 else fields
        await breakable.redis.xadd(STREAM, written, id=entry_id)


async def test_a_silent_group_is_told_and_is_no_mistake(breakable: Breakable) -> None:
    await breakable.run(
        "enrolment",
        "insert into enrolment_group values ('gone', 1, 1, 1, now() - interval '2 days'),"
        " ('silent', 1, 1, 1, now() - interval '1 hour'), ('living', 1, 1, 1, now())",
    )
    report = await breakable.audit()
    assert report.clean, report.findings
    notes = notes_of(report)
    assert [note.split()[0] for note in notes] == ["gone", "silent"]


async def test_a_rebuild_that_was_asked_for_is_told_and_is_no_mistake(breakable: Breakable) -> None:
    await breakable.run(
        "reporting", "update consumer_position set rebuild_requested_at = now() where partition = 3"
    )
    report = await breakable.audit()
    assert report.clean, report.findings
    notes = notes_of(report)
    assert len(notes) == 5
    assert all(" is asked to rebuild partition 3 (" in note for note in notes)
    assert [note.split()[0] for note in notes].count("reporting-staff") == 1

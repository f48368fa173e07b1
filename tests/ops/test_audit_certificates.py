"""Certificates, quotas and rollups are broken in every way the audit claims to see, and it says which."""

import pytest

from tests.ops.broken import Breakable, Broken, assert_found, sql

WRONG = "a certificate is not what follows from the log"

CERTIFICATES = [
    Broken(
        "a missing certificate",
        sql("certificates", "delete from certificate where segment = 'S11-AC018' and serial = 1"),
        "certificates",
        "a Mitra has no certificate",
    ),
    Broken(
        "an extra certificate",
        sql(
            "certificates",
            "insert into certificate (id, partition, campaign, constituency, segment, pool, mitra_id,"
            " holder_name, enrolled_at, enrolled_position, state)"
            " select gen_random_uuid(), partition, campaign, constituency, segment, pool, gen_random_uuid(),"
            " 'x', enrolled_at, enrolled_position, 'held' from certificate limit 1",
        ),
        "certificates",
        "a certificate is of nobody enrolled up to there",
    ),
    Broken(
        "swapped serial numbers",
        sql(
            "certificates",
            "update certificate set serial = serial + 9 where segment = 'S11-AC018'",
            "update certificate set serial = 12 - serial where segment = 'S11-AC018'",
        ),
        "certificates",
        WRONG,
    ),
    *(
        Broken(
            f"a certificate with another {column}",
            sql(
                "certificates",
                "update certificate set {column} = {value} where segment = 'S11-AC018'",
                column=column,
                value=value,
            ),
            "certificates",
            WRONG,
        )
        for column, value in (
            ("enrolled_at", "enrolled_at - interval '1 s'"),
            ("issued_at", "issued_at - interval '1 s'"),
            ("queue_position", "queue_position + 1"),
            ("enrolled_position", "enrolled_position + 1"),
            ("constituency", "'S11-PC06'"),
        )
    ),
    Broken(
        "a certificate that stands in another pool",
        sql(
            "certificates",
            "update pool set ceiling = 99 where area = 'S11-AC017'",
            "update certificate set pool = 'S11-AC017' where segment = 'S11-AC018'",
        ),
        "certificates",
        WRONG,
    ),
    Broken(
        "the wrong one promoted",
        sql(
            "certificates",
            "update certificate set mitra_id = gen_random_uuid(), state = 'waitlisted', serial = null,"
            " issued_at = null where segment = 'S11-AC017' and serial = 4",
        ),
        "certificates",
        "a Mitra has no certificate",
    ),
    *(
        Broken(
            f"a correction that did not reach {what}",
            sql("certificates", "update certificate set {change}", change=change),
            "certificates",
            says,
        )
        for what, change, says in (
            (
                "the name of what is issued",
                "holder_name = 'sealed before' where revision > 1",
                "a certificate has not the name that was told last",
            ),
            (
                "the name of what waits",
                "holder_name = 'sealed before' where state = 'waitlisted' and language = 'ur'",
                "a certificate has not the name that was told last",
            ),
            ("the language of what waits", "language = 'hi' where state = 'waitlisted'", WRONG),
            ("what is signed", "revision = revision - 1 where revision > 1", WRONG),
        )
    ),
    Broken(
        "a revoked certificate that is valid again",
        sql(
            "certificates",
            "update pool set ceiling = 99 where area = 'S11-AC017'",
            "update certificate set state = 'issued', revoked_at = null, holder_name = 'x'"
            " where segment = 'S11-AC017' and serial = 1",
        ),
        "certificates",
        WRONG,
    ),
    Broken(
        "a certificate of another id than was told",
        sql("certificates", "update certificate set id = gen_random_uuid() where segment = 'S11-AC018'"),
        "certificates",
        "a certificate has another id than in its log",
    ),
    Broken(
        "an event of a certificate that was never told",
        sql(
            "certificates",
            "update certificates_log set type = 'CertificateWaitlistedV1' where type = 'CertificateIssuedV1'"
            " and payload ->> 'segment' = 'S11-AC018'",
        ),
        "certificates",
        "the certificates log lacks an event",
    ),
    Broken(
        "an event of a certificate that follows from nothing",
        sql(
            "certificates",
            "insert into certificates_log select partition, head.position + 1, log.epoch, gen_random_uuid(),"
            " type, key, subject, occurred_at, traceparent, payload from certificates_log as log"
            " join certificates_head as head using (partition) where partition = {p} and log.position = 1",
            "update certificates_head set position = position + 1 where partition = {p}",
        ),
        "certificates",
        "the certificates log tells what does not follow from the enrolments",
    ),
    Broken(
        "events of certificates in another order",
        sql(
            "certificates",
            "update certificates_log set position = position + 999 where partition = {p}",
            "update certificates_log set position = 1002 - position where position in (1000, 1001)"
            " and partition = {p}",
            "update certificates_log set position = position - 999 where partition = {p} and position > 1001",
        ),
        "certificates",
        "the certificates log lacks an event",
    ),
    Broken(
        "certificates of two ids for one Mitra",
        sql(
            "certificates",
            "update certificates_log set payload = replace(payload::text, payload ->> 'certificate_id',"
            " gen_random_uuid()::text)::json where type = 'CertificateRevokedV1'",
        ),
        "certificates",
        "a Mitra has certificates of several ids",
    ),
    Broken(
        "other terms in force",
        sql("certificates", "update campaign set frozen = true where partition = {p}"),
        "certificates",
        "the terms in force are not those of the log",
    ),
    Broken(
        "a segment that draws on another pool",
        sql("certificates", "update segment set pool = 'S11-AC017' where segment = 'S11-AC019'"),
        "certificates",
        "a segment does not draw on the pool that the log says",
    ),
    Broken(
        "a certificate that differs from its log",
        sql(
            "certificates",
            "update certificate set issued_at = issued_at - interval '1 s' where state = 'issued'",
        ),
        "certificate rows",
        "a certificate differs from the last its log tells of it",
    ),
    Broken(
        "a certificate that is gone although its log tells of it",
        sql("certificates", "delete from certificate where segment = 'S11-AC018'"),
        "certificate rows",
        "the log tells of a certificate that there is not",
    ),
    Broken(
        "a certificate that its log does not tell of",
        sql("certificates", "delete from certificates_log where payload ->> 'segment' = 'S11-AC018'"),
        "certificate rows",
        "a certificate is not in its log",
    ),
    Broken(
        "a gap in the serial numbers",
        sql("certificates", "update certificate set serial = 9 where segment = 'S11-AC018' and serial = 1"),
        "certificate rows",
        "the serial numbers of a segment have gaps",
    ),
]

QUOTAS = [
    Broken(
        "one more than the quota",
        sql(
            "certificates",
            "update pool set ceiling = 99 where area = 'S11-AC017'",
            "update certificate set state = 'issued', serial = 5, issued_at = enrolled_at"
            " where segment = 'S11-AC017' and state = 'waitlisted'",
        ),
        "quotas",
        "more certificates are valid than the quota allows",
    ),
    Broken(
        "one issued beyond the quota, by the log",
        sql(
            "certificates",
            "update certificates_log set type = 'CertificateIssuedV1'"
            " where position = 4 and partition = {p} and type = 'CertificateWaitlistedV1'",
        ),
        "quotas",
        "a certificate was issued beyond the quota in force",
    ),
    Broken(
        "another quota than was defined",
        sql("certificates", "update pool set quota = 1 where area = 'S24-AC038'"),
        "quotas",
        "a pool has another quota than the log says",
    ),
    Broken(
        "a pool that miscounts",
        sql("certificates", "update pool set taken = taken - 1 where area = 'S11-AC018'"),
        "quotas",
        "a pool does not count its valid certificates",
    ),
    Broken(
        "a missing pool",
        sql("certificates", "delete from pool where area = 'S24-AC038'"),
        "quotas",
        "a pool is missing",
    ),
    Broken(
        "a pool of nowhere",
        sql("certificates", "insert into pool values ({p}, 'small', 'S99-AC001', 5, 0, 5)"),
        "quotas",
        "certificates stand in a pool that there is not",
    ),
]

TOTAL = "a total is not that of the logs"
DAY = "a daily count is not that of the logs"
RECRUITERS = "enrolments of a recruiter are not those of the log"

ROLLUPS = [
    *(
        Broken(
            f"{column} one too high",
            sql(
                "reporting",
                "update rollup_total set {column} = {column} + 1 where area = 'S11-AC017'",
                column=column,
            ),
            "rollups",
            TOTAL,
        )
        for column in (
            "enrolled", "withdrawn", "beneficiaries", "admirers", "certificates_decided",
            "certificates_never_decided", "certificates_promoted", "certificates_revoked", "opinions",
        )
    ),
    *(
        Broken(
            f"the day's {metric} one too low",
            sql(
                "reporting",
                "update rollup_day set count = count - 1 where metric = '{metric}' and area like 'S11-%'",
                metric=metric,
            ),
            "rollups",
            DAY,
        )
        for metric in (
            "enrolled", "basis:admirer", "scheme:PMAY-G", "scheme_added:PM-KISAN", "scheme_removed:PMUY",
            "certificates:decided", "opinions",
        )
    ),
    Broken(
        "a day that is gone",
        sql("reporting", "delete from rollup_day where metric = 'withdrawn'"),
        "rollups",
        DAY,
    ),
    Broken(
        "counts under the wrong day",
        sql("reporting", "update rollup_day set day = day - 9 where metric = 'certificates:revoked'"),
        "rollups",
        DAY,
    ),
    Broken(
        "counts of an area that nobody enrolled in",
        sql("reporting", "update rollup_total set area = 'S24-AC038' where area = 'S11-AC018'"),
        "rollups",
        TOTAL,
    ),
    Broken(
        "counts under another topic",
        sql("reporting", "update rollup_day set topic = 'opinions' where metric = 'withdrawn'"),
        "rollups",
        "a daily count stands under another topic than its own",
    ),
    *(
        Broken(name, sql("reporting", statement), "rollups", RECRUITERS)
        for name, statement in (
            ("an enrolment of another hour", "update rollup_recruiter set hour = (hour + 12) % 24"),
            ("an enrolment too many", "update rollup_recruiter set count = count + 1"),
            ("an hour that is gone", "delete from rollup_recruiter where area = 'S11-AC017'"),
        )
    ),
    *(
        Broken(name, sql("reporting", statement), "rollups", "answers are not those of the log")
        for name, statement in (
            ("an answer too many", "update rollup_answer set count = count + 1"),
            ("an answer that nobody gave", "update rollup_answer set answer = answer || 'x'"),
        )
    ),
    *(
        Broken(
            f"a block of answers {name}",
            sql(
                "reporting",
                "insert into opinion_release (campaign, round, number, made_at, closing)"
                " select campaign, 'round-1', 1, now(), false from campaign_known limit 1",
                "insert into opinion_block (campaign, round, area, question, release, answer, counted, shown)"
                " select campaign, 'round-1', 'IN', 'q', 1, unnest(array['', 'a']), {counted}, {shown}"
                " from campaign_known limit 1",
                counted=counted,
                shown=shown,
            ),
            "rollups",
            finding,
        )
        for name, counted, shown, finding in (
            ("of too few", 9, 9, "a block of answers is of too few"),
            ("that is not rounded", 13, 13, "a shown count is not a rounded one"),
            ("that nobody gave", 12, 12, "more answers were released than were counted"),
        )
    ),
    Broken(
        "an old definition",
        sql("reporting", "update campaign_known set definition = '{}' where partition = {p}"),
        "rollups",
        "reporting knows another definition than the log's newest",
    ),
    Broken(
        "rollups that went beyond their position",
        sql(
            "reporting",
            "update consumer_position set position = 10 where topic = 'enrolment' and partition = {p}",
        ),
        "rollups",
        TOTAL,
    ),
]  # fmt: skip


@pytest.mark.parametrize("broken", CERTIFICATES, ids=str)
async def test_what_is_wrong_with_certificates_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


@pytest.mark.parametrize("broken", QUOTAS, ids=str)
async def test_what_is_wrong_with_quotas_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


@pytest.mark.parametrize("broken", ROLLUPS, ids=str)
async def test_what_is_wrong_with_rollups_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def test_every_mistake_is_counted_and_a_few_are_named(breakable: Breakable) -> None:
    await breakable.run("certificates", "update certificate set enrolled_at = enrolled_at - interval '1 s'")
    report = await breakable.audit()
    (finding,) = report.findings["certificates"]
    assert finding.what == WRONG
    assert finding.count == 31
    assert len(finding.examples) == 5

"""Credentials and status lists are broken in every way the audit claims to see, and it says which."""

import pytest

from tests.ops.broken import Breakable, Broken, assert_found, sql
from tests.ops.campaign_world import World

CHECK = "credentials"
GONE = "facts = null, jwt_signature = null, cose_signature = null"
EMPTIED = f"{GONE}, revoked_at = now(), revoked_for = 'superseded'"
WITHDRAWN = "certificate_id in (select id from certificate where state = 'revoked' and serial is not null)"
SIGNATURES = (
    "jwt_signature = decode(repeat('00', 64), 'hex'), cose_signature = decode(repeat('00', 64), 'hex')"
)
ONE = (
    "id = (select id from credential where revoked_at is null and revision = 1"
    " and id not in (select credential from sheet_member) order by id limit 1)"
)
"""One of a first version, and that no print sheet holds, which could not be deleted."""

CREDENTIALS = [
    Broken(
        "a signature that is not there",
        sql("certificates", f"delete from credential where {ONE}"),  # noqa: S608 - statements of ours
        CHECK,
        "a valid certificate is not signed",
    ),
    Broken(
        "a signature that was given up",
        sql("certificates", f"update credential set {EMPTIED} where {ONE}"),  # noqa: S608
        CHECK,
        "a valid certificate is not signed",
    ),
    Broken(
        "a signature of another version",
        sql("certificates", f"update credential set revision = 2 where {ONE}"),  # noqa: S608
        CHECK,
        "what is signed is another version of the certificate",
    ),
    Broken(
        "a second signature",
        sql(
            "certificates",
            "insert into credential select gen_random_uuid(), certificate_id, partition, campaign,"  # noqa: S608
            " constituency, segment, 2, serial, format, key_id, facts, jwt_signature, cose_signature,"
            f" status_list, (status_index + 1) % 524288, signed_at, null, null from credential where {ONE}",
        ),
        CHECK,
        "a certificate has several valid credentials",
    ),
    Broken(
        "a withdrawn certificate that is signed again",
        sql(
            "certificates",
            f"update credential set facts = 'x', {SIGNATURES}, revoked_at = null, revoked_for = null"  # noqa: S608
            f" where {WITHDRAWN}",
        ),
        CHECK,
        "a withdrawn certificate has a valid credential",
    ),
    Broken(
        "a list that revokes too much",
        sql(
            "certificates",
            f"delete from credential where {WITHDRAWN}",  # noqa: S608
        ),
        CHECK,
        "a status list revokes what is valid",
    ),
    Broken(
        "a list that revokes too little",
        sql("certificates", f"update credential set {EMPTIED} where {ONE}"),  # noqa: S608
        CHECK,
        "a status list does not show what is revoked",
    ),
    Broken(
        "a list that is none",
        sql("certificates", "update status_list set token = 'a.b.c'"),
        CHECK,
        "a published status list cannot be read",
    ),
]


@pytest.mark.parametrize("broken", CREDENTIALS, ids=str)
async def test_it_is_found_and_named(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def test_signed_certificates_and_lists_are_sound_and_counted(world: World) -> None:
    report = await world.audit()
    assert report.clean, report.findings
    (check,) = [each for each in report.checks if each.name == CHECK]
    assert check.numbers["status lists"] == 1
    assert check.numbers["revoked"] > 0


async def test_what_the_signer_has_not_read_yet_is_no_mistake(world: World) -> None:
    await world.run(
        "certificates",
        "delete from credential where id not in (select credential from sheet_member)",
    )
    await world.run(
        "certificates", "update consumer_position set position = 0 where \"group\" = 'credentials'"
    )
    await world.run("certificates", "delete from status_list")
    report = await world.audit()
    assert CHECK not in report.findings

"""The access records are broken in every way the audit claims to see, and it says which."""

import pytest

from tests.ops.broken import Breakable, Broken, assert_found, sql

NOT_WRITTEN = "an entry of the access record is not what was written"
MISSING = "entries of the access record are missing"
END = "the access record does not end at its head"
FREE = "alter table access_record disable trigger user"


def access(name: str, says: str, *statements: str, database: str = "enrolment") -> Broken:
    return Broken(name, sql(database, FREE, *statements), "access record", says)


BROKEN = [
    *(
        access(f"another {column}", NOT_WRITTEN, f"update access_record set {column} = {value} where seq = 2")  # noqa: S608 - ours
        for column, value in (
            ("actor", "'somebody else'"),
            ("role", "'headquarters'"),
            ("purpose", "'correction'"),
            ("subject", "gen_random_uuid()"),
            ("fields", "'{}'"),
            ("at", "at - interval '1 day'"),
        )
    ),
    access("a look that is gone", MISSING, "delete from access_record where seq = 2"),
    access("the last look gone", END, "delete from access_record where seq = 3"),
    access("the last look gone from a certificate", END,
        "delete from access_record where seq = 6", database="certificates",
    ),
    access(
        "a year that was over too soon",
        "entries left the access record before their year was over",
        "update access_record_head set floor_seq = 1, floor_at = now() - interval '1 day',"
        " floor_digest = (select digest from access_record where seq = 1)",
        "delete from access_record where seq = 1",
    ),
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_what_is_wrong_with_the_access_records_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def test_a_record_whose_years_were_over_is_sound(breakable: Breakable) -> None:
    await breakable.run(
        "enrolment",
        "update access_record_head set floor_seq = 1, floor_at = now() - interval '367 days',"
        " floor_digest = (select digest from access_record where seq = 1)",
    )
    await breakable.run("enrolment", "delete from access_record where seq = 1")
    report = await breakable.audit()
    assert report.clean, report.findings

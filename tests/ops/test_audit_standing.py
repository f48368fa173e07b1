"""The audit finds a log of staff that is not what the accounts say, and services that keep something else."""

import pytest

from tests.ops.broken import Breakable, Broken, assert_found, sql


def broken(name: str, database: str, statement: str, says: str) -> Broken:
    return Broken(name, sql(database, statement), "staff", says)


OTHERWISE = "the log tells otherwise of somebody than the account"
ANOTHER = "a service keeps another standing than it was told"
STANDING = [
    broken("a suspension that nobody told", "enrolment",
           "update staff set state = 'suspended', suspended_at = now() where state = 'active'", OTHERWISE),
    broken("a post that was taken away in silence", "enrolment",
           "update staff_grant set until = now() where until is null", OTHERWISE),
    broken("a name that was changed in silence", "enrolment",
           "update staff set shown_name = 'x' where erased_at is null", OTHERWISE),
    broken("a former post that the log forgot", "enrolment",
           "update staff_log set payload = (payload::jsonb || '{\"former\": []}')::json"
           " where payload::jsonb -> 'former' <> '[]'", OTHERWISE),
    broken("somebody without an entry", "enrolment",
           "insert into staff (id, campaign, state, created_at) values ('new', 'small', 'active', now())",
           "the log does not tell of somebody who has an account"),
    broken("an entry of nobody", "enrolment", "update staff_log set key = 'nobody' where position = 1",
           "the log tells of somebody who has no account"),
    broken("a sign-out that nobody told", "enrolment",
           "update staff_session set ended_at = now(), ended_why = 'signed out' where ended_at is null",
           "a session that has ended is not told of"),
    *[
        broken(f"{service} that {what}", service, statement, says)
        for service in ("certificates", "reporting")
        for what, statement, says in (
            ("lets a suspended person in",
             "update staff_standing set state = 'active' where state = 'suspended'", ANOTHER),
            ("forgot that a post is another's",
             "update staff_standing set former = '[]' where former::text <> '[]'", ANOTHER),
            ("forgot somebody", "delete from staff_standing where post is not null",
             "a service does not know of somebody it was told of"),
            ("made somebody up",
             "insert into staff_standing select 'x', 'small', 'active', null, '[]', '[]', null, 1,1,1,true",
             "a service knows of somebody it was not told of"),
        )
    ],
    broken("a name where nobody shows it", "certificates", "update staff_standing set name = 'x'", ANOTHER),
    broken("another name", "reporting", "update staff_standing set name = 'x'", ANOTHER),
]  # fmt: skip


@pytest.mark.parametrize("broken", STANDING, ids=str)
async def test_a_standing_that_is_not_so_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)

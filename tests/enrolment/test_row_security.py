"""The database holds the rule of areas by itself: each statement here is one that code forgot to bound."""

from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain import eligibility
from enrolment.storage.leftovers import TABLES
from enrolment.storage.row_security import Work, act_as
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role
from tests.enrolment.intake_api import CONSTITUENCY, ELSEWHERE, IntakeApi, count, person, rows, token

CAMPAIGN = CampaignId("small")
OTHERS = "S24-PC07"
SEE_ALL = "select constituency from mitra order by constituency"

BY_CODE_ALONE = {
    "enrolment_log", "outcome", "duplicate_record", "erasure", "person_session",
    "staff", "staff_log", "staff_session", "staff_recovery_code", "sign_in_failure",
}  # fmt: skip
"""Tables for which the database holds no rule, each with its reason in docs/data-protection.md."""


def staff(subject: str, area: str, *, session: str | None = None) -> Caller:
    return Caller(StaffId(subject), Role.IN_CHARGE, CAMPAIGN, AreaCode(area), session=session)


async def seen_as(engine: AsyncEngine, who: Caller | Work | None, statement: str = SEE_ALL) -> list[Any]:
    async with engine.connect() as connection, connection.begin():
        if who is not None:
            await act_as(connection, who, CAMPAIGN, datetime.now(UTC))
        result = await connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else [result.rowcount]


@pytest_asyncio.fixture
async def two_constituencies(api: IntakeApi) -> IntakeApi:
    elsewhere = token(f"{OTHERS}/in-charge", area=OTHERS)
    assert (await api.enrol(person(1))).status_code == 201
    assert (await api.enrol(person(2, segment=ELSEWHERE), bearer=elsewhere)).status_code == 201
    return api


async def test_a_transaction_that_does_not_say_as_whom_sees_nobody(two_constituencies: IntakeApi) -> None:
    assert await seen_as(two_constituencies.engine, None) == []
    assert await seen_as(two_constituencies.engine, None, "update mitra set basis = 'admirer'") == [0]


async def test_staff_see_and_change_the_people_of_their_own_constituency_alone(
    two_constituencies: IntakeApi,
) -> None:
    engine = two_constituencies.engine
    assert await seen_as(engine, staff(f"{OTHERS}/in-charge", OTHERS)) == [(OTHERS,)]
    assert await seen_as(engine, staff("somebody", CONSTITUENCY)) == [(CONSTITUENCY,)]
    assert await seen_as(engine, staff("one", CONSTITUENCY), "update mitra set basis = 'admirer'") == [1]
    assert await rows(engine, "select constituency from mitra where basis = 'admirer'") == [(CONSTITUENCY,)]


async def test_nobody_can_be_moved_out_of_ones_sight(two_constituencies: IntakeApi) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        await seen_as(
            two_constituencies.engine,
            staff("one", CONSTITUENCY),
            f"update mitra set constituency = '{OTHERS}'",  # noqa: S608 - statements of ours
        )


async def test_who_signed_in_has_the_grants_of_the_account_and_no_others(
    two_constituencies: IntakeApi,
) -> None:
    engine = two_constituencies.engine
    signed_in = staff("with-an-account", CONSTITUENCY, session="0193e2f0")
    assert await seen_as(engine, signed_in) == []
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "insert into staff (id, campaign, state, created_at)"
                " values ('with-an-account', 'small', 'active', now())"
            )
        )
        await connection.execute(
            text(
                "insert into staff_grant (id, staff, campaign, role, area, since, granted_by) values"
                " (gen_random_uuid(), 'with-an-account', 'small', 'co_in_charge', :area, now(), 'a test')"
            ),
            {"area": CONSTITUENCY},
        )
    assert await seen_as(engine, signed_in) == [(CONSTITUENCY,)]
    async with engine.begin() as connection:
        await connection.execute(text("update staff_grant set until = now()"))
    assert await seen_as(engine, signed_in) == []


async def test_a_minted_token_gives_whoever_has_an_account_no_further_area(
    two_constituencies: IntakeApi,
) -> None:
    engine = two_constituencies.engine
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "insert into staff (id, campaign, state, created_at)"
                " values ('known', 'small', 'active', now())"
            )
        )
    assert await seen_as(engine, staff("known", CONSTITUENCY)) == []
    answer = await two_constituencies.enrol(person(3), bearer=token("known"))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:mitra:problem:role-ended")
    assert await rows(engine, "select 1 from token_grant where staff = 'known'") == []


async def test_the_machinery_changes_people_only_where_that_is_its_work(
    two_constituencies: IntakeApi,
) -> None:
    engine, change = two_constituencies.engine, "update mitra set basis = 'admirer'"
    for work in Work:
        # The rows of sheets go through the intake: whoever reads sheets needs to see no people.
        assert len(await seen_as(engine, work)) == (0 if work is Work.IMPORTS else 2), work
    assert await seen_as(engine, Work.INTAKE, change) == [0]
    assert await seen_as(engine, Work.MESSAGES, change) == [0]
    assert await seen_as(engine, Work.MATCHER, change) == [0]
    assert await seen_as(engine, Work.UPKEEP, change) == [2]


async def test_whatever_is_personal_is_under_the_rule_or_known_not_to_be(api: IntakeApi) -> None:
    found = await rows(
        api.engine,
        """
        select relname from pg_class as whole
        where relkind in ('r', 'p') and relnamespace = cast(current_schema() as regnamespace)
            and (relname = any(:tables) or exists (
                select from pg_attribute where attrelid = whole.oid and attname = 'mitra'))
            and not (relrowsecurity and relforcerowsecurity
                     and exists (select from pg_policy where polrelid = whole.oid))
        """,
        tables=list(TABLES),
    )
    assert {row.relname for row in found} == BY_CODE_ALONE


NOTE = "insert into person_request (id, mitra, campaign, constituency, kind, asked_at, due_at, asked_through)"
THEN = "now(), now(), :through"
NAME = "insert into nominee (mitra, name, phone, nominated_at)"


@pytest_asyncio.fixture
async def asked(two_constituencies: IntakeApi) -> IntakeApi:
    """In each constituency somebody has asked for a correction, and named a nominee."""
    note = f"{NOTE} select gen_random_uuid(), id, campaign, constituency, 'correction', {THEN} from mitra"  # noqa: S608 - ours
    name = f"{NAME} select id, 'sealed', 'sealed', now() from mitra"  # noqa: S608 - ours
    for statement in (note, name):
        assert await changed_as(two_constituencies.engine, Work.OWN_DATA, statement, through="page") == 2
    return two_constituencies


async def changed_as(engine: AsyncEngine, who: Caller | Work | None, statement: str, **values: Any) -> int:
    """How many rows a statement changed; that stays."""
    async with engine.begin() as connection:
        if who is not None:
            await act_as(connection, who, CAMPAIGN, datetime.now(UTC))
        return (await connection.execute(text(statement), values)).rowcount


ANSWER = "update person_request set state = 'answered', answered_at = now(), answered_by = :by"


async def test_requests_are_seen_and_answered_by_staff_of_the_constituency_in_their_own_name(
    asked: IntakeApi,
) -> None:
    engine, see = asked.engine, SEE_ALL.replace("mitra", "person_request")
    mine, theirs = staff("mine", CONSTITUENCY), staff("theirs", OTHERS)
    assert await seen_as(engine, None, see) == []
    assert await seen_as(engine, mine, see) == [(CONSTITUENCY,)]
    assert await seen_as(engine, theirs, see) == [(OTHERS,)]
    # Who signed in has the grants of the account alone, whatever the token says.
    assert await seen_as(engine, staff("an-account", CONSTITUENCY, session="0193e2f0"), see) == []
    seeing = [work for work in Work if await seen_as(engine, work, see)]
    assert seeing == [Work.OWN_DATA, Work.UPKEEP]
    for who in (None, *(work for work in Work if work is not Work.UPKEEP)):
        assert await changed_as(engine, who, ANSWER, by="me") == 0
    move_away = f"update person_request set answered_by = 'mine', constituency = '{OTHERS}'"  # noqa: S608 - ours
    for statement in (ANSWER, move_away):
        with pytest.raises(DBAPIError, match="row-level security"):
            await changed_as(engine, mine, statement, by="theirs")
    assert await changed_as(engine, mine, ANSWER, by="mine") == 1
    assert await rows(engine, "select constituency from person_request where state = 'answered'") == [
        (CONSTITUENCY,)
    ]
    assert await changed_as(engine, Work.UPKEEP, "update person_request set details = null") == 2
    for each in (None, mine, *(work for work in Work if work is not Work.UPKEEP)):
        assert await changed_as(engine, each, "delete from person_request") == 0
    # What is open is deleted by nobody.
    assert await changed_as(engine, Work.UPKEEP, "delete from person_request") == 1
    assert await rows(engine, "select constituency from person_request") == [(OTHERS,)]


async def test_nobody_notes_a_request_elsewhere_or_in_anothers_name(asked: IntakeApi) -> None:
    note = f"{NOTE} select gen_random_uuid(), gen_random_uuid(), 'small', :area, 'withdrawal', {THEN}"
    mine = staff("mine", CONSTITUENCY)
    for who, area, through in (
        (mine, OTHERS, "mine"),
        (mine, CONSTITUENCY, "theirs"),
        (mine, CONSTITUENCY, "page"),
        (Work.UPKEEP, CONSTITUENCY, "page"),
    ):
        with pytest.raises(DBAPIError, match="row-level security"):
            await changed_as(asked.engine, who, note, area=area, through=through)
    assert await changed_as(asked.engine, mine, note, area=CONSTITUENCY, through="mine") == 1


async def test_a_nominee_is_seen_and_named_by_the_person_alone(asked: IntakeApi) -> None:
    engine = asked.engine
    change, delete = "update nominee set name = 'sealed anew'", "delete from nominee"
    mine = staff("mine", CONSTITUENCY)
    for who in (None, mine, *Work):
        seen = len(await seen_as(engine, who, "select 1 from nominee"))
        assert seen == (2 if who in {Work.OWN_DATA, Work.UPKEEP} else 0), who
        assert await changed_as(engine, who, change) == (2 if who is Work.OWN_DATA else 0), who
    with pytest.raises(DBAPIError, match="row-level security"):
        await changed_as(engine, mine, f"{NAME} select gen_random_uuid(), 'sealed', 'sealed', now()")
    for who in (None, mine, *(work for work in Work if work is not Work.UPKEEP)):
        assert await changed_as(engine, who, delete) == 0, who
    assert await changed_as(engine, Work.UPKEEP, delete) == 2


async def test_a_person_outside_the_recruiters_area_is_not_enrolled_though_the_code_lets_it_pass(
    api: IntakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        eligibility, "constituency_of", lambda rules, segment, **_: rules.segments[AreaCode(segment)]
    )
    answer = await api.enrol(person(1, segment=ELSEWHERE))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:mitra:problem:role-ended")
    with pytest.raises(DBAPIError, match="row-level security"):
        await seen_as(
            api.engine,
            Work.INTAKE,
            f"""
            insert into mitra (id, campaign, constituency, segment, partition, recruiter, basis, schemes,
                               language, slot, notice_version, notice_language, enrolled_at)
            values (gen_random_uuid(), 'small', '{OTHERS}', '{ELSEWHERE}', 1,
                    '{CONSTITUENCY}/co-in-charge-07', 'admirer', array[]::text[], 'en', 0, '2026-11', 'en',
                    now())
            """,  # noqa: S608 - statements of ours
        )
    assert await count(api.engine, "enrolment_log where type = 'MitraEnrolledV1'") == 0

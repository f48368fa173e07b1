"""The database holds the rule of areas by itself: each statement here is one that code forgot to bound."""

from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain import eligibility
from enrolment.storage.row_security import Work, act_as
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role
from tests.enrolment.intake_api import CONSTITUENCY, ELSEWHERE, IntakeApi, count, person, rows, token

CAMPAIGN = CampaignId("small")
OTHERS = "S24-PC07"
SEE_ALL = "select constituency from mitra order by constituency"


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

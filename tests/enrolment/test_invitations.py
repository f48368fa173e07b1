"""From an invitation to a post: who may invite whom, how many, and what becomes of a secret."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import CONSTITUENCY, ELSEWHERE, load, operator, person, rows, token
from tests.enrolment.staff_world import PASSWORD, StaffWorld, problem, staff_world
from tests.factories import small_campaign


async def test_from_the_first_invitation_to_an_enrolment(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    in_charge = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    recruiter = await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY, login="asha@example.org")
    assert recruiter.given["staff"] == {
        "id": recruiter.id,
        "name": "आयशा बेगम",
        "role": "co_in_charge",
        "campaign": "small",
        "area": CONSTITUENCY,
    }
    enrolled = await staff.api.enrol(person(1), bearer=recruiter.token)
    assert enrolled.status_code == 201
    ((who,),) = await rows(staff.api.engine, "select recruiter from mitra")
    assert who == recruiter.id
    refused = await staff.api.enrol(person(2, segment=ELSEWHERE), bearer=recruiter.token)
    assert problem(refused) == (403, "segment-outside-area")
    assert headquarters.given["staff"]["area"] == "IN"


async def test_headquarters_appoints_a_coordinator_for_a_state(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    coordinator = await staff.appointed(headquarters.token, "state_coordinator", "S11")
    assert coordinator.given["staff"]["role"] == "state_coordinator"
    wrong = await staff.invite(headquarters.token, "state_coordinator", CONSTITUENCY)
    assert problem(wrong) == (422, "invalid-request")
    assert wrong.json()["errors"] == [
        {
            "field": "area",
            "message": "is no area of the campaign for this role",
            "expected": "the code of a state",
        }
    ]


REACHING: tuple[tuple[Role, str | None, str, str | None], ...] = (
    (Role.OPERATOR, None, "in_charge", CONSTITUENCY),
    (Role.HEADQUARTERS, None, "headquarters", None),
    (Role.HEADQUARTERS, None, "co_in_charge", CONSTITUENCY),
    (Role.STATE_COORDINATOR, "S11", "in_charge", CONSTITUENCY),
    (Role.IN_CHARGE, CONSTITUENCY, "in_charge", CONSTITUENCY),
    (Role.IN_CHARGE, CONSTITUENCY, "headquarters", None),
    (Role.IN_CHARGE, CONSTITUENCY, "co_in_charge", "S11-PC06"),
    (Role.CO_IN_CHARGE, CONSTITUENCY, "co_in_charge", CONSTITUENCY),
)


async def test_who_reaches_for_a_post_of_another_is_refused_and_recorded(staff: StaffWorld) -> None:
    for number, (by, area, role, of) in enumerate(REACHING):
        refused = await staff.invite(token(f"climber-{number}", by, area), role, of)
        assert problem(refused) == (403, "post-not-yours"), (by, role)
        assert "is filled by" in refused.json()["detail"]
    recorded = [(each.actor, each.facts["role"]) for each in await staff.recorded("refused-appointment")]
    assert sorted(recorded) == [(f"climber-{n}", role) for n, (_, _, role, _) in enumerate(REACHING)]


async def test_nobody_is_invited_to_a_role_that_people_do_not_have(staff: StaffWorld) -> None:
    for role in ("operator", "service", "king"):
        refused = await staff.invite(operator(), role)
        assert problem(refused) == (422, "invalid-request")
        assert "'headquarters'" in refused.json()["errors"][0]["expected"]


async def test_a_thirty_first_co_in_charge_is_refused_and_recorded(staff: StaffWorld) -> None:
    in_charge = token("the-in-charge", Role.IN_CHARGE)
    made = [await staff.invite(in_charge, "co_in_charge", CONSTITUENCY) for _ in range(30)]
    assert {each.status_code for each in made} == {201}
    refused = await staff.invite(in_charge, "co_in_charge", CONSTITUENCY)
    assert problem(refused) == (409, "post-filled")
    assert (refused.json()["limit"], "room for 30" in refused.json()["detail"]) == (30, True)
    (record,) = await staff.recorded("refused-appointment")
    assert (record.actor, record.facts["role"], record.facts["limit"]) == (
        "the-in-charge",
        "co_in_charge",
        30,
    )
    first = made[0].json()["id"]
    assert (await staff.ask("DELETE", f"/v1/staff/invitations/{first}", token=in_charge)).status_code == 204
    assert (await staff.invite(in_charge, "co_in_charge", CONSTITUENCY)).status_code == 201


async def test_invitations_that_are_made_at_once_do_not_exceed_the_limit(
    enrolment_engine: AsyncEngine,
) -> None:
    await load(enrolment_engine, small_campaign(staff={"in_charges": 1, "co_in_charges": 2}))
    in_charge = token("the-in-charge", Role.IN_CHARGE)
    async with staff_world(enrolment_engine) as staff:
        asked = [staff.invite(in_charge, "co_in_charge", CONSTITUENCY) for _ in range(6)]
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*asked))
        assert statuses == [201, 201, 409, 409, 409, 409]


async def test_a_lowered_limit_holds_for_invitations_that_are_out(campaign_engine: AsyncEngine) -> None:
    in_charge = token("the-in-charge", Role.IN_CHARGE)
    async with staff_world(campaign_engine) as staff:
        secrets = [
            (await staff.invite(in_charge, "co_in_charge", CONSTITUENCY)).json()["secret"] for _ in range(2)
        ]
        await load(campaign_engine, small_campaign(2, staff={"in_charges": 1, "co_in_charges": 1}))
        async with campaign_engine.connect() as connection:
            await staff.api.service.campaigns.refresh(connection)
        assert (await staff.accept(secrets[0], "+919800000001")).status_code == 201
        assert problem(await staff.accept(secrets[1], "+919800000002")) == (409, "post-filled")
        assert [each.facts["limit"] for each in await staff.recorded("refused-appointment")] == [1]


async def test_the_secret_is_shown_once_and_kept_nowhere(staff: StaffWorld) -> None:
    made = (await staff.invite(operator(), "headquarters")).json()
    (listed,) = (await staff.ask("GET", "/v1/staff/invitations", token=operator())).json()["invitations"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    for table in ("staff_invitation", "staff_record"):
        ((text,),) = await rows(staff.api.engine, f"select string_agg(x::text, ' ') from {table} x")  # noqa: S608
        assert made["secret"] not in text


async def test_each_sees_the_invitations_that_are_theirs(staff: StaffWorld) -> None:
    headquarters, in_charge = await staff.headquarters(), token("the-in-charge", Role.IN_CHARGE)
    await staff.invite(operator(), "headquarters")
    await staff.invite(headquarters.token, "in_charge", "S24-PC07")
    mine = (await staff.invite(in_charge, "co_in_charge", CONSTITUENCY)).json()["id"]

    async def roles(bearer: str) -> list[str]:
        told = (await staff.ask("GET", "/v1/staff/invitations", token=bearer)).json()["invitations"]
        return [each["role"] for each in told]

    assert await roles(operator()) == ["headquarters"]
    assert await roles(headquarters.token) == ["in_charge"]
    assert await roles(in_charge) == ["co_in_charge"]
    assert await roles(token("another", Role.IN_CHARGE, "S11-PC06")) == []
    for other in (headquarters.token, token("another", Role.IN_CHARGE, "S11-PC06")):
        refused = await staff.ask("DELETE", f"/v1/staff/invitations/{mine}", token=other)
        assert problem(refused) == (404, "invitation-unknown")


async def test_an_invitation_serves_once_and_its_reuse_is_recorded(staff: StaffWorld) -> None:
    made = (await staff.invite(operator(), "headquarters")).json()
    first = await staff.accept(made["secret"], "+919800000001")
    assert first.status_code == 201
    again = await staff.accept(made["secret"], "+919800000002")
    assert problem(again) == (409, "invitation-void")
    assert "was accepted already" in again.json()["detail"]
    (record,) = await staff.recorded("refused-invitation")
    assert (record.staff, record.facts["invitation"]) == (first.json()["id"], made["id"])
    refused = await staff.ask("DELETE", f"/v1/staff/invitations/{made['id']}", token=operator())
    assert problem(refused) == (409, "invitation-void")


async def test_an_invitation_that_is_accepted_by_two_at_once_serves_one(staff: StaffWorld) -> None:
    secret = (await staff.invite(operator(), "headquarters")).json()["secret"]
    answers = await asyncio.gather(*(staff.accept(secret, f"+91980000000{n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    ((people,),) = await rows(staff.api.engine, "select count(*) from staff")
    assert people == 1


async def test_an_invitation_runs_out_after_seven_days(staff: StaffWorld) -> None:
    secret = (await staff.invite(operator(), "headquarters")).json()["secret"]
    staff.clock.now += timedelta(days=7)
    refused = await staff.accept(secret, "+919800000001")
    assert problem(refused) == (409, "invitation-void")
    assert "has run out" in refused.json()["detail"]
    assert (await staff.ask("GET", "/v1/staff/invitations", token=operator())).json()["invitations"] == []


async def test_an_invitation_that_was_taken_back_or_made_up_opens_nothing(staff: StaffWorld) -> None:
    made = (await staff.invite(operator(), "headquarters")).json()
    for _ in range(2):
        gone = await staff.ask("DELETE", f"/v1/staff/invitations/{made['id']}", token=operator())
        assert gone.status_code == 204
    taken_back = await staff.accept(made["secret"], "+919800000001")
    assert "was taken back" in taken_back.json()["detail"]
    made_up = await staff.accept(made["secret"][:-1] + "x", "+919800000001")
    assert problem(made_up) == (404, "invitation-unknown")


NOT_RIGHT: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"name": "4711"}, "name", "contains no letter"),
    ({"name": ""}, "name", "is empty"),
    ({"login": "12345"}, "login", "is neither"),
    ({"login": "a@b"}, "login", "is neither"),
    ({"password": "sh0rt"}, "password", "has fewer than 10 characters"),
    ({"password": "Password@123"}, "password", "is among the most common ones"),
    ({"password": "9800000001"}, "password", "is the login"),
    ({"password": "1234567890"}, "password", "is a row of signs that is tried first"),
)


async def test_what_is_wrong_with_an_acceptance_is_told_and_the_invitation_stays(staff: StaffWorld) -> None:
    secret = (await staff.invite(operator(), "headquarters")).json()["secret"]
    for changes, field, message in NOT_RIGHT:
        refused = await staff.accept(secret, **({"login": "+919800000001"} | changes))
        assert problem(refused) == (422, "invalid-request")
        (error,) = refused.json()["errors"]
        assert (error["field"], error["message"]) == (field, message)
        assert error["expected"]
        assert not changes[field] or changes[field] not in refused.text
    assert (await staff.accept(secret, "+919800000001")).status_code == 201


async def test_a_login_that_is_taken_is_refused_and_cannot_be_asked_for_long(staff: StaffWorld) -> None:
    taken = (await staff.headquarters()).login
    secret = (await staff.invite(operator(), "headquarters")).json()["secret"]
    for _ in range(5):
        refused = await staff.accept(secret, taken, password="another quite long one")
        assert problem(refused) == (409, "login-taken")
    assert problem(await staff.accept(secret, "+919811111111")) == (409, "invitation-void")


async def test_name_and_login_are_sealed(staff: StaffWorld) -> None:
    in_charge = await staff.in_charge()
    ((text,),) = await rows(staff.api.engine, "select string_agg(x::text, ' ') from staff x")
    assert "आयशा" not in text
    assert in_charge.login.removeprefix("+91") not in text
    assert PASSWORD not in text
    assert "$argon2id$" in text
    identities = await rows(staff.api.engine, "select issuer, subject, id from staff")
    assert {row.issuer for row in identities} == {"mitra"}
    assert not {row.subject for row in identities} & {row.id for row in identities}

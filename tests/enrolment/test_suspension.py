"""Suspension and hand-over: at once, here and at other apis, and who was what is not forgotten."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.following import follow
from mitra_shared.process import ShutdownSignal
from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import CONSTITUENCY, operator, person, rows, token
from tests.enrolment.staff_world import Member, StaffWorld, problem, staff_world


async def suspended(staff: StaffWorld, who: Member, by: str) -> int:
    return (await staff.ask("POST", f"/v1/staff/{who.id}/suspension", token=by)).status_code


async def test_a_suspension_holds_from_the_next_request_on(staff: StaffWorld) -> None:
    in_charge = await staff.in_charge()
    recruiter = await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY)
    minted = token(recruiter.id, Role.CO_IN_CHARGE)
    assert (await staff.api.enrol(person(1), bearer=recruiter.token)).status_code == 201
    for _ in range(2):
        assert await suspended(staff, recruiter, in_charge.token) == 204
    for bearer in (recruiter.token, minted):
        refused = await staff.api.enrol(person(2), bearer=bearer)
        assert (problem(refused), refused.json()["reason"]) == ((401, "token-refused"), "revoked")
    assert (await staff.refresh(recruiter.refresh_token)).json()["reason"] == "ended"
    assert problem(await staff.sign_in(recruiter.login)) == (403, "account-suspended")
    restored = await staff.ask("DELETE", f"/v1/staff/{recruiter.id}/suspension", token=in_charge.token)
    assert restored.status_code == 204
    assert not await staff.is_accepted(recruiter)
    again = await staff.signed_in(recruiter)
    assert (await staff.api.enrol(person(2), bearer=again.token)).status_code == 201
    kinds = [(await staff.recorded(kind))[0].actor for kind in ("suspended", "restored")]
    assert kinds == [in_charge.id, in_charge.id]


async def test_another_api_knows_of_a_suspension_without_being_told(campaign_engine: AsyncEngine) -> None:
    shutdown = ShutdownSignal()
    async with staff_world(campaign_engine) as here, staff_world(campaign_engine) as there:
        member = await here.headquarters()
        assert await there.is_accepted(member)
        revocations = there.api.service.staffing.revocations
        following = asyncio.create_task(follow("staff", revocations.refresh, campaign_engine, shutdown))
        assert await suspended(here, member, operator()) == 204
        async with asyncio.timeout(60):
            while await there.is_accepted(member):  # noqa: ASYNC110 - a database does not call
                await asyncio.sleep(0.02)
        shutdown.request("the test is over")
        await following


async def test_only_who_fills_the_post_or_an_operator_suspends(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    in_charge = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    recruiter = await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY)
    elsewhere = token("another", Role.IN_CHARGE, "S11-PC06")
    for who, by in (
        (recruiter, headquarters.token),
        (recruiter, elsewhere),
        (in_charge, in_charge.token),
        (headquarters, in_charge.token),
        (Member("nobody", ""), operator()),
    ):
        assert await suspended(staff, who, by) == 404
    assert await suspended(staff, recruiter, recruiter.token) == 403
    assert await suspended(staff, in_charge, headquarters.token) == 204
    assert await suspended(staff, recruiter, operator()) == 204


async def test_a_post_is_handed_over_to_somebody_who_is_invited_for_it(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    leaving = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    assert problem(await staff.invite(headquarters.token, "in_charge", CONSTITUENCY)) == (409, "post-filled")
    invited = await staff.invite(headquarters.token, "in_charge", CONSTITUENCY, replaces=leaving.id)
    assert await staff.is_accepted(leaving)
    accepted = await staff.accept(invited.json()["secret"], "+919811111111")
    taking = await staff.signed_in(Member(accepted.json()["id"], "+919811111111"))
    assert (await staff.is_accepted(leaving), await staff.is_accepted(taking)) == (False, True)
    assert problem(await staff.sign_in(leaving.login)) == (403, "no-post")
    history = await rows(
        staff.api.engine,
        "select staff, since, until, granted_by, ended_by from staff_grant where role = 'in_charge'"
        " order by since",
    )
    assert [(row.staff, row.granted_by, row.ended_by) for row in history] == [
        (leaving.id, headquarters.id, headquarters.id),
        (taking.id, headquarters.id, None),
    ]
    assert history[0].until == history[1].since


async def test_a_co_in_charge_takes_the_constituency_over_and_goes_on(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    leaving = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    taking = await staff.appointed(leaving.token, "co_in_charge", CONSTITUENCY)
    path = f"/v1/staff/{leaving.id}/hand-over"
    done = await staff.ask("POST", path, {"to": taking.id}, token=headquarters.token)
    assert done.json() == {
        "id": taking.id,
        "role": "in_charge",
        "campaign": "small",
        "area": CONSTITUENCY,
    }
    assert not await staff.is_accepted(leaving)
    # The old token was for the old post. The session goes on, in the new one.
    assert not await staff.is_accepted(taking)
    refreshed = (await staff.refresh(taking.refresh_token)).json()
    assert refreshed["staff"]["role"] == "in_charge"
    invited = await staff.invite(refreshed["access_token"], "co_in_charge", CONSTITUENCY)
    assert invited.status_code == 201
    again = await staff.ask("POST", path, {"to": taking.id}, token=headquarters.token)
    assert problem(again) == (409, "not-the-holder")


async def test_a_hand_over_is_refused_with_a_reason(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    leaving = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    recruiter = await staff.appointed(leaving.token, "co_in_charge", CONSTITUENCY)
    other = await staff.appointed(headquarters.token, "in_charge", "S11-PC06")
    barred = await staff.appointed(leaving.token, "co_in_charge", CONSTITUENCY)
    await suspended(staff, barred, operator())
    by_headquarters, by_in_charge = headquarters.token, leaving.token
    for who, to, by, expected in (
        (leaving, "nobody", by_headquarters, (409, "cannot-take-over")),
        (leaving, leaving.id, by_headquarters, (409, "cannot-take-over")),
        (leaving, barred.id, by_headquarters, (409, "cannot-take-over")),
        (leaving, recruiter.id, by_in_charge, (403, "post-not-yours")),
        (recruiter, other.id, by_in_charge, (409, "cannot-take-over")),
        (recruiter, leaving.id, by_headquarters, (403, "post-not-yours")),
        (Member("nobody", ""), recruiter.id, by_headquarters, (404, "not-found")),
    ):
        refused = await staff.ask("POST", f"/v1/staff/{who.id}/hand-over", {"to": to}, token=by)
        assert problem(refused) == expected, (who, to)
        assert refused.json()["detail"]
    assert await staff.is_accepted(leaving)


async def test_somebody_without_a_post_is_appointed_again_with_the_old_password(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    leaving = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    taking = await staff.appointed(leaving.token, "co_in_charge", CONSTITUENCY)
    await staff.ask("POST", f"/v1/staff/{leaving.id}/hand-over", {"to": taking.id}, token=headquarters.token)
    secret = (await staff.invite(headquarters.token, "in_charge", "S11-PC06")).json()["secret"]
    guessed = await staff.accept(secret, leaving.login, password="some other password")
    assert problem(guessed) == (409, "login-taken")
    back = await staff.accept(secret, leaving.login)
    assert (back.status_code, back.json()["id"], back.json()["area"]) == (201, leaving.id, "S11-PC06")
    assert await staff.is_accepted(await staff.signed_in(leaving))


async def test_who_forgot_the_password_is_invited_anew_and_stays_the_same_person(staff: StaffWorld) -> None:
    in_charge = await staff.in_charge()
    recruiter = await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY)
    invited = await staff.invite(in_charge.token, "co_in_charge", CONSTITUENCY, replaces=recruiter.id)
    anew = await staff.accept(
        invited.json()["secret"], recruiter.login, password="an entirely new one", name="Aisha"
    )
    assert (anew.status_code, anew.json()["id"]) == (201, recruiter.id)
    assert not await staff.is_accepted(recruiter)
    assert problem(await staff.sign_in(recruiter.login)) == (401, "sign-in-refused")
    back = await staff.sign_in(recruiter.login, "an entirely new one")
    assert (back.status_code, back.json()["staff"]["name"]) == (201, "Aisha")
    (record,) = await staff.recorded("signed-up-anew")
    assert (record.actor, record.staff) == (in_charge.id, recruiter.id)


async def test_an_invitation_to_replace_somebody_who_left_is_void(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    leaving = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    recruiter = await staff.appointed(leaving.token, "co_in_charge", CONSTITUENCY)
    for replaces in (recruiter.id, "nobody"):
        refused = await staff.invite(headquarters.token, "in_charge", CONSTITUENCY, replaces=replaces)
        assert problem(refused) == (409, "not-the-holder")
    invited = await staff.invite(headquarters.token, "in_charge", CONSTITUENCY, replaces=leaving.id)
    await staff.ask(
        "POST", f"/v1/staff/{leaving.id}/hand-over", {"to": recruiter.id}, token=headquarters.token
    )
    void = await staff.accept(invited.json()["secret"], "+919811111111")
    assert problem(void) == (409, "invitation-void")
    assert "has left the post" in void.json()["detail"]


async def test_nothing_is_accepted_before_it_is_known_whose_tokens_count(staff: StaffWorld) -> None:
    revocations = staff.api.service.staffing.revocations
    await staff.api.service.look_at_revocations()
    assert await revocations.check() is None
    revocations._version = None
    refused = await staff.api.enrol()
    assert problem(refused) == (503, "unavailable")
    assert await revocations.check() == "whose tokens count no longer was not read yet"

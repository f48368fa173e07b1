"""Sessions: signing in, refreshing, replaying, signing out, changing the password."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.passwords import PasswordCost
from enrolment.passwords import Passwords
from mitra_shared.security.tokens import TokenVerifier, public_jwks
from tests.enrolment.intake_api import ACCESS_KEY, SIGNING_KEY, operator, rows, token
from tests.enrolment.staff_world import PASSWORD, Member, StaffWorld, problem, staff_world


def tokens(answer: httpx.Response) -> tuple[str, str]:
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"], answer.json()["refresh_token"]


async def test_a_session_has_a_short_access_token_for_its_post(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    given = headquarters.given
    assert (given["token_type"], given["expires_in"], given["refresh_expires_in"]) == (
        "Bearer",
        600,
        5_184_000,
    )
    caller = TokenVerifier(public_jwks(SIGNING_KEY, ACCESS_KEY)).verify(headquarters.token)
    assert (caller.subject, caller.role, caller.campaign, caller.area, caller.session) == (
        headquarters.id,
        "headquarters",
        "small",
        None,
        given["session_id"],
    )


async def test_a_wrong_password_and_an_unknown_login_are_answered_alike(staff: StaffWorld) -> None:
    known = (await staff.headquarters()).login
    wrong = await staff.sign_in(known, "not the password at all")
    unknown = await staff.sign_in("+919899999999", "not the password at all")
    assert problem(wrong) == (401, "sign-in-refused")
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
    assert set(wrong.headers) == set(unknown.headers)


async def test_a_login_is_found_in_whatever_way_it_is_written(staff: StaffWorld) -> None:
    await staff.appointed(operator(), "headquarters", login="+919812345678")
    await staff.appointed(operator(), "headquarters", login="Asha.Rao@Example.ORG")
    for login in ("9812345678", "098123 45678", "+91 98123 45678", " asha.rao@example.org "):
        assert (await staff.sign_in(login)).status_code == 201, login
    refused = await staff.sign_in("asha.rao")
    assert problem(refused) == (422, "invalid-request")
    assert refused.json()["errors"][0]["field"] == "login"


async def test_a_refresh_token_gives_its_successor_once(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    access, second = tokens(await staff.refresh(member.refresh_token))
    assert (await staff.ask("GET", "/v1/sessions", token=access)).status_code == 200
    _, third = tokens(await staff.refresh(second))
    assert len({member.refresh_token, second, third}) == 3
    ((text,),) = await rows(staff.api.engine, "select string_agg(x::text, ' ') from staff_session x")
    assert not [each for each in (member.refresh_token, second, third) if each in text]


async def test_a_phone_that_did_not_get_the_answer_gets_the_same_one_again(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    _, lost = tokens(await staff.refresh(member.refresh_token))
    staff.clock.now += timedelta(seconds=60)
    _, again = tokens(await staff.refresh(member.refresh_token))
    assert again == lost
    once_more = await staff.refresh(member.refresh_token)
    assert problem(once_more) == (409, "already-refreshed")
    tokens(await staff.refresh(again))
    assert await staff.recorded("replayed") == []


async def test_a_spent_token_that_is_replayed_ends_the_family_and_is_recorded(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    other = await staff.signed_in(Member(member.id, member.login))
    access, second = tokens(await staff.refresh(member.refresh_token))
    staff.clock.now += timedelta(seconds=61)
    replayed = await staff.refresh(member.refresh_token)
    assert problem(replayed) == (401, "session-over")
    assert replayed.json()["reason"] == "replayed"
    for holder in (second, member.refresh_token):
        ended = await staff.refresh(holder)
        assert (problem(ended), ended.json()["reason"]) == ((401, "session-over"), "ended")
    refused = await staff.ask("GET", "/v1/sessions", token=access)
    assert refused.json()["reason"] == "revoked"
    (record,) = await staff.recorded("replayed")
    assert (record.staff, record.facts["session"]) == (member.id, member.given["session_id"])
    assert await staff.is_accepted(other)


async def test_a_token_older_than_the_last_exchange_is_replayed_at_any_time(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    _, second = tokens(await staff.refresh(member.refresh_token))
    tokens(await staff.refresh(second))
    assert (await staff.refresh(member.refresh_token)).json()["reason"] == "replayed"


async def test_two_refreshes_at_once_do_not_sign_the_device_out(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    answers = await asyncio.gather(*(staff.refresh(member.refresh_token) for _ in range(2)))
    ((_, one), (_, other)) = map(tokens, answers)
    assert one == other
    for answer in answers:
        access = answer.json()["access_token"]
        assert (await staff.ask("GET", "/v1/sessions", token=access)).status_code == 200
    tokens(await staff.refresh(one))


async def test_many_refreshes_at_once_do_not_sign_the_device_out(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    answers = await asyncio.gather(*(staff.refresh(member.refresh_token) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409, 409]
    (successor,) = {a.json()["refresh_token"] for a in answers if a.status_code == 200}
    tokens(await staff.refresh(successor))


async def test_a_made_up_refresh_token_changes_nothing(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    genuine = member.refresh_token
    flipped = genuine[:40] + ("A" if genuine[40] != "A" else "B") + genuine[41:]
    for made_up in (flipped, genuine[:-6] + "AAAAAA", "mrt_" + "A" * 91, "", "mrt_é", genuine[:50]):
        refused = await staff.refresh(made_up)
        assert (problem(refused), refused.json()["reason"]) == ((401, "session-over"), "unknown")
    tokens(await staff.refresh(genuine))


async def test_a_session_lives_for_sixty_days_from_its_last_use(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    staff.clock.now += timedelta(days=59)
    _, second = tokens(await staff.refresh(member.refresh_token))
    staff.clock.now += timedelta(days=59)
    _, third = tokens(await staff.refresh(second))
    staff.clock.now += timedelta(days=60)
    expired = await staff.refresh(third)
    assert (problem(expired), expired.json()["reason"]) == ((401, "session-over"), "expired")


async def test_a_device_is_signed_out_alone(staff: StaffWorld) -> None:
    here = await staff.headquarters()
    there = await staff.signed_in(Member(here.id, here.login))
    told = (await staff.ask("GET", "/v1/sessions", token=here.token)).json()["sessions"]
    assert {each["id"]: (each["device"]["id"], each["current"]) for each in told} == {
        here.given["session_id"]: (here.device, True),
        there.given["session_id"]: (there.device, False),
    }
    path = f"/v1/sessions/{there.given['session_id']}"
    for _ in range(2):
        assert (await staff.ask("DELETE", path, token=here.token)).status_code == 204
    assert not await staff.is_accepted(there)
    assert (await staff.refresh(there.refresh_token)).json()["reason"] == "ended"
    assert (await staff.ask("DELETE", "/v1/sessions/current", token=here.token)).status_code == 204
    assert not await staff.is_accepted(here)


async def test_a_session_of_another_cannot_be_ended(staff: StaffWorld) -> None:
    one, other = await staff.headquarters(), await staff.headquarters()
    for session in (other.given["session_id"], uuid4()):
        refused = await staff.ask("DELETE", f"/v1/sessions/{session}", token=one.token)
        assert problem(refused) == (404, "not-found")
    assert await staff.is_accepted(other)


async def test_a_device_has_one_session_and_a_person_ten_devices(staff: StaffWorld) -> None:
    first = await staff.headquarters()
    again = await staff.signed_in(first)
    assert (await staff.is_accepted(first), await staff.is_accepted(again)) == (False, True)
    for _ in range(10):
        staff.clock.now += timedelta(seconds=1)
        newest = await staff.signed_in(Member(first.id, first.login))
    assert not await staff.is_accepted(again)
    told = (await staff.ask("GET", "/v1/sessions", token=newest.token)).json()["sessions"]
    assert len(told) == 10


async def test_a_new_password_signs_out_all_other_devices(staff: StaffWorld) -> None:
    here = await staff.headquarters()
    there = await staff.signed_in(Member(here.id, here.login))
    changed = {"current": PASSWORD, "new": "seven blue kites over Kalpetta"}
    for body, expected in (
        (changed | {"current": "not the password"}, (403, "password-wrong")),
        (changed | {"new": "password12345"}, (422, "invalid-request")),
    ):
        assert problem(await staff.ask("PUT", "/v1/account/password", body, token=here.token)) == expected
    assert (await staff.ask("PUT", "/v1/account/password", changed, token=here.token)).status_code == 204
    assert (await staff.is_accepted(here), await staff.is_accepted(there)) == (True, False)
    assert problem(await staff.sign_in(here.login)) == (401, "sign-in-refused")
    assert (await staff.sign_in(here.login, changed["new"])).status_code == 201


async def test_a_minted_token_has_no_session(staff: StaffWorld) -> None:
    minted = token("S11-PC04/in-charge")
    for method, path in (("GET", "/v1/sessions"), ("DELETE", "/v1/sessions/current"), ("GET", "/v1/account")):
        assert problem(await staff.ask(method, path, token=minted)) == (403, "no-session")


async def test_a_full_pool_of_passwords_is_told_at_once_and_costs_no_failure(
    campaign_engine: AsyncEngine,
) -> None:
    passwords = Passwords(PasswordCost(memory_kib=8, passes=1), threads=1, waiting=-1)
    async with staff_world(campaign_engine, passwords) as staff:
        refused = await staff.sign_in("+919800000001")
        assert problem(refused) == (503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert await rows(campaign_engine, "select 1 from sign_in_failure where failures > 0") == []


async def test_a_password_of_lower_cost_is_hashed_anew_when_it_is_used(campaign_engine: AsyncEngine) -> None:
    async with staff_world(campaign_engine) as staff:
        login = (await staff.headquarters()).login
    dearer = Passwords(PasswordCost(memory_kib=16, passes=1))
    async with staff_world(campaign_engine, dearer) as staff:
        for _ in range(2):
            assert (await staff.sign_in(login)).status_code == 201
        ((kept,),) = await rows(campaign_engine, "select password from staff")
        assert "m=16," in kept

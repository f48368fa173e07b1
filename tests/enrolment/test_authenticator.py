"""Codes of an authenticator: asked for once they are confirmed, each good once, with a way back."""

from datetime import timedelta

import pyotp

from tests.enrolment.staff_world import PASSWORD, Member, StaffWorld, problem


async def with_codes(staff: StaffWorld, member: Member | None = None) -> tuple[Member, pyotp.TOTP, list[str]]:
    member = member or await staff.headquarters()
    shown = await staff.ask("POST", "/v1/account/authenticator", {"password": PASSWORD}, token=member.token)
    assert shown.status_code == 201, shown.text
    app = pyotp.parse_uri(shown.json()["address"])
    assert isinstance(app, pyotp.TOTP)
    assert app.secret == shown.json()["secret"]
    confirmed = await staff.ask(
        "POST",
        "/v1/account/authenticator/confirmation",
        {"code": app.at(staff.clock.now)},
        token=member.token,
    )
    assert confirmed.status_code == 200, confirmed.text
    return member, app, confirmed.json()["recovery_codes"]


async def test_a_code_is_asked_for_once_it_is_confirmed_and_is_good_once(staff: StaffWorld) -> None:
    member, app, _ = await with_codes(staff)
    assert problem(await staff.sign_in(member.login)) == (401, "code-needed")
    confirmed_with = app.at(staff.clock.now)
    assert problem(await staff.sign_in(member.login, code=confirmed_with)) == (403, "code-refused")
    staff.clock.now += timedelta(seconds=30)
    code = app.at(staff.clock.now)
    assert (await staff.sign_in(member.login, code=f"{code[:3]} {code[3:]}")).status_code == 201
    replayed = await staff.sign_in(member.login, code=code)
    assert problem(replayed) == (403, "code-refused")
    assert "good once" in replayed.json()["detail"]
    # Whoever sends a wrong code knows the password: recorded from the first one on.
    refused = await staff.recorded("refused-code")
    assert [(each.staff, each.facts["failures"]) for each in refused] == [(member.id, 1)] * 2


async def test_a_clock_may_be_half_a_minute_off_and_no_more(staff: StaffWorld) -> None:
    member, app, _ = await with_codes(staff)
    staff.clock.now += timedelta(minutes=5)
    for seconds, status in ((-60, 403), (60, 403), (-30, 201), (30, 201)):
        code = app.at(staff.clock.now + timedelta(seconds=seconds))
        assert (await staff.sign_in(member.login, code=code)).status_code == status, seconds


async def test_a_code_opens_nothing_without_the_password(staff: StaffWorld) -> None:
    member, app, recovery = await with_codes(staff)
    staff.clock.now += timedelta(minutes=1)
    for code in (app.at(staff.clock.now), recovery[0]):
        refused = await staff.sign_in(member.login, "a wrong password", code=code)
        assert problem(refused) == (401, "sign-in-refused")
    assert (await staff.sign_in(member.login, code=recovery[0])).status_code == 201


async def test_a_recovery_code_is_good_once(staff: StaffWorld) -> None:
    member, _, recovery = await with_codes(staff)
    assert len(set(recovery)) == 10
    assert (await staff.sign_in(member.login, code=recovery[3].upper().replace("-", " "))).status_code == 201
    assert problem(await staff.sign_in(member.login, code=recovery[3])) == (403, "code-refused")
    assert (await staff.sign_in(member.login, code=recovery[4])).status_code == 201


async def test_guessed_codes_lock_the_login_whatever_is_asked_in_between(staff: StaffWorld) -> None:
    member, _, _ = await with_codes(staff)
    for _ in range(4):
        assert problem(await staff.sign_in(member.login, code="abc-abc")) == (403, "code-refused")
        assert problem(await staff.sign_in(member.login)) == (401, "code-needed")
    assert problem(await staff.sign_in(member.login, code="abc-abc")) == (403, "code-refused")
    assert problem(await staff.sign_in(member.login, code="abc-abc")) == (429, "locked-out")
    assert problem(await staff.sign_in(member.login)) == (429, "locked-out")


async def test_a_wrong_code_confirms_nothing(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    path = "/v1/account/authenticator/confirmation"
    early = await staff.ask("POST", path, {"code": "123456"}, token=member.token)
    assert problem(early) == (409, "codes-conflict")
    await staff.ask("POST", "/v1/account/authenticator", {"password": PASSWORD}, token=member.token)
    assert problem(await staff.ask("POST", path, {"code": "abc"}, token=member.token)) == (
        403,
        "code-refused",
    )
    (refused,) = await staff.recorded("refused-code")
    assert (refused.actor, refused.staff, refused.facts) == (member.id, member.id, {})
    assert (await staff.sign_in(member.login)).status_code == 201


async def test_codes_are_switched_off_with_the_password(staff: StaffWorld) -> None:
    member, _, recovery = await with_codes(staff)
    told = (await staff.ask("GET", "/v1/account", token=member.token)).json()
    assert (told["login"], told["asks_for_codes"], told["name"]) == (member.login, True, "आयशा बेगम")
    for path in ("/v1/account/authenticator", "/v1/account/authenticator/removal"):
        wrong = await staff.ask("POST", path, {"password": "not this one"}, token=member.token)
        assert problem(wrong) == (403, "password-wrong")
    again = await staff.ask("POST", "/v1/account/authenticator", {"password": PASSWORD}, token=member.token)
    assert problem(again) == (409, "codes-conflict")
    for _ in range(2):
        off = await staff.ask(
            "POST", "/v1/account/authenticator/removal", {"password": PASSWORD}, token=member.token
        )
        assert off.status_code == 204
    assert (await staff.sign_in(member.login)).status_code == 201
    assert [len(await staff.recorded(kind)) for kind in ("codes-on", "codes-off")] == [1, 1]
    assert recovery

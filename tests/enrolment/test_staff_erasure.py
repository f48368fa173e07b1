"""Former staff: name, login, secrets and sessions go, at once or once the time is over; the id stays."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.erase_staff import erase_former_staff
from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import CONSTITUENCY, load, logged, operator, rows, token
from tests.enrolment.staff_world import Member, StaffWorld, problem, staff_world
from tests.factories import small_campaign

PERSONAL = (
    "name", "shown_name", "phone", "email", "login_hash", "issuer", "subject", "password",
    "password_set_at", "totp", "totp_confirmed_at", "totp_step",
)  # fmt: skip


async def erase(staff: StaffWorld, who: Member, by: str) -> httpx.Response:
    return await staff.ask("POST", f"/v1/staff/{who.id}/erasure", token=by)


async def account(staff: StaffWorld, who: Member) -> Any:
    (row,) = await rows(staff.api.engine, "select * from staff where id = :id", id=who.id)
    return row


def personal(row: Any) -> dict[str, Any]:
    return {field: row._mapping[field] for field in PERSONAL if row._mapping[field] is not None}


async def names_told(staff: StaffWorld, who: Member) -> list[str | None]:
    told = await logged(staff.api.engine, "staff")
    return [event.get("name") for event in told if event["staff"] == who.id]


async def replaced(staff: StaffWorld) -> tuple[Member, Member]:
    """Headquarters, and an in-charge whose post is another's now."""
    headquarters = await staff.headquarters()
    leaving = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    taking = await staff.appointed(leaving.token, "co_in_charge", CONSTITUENCY)
    path = f"/v1/staff/{leaving.id}/hand-over"
    assert (await staff.ask("POST", path, {"to": taking.id}, token=headquarters.token)).is_success
    return headquarters, leaving


async def test_who_is_out_is_erased_at_once_when_asked_for(staff: StaffWorld) -> None:
    headquarters, leaving = await replaced(staff)
    (before,) = await rows(
        staff.api.engine,
        "select rewrite from staff_head where partition = "
        "(select partition from staff_log where key = :id limit 1)",
        id=leaving.id,
    )
    assert {"name", "shown_name", "phone", "login_hash", "password"} <= personal(
        await account(staff, leaving)
    ).keys()
    assert all(await names_told(staff, leaving))
    for _ in range(2):
        assert (await erase(staff, leaving, headquarters.token)).status_code == 204
    erased = await account(staff, leaving)
    assert (personal(erased), erased.erased_at) == ({}, staff.clock.now)
    assert (
        await rows(staff.api.engine, "select 1 from staff_recovery_code where staff = :id", id=leaving.id)
        == []
    )
    sessions = await rows(
        staff.api.engine,
        "select device, device_name, token_hash, salt, ended_at from staff_session where staff = :id",
        id=leaving.id,
    )
    assert [tuple(row)[:4] for row in sessions] == [(UUID(int=0), "", b"", b"")]
    assert sessions[0].ended_at is not None
    assert await names_told(staff, leaving) == [None] * 3
    (after,) = await rows(
        staff.api.engine,
        "select rewrite from staff_head where partition = "
        "(select partition from staff_log where key = :id limit 1)",
        id=leaving.id,
    )
    assert after.rewrite != before.rewrite
    (record,) = await staff.recorded("erased")
    assert (record.actor, record.staff, record.facts) == (headquarters.id, leaving.id, {})
    listed = (await staff.ask("GET", "/v1/staff", token=headquarters.token)).json()["staff"]
    (told,) = [each for each in listed if each["id"] == leaving.id]
    assert told == {"id": leaving.id, "name": None, "role": None, "area": None, "state": "erased"}


async def test_an_in_charge_is_shown_who_holds_a_post_and_nobody_who_left(staff: StaffWorld) -> None:
    in_charge = await staff.in_charge()
    stays, leaving = [await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY) for _ in range(2)]
    await staff.ask("POST", f"/v1/staff/{leaving.id}/suspension", token=in_charge.token)

    async def shown() -> dict[str, str]:
        listed = (await staff.ask("GET", "/v1/staff", token=in_charge.token)).json()["staff"]
        return {each["id"]: each["state"] for each in listed}

    assert await shown() == {stays.id: "active", leaving.id: "suspended"}
    assert (await erase(staff, leaving, in_charge.token)).status_code == 204
    assert await shown() == {stays.id: "active"}


async def test_who_was_erased_cannot_sign_in_and_comes_back_as_somebody_new(staff: StaffWorld) -> None:
    headquarters, leaving = await replaced(staff)
    assert problem(await staff.sign_in(leaving.login)) == (403, "no-post")
    await erase(staff, leaving, headquarters.token)
    assert problem(await staff.sign_in(leaving.login)) == (401, "sign-in-refused")
    assert problem(await staff.refresh(leaving.refresh_token)) == (401, "session-over")
    assert not await staff.is_accepted(leaving)
    secret = (await staff.invite(headquarters.token, "in_charge", "S11-PC06")).json()["secret"]
    back = await staff.accept(secret, leaving.login, password="an entirely new one")
    assert back.status_code == 201
    assert back.json()["id"] != leaving.id


async def test_who_was_erased_takes_over_no_post_and_is_active_once_registered_anew(
    staff: StaffWorld,
) -> None:
    headquarters, leaving = await replaced(staff)
    await erase(staff, leaving, headquarters.token)
    holder = await staff.appointed(headquarters.token, "in_charge", "S11-PC06")
    path, to = f"/v1/staff/{holder.id}/hand-over", {"to": leaving.id}
    assert problem(await staff.ask("POST", path, to, token=headquarters.token)) == (409, "cannot-take-over")
    post = {"id": leaving.id, "role": "co_in_charge", "campaign": "small", "area": CONSTITUENCY}
    assert (await staff.ask("PUT", "/v1/staff", {"staff": [post]}, token=operator())).is_success
    listed = (await staff.ask("GET", "/v1/staff", token=headquarters.token)).json()["staff"]
    assert [each["state"] for each in listed if each["id"] == leaving.id] == ["active"]


async def test_who_is_suspended_loses_the_post_with_the_name(staff: StaffWorld) -> None:
    in_charge = await staff.in_charge()
    recruiter = await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY)
    assert problem(await erase(staff, recruiter, in_charge.token)) == (409, "still-staff")
    assert personal(await account(staff, recruiter))
    await staff.ask("POST", f"/v1/staff/{recruiter.id}/suspension", token=in_charge.token)
    assert (await erase(staff, recruiter, in_charge.token)).status_code == 204
    last = [event for event in await logged(staff.api.engine, "staff") if event["staff"] == recruiter.id][-1]
    assert (last["post"], last.get("name"), last["state"]) == (None, None, "suspended")
    assert last["former"] == [{"role": "co_in_charge", "area": CONSTITUENCY}]


async def test_only_who_looks_after_the_post_may_have_somebody_erased(staff: StaffWorld) -> None:
    _, leaving = await replaced(staff)
    elsewhere = token("another", Role.IN_CHARGE, "S11-PC06")
    for who, by in ((leaving, elsewhere), (Member("nobody", ""), operator())):
        assert problem(await erase(staff, who, by)) == (404, "not-found")
    co_in_charge = token("another", Role.CO_IN_CHARGE)
    assert (await erase(staff, leaving, co_in_charge)).status_code == 403
    assert personal(await account(staff, leaving))
    assert (await erase(staff, leaving, operator())).status_code == 204


@pytest.mark.parametrize(("retention", "days"), [(None, 30), ({"days_after_withdrawal": 7}, 7)])
async def test_who_was_out_as_long_as_the_campaign_keeps_names_is_erased(
    enrolment_engine: AsyncEngine, retention: dict[str, int] | None, days: int
) -> None:
    await load(enrolment_engine, small_campaign(retention=retention))
    async with staff_world(enrolment_engine) as staff:
        _, leaving = await replaced(staff)
        in_charge = await staff.appointed(token("hq", Role.HEADQUARTERS, "IN"), "in_charge", "S24-PC07")
        barred = await staff.appointed(in_charge.token, "co_in_charge", "S24-PC07")
        await staff.ask("POST", f"/v1/staff/{barred.id}/suspension", token=in_charge.token)
        registered = {
            "id": "known elsewhere".replace(" ", "-"),
            "role": "co_in_charge",
            "campaign": "small",
            "area": "S11-PC06",
        }
        assert (await staff.ask("PUT", "/v1/staff", {"staff": [registered]}, token=operator())).is_success
        left = staff.clock.now
        early, late = left + timedelta(days=days, seconds=-1), left + timedelta(days=days)
        assert await erase_former_staff(enrolment_engine, early) == 0
        assert [await erase_former_staff(enrolment_engine, late) for _ in range(3)] == [1, 1, 0]
        erased = await rows(enrolment_engine, "select id from staff where erased_at = :late", late=late)
        assert {row.id for row in erased} == {leaving.id, barred.id}
        assert await names_told(staff, in_charge) != [None]
        assert set(await names_told(staff, barred)) == {None}
        ((device,),) = await rows(
            enrolment_engine, "select count(*) from staff_session where staff = :id", id=barred.id
        )
        assert device == 0


async def test_who_comes_back_in_time_is_kept(staff: StaffWorld) -> None:
    headquarters, leaving = await replaced(staff)
    secret = (await staff.invite(headquarters.token, "in_charge", "S11-PC06")).json()["secret"]
    assert (await staff.accept(secret, leaving.login)).json()["id"] == leaving.id
    assert await erase_former_staff(staff.api.engine, staff.clock.now + timedelta(days=365)) == 0
    assert personal(await account(staff, leaving))

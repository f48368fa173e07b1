"""Guessing is slowed down, alike for logins that exist and for those that do not."""

import asyncio
from datetime import timedelta

import pytest

from enrolment.domain.lock_out import Scope, network_of, wait_after
from tests.enrolment.staff_world import StaffWorld, problem


def test_the_wait_grows_from_one_second_to_fifteen_minutes() -> None:
    waits = [wait_after(Scope.LOGIN, failures).total_seconds() for failures in range(1, 20)]
    assert waits[:9] == [0, 0, 0, 0, 1, 2, 4, 8, 16]
    assert waits[-1] == 900
    assert waits == sorted(waits)
    assert wait_after(Scope.ADDRESS, 49) == timedelta()
    assert wait_after(Scope.ADDRESS, 50) == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("unix", "unix"),
    ],
)
def test_addresses_of_one_customer_are_one_network(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_after_five_failures_a_login_waits_whether_it_exists_or_not(staff: StaffWorld) -> None:
    known = (await staff.headquarters()).login
    for login in (known, "+919899999999"):
        for _ in range(5):
            assert problem(await staff.sign_in(login, "a wrong password")) == (401, "sign-in-refused")
        locked = await staff.sign_in(login, "a wrong password")
        assert problem(locked) == (429, "locked-out")
        assert (locked.headers["Retry-After"], locked.json()["retry_after"]) == ("1", 1)
    # The right password opens nothing meanwhile, and the wait ends by itself.
    assert problem(await staff.sign_in(known)) == (429, "locked-out")
    staff.clock.now += timedelta(seconds=1)
    assert problem(await staff.sign_in(known, "a wrong password")) == (401, "sign-in-refused")
    assert (await staff.sign_in(known)).headers["Retry-After"] == "2"
    staff.clock.now += timedelta(seconds=2)
    assert (await staff.sign_in(known)).status_code == 201
    assert problem(await staff.sign_in(known, "a wrong password")) == (401, "sign-in-refused")
    assert [record.facts["failures"] for record in await staff.recorded("refused-sign-in")] == [5, 6]


async def test_guesses_made_at_once_are_counted_one_by_one(staff: StaffWorld) -> None:
    login = (await staff.headquarters()).login
    answers = await asyncio.gather(*(staff.sign_in(login, f"wrong password {n}") for n in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_an_attempt_that_is_counted_after_a_later_one_is_not_locked_out(staff: StaffWorld) -> None:
    login = (await staff.headquarters()).login
    for _ in range(3):
        staff.clock.now -= timedelta(milliseconds=20)
        assert (await staff.sign_in(login)).status_code == 201
        staff.clock.now -= timedelta(milliseconds=20)
        assert problem(await staff.sign_in(login, "a wrong password")) == (401, "sign-in-refused")


async def test_a_network_that_tries_many_logins_waits_and_others_do_not(staff: StaffWorld) -> None:
    login = (await staff.headquarters()).login
    for number in range(50):
        await staff.sign_in(f"+9197{number:08d}", "a wrong password", network="198.51.100.7")
    assert problem(await staff.sign_in(login, network="198.51.100.200")) == (429, "locked-out")
    assert (await staff.sign_in(login, network="192.0.2.1")).status_code == 201


async def test_a_caller_cannot_choose_the_network_that_is_counted(staff: StaffWorld) -> None:
    for number in range(50):
        spoofed = f"192.0.2.{number}, 198.51.100.7"
        await staff.sign_in(f"+9197{number:08d}", "a wrong password", network=spoofed)
    locked = await staff.sign_in("+919799999999", "a wrong password", network="192.0.2.99, 198.51.100.7")
    assert problem(locked) == (429, "locked-out")


async def test_failures_are_forgiven_after_a_day(staff: StaffWorld) -> None:
    login = (await staff.headquarters()).login
    for _ in range(5):
        await staff.sign_in(login, "a wrong password")
    staff.clock.now += timedelta(days=1, seconds=1)
    for _ in range(4):
        assert problem(await staff.sign_in(login, "a wrong password")) == (401, "sign-in-refused")
    assert (await staff.sign_in(login)).status_code == 201


async def test_the_password_asked_for_again_is_guarded_too(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    body = {"password": "a wrong password"}
    statuses = [
        (await staff.ask("POST", "/v1/account/authenticator", body, token=member.token)).status_code
        for _ in range(6)
    ]
    assert statuses == [403] * 5 + [429]

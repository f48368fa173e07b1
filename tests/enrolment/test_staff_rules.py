"""The rules of staff by themselves: passwords, posts, what a process is told, what is forgotten."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.forget_sign_ins import forget_sign_ins
from enrolment.domain.passwords import WeakPassword, check_password, normal_password
from enrolment.domain.staff import Appointer, Post, may_appoint, may_move, may_suspend
from enrolment.settings import ApiSettings
from mitra_shared.ids import AreaCode
from mitra_shared.security.tokens import Role, new_access_key, public_jwks
from mitra_shared.settings import BadSettings, load_settings
from tests.enrolment.intake_api import ACCESS_KEY, CONSTITUENCY, SIGNING_KEY, operator, rows
from tests.enrolment.staff_world import Member, StaffWorld

LOGIN = "+919876543210"
KERALA = AreaCode("S11")
MALAPPURAM = AreaCode("S11-PC06")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("ninechars", "fewer than 10"),
        ("x" * 201, "more than 200"),
        ("aaaaaaaaaaaa", "a row of signs"),
        ("ababababab", "a row of signs"),
        ("qwertyuiop", "a row of signs"),
        ("0987654321", "a row of signs"),
        ("1q2w3e4r5t", "a row of signs"),
        ("2837465920", "no letter"),
        ("Password123", "most common"),
        ("passwordPassword", "most common"),
        ("iloveyou2026", "most common"),
        ("Modimitra@1", "most common"),
        ("\uff19876543210", "the login"),
        ("+919876543210", "the login"),
        ("09876543210", "the login"),
    ],
)
def test_a_password_that_is_tried_first_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(WeakPassword, match=why) as error:
        check_password(password, LOGIN)
    assert password not in str(error.value)


@pytest.mark.parametrize(
    "password",
    ["mango river quiet lamp", "कल सुबह नदी पर चलेंगे", "xk7-Qm2vv.", "my password is longer", "asha.rao2026x"],
)
def test_any_other_password_is_taken(password: str) -> None:
    check_password(password, LOGIN)
    check_password(password, "asha.rao@example.org")


def test_the_local_part_of_an_address_is_no_password() -> None:
    with pytest.raises(WeakPassword, match="the login"):
        check_password("Asha.Rao.2026", "asha.rao.2026@example.org")


def test_the_same_password_from_another_keyboard_is_the_same() -> None:
    assert normal_password("cafe\u0301 am Fluss") == normal_password("caf\u00e9 am Fluss")


def test_nobody_appoints_beyond_their_area() -> None:
    mine, other = Post(Role.CO_IN_CHARGE, CONSTITUENCY), Post(Role.CO_IN_CHARGE, MALAPPURAM)
    in_charge, headquarters = Appointer(Role.IN_CHARGE, CONSTITUENCY), Appointer(Role.HEADQUARTERS, None)
    assert [may_appoint(in_charge, post) for post in (mine, other)] == [True, False]
    assert may_appoint(headquarters, Post(Role.STATE_COORDINATOR, KERALA))
    assert not may_appoint(Appointer(Role.SERVICE, None), mine)
    assert not may_suspend(headquarters, None)
    assert may_suspend(Appointer(Role.OPERATOR, None), None)
    moving = [None, mine, Post(Role.IN_CHARGE, CONSTITUENCY), Post(Role.HEADQUARTERS, AreaCode("IN"))]
    assert [may_move(headquarters, post) for post in moving] == [True, True, True, False]
    assert [may_move(in_charge, post) for post in moving] == [True, True, False, False]


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> ApiSettings:
    needed = ("database_url", "redis_url", "name_keys", "phone_keys", "staff_keys", "lookup_key")
    keys = {
        "token_keys": public_jwks(SIGNING_KEY, ACCESS_KEY),
        "access_token_key": ACCESS_KEY,
        "device_receipt_key": SIGNING_KEY,
    }
    for name, value in (dict.fromkeys(needed, "x") | keys | values).items():
        monkeypatch.setenv(f"MITRA_{name.upper()}", value)
    return load_settings(ApiSettings)


def test_no_process_starts_with_passwords_that_are_cheap_to_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch).password_memory_kib == 65_536
    for setting, value in (("password_memory_kib", "19455"), ("password_passes", "1")):
        with pytest.raises(BadSettings, match=f"MITRA_{setting.upper()} is wrong"):
            given(monkeypatch, **{setting: value})
        monkeypatch.delenv(f"MITRA_{setting.upper()}")


def test_no_process_starts_with_a_key_of_sessions_that_nobody_would_accept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for key, why in (
        ("x", "not JSON"),
        (SIGNING_KEY, "begins with access-"),
        (json.dumps(json.loads(public_jwks(ACCESS_KEY))["keys"][0]), "a private key"),
        (new_access_key(), "mitra secrets renew"),
    ):
        with pytest.raises(BadSettings, match=why) as error:
            given(monkeypatch, access_token_key=key)
        assert key not in str(error.value) or key == "x"


def test_proxies_are_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.0/8" in map(str, given(monkeypatch).trusted_proxies)
    told = given(monkeypatch, trusted_proxies="192.0.2.0/24, 2001:db8::/32")
    assert list(map(str, told.trusted_proxies)) == ["192.0.2.0/24", "2001:db8::/32"]
    with pytest.raises(BadSettings, match="MITRA_TRUSTED_PROXIES is wrong"):
        given(monkeypatch, trusted_proxies="everywhere")


def test_the_field_app_is_told_an_origin_of_certificates_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, field_certificates_url="").field_certificates_url is None
    origin = "https://certificates.example.org:8443"
    assert given(monkeypatch, field_certificates_url=origin).field_certificates_url == origin
    for wrong in ("https://example.org/v1", "https://example.org/", "example.org", "https://a@b.org"):
        with pytest.raises(BadSettings, match="MITRA_FIELD_CERTIFICATES_URL is wrong"):
            given(monkeypatch, field_certificates_url=wrong)


async def test_what_is_past_its_time_is_forgotten(staff: StaffWorld, campaign_engine: AsyncEngine) -> None:
    member = await staff.headquarters()
    await staff.signed_in(Member(member.id, member.login))
    await staff.ask("DELETE", "/v1/sessions/current", token=member.token)
    await staff.sign_in(member.login, "a wrong password")
    await staff.invite(operator(), "headquarters")

    async def left() -> list[int]:
        tables = ("sign_in_failure", "staff_session", "staff_invitation", "staff_record")
        return [len(await rows(campaign_engine, f"select 1 from {table}")) for table in tables]  # noqa: S608

    async def forgotten_after(days: int) -> list[int]:
        now = datetime.now(UTC) + timedelta(days=days)
        while await forget_sign_ins(campaign_engine, now):
            pass
        return await left()

    failures, sessions, invitations, records = await left()
    assert (failures, sessions, invitations) == (2, 2, 2)
    assert await forgotten_after(2) == [0, 2, 2, records]
    assert await forgotten_after(31) == [0, 1, 2, records]
    assert await forgotten_after(373) == [0, 0, 0, 0]

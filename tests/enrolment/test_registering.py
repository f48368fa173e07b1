"""Staff known elsewhere are registered with their posts, and again without effect."""

from typing import Any

from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import CONSTITUENCY, operator, person, rows, token
from tests.enrolment.staff_world import StaffWorld, problem

EVERYBODY: list[dict[str, Any]] = [
    {"id": f"{CONSTITUENCY}/in-charge", "role": "in_charge", "campaign": "small", "area": CONSTITUENCY},
    *(
        {"id": f"{CONSTITUENCY}/co-in-charge-{n:02d}", "role": "co_in_charge", "campaign": "small",
         "area": CONSTITUENCY}
        for n in range(1, 31)
    ),
    {"id": "headquarters", "role": "headquarters", "campaign": "small"},
]  # fmt: skip


async def registered(staff: StaffWorld, entries: list[dict[str, Any]]) -> dict[str, int]:
    answer = await staff.ask("PUT", "/v1/staff", {"staff": entries}, token=operator())
    assert answer.status_code == 200, answer.text
    told: dict[str, int] = answer.json()
    return told


async def test_registering_again_changes_nothing(staff: StaffWorld) -> None:
    assert await registered(staff, EVERYBODY) == {"added": 32, "changed": 0, "unchanged": 0}
    before = await rows(staff.api.engine, "select * from staff_grant order by staff")
    assert await registered(staff, EVERYBODY) == {"added": 0, "changed": 0, "unchanged": 32}
    assert await rows(staff.api.engine, "select * from staff_grant order by staff") == before
    assert {row.role: row.area for row in before}["headquarters"] == "IN"
    assert await registered(staff, []) == {"added": 0, "changed": 0, "unchanged": 0}


async def test_who_is_registered_calls_with_minted_tokens_and_signs_in_nowhere(staff: StaffWorld) -> None:
    await registered(staff, EVERYBODY)
    minted = token(f"{CONSTITUENCY}/co-in-charge-07", Role.CO_IN_CHARGE)
    assert (await staff.api.enrol(person(1), bearer=minted)).status_code == 201
    assert problem(await staff.ask("GET", "/v1/account", token=minted)) == (403, "no-session")
    path = f"/v1/staff/{CONSTITUENCY}/co-in-charge-07/suspension"
    assert (await staff.ask("POST", path, token=operator())).status_code == 204
    assert (await staff.api.enrol(person(2), bearer=minted)).json()["reason"] == "revoked"


async def test_who_has_another_post_leaves_the_one_before(staff: StaffWorld) -> None:
    await registered(staff, EVERYBODY)
    who, old = EVERYBODY[1]["id"], token(EVERYBODY[1]["id"], Role.CO_IN_CHARGE)
    moved = {"id": who, "role": "state_coordinator", "campaign": "small", "area": "S11"}
    assert await registered(staff, [moved]) == {"added": 0, "changed": 1, "unchanged": 0}
    assert (await staff.api.enrol(bearer=old)).json()["reason"] == "revoked"
    assert await registered(staff, [EVERYBODY[1]]) == {"added": 0, "changed": 1, "unchanged": 0}
    assert (await staff.api.enrol(bearer=old)).status_code == 201
    history = await rows(
        staff.api.engine, "select role from staff_grant where staff = :staff order by since", staff=who
    )
    assert [row.role for row in history] == ["co_in_charge", "state_coordinator", "co_in_charge"]


async def test_of_a_wrong_list_nobody_is_registered(staff: StaffWorld) -> None:
    one_more = {"id": "too-many", "role": "co_in_charge", "campaign": "small", "area": CONSTITUENCY}
    for entries, expected, told in (
        ([*EVERYBODY, EVERYBODY[0]], (422, "invalid-request"), "staff[32].id"),
        ([EVERYBODY[0] | {"campaign": "another"}], (422, "invalid-request"), "staff[0].campaign"),
        ([EVERYBODY[0] | {"area": None}], (422, "invalid-request"), "the code of a constituency"),
        (
            [EVERYBODY[0], EVERYBODY[1] | {"area": "S11"}],
            (422, "invalid-request"),
            "the code of a constituency",
        ),
        ([EVERYBODY[0] | {"role": "operator"}], (422, "invalid-request"), "staff[0].role"),
        ([EVERYBODY[0] | {"password": "x"}], (422, "invalid-request"), "staff[0].password"),
        ([*EVERYBODY, one_more], (409, "post-filled"), "room for 30"),
    ):
        refused = await staff.ask("PUT", "/v1/staff", {"staff": entries}, token=operator())
        assert problem(refused) == expected, refused.text
        assert told in refused.text
    assert await rows(staff.api.engine, "select id from staff") == []


async def test_staff_are_listed_for_those_who_look_after_them(staff: StaffWorld) -> None:
    headquarters = await staff.headquarters()
    in_charge = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    recruiter = await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY)
    other = await staff.appointed(headquarters.token, "in_charge", "S11-PC06")

    async def listed(bearer: str) -> dict[str, str | None]:
        answer = await staff.ask("GET", "/v1/staff", token=bearer)
        assert headquarters.login not in answer.text
        assert recruiter.login not in answer.text
        return {each["id"]: each["name"] for each in answer.json()["staff"]}

    everybody = {headquarters.id, in_charge.id, recruiter.id, other.id}
    assert await listed(headquarters.token) == dict.fromkeys(everybody, "आयशा बेगम")
    assert await listed(in_charge.token) == {recruiter.id: "आयशा बेगम"}
    assert await listed(other.token) == {}
    assert await listed(operator()) == dict.fromkeys(everybody)
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await staff.ask("GET", f"/v1/staff?limit=3&after={after}", token=headquarters.token)
        found += [each["id"] for each in page.json()["staff"]]
        after = page.json()["next"]
    assert found == sorted(everybody)

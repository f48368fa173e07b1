"""The numbers of recruiters: all of the own staff for an in-charge, the own ones for everybody who enrols."""

from datetime import timedelta

import pytest

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role, mint
from tests.reporting.field import DAY, START, Field
from tests.reporting.reporting_api import SIGNING_KEY, ReportingApi, token

IN_CHARGE = token(Role.IN_CHARGE, "S11-PC04")
NO_FIELDWORK = dict.fromkeys(("contacts_attempted", "contacts_reached", "meetings_held", "people_met"), 0)
RANGE = f"from={DAY}&to={DAY + timedelta(days=1)}"


def staff_token(subject: str, role: Role = Role.CO_IN_CHARGE) -> str:
    return mint(
        SIGNING_KEY,
        Caller(StaffId(subject), role, CampaignId("small"), AreaCode("S11-PC04")),
        lifetime=timedelta(days=1),
    )


async def filled(field: Field, api: ReportingApi) -> None:
    people = [
        *(field.enrolled("S11-AC017", recruiter=1) for _ in range(3)),
        field.enrolled("S11-AC018", START + timedelta(days=1), recruiter=1),
        field.enrolled("S11-AC018", recruiter=2),
        field.enrolled("S24-AC036", recruiter=1),
    ]
    await field.apply([*field.defined(), *people])
    await api.caught_up()


async def test_an_in_charge_sees_all_of_the_own_staff_and_nobody_else(
    field: Field, api: ReportingApi
) -> None:
    await filled(field, api)
    answer = (await api.get(f"/v1/recruiters?{RANGE}", as_token=IN_CHARGE)).json()
    first, second = answer["recruiters"]
    assert first == {
        "recruiter": "S11-PC04/co-in-charge-01",
        "name": None,
        "enrolled": 4,
        "segments": {"S11-AC017": 3, "S11-AC018": 1},
        **NO_FIELDWORK,
        "days": [
            {"day": str(DAY), "enrolled": 3, **NO_FIELDWORK},
            {"day": str(DAY + timedelta(days=1)), "enrolled": 1, **NO_FIELDWORK},
        ],
    }
    assert (second["recruiter"], second["enrolled"]) == ("S11-PC04/co-in-charge-02", 1)
    assert answer["positions"]["enrolment"]


async def test_a_segment_can_be_asked_for_alone(field: Field, api: ReportingApi) -> None:
    await filled(field, api)
    answer = (await api.get(f"/v1/recruiters?{RANGE}&parent=S11-AC018", as_token=IN_CHARGE)).json()
    assert [each["enrolled"] for each in answer["recruiters"]] == [1, 1]
    assert (await api.get("/v1/recruiters?parent=S11-PC06", as_token=IN_CHARGE)).status_code == 403
    assert (await api.get("/v1/recruiters?parent=S99", as_token=IN_CHARGE)).status_code == 404


async def test_whoever_enrols_sees_the_own_numbers_alone(field: Field, api: ReportingApi) -> None:
    await filled(field, api)
    mine = await api.get(f"/v1/recruiters/me?{RANGE}", as_token=staff_token("S11-PC04/co-in-charge-02"))
    assert [(each["recruiter"], each["enrolled"]) for each in mine.json()["recruiters"]] == [
        ("S11-PC04/co-in-charge-02", 1)
    ]
    nobody_yet = await api.get(f"/v1/recruiters/me?{RANGE}", as_token=staff_token("S11-PC04/co-in-charge-30"))
    assert [each["enrolled"] for each in nobody_yet.json()["recruiters"]] == [0]


@pytest.mark.parametrize(
    ("query", "field_named"),
    [
        ("from=1999-01-01", "from"),
        ("to=2999-01-01", "to"),
        (f"from={DAY}&to={DAY - timedelta(days=1)}", "from"),
        (f"from={DAY - timedelta(days=62)}&to={DAY}", "from"),
        ("from=yesterday", "from"),
    ],
)
async def test_a_silly_range_is_told_from_a_good_one(
    field: Field, api: ReportingApi, query: str, field_named: str
) -> None:
    await filled(field, api)
    refused = await api.get(f"/v1/recruiters?{query}", as_token=IN_CHARGE)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].endswith(field_named)
    assert refused.json()["errors"][0]["expected"]

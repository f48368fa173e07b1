"""Names of staff: for the in-charge of the constituency they are, or were, of; for others ids or numbers."""

import json

from sqlalchemy import text

from mitra_shared.security.tokens import Role
from mitra_shared.staff_standing.names import seal_staff_name
from tests.reporting.field import Field
from tests.reporting.reporting_api import STAFF_RING, ReportingApi, token
from tests.reporting.test_recruiters import IN_CHARGE, RANGE, filled, staff_token

ASHA, RAVI = "S11-PC04/co-in-charge-01", "S11-PC04/co-in-charge-02"
HERE = {"role": "co_in_charge", "area": "S11-PC04"}
ELSEWHERE = {"role": "co_in_charge", "area": "S24-PC07"}


async def called(api: ReportingApi, staff: str, name: str, post: object, *former: object) -> None:
    """What the log `staff` told of somebody."""
    async with api.reading.engine.begin() as connection:
        await connection.execute(
            text(
                "insert into staff_standing values (:staff, 'small', 'active', cast(:post as json),"
                " cast(:former as json), '[]', :name, 1, 1, 1, true)"
            ),
            {
                "staff": staff,
                "post": json.dumps(post),
                "former": json.dumps(former),
                "name": seal_staff_name(STAFF_RING, name, staff),  # type: ignore[arg-type]
            },
        )


async def names(api: ReportingApi, path: str, as_token: str) -> dict[str, str | None]:
    answer = await api.get(path, as_token=as_token)
    assert answer.status_code == 200, answer.text
    return {each["recruiter"]: each["name"] for each in answer.json()["recruiters"]}


async def test_an_in_charge_sees_the_names_of_those_who_are_or_were_of_the_own_staff(
    field: Field, api: ReportingApi
) -> None:
    await filled(field, api)
    path = f"/v1/recruiters?{RANGE}"
    assert await names(api, path, IN_CHARGE) == {ASHA: None, RAVI: None}
    await called(api, ASHA, "आयशा बेगम", HERE)
    await called(api, RAVI, "Ravi Nair", ELSEWHERE, HERE)
    assert await names(api, path, IN_CHARGE) == {ASHA: "आयशा बेगम", RAVI: "Ravi Nair"}
    export = await api.get("/v1/exports/recruiters.csv", as_token=IN_CHARGE)
    assert {line.split(",")[1] for line in export.text.splitlines()} == {"name", "आयशा बेगम", "Ravi Nair"}
    page = await api.get("/areas/S11-PC04", as_token=IN_CHARGE)
    assert "<bdi>Ravi Nair</bdi>" in page.text


async def test_names_of_staff_stay_closed_to_everybody_else(field: Field, api: ReportingApi) -> None:
    await filled(field, api)
    await called(api, ASHA, "Asha Kurian", HERE)
    await called(api, RAVI, "Ravi Nair", ELSEWHERE)
    # Who enrolled here and was never of this staff, is none of theirs to see by name.
    assert await names(api, f"/v1/recruiters?{RANGE}", IN_CHARGE) == {ASHA: "Asha Kurian", RAVI: None}
    assert await names(api, f"/v1/recruiters/me?{RANGE}", staff_token(ASHA)) == {ASHA: "Asha Kurian"}
    for role, area in ((Role.HEADQUARTERS, None), (Role.STATE_COORDINATOR, "S11")):
        as_token = token(role, area)
        for path in ("/v1/recruiters", "/v1/exports/recruiters.csv"):
            assert (await api.get(path, as_token=as_token)).status_code == 403
        for path in ("/v1/flags", "/areas/S11-PC04"):
            assert "Asha Kurian" not in (await api.get(path, as_token=as_token)).text


async def test_a_name_that_cannot_be_opened_hides_nobodys_numbers(field: Field, api: ReportingApi) -> None:
    await filled(field, api)
    await called(api, ASHA, "Asha Kurian", HERE)
    async with api.reading.engine.begin() as connection:
        await connection.execute(text("update staff_standing set staff = :staff"), {"staff": RAVI})
    assert await names(api, f"/v1/recruiters?{RANGE}", IN_CHARGE) == {ASHA: None, RAVI: None}

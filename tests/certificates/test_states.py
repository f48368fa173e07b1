"""How the certificates of many people stand, told in one answer to those who may see these people."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.tokens import Role
from tests.certificates.enrolment_log import mitra
from tests.certificates.papers import CO_IN_CHARGE, OPERATOR, Office, office_on, slug, staff

PATH = "/v1/certificates/states"


@pytest_asyncio.fixture
async def office(certificates_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_on(certificates_engine, tmp_path, places=3) as office:
        yield office


async def asked(office: Office, numbers: list[int], caller: dict[str, str] = CO_IN_CHARGE) -> httpx.Response:
    return await office.post(PATH, {"mitras": [str(mitra(number)) for number in numbers]}, caller)


async def test_states_numbers_and_dates_are_told_without_a_name(office: Office) -> None:
    await office.issue(4)
    (code,) = await office.codes([1])
    record = {"record": str(uuid4()), "code": code, "at": "2026-11-23T17:05:00+05:30"}
    await office.post("/v1/hand-overs", {"records": [record]}, CO_IN_CHARGE)
    office.log.withdrew(2)
    await office.sign()
    answer = await asked(office, [1, 2, 3, 4, 99])
    assert "Asha" not in answer.text
    told: dict[str, Any] = {each["mitra_id"]: each for each in answer.json()["certificates"]}
    assert [(told[str(mitra(n))]["state"], told[str(mitra(n))]["number"]) for n in (1, 2, 3)] == [
        ("handed_over", "S11-AC017-0001"),
        ("revoked", "S11-AC017-0002"),
        ("issued", "S11-AC017-0003"),
    ]
    assert told[str(mitra(1))]["handed_over_at"]
    assert told[str(mitra(2))]["revoked_at"]
    # The place of the second went to the fourth.
    assert told[str(mitra(4))]["state"] == "issued"
    assert len(told) == 4


async def test_who_waits_is_told_so(office: Office) -> None:
    await office.issue(4)
    (told,) = (await asked(office, [4])).json()["certificates"]
    assert (told["state"], told["number"], told["issued_at"]) == ("waiting", None, None)


async def test_people_of_other_constituencies_are_left_out(office: Office) -> None:
    await office.issue(1)
    elsewhere = staff(area="S24-PC07", subject="S24-PC07/in-charge")
    answer = await asked(office, [1], elsewhere)
    assert (answer.status_code, answer.json()) == (200, {"certificates": []})


@pytest.mark.parametrize(
    "caller", [OPERATOR, staff(Role.HEADQUARTERS, None), staff(Role.STATE_COORDINATOR, "S11")]
)
async def test_only_those_who_enrol_are_told(office: Office, caller: dict[str, str]) -> None:
    assert slug(await asked(office, [1], caller)) == "forbidden"


@pytest.mark.parametrize("numbers", [[], list(range(1, 202))])
async def test_1_to_200_people_are_asked_for_at_once(office: Office, numbers: list[int]) -> None:
    answer = await asked(office, numbers)
    assert (answer.status_code, slug(answer)) == (422, "invalid-request")
    assert answer.json()["errors"][0]["field"] == "mitras"

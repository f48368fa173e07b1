"""The page of devices at a real port, an in-charge and a co-in-charge, and a narrow screen."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browsers import PATIENCE_MS
from tests.enrolment.field.conftest import PHONE, faults_of
from tests.enrolment.field.site import served
from tests.enrolment.intake_api import CONSTITUENCY, person
from tests.enrolment.staff_world import PASSWORD, Member, StaffWorld

PEOPLE = itertools.count(1)


@dataclass
class Field:
    """Who looks at phones, and who has some."""

    url: str
    staff: StaffWorld
    in_charge: Member
    colleague: Member

    async def sync(self, who: Member, *numbers: int, highest: int, **changes: Any) -> str:
        """Records of a new phone of somebody, enrolled by these numbers; its id. Each is heard of later."""
        device = str(uuid4())
        self.staff.clock.now += timedelta(seconds=1)
        await self.sync_again(device, who, *numbers, highest=highest, **changes)
        return device

    async def sync_again(self, device: str, who: Member, *numbers: int, highest: int, **changes: Any) -> None:
        records = [
            {
                "number": number,
                "idempotency_key": f"{device}.{number}",
                "enrolment": person(next(PEOPLE), **changes),
            }
            for number in numbers
        ]
        answer = await self.staff.api.post(
            f"/v1/devices/{device}/records", {"highest": highest, "records": records}, bearer=who.token
        )
        assert answer.status_code == 200, answer.text
        assert [each["status"] for each in answer.json()["outcomes"]] == [201] * len(numbers), answer.text

    async def sign_in(self, page: Page, who: Member) -> None:
        await page.locator("#login").fill(who.login)
        await page.locator("#password").fill(PASSWORD)
        await page.locator("#signin button").click()


@pytest_asyncio.fixture
async def field(staff: StaffWorld) -> AsyncIterator[Field]:
    in_charge = await staff.in_charge()
    colleague = await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY)
    async with served(staff.api.app) as url:
        yield Field(url, staff, in_charge, colleague)


@pytest_asyncio.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A narrow screen; a fault of the script, or of the policy, fails the test."""
    context = await browser.new_context(viewport=PHONE, locale="en-IN")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    faults = faults_of(page)
    yield page
    await context.close()
    assert faults == []

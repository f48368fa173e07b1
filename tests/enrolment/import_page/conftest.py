"""The page of imports at a real port, somebody with an authenticator, and a desktop with a real browser."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pyotp
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize

from tests.browsers import PATIENCE_MS
from tests.enrolment.field.conftest import faults_of
from tests.enrolment.field.site import served
from tests.enrolment.imports.import_world import ImportWorld, world_on
from tests.enrolment.staff_world import PASSWORD, Member, StaffWorld
from tests.enrolment.test_authenticator import with_codes

DESKTOP: ViewportSize = {"width": 1280, "height": 900}


@dataclass
class Desk:
    """An in-charge with a password and an authenticator, the imports of the same api, and where it is."""

    url: str
    staff: StaffWorld
    world: ImportWorld
    somebody: Member
    app: pyotp.TOTP

    def fresh_code(self) -> str:
        """A code that was not used yet."""
        self.staff.clock.now += timedelta(seconds=30)
        return self.app.at(self.staff.clock.now)

    async def sign_in(self, page: Page) -> None:
        """Password first; the code when it is asked for."""
        await page.locator("#login").fill(self.somebody.login)
        await page.locator("#password").fill(PASSWORD)
        await page.locator("#signin button").click()
        await page.locator("#signin-trouble").get_by_text("authenticator").wait_for()
        await page.locator("#code").fill(self.fresh_code())
        await page.locator("#signin button").click()

    async def work(self) -> None:
        """Let the process of imports do all there is."""
        while await self.world.worker.turn():
            pass


@pytest_asyncio.fixture
async def desk(staff: StaffWorld) -> AsyncIterator[Desk]:
    somebody, app, _ = await with_codes(staff, await staff.in_charge())
    async with served(staff.api.app) as url:
        yield Desk(url, staff, world_on(staff.api), somebody, app)


@pytest_asyncio.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A tab of a desktop; a fault of the script, or of the policy, fails the test."""
    context = await browser.new_context(viewport=DESKTOP, locale="en-IN")
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    faults = faults_of(page)
    yield page
    await context.close()
    assert faults == []

"""The person's page on a cheap phone, in a real browser: with and without scripts, in three languages."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from enrolment.pages.words import words_of
from mitra_shared.campaign.definition import Language
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal
from tests.enrolment.intake_api import IntakeApi, operator, rows
from tests.enrolment.people import Person, enrolled_person

PHONE: ViewportSize = {"width": 360, "height": 740}


@dataclass
class Site:
    """The api on a real port, and somebody who was enrolled there."""

    url: str
    api: IntakeApi
    somebody: Person

    @property
    def home(self) -> str:
        return f"{self.url}/r/{self.somebody.receipt}"


@pytest_asyncio.fixture
async def site(api: IntakeApi, tmp_path: Path) -> AsyncIterator[Site]:
    shutdown, port_file = ShutdownSignal(), tmp_path / "port"
    serving = asyncio.create_task(
        serve(api.app, host="127.0.0.1", port=0, shutdown=shutdown, port_file=port_file)
    )
    async with asyncio.timeout(60):
        while not port_file.exists():  # noqa: ASYNC110 - a file does not call
            await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{port_file.read_text().strip()}"
    yield Site(url, api, await enrolled_person(api))
    shutdown.request("the test is over")
    await serving


async def check(page: Page, name: str) -> None:
    """Nothing goes sideways, targets are large, and nothing serious hinders who cannot see the page."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
    heights = await page.eval_on_selector_all(
        "button, a.button, .languages a, input:not([type=hidden]):not([type=checkbox]), select",
        "all => all.map(each => each.getBoundingClientRect().height)",
    )
    assert min(heights) >= 44, name
    found = await Axe().run(page)
    serious = [
        (each["id"], [node["target"] for node in each["nodes"]][:3])
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == [], name


@pytest.mark.parametrize(("language", "scheme"), [("en", "dark"), ("hi", "light"), ("ur", "dark")])
async def test_a_person_looks_and_withdraws_on_a_small_phone(
    site: Site, browser: Browser, language: Language, scheme: str
) -> None:
    words = words_of(language)
    context = await browser.new_context(
        viewport=PHONE,
        color_scheme="dark" if scheme == "dark" else "light",
        locale=f"{language}-IN",
        bypass_csp=True,
    )
    page = await context.new_page()
    await page.goto(site.home)
    await check(page, "ask")
    await page.get_by_role("button", name=words("send_code")).click()
    await page.get_by_label(words("code"), exact=True).fill(await site.somebody.newest_code())
    await check(page, "code")
    await page.get_by_role("button", name=words("open"), exact=True).click()
    await expect(page.get_by_text("+919800000001")).to_be_visible()
    assert await page.evaluate("document.cookie") == ""
    await check(page, "held")
    for step in ("correct", "grievance", "nominate", "slip"):
        await page.goto(f"{site.home}/{step}")
        await check(page, step)
    await page.goto(site.home)
    await page.get_by_role("link", name=words("withdraw")).click()
    await check(page, "withdraw")
    await page.get_by_role("button", name=words("withdraw_confirm")).click()
    await expect(page.get_by_role("status")).to_have_text(words("done_withdraw"))
    await context.close()
    (row,) = await rows(site.api.engine, "select withdrawn_at from mitra")
    assert row.withdrawn_at is not None


async def test_everything_works_where_scripts_are_off(site: Site, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE, locale="en-IN", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site.url}/r")
    await page.get_by_label("Receipt").fill(site.somebody.receipt.lower())
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("button", name="Send the code").click()
    await page.get_by_label("Code", exact=True).fill(await site.somebody.newest_code())
    await page.get_by_role("button", name="Open", exact=True).click()
    await page.get_by_role("link", name="Ask for a correction").click()
    await page.get_by_label("Name").fill("Ayesha Begum")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("Your request is noted")
    await page.get_by_role("button", name="Close my page").click()
    await expect(page.get_by_text("Your page is closed.")).to_be_visible()
    await page.goto(site.home)
    await expect(page.get_by_role("button", name="Send the code")).to_be_visible()
    await context.close()


async def test_an_operator_signs_in_to_data_protection(site: Site, browser: Browser) -> None:
    session = await site.somebody.session()
    await site.somebody.ask("POST", "/grievances", session, {"text": "Help"})
    context = await browser.new_context(viewport=PHONE, locale="en-IN", bypass_csp=True)
    page = await context.new_page()
    await page.goto(f"{site.url}/data-protection")
    await check(page, "sign in")
    await page.get_by_label("Token").fill(operator("small"))
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Open requests")).to_be_visible()
    await check(page, "data protection")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Token")).to_be_visible()
    await context.close()

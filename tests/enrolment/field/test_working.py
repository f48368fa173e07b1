"""The field app enrols without a network and sends exactly once, whatever happens on the way."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import BrowserContext, Page, expect
from starlette.types import Scope

from enrolment.clock import india_day
from tests.enrolment.field.conftest import SwitchOn
from tests.enrolment.field.phone import all_sent, enrol, fill, records, sign_in, sign_out, signed_in
from tests.enrolment.field.site import Site
from tests.enrolment.intake_api import rows

TAP_WHILE_IT_BEGINS = """const listen = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (type, ...rest) {
  listen.call(this, type, ...rest);
  if (type === "click" && this.dataset?.view === "queue") queueMicrotask(() => this.click());
};"""


async def enrolled(site: Site, staff: str) -> int:
    ((number,),) = await rows(site.api.engine, "select count(*) from mitra where recruiter = :s", s=staff)
    return int(number)


async def device_of(site: Site, staff: str) -> list[Any]:
    stands = "select highest, gapless, received from device where staff = :s order by registered_at"
    return await rows(site.api.engine, stands, s=staff)


async def test_people_enrolled_without_a_network_are_sent_once_when_there_is_one(
    context: BrowserContext, page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-offline")
    await context.set_offline(True)
    await page.reload()
    await expect(page.locator("#enrol")).to_be_visible()
    for number in range(3):
        await enrol(page, f"Ayesha {'ABC'[number]}", f"987650000{number}")
    assert [(each["number"], each["state"]) for each in await records(page)] == [
        (1, "waiting"), (2, "waiting"), (3, "waiting"),
    ]  # fmt: skip
    await page.close()
    page = await context.new_page()
    await page.add_init_script(TAP_WHILE_IT_BEGINS)
    await page.goto(f"{site.url}/field/")
    await expect(page.locator("html[data-ready]")).to_be_attached()
    await expect(page.locator("#view-queue")).to_be_visible()
    await expect(page.locator("#badge")).to_have_text("3")
    await context.set_offline(False)
    await all_sent(page)
    assert await records(page) == []
    assert await enrolled(site, "staff-offline") == 3
    assert await device_of(site, "staff-offline") == [(3, 3, 3)]
    kept = await page.evaluate(
        """async () => Promise.all((await caches.keys()).map(async (name) =>
          (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname)))"""
    )
    assert kept
    assert all(path.startswith("/field/") for paths in kept for path in paths)


async def test_a_browser_killed_in_mid_sync_sends_nobody_twice_and_nobody_never(
    switch_on: SwitchOn, site: Site
) -> None:
    phone = await switch_on()
    await signed_in(phone.page, site, "staff-killed")

    async def hold_back(scope: Scope) -> str | None:
        return "after" if scope["path"].endswith("/records") else None

    site.fault = hold_back
    site.let_go.clear()
    await enrol(phone.page, "Ayesha", "9876501000")
    async with asyncio.timeout(60):
        await site.unanswered.wait()
    await enrol(phone.page, "Begum", "9876501001")
    phone.kill()
    assert await enrolled(site, "staff-killed") == 1
    site.reset()
    phone = await switch_on()
    await phone.page.goto(f"{site.url}/field/")
    await expect(phone.page.locator("#enrol")).to_be_visible()
    await all_sent(phone.page)
    assert await records(phone.page) == []
    assert await enrolled(site, "staff-killed") == 2
    assert await device_of(site, "staff-killed") == [(2, 2, 2)]


async def test_two_windows_number_without_gaps_and_one_of_them_sends(
    context: BrowserContext, page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-windows")
    other = await context.new_page()
    await other.goto(f"{site.url}/field/")
    await expect(other.locator("#enrol")).to_be_visible()

    async def people(window: Page, first: int) -> None:
        for number in range(first, first + 5):
            await enrol(window, f"Person {chr(65 + number)}", f"98765020{number:02}")

    await asyncio.gather(people(page, 0), people(other, 10))
    await all_sent(page)
    await all_sent(other)
    assert await enrolled(site, "staff-windows") == 10
    assert await device_of(site, "staff-windows") == [(10, 10, 10)]
    assert site.most_syncing == 1


async def test_a_double_tap_stores_one_record(context: BrowserContext, page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-double")
    await context.set_offline(True)
    await fill(page, "Ayesha", "9876503000")
    await page.evaluate("() => { const b = document.getElementById('store'); b.click(); b.click(); }")
    await expect(page.locator("#name")).to_have_value("")
    key = (await records(page))[0]["key"]
    again = """(key) => import("/field/queue.js").then(({ add }) => add({ name: "again" }, key))"""
    await page.evaluate(again, key)
    assert [each["number"] for each in await records(page)] == [1]


async def test_the_clock_of_the_phone_dates_nothing(page: Page, site: Site) -> None:
    await page.add_init_script("const now = Date.now; Date.now = () => now() + 7 * 365 * 86_400_000")
    await signed_in(page, site, "staff-clock")
    await enrol(page, "Ayesha", "9876504000")
    await all_sent(page)
    ((at,),) = await rows(site.api.engine, "select enrolled_at from mitra where recruiter = 'staff-clock'")
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=5)
    await expect(page.locator("#banner")).to_contain_text("clock of this phone is wrong")
    await page.locator('[data-view="numbers"]').click()
    today = india_day(datetime.now(UTC)).strftime("%d-%m-%Y")
    await expect(page.locator("#days th")).to_have_text([today])
    await expect(page.locator("#server-days td")).to_have_text(["1", "0"])


async def test_a_refused_record_says_why_and_can_be_mended_or_dropped(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-refused")
    for name in ("Ayesha", "Begum", "Chand"):
        await enrol(page, name, "9876505000")
    await page.locator('[data-view="queue"]').click()
    refused = page.locator("#refusals li")
    await expect(refused).to_have_count(2)
    await expect(refused.first).to_contain_text("Somebody is enrolled with this mobile number already.")
    await refused.first.get_by_role("button", name="Mend").click()
    await expect(page.locator("#name")).to_have_value("Begum")
    await page.locator("#phone").fill("9876505001")
    await page.locator("#consent").check()
    await page.locator("#adult").check()
    await page.locator("#no-party").check()
    await page.locator("#store").click()
    await expect(page.locator("#name")).to_have_value("")
    await page.locator('[data-view="queue"]').click()
    await expect(refused).to_have_count(1)
    await refused.get_by_role("button", name="Drop").click()
    await page.locator("#ask-no").click()
    await expect(refused).to_have_count(1)
    await refused.get_by_role("button", name="Drop").click()
    await page.locator("#ask-yes").click()
    await expect(refused).to_have_count(0)
    await all_sent(page)
    await expect(page.locator("#receipt-state")).to_contain_text("confirmed all")
    assert await enrolled(site, "staff-refused") == 2
    assert await device_of(site, "staff-refused") == [(4, 4, 4)]


async def test_answers_that_are_lost_are_asked_for_again(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-lost")
    ways = iter(["after", "503", "before", "429"])

    async def trouble(scope: Scope) -> str | None:
        return next(ways, None) if scope["path"].endswith("/records") else None

    site.fault = trouble
    await enrol(page, "Ayesha", "9876506000")
    await page.locator('[data-view="queue"]').click()
    # Instead of waiting for as long as the app backs off.
    await page.evaluate("setInterval(() => window.dispatchEvent(new Event('online')), 200)")
    await all_sent(page)
    assert await enrolled(site, "staff-lost") == 1
    assert await device_of(site, "staff-lost") == [(1, 1, 1)]


async def test_a_token_that_ran_out_is_refreshed_and_sending_goes_on(page: Page, site: Site) -> None:
    site.sessions.lifetime = timedelta(minutes=-5)
    before = site.sessions.refreshed
    await page.goto(f"{site.url}/field/")

    async def last_long(scope: Scope) -> None:
        if scope["path"] == "/v1/sessions/refresh":
            site.sessions.lifetime = timedelta(minutes=10)

    site.fault = last_long
    await signed_in(page, site, "staff-refresh")
    await enrol(page, "Ayesha", "9876507000")
    await all_sent(page)
    assert await enrolled(site, "staff-refresh") == 1
    assert site.sessions.refreshed == before + 1


async def test_a_session_that_ended_asks_to_sign_in_again_and_keeps_the_queue(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-ended")
    site.sessions.live.clear()

    async def unknown(scope: Scope) -> str | None:
        return "401" if scope["path"].endswith("/records") else None

    site.fault = unknown
    await enrol(page, "Ayesha", "9876508000")
    await expect(page.locator("#banner")).to_contain_text("Sign in again to send; your records are safe.")
    await page.reload()
    await expect(page.locator("#signin-why")).to_contain_text("your records are safe")
    await page.locator("#signin-later").click()
    await enrol(page, "Begum", "9876508001")
    site.fault = None
    await sign_in(page, site, "somebody-else")
    await expect(page.locator("#signin-trouble")).to_contain_text("has records on this phone")
    await sign_in(page, site, "staff-ended", password="wrong")
    await expect(page.locator("#signin-trouble")).to_contain_text("is wrong")
    await signed_in(page, site, "staff-ended")
    await all_sent(page)
    assert await enrolled(site, "staff-ended") == 2
    assert await device_of(site, "staff-ended") == [(2, 2, 2)]


async def test_whoever_takes_over_a_phone_numbers_under_an_id_of_their_own(page: Page, site: Site) -> None:
    for staff, phone in (("staff-first", "9876509000"), ("staff-second", "9876509001")):
        await signed_in(page, site, staff)
        await enrol(page, "Ayesha", phone)
        await all_sent(page)
        await sign_out(page)
    first, second = await rows(
        site.api.engine, "select id, highest from device where staff in ('staff-first', 'staff-second')"
    )
    assert first.id != second.id
    assert (first.highest, second.highest) == (1, 1)


async def test_a_phone_whose_store_was_set_back_goes_on_under_a_fresh_id(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-back")
    await enrol(page, "Ayesha", "9876510000")
    await all_sent(page)
    await page.evaluate(
        """() => import("/field/database.js").then(async ({ read, write }) => {
          const devices = await read("devices");
          devices["staff-back"].last = 0;
          await write("devices", devices);
        })"""
    )
    await enrol(page, "Begum", "9876510001")
    await all_sent(page)
    assert await enrolled(site, "staff-back") == 2
    assert await device_of(site, "staff-back") == [(1, 1, 1), (1, 1, 1)]

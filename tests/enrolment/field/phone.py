"""What a person does with the field app, and what the app has in its database."""

import asyncio
from typing import Any

from playwright.async_api import Page, expect

from tests.enrolment.field.site import PASSWORD, Site

RECORDS = """() => new Promise((resolve, reject) => {
  const opened = indexedDB.open("mitra-field");
  opened.onerror = () => reject(opened.error);
  opened.onsuccess = () => {
    const database = opened.result;
    const asked = database.transaction(["records"]).objectStore("records").getAll();
    asked.onsuccess = () => {
      database.close();
      resolve(asked.result.map(({ number, key, state, day }) => ({ number, key, state, day })));
    };
  };
})"""

NOTHING_LEFT = """() => import("/field/queue.js").then(({ standing }) => standing()).then(
  ({ waiting, refused, unreadable, photos }) =>
    waiting + refused.length + unreadable.length + photos.waiting + photos.refused.length === 0)"""

# Until less than `room` bytes are left.
FILL_DISK = """(room) => import("/field/database.js").then(async ({ write }) => {
  for (let size = 1 << 18, number = 0; size > room; number++) {
    const ballast = new Uint8Array(size);
    for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(ballast.subarray(at, at + 65_536));
    try {
      await write(`ballast-${number}`, ballast);
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      size >>= 1;
    }
  }
})"""

# The next one that is opened waits for `goOn()`.
HOLD_UP_ONE_PICTURE = """() => {
  const { createImageBitmap } = window;
  window.createImageBitmap = async (...given) => {
    window.createImageBitmap = createImageBitmap;
    await new Promise((goOn) => { window.goOn = goOn; });
    return createImageBitmap(...given);
  };
}"""


async def until(page: Page, script: str, *, seconds: float = 60) -> None:
    """What the script gives has become true."""
    async with asyncio.timeout(seconds):
        while not await page.evaluate(script):  # noqa: ASYNC110 - a database of a browser does not call
            await asyncio.sleep(0.05)


async def sign_in(page: Page, site: Site, staff: str, *, password: str = PASSWORD) -> None:
    await page.goto(f"{site.url}/field/")
    await expect(page.locator("html[data-ready]")).to_be_attached()
    await page.locator("#login").fill(staff)
    await page.locator("#password").fill(password)
    await page.locator("#signin button").click()


async def signed_in(page: Page, site: Site, staff: str) -> None:
    """Signed in, with everything on the phone that is needed to work without a network."""
    await sign_in(page, site, staff)
    await expect(page.locator("#enrol")).to_be_visible()
    await expect(page.locator("html[data-offline=ready]")).to_be_attached()


async def fill(page: Page, name: str, phone: str) -> None:
    await page.locator('[name="manner"][value="read_aloud"]').check()
    await page.locator("#consent").check()
    await page.locator("#name").fill(name)
    await page.locator("#phone").fill(phone)
    await page.locator("#segment").select_option("S11-AC019")
    await page.locator('[name="basis"][value="admirer"]').check()
    await page.locator("#adult").check()
    await page.locator("#no-party").check()


async def enrol(page: Page, name: str, phone: str) -> None:
    await fill(page, name, phone)
    await page.locator("#store").click()
    await expect(page.locator("#name")).to_have_value("")


async def records(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await page.evaluate(RECORDS)
    return found


async def all_sent(page: Page) -> None:
    """The queue is empty, and the app shows it so."""
    await until(page, NOTHING_LEFT)
    await expect(page.locator("#badge")).to_be_hidden()


async def sign_out(page: Page) -> None:
    """Signed out, whatever was not sent; the app has started anew."""
    await page.locator('[data-view="more"]').click()
    await page.locator("#sign-out").click()
    async with page.expect_navigation():
        await page.locator("#ask-yes").click()
    await expect(page.locator("#signin")).to_be_visible()

"""What is tapped while the app shows itself anew counts, and what is gone does not come back."""

from playwright.async_api import BrowserContext, Page, expect

from tests.enrolment.field.phone import enrol, signed_in, until
from tests.enrolment.field.site import Site

TAP_AS_SOON_AS_IT_IS_THERE = """() => new MutationObserver((_, watch) => {
  const mend = document.querySelector("#refusals button");
  if (mend === null) return;
  watch.disconnect();
  mend.click();
}).observe(document.getElementById("refusals"), { childList: true })"""
HOLD_UP_ONCE = """() => {
  const { decrypt } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.decrypt = async function (...given) {
    SubtleCrypto.prototype.decrypt = decrypt;
    await new Promise((goOn) => { window.goOn = goOn; });
    return decrypt.apply(this, given);
  };
}"""
SHOW_ANEW = "new BroadcastChannel('mitra-field').postMessage('changed')"
SHOWN_AGAIN_LATER = """() => navigator.locks.query().then(({ pending }) =>
  pending.some(({ name }) => name.startsWith("mitra-field-paint-")))"""


async def put_aside(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#put-aside").click()
    await expect(page.locator("#drafts li", has_text=name)).to_be_visible()


async def test_a_refused_record_can_be_mended_from_the_moment_that_it_is_shown(
    page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-quick")
    await page.evaluate(TAP_AS_SOON_AS_IT_IS_THERE)
    await enrol(page, "Ayesha", "9876540000")
    await enrol(page, "Begum", "9876540000")
    await expect(page.locator("#mending")).to_be_visible()
    await expect(page.locator("#name")).to_have_value("Begum")


async def test_a_row_that_is_as_before_stays_under_the_finger(
    context: BrowserContext, page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-finger")
    await context.set_offline(True)
    await put_aside(page, "Ayesha")
    row = await page.locator("#drafts li").element_handle()
    assert row is not None
    await put_aside(page, "Begum")
    assert await row.evaluate("(row) => row.isConnected && row.textContent.includes('Ayesha')")


async def test_what_was_dropped_does_not_come_back_from_an_earlier_look(
    context: BrowserContext, page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-dropped")
    await context.set_offline(True)
    await put_aside(page, "Ayesha")
    await page.evaluate(HOLD_UP_ONCE)
    await page.evaluate(SHOW_ANEW)
    await until(page, "() => window.goOn !== undefined")
    await page.locator("#drafts").get_by_role("button", name="Drop").click()
    await page.locator("#ask-yes").click()
    await until(page, SHOWN_AGAIN_LATER)
    await page.evaluate("window.goOn()")
    await expect(page.locator("#drafts-part")).to_be_hidden()
    await expect(page.locator("#drafts li")).to_have_count(0)

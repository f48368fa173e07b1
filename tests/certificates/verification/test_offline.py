"""After the first visit the page opens and verifies without a network."""

import time

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.certificates.verification.issuer import KEY_ID, Issuer
from tests.certificates.verification.reader import verdict
from tests.certificates.verification.site import DID_DOCUMENT, Site


async def first_visit(page: Page, address: str) -> str:
    """The outcome; then the page is kept."""
    outcome = await verdict(page, address)
    await expect(page.locator("#offline-ready")).to_be_visible()
    return outcome


def asked_by_pages(site: Site) -> int:
    """Without the browser's own look for a newer worker, which no page asks for and offline does not stop."""
    return len(site.asked) - site.asked_for("/v/worker.js")


async def test_offline_the_stored_list_decides_and_says_as_of_when(
    context: BrowserContext, page: Page, site: Site
) -> None:
    site.publish(site.issuer.status_list(0, 9, made_at=int(time.time()) - 3_600))
    assert await first_visit(page, site.issuer.address()) == "valid"
    await context.set_offline(True)
    asked = asked_by_pages(site)
    assert await verdict(page, site.issuer.address(name="मोहन")) == "valid"
    await expect(page.locator("#holder")).to_have_text("मोहन")
    await expect(page.locator("#problem")).to_contain_text("the one the device had kept")
    assert await verdict(page, site.issuer.address(status=[0, 9])) == "revoked"
    assert await verdict(page, Issuer(site.url).address()) == "altered"
    assert await verdict(page, site.issuer.address(status=[3, 9])) == "valid"
    await expect(page.get_by_role("heading", name="Genuine, status not known")).to_be_visible()
    assert asked_by_pages(site) == asked


async def test_a_first_visit_without_a_code_is_enough(
    context: BrowserContext, page: Page, site: Site
) -> None:
    site.publish(site.issuer.status_list(0), site.issuer.status_list(1, 9))
    await page.goto(f"{site.url}/v")
    await expect(page.locator("#offline-ready")).to_be_visible()
    await context.set_offline(True)
    assert await verdict(page, site.issuer.address()) == "valid"
    await expect(page.locator("#result")).to_have_attribute("data-tone", "good")
    assert await verdict(page, site.issuer.address(status=[1, 9])) == "revoked"
    forged = Issuer(site.url)
    forged.keys["2026-01-01-cccccc"] = forged.keys[KEY_ID]
    assert await verdict(page, forged.address(key_id="2026-01-01-cccccc")) == "unknown_key"


async def test_a_server_that_answers_with_errors_is_as_none(page: Page, site: Site) -> None:
    assert await first_visit(page, site.issuer.address()) == "valid"
    site.documents.clear()
    assert await verdict(page, site.issuer.address()) == "valid"
    await expect(page.locator("#problem")).to_contain_text("the one the device had kept")


async def test_a_new_version_of_the_page_takes_the_place_of_the_old_one(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}{DID_DOCUMENT}")
    await page.evaluate("caches.open('mitra-page-0000').then((old) => old.put('/v', new Response('old')))")
    await first_visit(page, site.issuer.address())
    await page.wait_for_function("caches.keys().then((names) => !names.includes('mitra-page-0000'))")
    kept = await page.evaluate("caches.keys()")
    assert [name for name in kept if name.startswith("mitra-page-")] != []
    assert await page.evaluate("caches.match('/v').then((page) => page.text())") != "old"


async def test_an_insecure_address_says_that_it_cannot_check(page: Page, site: Site) -> None:
    address = site.issuer.address().replace("127.0.0.1", "plain.example.org")
    assert await verdict(page, address) == "insecure"
    await expect(page.locator("#meaning")).to_contain_text("https")


async def test_a_browser_that_keeps_nothing_still_verifies(page: Page, site: Site) -> None:
    refused = "() => Promise.reject(new DOMException('no', 'SecurityError'))"
    await page.add_init_script(f"if (window.caches) caches.open = {refused}")
    assert await verdict(page, site.issuer.address()) == "valid"
    assert await verdict(page, site.issuer.address(status=[0, 1])) == "valid"
    assert site.asked_for(DID_DOCUMENT) >= 2


async def test_without_a_script_the_page_says_what_it_needs(browser: Browser, site: Site) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site.url}/v")
    await expect(page.get_by_text("This page needs JavaScript")).to_be_visible()
    await expect(page.locator("#scan")).to_be_hidden()
    await context.close()


async def test_a_browser_without_decompression_reads_lists_all_the_same(page: Page, site: Site) -> None:
    await page.add_init_script("delete window.DecompressionStream")
    revoked = range(3, 524_288, 97)
    site.publish(site.issuer.status_list(0, *revoked))
    assert await verdict(page, site.issuer.address(status=[0, 100])) == "revoked"
    assert await verdict(page, site.issuer.address(status=[0, 101])) == "valid"
    await expect(page.locator("#result")).to_have_attribute("data-tone", "good")

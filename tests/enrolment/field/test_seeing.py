"""The app in English, Hindi and Urdu on a narrow screen, for those who do not see or use a mouse."""

import gzip
import re
from io import BytesIO

import numpy as np
import pytest
import zxingcpp
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, Page, expect

from enrolment.field.pages import read_pages
from tests.browsers import PATIENCE_MS
from tests.enrolment.field.conftest import PHONE
from tests.enrolment.field.contacts import note, take_list
from tests.enrolment.field.phone import enrol, signed_in
from tests.enrolment.field.site import Site

LANGUAGES = {"en": ("English", "ltr"), "hi": ("हिन्दी", "ltr"), "ur": ("اردو", "rtl")}
TARGETS = "button, input, select, a, summary, .pick, .file"
SMALL_TARGETS = f"""() => Array.from(document.querySelectorAll("{TARGETS}"))
  .filter((one) => one.offsetParent !== null && !one.closest(".pick > *"))
  .filter((one) => !one.matches(".pick input, .file input"))
  .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
  .filter(([, box]) => box.height > 0 && (box.height < 48 || box.width < 48)).map(([name]) => name)"""

WORDS_CUT_OFF = """() => Array.from(document.querySelectorAll("button"))
  .filter((one) => one.offsetParent !== null && one.scrollWidth > one.clientWidth)
  .map((one) => one.textContent)"""


async def violations(page: Page) -> list[str]:
    found = await Axe().run(page)
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]


async def can_be_used(page: Page) -> None:
    """What is on the screen is readable, large enough to hit, and no wider than the phone."""
    assert await violations(page) == []
    assert await page.evaluate(SMALL_TARGETS) == []
    assert await page.evaluate(WORDS_CUT_OFF) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_part_can_be_used_on_a_narrow_screen(browser: Browser, site: Site, language: str) -> None:
    scheme = "dark" if language == "hi" else "light"
    context = await browser.new_context(viewport=PHONE, locale="en-IN", color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    name, direction = LANGUAGES[language]
    await page.goto(f"{site.url}/field/")
    await expect(page.locator("html[data-ready]")).to_be_attached()
    await page.get_by_role("button", name=name).click()
    await expect(page.locator("html")).to_have_attribute("dir", direction)
    assert await violations(page) == []
    await signed_in(page, site, f"staff-sees-{language}")
    for person in ("Ayesha", "Begum"):
        await enrol(page, person, f"98765{list(LANGUAGES).index(language)}0001")
    await expect(page.locator("#refusals li")).to_have_count(1)
    for view in ("enrol", "queue", "numbers", "more", "contacts"):
        await page.locator(f'[data-view="{view}"]').click()
        await expect(page.locator(f"#view-{view}")).to_be_visible()
        await can_be_used(page)
    await take_list(page, 1)
    await expect(page.locator("#person-name")).to_have_text("Ayesha")
    await page.locator("#call-later").click()
    await can_be_used(page)
    await note(page, "reached")
    await can_be_used(page)
    await page.locator("#questions-of-segment").click()
    await expect(page.locator("#sheet .question")).to_have_count(3)
    await expect(page.locator("html")).to_have_attribute("dir", direction)
    await can_be_used(page)
    await context.close()


async def test_the_notice_is_shown_in_the_language_of_the_person_with_its_version(
    page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-notice")
    for language, (name, direction) in LANGUAGES.items():
        await page.locator("#languages-of-person").get_by_text(name).click()
        await expect(page.locator("#notice")).to_have_attribute("lang", language)
        await expect(page.locator("#notice")).to_have_attribute("dir", direction)
        await expect(page.locator("#notice-version")).to_have_text("2026-11")
    await page.locator("#name").fill("Ayesha, sells tea at 5")
    await page.locator("#store").click()
    await expect(page.locator("#enrol-trouble")).to_contain_text("consent")
    await expect(page.locator("[data-wrong]")).to_have_count(8)


async def test_the_receipt_of_the_last_person_is_a_link_and_a_code_to_scan(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-receipt")
    await page.evaluate(
        """() => import("/field/vault.js").then(async ({ seal }) => {
          const { write } = await import("/field/database.js");
          const told = { name: "Ayesha", receipt: "7K3MQ0XW9ZT4", receipt_path: "/r/7K3MQ0XW9ZT4" };
          await write("last", await seal(told, "last"));
        })"""
    )
    await page.reload()
    address = f"{site.url}/r/7K3MQ0XW9ZT4"
    await expect(page.locator("#last-link")).to_have_attribute("href", address)
    picture = np.asarray(Image.open(BytesIO(await page.locator("#last-code svg").screenshot())))
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [address]


async def test_every_language_says_everything_with_the_same_blanks(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/field/")
    words = {
        language: await page.evaluate(f'import("/field/words/{language}.js").then(({{ words }}) => words)')
        for language in LANGUAGES
    }
    for language in ("hi", "ur"):
        assert list(words[language]) == list(words["en"])
        for key, text in words["en"].items():
            blanks = sorted(re.findall(r"{\w+}", text))
            assert sorted(re.findall(r"{\w+}", words[language][key])) == blanks, key
    for place in ("", "opinions.html"):
        await page.goto(f"{site.url}/field/{place}")
        used = await page.locator("[data-say]").evaluate_all("found => found.map((one) => one.dataset.say)")
        assert set(used) <= set(words["en"])


def test_the_app_is_small_and_loads_nothing_from_elsewhere() -> None:
    pages = read_pages("https://certificates.example")
    sent = sum(len(page.zipped or page.body) for page in pages.values())
    assert sent < 135_000
    policy = pages["/field/"].headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "connect-src 'self' https://certificates.example;" in policy
    assert "connect-src 'self';" in read_pages()["/field/"].headers["Content-Security-Policy"]
    for path, page in pages.items():
        assert page.headers["Content-Security-Policy"] == policy
        if not path.endswith((".png", ".svg")):
            code = page.body.replace(b"http://www.w3.org/2000/svg", b"")
            code = code.replace(b"https://certificates.example", b"")
            assert b"//" not in re.sub(rb"^\s*(//|/\*|\*).*$", b"", code, flags=re.MULTILINE), path
    assert gzip.decompress(pages["/field/app.js"].zipped or b"") == pages["/field/app.js"].body

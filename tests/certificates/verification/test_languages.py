"""The page in English, Hindi and Urdu, and for those who do not see or use a mouse."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.certificates.verification.reader import verdict
from tests.certificates.verification.site import Site

HEADINGS = {
    "en": "Verify a certificate",
    "hi": "प्रमाणपत्र जाँचें",
    "ur": "سند کی تصدیق کریں",
}


@pytest.mark.parametrize(
    ("locale", "language"), [("en-IN", "en"), ("hi-IN", "hi"), ("ur-PK", "ur"), ("ta-IN", "en")]
)
async def test_the_page_speaks_the_language_of_the_browser(
    browser: Browser, site: Site, locale: str, language: str
) -> None:
    context = await browser.new_context(locale=locale)
    page = await context.new_page()
    await page.goto(f"{site.url}/v")
    await expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS[language])
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ur" else "ltr")
    await context.close()


async def test_a_chosen_language_holds_for_what_is_shown_and_is_remembered(page: Page, site: Site) -> None:
    assert await verdict(page, site.issuer.address()) == "valid"
    await page.get_by_role("button", name="اردو").click()
    await expect(page.locator("#outcome")).to_have_text("اصلی اور درست")
    await expect(page.get_by_role("button", name="اردو")).to_have_attribute("aria-pressed", "true")
    await page.goto(f"{site.url}/v")
    await expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS["ur"])
    await page.get_by_role("button", name="हिन्दी").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS["hi"])


async def test_every_language_says_everything_with_the_same_blanks(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/v")
    words = {
        language: await page.evaluate(f'import("/v/words/{language}.js").then(({{ words }}) => words)')
        for language in HEADINGS
    }
    for language in ("hi", "ur"):
        assert list(words[language]) == list(words["en"])
        for key, text in words["en"].items():
            assert sorted(re.findall(r"{\w+}", words[language][key])) == sorted(re.findall(r"{\w+}", text)), (
                key
            )
    used = await page.locator("[data-say]").evaluate_all("found => found.map((one) => one.dataset.say)")
    assert set(used) <= set(words["en"])


async def test_the_page_is_worked_with_a_keyboard_alone(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/v")
    await expect(page.locator("html")).to_have_attribute("data-ready", "")
    reached = []
    for _ in range(6):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.id || document.activeElement.innerText"))
    assert reached == ["English", "हिन्दी", "اردو", "scan", "file", "Paste the text of a code"]
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.insert_text(site.issuer.address())
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Genuine and valid")).to_be_focused()
    await expect(page.get_by_role("status")).to_contain_text("Genuine and valid. The signature")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_stand_out_from_what_is_behind_them(browser: Browser, site: Site, scheme: str) -> None:
    context = await browser.new_context(color_scheme="dark" if scheme == "dark" else "light", locale="en-IN")
    page = await context.new_page()
    site.publish(site.issuer.status_list(0, 9))
    for address in (
        site.issuer.address(),
        site.issuer.address(status=[0, 9]),
        site.issuer.address(status=[7, 9]),
        f"{site.url}/v#HELLO",
    ):
        await verdict(page, address)
        assert await page.evaluate(CONTRASTS) == []
    await context.close()


# Texts that are seen with less than 4.5 : 1 (3 : 1 where large) to the grounds laid over each other behind
CONTRASTS = """() => {
  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const over = (top, under) => top.rgb.map((value, i) => value * top.a + under[i] * (1 - top.a));
  const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const faults = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.getClientRects().length || element.closest(".unseen")) continue;
    const grounds = [];
    for (let at = element; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
    const ground = grounds.reduce((under, top) => over(colour(top), under), [255, 255, 255]);
    const style = getComputedStyle(element);
    const [a, b] = [light(over(colour(style.color), ground)), light(ground)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.6 && style.fontWeight >= 700);
    if (a / b < (large ? 3 : 4.5)) faults.push(`${element.innerText}: ${a / b}`);
  }
  return faults;
}"""


async def test_every_control_has_a_name_and_a_size_for_fingers(page: Page, site: Site) -> None:
    await verdict(page, f"{site.url}/v#HELLO")
    await page.get_by_text("Paste the text of a code").click()
    for control in await page.locator(
        "button:visible, input:visible, textarea:visible, summary:visible"
    ).all():
        box = await control.bounding_box()
        assert box
        assert box["height"] >= 36
        snapshot = await control.aria_snapshot()
        assert re.search(r'".+"|: .+', snapshot), snapshot
    assert await page.locator("img:not([alt]), svg:not([aria-hidden])").count() == 0


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_nothing_runs_out_of_the_screen(browser: Browser, site: Site, width: int) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 800}, locale="ur-IN")
    page = await context.new_page()
    await verdict(page, site.issuer.address(name="W" * 120, constituency="Thiruvananthapuram" * 4))
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await context.close()

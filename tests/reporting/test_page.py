"""The pages in a real browser: what moves, what can be chosen, what a screen reader hears."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from mitra_shared.ids import AreaCode
from mitra_shared.security.tokens import Role
from tests.browsers import PATIENCE_MS
from tests.factories import small_campaign
from tests.reporting.field import Field
from tests.reporting.reporting_api import ReportingApi, token


@pytest_asyncio.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    await context.close()
    assert faults == []


async def sign_in(page: Page, api: ReportingApi, bearer: str | None = None) -> None:
    """By a link; afterwards the page is there with its scripts, not the one that is left at once."""
    await page.goto(f"{api.url}/#token={bearer or token()}")
    await expect(page.locator("#sign-out")).to_be_visible()
    await page.wait_for_load_state()


def with_an_assumed_seat() -> Field:
    areas = [area.model_dump() for area in small_campaign().areas]
    for area in areas:
        if area["code"] == "S24-PC07":
            area["evidence"] = "assumed"
    return Field(campaign=small_campaign(areas=areas))


@pytest_asyncio.fixture
async def shown(field: Field, api: ReportingApi) -> Field:
    """A campaign with one assumed seat and 1,203 people, as the api shows it."""
    field.campaign = with_an_assumed_seat().campaign
    goals = [goal.model_dump() for goal in field.campaign.goals]
    goals = [{**goal, "number": 5_000} if goal["level"] == "constituency" else goal for goal in goals]
    goals[0]["number"] = 325_000
    field.campaign = small_campaign(areas=[a.model_dump() for a in field.campaign.areas], goals=goals)
    await field.apply([*field.defined(), *(field.enrolled("S11-AC017") for _ in range(1_203))])
    await api.caught_up()
    return field


@pytest.mark.usefixtures("shown")
async def test_a_link_with_a_token_signs_in_and_leaves_no_token_behind(api: ReportingApi, page: Page) -> None:
    await sign_in(page, api)
    await expect(page.get_by_role("heading", name="India")).to_be_visible()
    assert page.url == f"{api.url}/"
    assert await page.evaluate("document.cookie") == ""
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Token")).to_be_visible()


async def test_a_token_that_is_refused_is_explained(api: ReportingApi, page: Page) -> None:
    await page.goto(api.url)
    await page.get_by_label("Token").fill("nonsense")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("refused")


async def test_bars_and_numbers_move_while_one_looks(shown: Field, api: ReportingApi, page: Page) -> None:
    await sign_in(page, api)
    bar = page.get_by_role("progressbar", name="Wayanad: enrolled")
    await expect(bar).to_have_attribute("value", "1203")
    await expect(bar).to_have_attribute("max", "5000")
    waiting = page.locator("li[data-area=S11-PC04] .waiting")
    await expect(waiting).to_be_hidden()
    decided = [shown.issued("S11-AC018") for _ in range(3)] + [shown.waitlisted("S11-AC018")]
    await shown.apply([shown.enrolled("S11-AC018"), *decided, shown.opinion("S11-PC04")])
    await expect(bar).to_have_attribute("value", "1204")
    await expect(page.locator(".summary [data-count=enrolled]")).to_have_text("1,204")
    await expect(page.locator("section.group[data-area=S11] h3 [data-count=enrolled]")).to_have_text("1,204")
    await expect(waiting).to_contain_text("1 waitlisted")
    await expect(page.locator("li[data-area=S24-PC07] [data-count=enrolled]")).to_have_text("0")
    await expect(page.get_by_text("0.4 % of the target of 3,25,000")).to_be_visible()


async def test_a_tile_of_the_map_gets_darker_and_leads_to_its_constituency(
    shown: Field, api: ReportingApi, page: Page
) -> None:
    await sign_in(page, api)
    tile = page.get_by_role("link", name="Rampur (Assumed): 0 %")
    await expect(tile).to_have_class(re.compile("step-0 assumed"))
    await shown.apply([shown.enrolled("S24-AC037") for _ in range(1_000)])
    darker = page.get_by_role("link", name="Rampur (Assumed): 20 %")
    await expect(darker).to_have_class(re.compile("step-2 assumed"))
    await darker.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Rampur", level=1)).to_be_visible()
    await page.get_by_role("navigation", name="Where you are").get_by_text("India").click()
    await expect(page.get_by_role("heading", name="India", level=1)).to_be_visible()


@pytest.mark.usefixtures("shown")
async def test_an_assumed_seat_never_looks_like_a_reported_one(api: ReportingApi, page: Page) -> None:
    await sign_in(page, api)
    named, assumed = page.locator("li[data-area=S11-PC04]"), page.locator("li[data-area=S24-PC07]")
    await expect(assumed.get_by_text("Assumed", exact=True)).to_be_visible()
    await expect(named.get_by_text("Named", exact=True)).to_be_visible()
    await expect(assumed).to_have_css("border-top-style", "dashed")
    await expect(named).to_have_css("border-top-style", "solid")
    await page.get_by_label("Order").select_option("name")
    await expect(page.locator("#groups .card h3").first).to_contain_text("Malappuram")
    await expect(assumed.get_by_text("Assumed", exact=True)).to_be_visible()


@pytest.mark.usefixtures("shown")
async def test_cards_that_are_in_order_are_left_alone(api: ReportingApi, page: Page) -> None:
    await sign_in(page, api)
    await page.get_by_label("Order").select_option("-progress")
    first = page.locator("#groups .card a").first
    await first.focus()
    # What the page does by itself every five seconds.
    await page.evaluate("order()")
    await expect(first).to_be_focused()


@pytest.mark.usefixtures("shown")
async def test_freshness_is_always_in_sight(api: ReportingApi, page: Page) -> None:
    await sign_in(page, api)
    freshness = page.locator("#freshness")
    await expect(freshness).to_contain_text(re.compile(r"as of \d\d:\d\d:\d\d IST"))
    await expect(page.locator("#lag")).to_contain_text("lag unknown")
    api.reading.mirror.close()
    await expect(freshness).to_contain_text("No connection")
    await expect(freshness).to_have_attribute("data-tone", "old")


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_shows_an_in_charge_the_own_segments_without_scrolling_sideways(
    api: ReportingApi, browser: Browser, scheme: str
) -> None:
    context = await browser.new_context(
        viewport={"width": 360, "height": 740}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = await context.new_page()
    await sign_in(page, api, token(Role.IN_CHARGE, AreaCode("S11-PC04")))
    await expect(page.get_by_role("heading", name="Mananthavady")).to_be_visible()
    assert await page.locator(".card").count() == 3
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (ground == "rgb(18, 22, 28)") is (scheme == "dark")
    await context.close()


async def test_a_language_is_chosen_and_the_feed_speaks_it(
    shown: Field, api: ReportingApi, page: Page
) -> None:
    await sign_in(page, api)
    await page.get_by_label("Language").select_option("ur")
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await shown.apply([shown.enrolled("S11-AC017")])
    await expect(page.locator("[data-of-target]")).to_contain_text("ہدف")
    await expect(page.locator(".summary [data-count=enrolled]")).to_have_text("1,204")


PHONE, WALL = (360, 740), (1920, 1080)
PAGES = {
    "nation": ("/", token()),
    "state": ("/areas/S11", token()),
    "constituency": ("/", token(Role.IN_CHARGE, "S11-PC04")),
    "days": ("/areas/S11-PC04/days", token()),
    "opinions": ("/opinions?area=S11", token()),
    "own": ("/", token(Role.CO_IN_CHARGE, "S11-PC04")),
    "public": ("/public", ""),
    "sign in": ("/", ""),
}


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [
        ("en", "light", PHONE),
        ("ur", "dark", WALL),
        pytest.param("en", "dark", WALL, marks=pytest.mark.soak),
        pytest.param("hi", "dark", WALL, marks=pytest.mark.soak),
        pytest.param("hi", "light", PHONE, marks=pytest.mark.soak),
        pytest.param("ur", "light", PHONE, marks=pytest.mark.soak),
    ],
)
async def test_no_page_scrolls_sideways_or_has_a_serious_fault_for_who_cannot_see_it(
    later: ReportingApi, browser: Browser, language: str, scheme: str, size: tuple[int, int]
) -> None:
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=f"{language}-IN",
        bypass_csp=True,
    )
    page = await context.new_page()
    for name, (path, as_token) in PAGES.items():
        await context.clear_cookies()
        await context.add_cookies([{"name": "mitra_session", "value": as_token, "url": later.url}])
        await page.goto(later.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= size[0], name
        found = await Axe().run(page)
        serious = [
            (each["id"], [node["target"] for node in each["nodes"]][:3])
            for each in found.response["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], name
    await context.close()


@pytest.mark.usefixtures("shown")
async def test_every_bar_has_a_name_and_a_screen_reader_hears_when_the_figures_get_old(
    api: ReportingApi, page: Page
) -> None:
    await sign_in(page, api)
    bars = page.get_by_role("progressbar")
    await expect(bars).to_have_count(2 * 3 + 2)
    for bar in await bars.all():
        assert await bar.get_attribute("aria-label")
    await expect(page.get_by_role("status")).to_have_text(re.compile("as of"))


async def test_without_redis_the_page_goes_on_and_says_that_the_lag_is_unknown(
    shown: Field, api: ReportingApi, page: Page
) -> None:
    await sign_in(page, api)
    await expect(page.locator("#freshness")).to_have_attribute("data-tone", "unsure")
    await shown.apply([shown.enrolled("S11-AC017")])
    await expect(page.locator(".summary [data-count=enrolled]")).to_have_text("1,204")


@pytest.mark.usefixtures("shown")
async def test_while_the_database_is_away_the_page_says_how_old_its_figures_are(
    api: ReportingApi, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> bool:
        raise ConnectionRefusedError

    await sign_in(page, api)
    await expect(page.locator("#freshness")).to_have_attribute("data-tone", "unsure")
    monkeypatch.setattr(api.reading.mirror, "refresh", away)
    await expect(page.locator("#freshness-words")).to_contain_text("Figures are old")

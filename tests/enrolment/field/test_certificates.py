"""Certificates of those enrolled from a phone, and papers it hands over, with a network and without."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from mitra_shared.database import create_engine
from mitra_shared.ids import MitraId, new_mitra_id
from tests.certificates.verification.pictures import on_paper, qr
from tests.enrolment.field.conftest import SwitchOn
from tests.enrolment.field.phone import HOLD_UP_ONE_PICTURE, all_sent, enrol, signed_in, until
from tests.enrolment.field.test_seeing import LANGUAGES, SMALL_TARGETS, WORDS_CUT_OFF, violations
from tests.enrolment.field.town import Town, running_town
from tests.enrolment.intake_api import load
from tests.factories import small_campaign
from tests.servers import Databases

HANDOVERS = (
    "import('/field/handovers.js').then(({ all }) => all()).then((found) => found.map((each) => each.state))"
)
VERIFIES_OFFLINE = """() => caches.open("mitra-held-1").then((cache) => cache.keys())
  .then((kept) => kept.length > 1)"""
NAMES_KEPT = """() => import("/field/people.js").then(async ({ enrolledHere, detailsOf }) =>
  Promise.all((await enrolledHere()).people.map(async (one) => (await detailsOf(one))?.name ?? null)))"""
COUNT_LOOKS = """() => {
  window.looked = 0;
  Object.defineProperty(document.getElementById("picture"), "value", { set: () => { window.looked++; } });
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def module_town(databases: Databases) -> AsyncIterator[Town]:
    first, second = await databases.make("enrolment"), await databases.make("certificates")
    engines = [create_engine(each.url, application="tests", pool_size=10) for each in (first, second)]
    await load(engines[0], small_campaign())
    async with running_town(*engines) as town:
        yield town
    for engine, database in zip(engines, (first, second), strict=True):
        await engine.dispose()
        await databases.drop(database)


@pytest.fixture
def town(module_town: Town) -> Town:
    module_town.site.reset()
    module_town.lost = ""
    module_town.gate.set()
    module_town.asked.clear()
    return module_town


async def issued(town: Town, name: str, segment: str = "S11-AC019") -> tuple[MitraId, str]:
    """Somebody with a certificate, and its code."""
    mitra = new_mitra_id()
    await town.enrolled(mitra, name, segment)
    return mitra, await town.code(mitra)


async def scan(page: Page, code: str, place: Path) -> None:
    """A picture of the code is chosen, as the camera of the phone takes it."""
    on_paper(qr(code)).save(place / "code.png")
    await page.locator("#picture").set_input_files(place / "code.png")


async def at_hand_over(page: Page, town: Town, staff: str) -> None:
    await signed_in(page, town.site, staff)
    await until(page, VERIFIES_OFFLINE)
    await page.locator('[data-view="handover"]').click()


async def until_asked(town: Town, count: int, what: str, *, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while town.asked.count(what) < count:  # noqa: ASYNC110 - the service of a test does not call
            await asyncio.sleep(0.02)


async def test_the_recruiter_sees_how_the_certificates_of_the_own_people_stand(
    context: BrowserContext, page: Page, town: Town
) -> None:
    await signed_in(page, town.site, "staff-status")
    for number, name in enumerate(("Ayesha", "Begum", "Chand")):
        await enrol(page, name, f"987660000{number}")
    await all_sent(page)
    first, second, _ = await town.mitras("staff-status")
    await town.enrolled(first, "Ayesha")
    await town.enrolled(second, "Begum")
    await town.withdrew(second)
    await page.locator('[data-view="numbers"]').click()
    await page.locator("#certificates-again").click()
    await expect(page.locator("#certificates-issued")).to_have_text("1")
    await expect(page.locator("#certificates-revoked")).to_have_text("1")
    await expect(page.locator("#certificates-unknown")).to_have_text("1")
    await page.locator("#people-part summary").click()
    await expect(page.locator('#people [data-state="issued"]')).to_contain_text("S11-AC019-0001")
    # Of whoever withdrew nothing is left on the phone.
    assert sorted(await page.evaluate(NAMES_KEPT), key=str) == ["Ayesha", "Chand", None]
    await context.set_offline(True)
    await page.locator("#certificates-again").click()
    await expect(page.locator("#certificates-trouble")).to_contain_text("what was told last")
    await expect(page.locator("#certificates-issued")).to_have_text("1")
    await expect(page.locator("#certificates-at")).to_contain_text("As of")


async def test_who_asks_again_while_an_answer_is_on_its_way_gets_another(page: Page, town: Town) -> None:
    await signed_in(page, town.site, "staff-again")
    town.gate.clear()
    await enrol(page, "Yasmin", "9876600100")
    await all_sent(page)
    await until_asked(town, 1, "POST /v1/certificates/states")
    (mitra,) = await town.mitras("staff-again")
    await page.locator('[data-view="numbers"]').click()
    await page.locator("#certificates-again").click()
    await town.enrolled(mitra, "Yasmin")
    town.gate.set()
    await until_asked(town, 2, "POST /v1/certificates/states")
    await expect(page.locator("#certificates-issued")).to_have_text("1")


async def test_a_paper_that_is_sent_again_while_an_answer_is_being_lost_does_not_wait(
    page: Page, town: Town, tmp_path: Path
) -> None:
    _, code = await issued(town, "Zoya")
    await at_hand_over(page, town, "staff-lost")
    town.gate.clear()
    town.lost = "/v1/hand-overs"
    await scan(page, code, tmp_path)
    await page.locator("#hand-over").click()
    await until_asked(town, 1, "POST /v1/hand-overs")
    await page.evaluate("import('/field/handovers.js').then(({ sendHandOvers }) => void sendHandOvers())")
    town.lost = ""
    town.gate.set()
    # The app itself looks again after a minute.
    await until_asked(town, 2, "POST /v1/hand-overs", seconds=30)
    await until(page, f"() => {HANDOVERS}.then((found) => found[0] === 'done')")
    assert (await town.handed_over()).count("staff-lost") == 1


async def test_a_paper_handed_over_offline_is_kept_through_a_kill_and_sent_once(
    switch_on: SwitchOn, town: Town, tmp_path: Path
) -> None:
    _, code = await issued(town, "Dilshad Bano")
    phone = await switch_on()
    await at_hand_over(phone.page, town, "staff-hands")
    await phone.page.context.set_offline(True)
    await scan(phone.page, code, tmp_path)
    await expect(phone.page.locator("#found-name")).to_have_text("Dilshad Bano")
    await phone.page.locator("#hand-over").click()
    await expect(phone.page.locator("#handing-over")).to_have_text("1")
    await scan(phone.page, code, tmp_path)
    await expect(phone.page.locator("#verdict")).to_contain_text("on this phone already")
    phone.kill()
    stored = b"".join(
        path.read_bytes() for path in phone.profile.rglob("*") if path.is_file() and "IndexedDB" in str(path)
    )
    for secret in ("Dilshad", code[-40:]):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert secret.encode(encoding) not in stored
    town.lost = "/v1/hand-overs"
    phone = await switch_on()
    await phone.page.goto(f"{town.site.url}/field/")
    await expect(phone.page.locator("html[data-offline=ready]")).to_be_attached()
    assert await phone.page.evaluate(HANDOVERS) == ["waiting"]
    town.lost = ""
    await phone.page.evaluate("window.dispatchEvent(new Event('online'))")
    await phone.page.locator('[data-view="handover"]').click()
    await expect(phone.page.locator("#handed-over")).to_have_text("1")
    assert (await town.handed_over()).count("staff-hands") == 1


async def test_a_code_that_takes_long_to_read_does_not_take_the_place_of_the_next(
    page: Page, town: Town, tmp_path: Path
) -> None:
    slow, quick = [(await issued(town, name))[1] for name in ("Jamila", "Kausar")]
    await at_hand_over(page, town, "staff-two-codes")
    await page.evaluate(HOLD_UP_ONE_PICTURE)
    await page.evaluate(COUNT_LOOKS)
    for code in (slow, quick):
        place = tmp_path / code[-8:]
        place.mkdir()
        await scan(page, code, place)
    await expect(page.locator("#found-name")).to_have_text("Kausar")
    await page.evaluate("window.goOn()")
    await until(page, "window.looked === 2")
    await expect(page.locator("#found-name")).to_have_text("Kausar")


async def test_what_speaks_against_a_hand_over_is_said_in_plain_words(
    context: BrowserContext, page: Page, town: Town, tmp_path: Path
) -> None:
    elsewhere = (await issued(town, "Esha", "S11-AC033"))[1]
    withdrawn, revoked = await issued(town, "Farah")
    late, good = await issued(town, "Gulnaz")
    await town.withdrew(withdrawn)
    at = good.index("#") + 120
    altered = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
    await at_hand_over(page, town, "staff-words")
    await context.set_offline(True)
    for code, words in (
        (elsewhere, "another constituency"),
        (revoked, "revoked"),
        (altered, "altered"),
        ("upi://pay?pa=someone@bank", "not a complete code"),
    ):
        await scan(page, code, tmp_path)
        await expect(page.locator("#verdict")).to_contain_text(words)
        await expect(page.locator("#found")).to_be_hidden()
    await scan(page, good, tmp_path)
    await page.locator("#hand-over").click()
    await expect(page.locator("#handing-over")).to_have_text("1")
    # Revoked between the scan and the network.
    await town.withdrew(late)
    await context.set_offline(False)
    await expect(page.locator("#handovers .why")).to_contain_text("Take the paper back")
    for language, words in (("hi", "रद्द"), ("ur", "منسوخ")):
        await page.locator(f'[data-language="{language}"]').click()
        await expect(page.locator("#handovers .why")).to_contain_text(words)
    await page.locator("#handovers button").click()
    await expect(page.locator("#handovers li")).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_certificates_and_hand_overs_can_be_used_on_a_narrow_screen(
    page: Page, town: Town, tmp_path: Path, language: str
) -> None:
    _, code = await issued(town, "Hina")
    staff = f"staff-narrow-{language}"
    await signed_in(page, town.site, staff)
    await page.set_viewport_size({"width": 360, "height": 640})
    await page.locator(f'[data-language="{language}"]').click()
    await enrol(page, "Imran", f"98767{list(LANGUAGES).index(language)}0001")
    await all_sent(page)
    assert await page.evaluate(WORDS_CUT_OFF) == []
    await page.locator('[data-view="handover"]').click()
    await scan(page, code, tmp_path)
    await expect(page.locator("#found")).to_be_visible()
    assert await violations(page) == []
    assert await page.evaluate(SMALL_TARGETS) == []
    await page.locator("#hand-over").click()
    await expect(page.locator("#handed-over")).to_have_text("1")
    await page.locator('[data-view="numbers"]').click()
    await page.locator("#people-part summary").click()
    assert await violations(page) == []
    assert await page.evaluate(SMALL_TARGETS) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360

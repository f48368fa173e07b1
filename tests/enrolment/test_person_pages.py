"""The person's own page over HTTP: what it shows and when, forms without a script, and what is refused."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from string import Formatter
from urllib.parse import urlencode

import pytest
import pytest_asyncio
import zxingcpp
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.pages.words import words_of
from mitra_shared.pages.words import LANGUAGES
from mitra_shared.qr_code import code_path
from mitra_shared.security.tokens import Role
from tests.drawn_code import drawn_code
from tests.enrolment.intake_api import PEOPLE_URL, IntakeApi, TestClock, operator, rows, running_api, token
from tests.enrolment.people import UNKNOWN, Browser, Person, enrolled_person, hidden, wrong


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest_asyncio.fixture
async def api(campaign_engine: AsyncEngine, clock: TestClock) -> AsyncIterator[IntakeApi]:
    async with running_api(campaign_engine, clock=clock) as running:
        yield running


@pytest_asyncio.fixture
async def somebody(api: IntakeApi) -> Person:
    return await enrolled_person(api)


async def test_before_the_code_every_receipt_looks_the_same(api: IntakeApi, somebody: Person) -> None:
    browser = Browser(api)

    async def seen(receipt: str) -> list[tuple[int, str]]:
        home = f"/r/{receipt}"
        answers = [
            await browser.get(home),
            await browser.get(f"{home}/slip"),
            await browser.post(f"{home}/code"),
            await browser.get(f"{home}/code"),
            await browser.post(f"{home}/session", code="000000"),
            await browser.get(f"{home}/withdraw"),
            await browser.post(f"{home}/withdraw"),
        ]
        written = "-".join((receipt[:4], receipt[4:8], receipt[8:]))
        return [
            (each.status_code, _without_code(each.text).replace(written, "").replace(receipt, ""))
            for each in answers
        ]

    known, unknown = await seen(somebody.receipt), await seen(UNKNOWN)
    assert known == unknown
    assert not any("आयशा" in text or "9800000001" in text for _, text in known)


def _without_code(page: str) -> str:
    return re.sub(r'<path stroke="#000" d="[^"]+"/>', "", page)


async def test_the_code_opens_everything_that_is_held(api: IntakeApi, somebody: Person) -> None:
    page = await Browser(api).sign_in(somebody)
    for told in ("आयशा बेगम", "+919800000001", "Wayanad", "a co-in-charge of your constituency", "2026-11"):
        assert told in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in page.text


async def test_the_cookie_is_closed_to_scripts_other_sites_and_other_paths(
    api: IntakeApi, somebody: Person
) -> None:
    home = f"/r/{somebody.receipt}"
    await Browser(api).post(f"{home}/code")
    answer = await Browser(api).post(f"{home}/session", code=await somebody.newest_code())
    (cookie,) = answer.headers.get_list("set-cookie")
    assert answer.headers["location"] == home
    for part in ("HttpOnly", "SameSite=strict", "Secure", f"Path={home}", "Max-Age=900"):
        assert part in cookie


async def test_consent_is_withdrawn_in_two_presses(api: IntakeApi, somebody: Person) -> None:
    browser = Browser(api)
    await browser.sign_in(somebody)
    home = f"/r/{somebody.receipt}"
    asked = await browser.get(f"{home}/withdraw")
    (row,) = await rows(api.engine, "select withdrawn_at from mitra")
    assert row.withdrawn_at is None
    done = await browser.submit(asked, f"{home}/withdraw")
    assert (done.status_code, done.headers["location"]) == (303, f"{home}?done=withdraw")
    page = await browser.get(done.headers["location"])
    assert "Your consent is withdrawn." in page.text
    assert f'href="{home}/withdraw"' not in page.text
    (row,) = await rows(api.engine, "select withdrawn_at, slot from mitra")
    assert row.withdrawn_at is not None
    assert row.slot is None


async def test_everything_else_is_asked_by_plain_forms(api: IntakeApi, somebody: Person) -> None:
    browser, home = Browser(api), f"/r/{somebody.receipt}"
    await browser.sign_in(somebody)
    steps: tuple[tuple[str, dict[str, str]], ...] = (
        ("correct", {"name": "Ayesha Begum", "language": "ur"}),
        ("grievance", {"text": "No certificate yet."}),
        ("nominate", {"name": "Salim Khan", "phone": "9876543211"}),
        ("erase", {}),
    )
    for step, fields in steps:
        done = await browser.submit(await browser.get(f"{home}/{step}"), f"{home}/{step}", **fields)
        assert done.headers.get("location") == f"{home}?done={step}", (step, done.text)
    page = await browser.get(home)
    assert "Salim Khan" in page.text
    assert "consent withdrawn on" in page.text
    found = await rows(api.engine, "select kind, asked_through from person_request order by kind")
    assert [tuple(row) for row in found] == [
        (kind, "page") for kind in ("correction", "erasure", "grievance", "withdrawal")
    ]


@pytest.mark.parametrize(
    ("step", "fields", "words", "kept"),
    [
        ("correct", {"name": "12", "language": "hi", "schemes": "PMAY-G"}, "This is not a name", "12"),
        ("correct", {"name": "आयशा बेगम", "language": "hi", "schemes": "PMAY-G"}, "Nothing was changed", ""),
        ("grievance", {"text": "12 34"}, "Write what it is about", "12 34"),
        ("nominate", {"name": "Salim", "phone": "12"}, "This is not a mobile number", "Salim"),
    ],
)
async def test_what_is_not_right_is_said_on_the_same_page(
    api: IntakeApi, somebody: Person, step: str, fields: dict[str, str], words: str, kept: str
) -> None:
    browser, path = Browser(api), f"/r/{somebody.receipt}/{step}"
    await browser.sign_in(somebody)
    answer = await browser.submit(await browser.get(path), path, **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert kept in answer.text


async def test_a_form_of_another_session_or_site_does_nothing(api: IntakeApi, somebody: Person) -> None:
    browser, home = Browser(api), f"/r/{somebody.receipt}"
    await browser.sign_in(somebody)
    other = await enrolled_person(api, 2)
    stranger = Browser(api)
    foreign = hidden(await stranger.sign_in(other))
    for form in ("", foreign, "é"):
        assert (await browser.post(f"{home}/withdraw", form=form)).status_code == 403
    page = await browser.get(f"{home}/withdraw")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    cross = await api.client.post(
        f"{home}/withdraw",
        data={"form": hidden(page)},
        headers={"Cookie": cookies, "Sec-Fetch-Site": "cross-site"},
    )
    assert cross.status_code == 403
    (row,) = await rows(api.engine, "select count(*) as withdrawn from mitra where withdrawn_at is not null")
    assert row.withdrawn == 0


async def test_a_session_opens_no_other_receipt(api: IntakeApi, somebody: Person) -> None:
    browser = Browser(api)
    page = await browser.sign_in(somebody)
    other = await enrolled_person(api, 2, name="Meera Nair")
    seen = await browser.get(f"/r/{other.receipt}")
    assert "Meera" not in seen.text
    assert "Send the code" in seen.text
    assert (await browser.post(f"/r/{other.receipt}/withdraw", form=hidden(page))).status_code == 403


async def test_a_page_closes_by_itself_and_by_hand(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    browser, home = Browser(api), f"/r/{somebody.receipt}"
    closed = await browser.submit(await browser.sign_in(somebody), f"{home}/close")
    assert "Your page is closed." in closed.text
    assert "Send the code" in (await browser.get(home)).text
    clock.now += timedelta(seconds=1)
    page = await browser.sign_in(somebody)
    clock.now += timedelta(minutes=15)
    assert "Send the code" in (await browser.get(home)).text
    late = await browser.submit(page, f"{home}/withdraw")
    assert (late.status_code, "Ask for a new code" in late.text) == (403, True)


async def test_a_wrong_code_is_said_to_be_wrong(api: IntakeApi, somebody: Person) -> None:
    browser, home = Browser(api), f"/r/{somebody.receipt}"
    await browser.post(f"{home}/code")
    answer = await browser.post(f"{home}/session", code=wrong(await somebody.newest_code()))
    assert (answer.status_code, "The code is wrong" in answer.text) == (403, True)
    assert browser.cookies == {}


async def test_a_receipt_is_found_as_it_is_typed(api: IntakeApi, somebody: Person) -> None:
    browser = Browser(api)
    typed = "-".join((somebody.receipt[:4], somebody.receipt[4:8], somebody.receipt[8:])).lower()
    found = await browser.get(f"/r?receipt={typed}")
    assert found.headers["location"] == f"/r/{somebody.receipt}"
    assert (await browser.get(f"/r/{typed}")).headers["location"] == f"/r/{somebody.receipt}"
    unknown = await browser.get("/r/UUUU")
    assert (unknown.status_code, "never the letter U" in unknown.text) == (404, True)


async def test_what_is_no_form_is_refused(api: IntakeApi, somebody: Person) -> None:
    path = f"/r/{somebody.receipt}/code"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    many, long = urlencode({f"f{number}": "x" for number in range(200)}), f"x={'y' * 30_000}"
    for content, headers in (("{}", {}), (many, form), (long, form), (b"\xff=%ff", form)):
        assert (await api.client.post(path, content=content, headers=headers)).status_code == 400


@pytest.mark.parametrize(("language", "title"), [("en", "Your data"), ("hi", "आपकी"), ("ur", "آپ کی")])
async def test_the_page_speaks_the_language_that_was_chosen(
    api: IntakeApi, somebody: Person, language: str, title: str
) -> None:
    browser, home = Browser(api), f"/r/{somebody.receipt}"
    chosen = await browser.get(f"/r/language?language={language}&back={home}")
    assert chosen.headers["location"] == home
    page = await browser.sign_in(somebody)
    assert title in page.text
    assert f'dir="{"rtl" if language == "ur" else "ltr"}"' in page.text
    away = await browser.get("/r/language?language=en&back=//elsewhere.example")
    assert away.headers["location"] == "/r"


async def test_the_code_on_a_slip_leads_to_the_page(api: IntakeApi, somebody: Person) -> None:
    page = await Browser(api).get(f"/r/{somebody.receipt}/slip")
    link = f"{PEOPLE_URL}/r/{somebody.receipt}"
    assert link in page.text
    side, path = code_path(link, "M")
    assert path in page.text
    (read,) = zxingcpp.read_barcodes(drawn_code(side, path))
    assert read.text == link


def test_every_language_has_the_same_words_with_the_same_places() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    english = {key: places(text) for key, text in words_of("en").texts.items()}
    for language in LANGUAGES:
        assert {key: places(text) for key, text in words_of(language).texts.items()} == english
    templates = Path(__file__).parents[2] / "services/enrolment/src/enrolment/pages/templates"
    asked = {
        key
        for template in templates.glob("*.html")
        for key in re.findall(r'words\("([a-z_]+)"', template.read_text())
        if not key.endswith("_")
    }
    assert asked <= english.keys()


async def test_operators_and_headquarters_see_data_protection_and_others_do_not(
    api: IntakeApi, somebody: Person
) -> None:
    session = await somebody.session()
    await somebody.ask("POST", "/grievances", session, {"text": "Help"})
    browser = Browser(api)
    assert "Token" in (await browser.get("/data-protection")).text
    for bearer in (token(), token("sc", Role.STATE_COORDINATOR, "S11")):
        refused = await api.client.post("/session", headers={"Authorization": f"Bearer {bearer}"})
        assert refused.status_code == 403
        stranger = Browser(api)
        stranger.cookies["mitra_session"] = bearer
        assert "Operators and headquarters sign in here" in (await stranger.get("/data-protection")).text
    for bearer in (operator("small"), token("hq", Role.HEADQUARTERS, None)):
        signed = await api.client.post("/session", headers={"Authorization": f"Bearer {bearer}"})
        assert "HttpOnly" in signed.headers["set-cookie"]
        browser.cookies["mitra_session"] = bearer
        page = await browser.get("/data-protection")
        for told in ("in force", "grievance", "docs/breach.md", "Open requests", "Erasures"):
            assert told in page.text
        for secret in ("आयशा", "9800000001", somebody.receipt, somebody.mitra):
            assert secret not in page.text

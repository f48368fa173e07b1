"""The pages as markup: what each reader finds on them, without a browser and without a script."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.tokens import Role
from tests.factories import small_campaign
from tests.reporting.field import START, Field
from tests.reporting.reporting_api import ReportingApi, bearer, running_api, token

IN_CHARGE = token(Role.IN_CHARGE, "S11-PC04")
CO_IN_CHARGE = token(Role.CO_IN_CHARGE, "S11-PC04")
COORDINATOR = token(Role.STATE_COORDINATOR, "S11")


async def text_of(api: ReportingApi, path: str, as_token: str | None = None, language: str = "en") -> str:
    answer = await api.get(path, as_token=as_token, **{"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_a_page_needs_no_script_and_loads_nothing_from_elsewhere(later: ReportingApi) -> None:
    answer = await later.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for text in ("Wayanad", "वयनाड", "a number for tests", "240", "State report"):
        assert text in answer.text
    sources = re.findall(r'(?:src|href|action)="([^"]+)"', answer.text)
    assert [source for source in sources if not re.match(r"/(?!/)|#|data:,", source)] == []
    assert not re.search(r"\son\w+=|\sstyle=", answer.text)


@pytest.mark.parametrize(
    ("language", "direction", "words"),
    [("en", "ltr", "people a day"), ("hi", "ltr", "लोग प्रतिदिन"), ("ur", "rtl", "افراد روزانہ")],
)
async def test_pages_speak_the_language_of_the_browser(
    later: ReportingApi, language: str, direction: str, words: str
) -> None:
    text = await text_of(later, "/", language=f"{language}-IN")
    assert f'<html lang="{language}" dir="{direction}"' in text
    assert words in text


async def test_a_chosen_language_and_appearance_stay(later: ReportingApi) -> None:
    async with httpx.AsyncClient(base_url=later.url, headers=bearer()) as browser:
        chosen = await browser.get("/preferences?language=ur&appearance=dark&back=/areas/S11")
        assert (chosen.status_code, chosen.headers["Location"]) == (303, "/areas/S11")
        assert 'lang="ur" dir="rtl" data-appearance="dark"' in (await browser.get("/areas/S11")).text


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nX: y"])
async def test_a_choice_leads_to_no_other_site(later: ReportingApi, back: str) -> None:
    answer = await later.client.get("/preferences", params={"appearance": "light", "back": back})
    assert answer.headers["Location"] == "/"


async def test_a_language_that_is_not_on_offer_is_refused_with_those_that_are(later: ReportingApi) -> None:
    answer = await later.client.get("/preferences?language=xx")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["expected"] == "one of en, hi, ur"


async def test_headquarters_see_the_map_the_pace_and_what_is_unusual(later: ReportingApi) -> None:
    text = await text_of(later, "/")
    assert text.count('class="tile ') == 3
    assert re.search(r'class="tile step-6 named" data-area="S11-PC04"', text), "its target of 10 is reached"
    assert 'class="trend"' in text
    assert "co-in-charge-01" not in text


async def test_the_brief_and_the_table_of_an_area_are_one_step_away(later: ReportingApi) -> None:
    text = await text_of(later, "/areas/S11-PC04", language="hi")
    brief, table = re.findall(r'href="(/v1/(?:briefs|exports)/[^"]+)"', text)
    assert brief == "/v1/briefs/S11-PC04.pdf?language=hi"
    assert (await later.get(table)).headers["Content-Type"].startswith("application/vnd.openxmlformats")


async def test_a_state_coordinator_sees_the_own_state_only(later: ReportingApi) -> None:
    text = await text_of(later, "/", COORDINATOR)
    assert "Wayanad" in text
    assert "Rampur" not in text
    assert "Mananthavady" in text, "the segments with the most people are listed"
    refused = await later.get("/areas/S24", as_token=COORDINATOR)
    assert (refused.status_code, "only S11 and the areas below" in refused.text) == (403, True)


async def test_an_in_charge_sees_the_own_staff_with_their_numbers(later: ReportingApi) -> None:
    text = await text_of(later, "/", IN_CHARGE)
    rows = re.findall(r'<th scope="row" dir="ltr">S11-PC04/co-in-charge-(\d\d)</th>', text)
    assert rows == ["01", "02"]
    assert re.search(r'data-count="certificates_handed_over">1<', text)
    assert re.search(r'data-count="programmes_beneficiaries">40<', text)


async def test_a_co_in_charge_sees_the_own_numbers_and_the_progress_of_the_whole(later: ReportingApi) -> None:
    text = await text_of(later, "/", CO_IN_CHARGE)
    assert "What you enrolled" in text
    assert "The whole campaign" in text
    assert "Mananthavady" not in text
    for path in ("/areas/S11-PC04", "/areas/S11-PC04/days", "/opinions"):
        assert (await later.get(path, as_token=CO_IN_CHARGE)).status_code == 403


async def test_released_answers_are_shown_and_hidden_ones_are_shown_as_hidden(later: ReportingApi) -> None:
    text = await text_of(later, "/opinions?area=S11")
    assert "24 answers shown" in text
    assert text.count("hidden: fewer than 10 new answers, or too much alike") == 3, "one a question"
    within = await text_of(later, "/opinions?area=S11-PC04&round=round-1&release=1")
    assert "Mananthavady" in within
    assert "mean 3.0 of 5" in within


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/opinions?round=round-9", 404),
        ("/opinions?release=7", 422),
        ("/opinions?area=XX", 404),
        ("/areas/XX", 404),
        ("/areas/XX/days", 404),
        ("/?campaign=other", 404),
    ],
)
async def test_a_page_that_is_not_there_says_so_in_words(later: ReportingApi, path: str, status: int) -> None:
    answer = await later.get(path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_single_days_show_hidden_figures_as_hidden(later: ReportingApi) -> None:
    text = await text_of(later, "/areas/S11-PC04/days")
    assert text.count('<tr><th scope="row">') >= 7
    assert 'class="number hidden"' in text
    assert "Pradhan Mantri Ujjwala Yojana" in text


async def test_corrections_of_a_scheme_stand_beside_it_once_they_may_be_shown(
    field: Field, reporting_engine: AsyncEngine, redis: Redis
) -> None:
    corrections = [field.corrected("S11-AC017", ["PMAY-G"], ["PMUY"]) for _ in range(9)]
    corrections += [field.corrected("S11-AC018", [], ["PMUY"])]
    await field.apply([*field.defined(), *corrections])
    async with running_api(reporting_engine, redis, now=lambda: START + timedelta(days=3)) as api:
        await api.caught_up()
        text = await text_of(api, "/areas/S11-PC04/days")
    assert "removed by correction" in text
    assert "added by correction" not in text


async def test_everybody_may_see_the_progress_of_the_whole_where_that_is_switched_on(
    later: ReportingApi, api: ReportingApi
) -> None:
    shown = await later.client.get("/public")
    assert shown.status_code == 200
    assert "240" in shown.text
    for private in ("Wayanad", "certificates", "opinions"):
        assert private not in shown.text
    assert "/public" in (await later.client.get("/")).text
    assert (await api.client.get("/public")).status_code == 404


async def test_without_a_session_a_page_asks_for_one_and_shows_nothing(later: ReportingApi) -> None:
    for path in ("/", "/areas/S11-PC04", "/areas/S11/days", "/opinions", "/own"):
        answer = await later.client.get(path)
        assert "Token" in answer.text
        assert "Wayanad" not in answer.text
    ended = await later.client.get("/", headers={"Cookie": f"mitra_session={token()[:-4]}AAAA"})
    assert "Your session has ended" in ended.text


async def test_while_no_campaign_is_known_the_page_waits_for_it(api: ReportingApi) -> None:
    answer = await api.client.get("/", headers=bearer())
    assert (answer.status_code, 'http-equiv="refresh"' in answer.text) == (404, True)


async def test_names_of_areas_are_text_whatever_they_hold(field: Field, api: ReportingApi) -> None:
    areas = [area.model_dump() for area in small_campaign().areas]
    areas[3]["name"]["en"] = "<script>alert(1)</script>"
    await field.apply(field.defined(small_campaign(areas=areas)))
    await api.caught_up()
    assert "<script>alert" not in (await api.client.get("/", headers=bearer())).text


async def test_while_the_database_is_away_pages_show_what_is_at_hand_and_say_so(
    field: Field, reporting_engine: AsyncEngine, redis: Redis
) -> None:
    await field.apply([*field.defined(), *(field.enrolled("S11-AC017") for _ in range(12))])
    async with running_api(reporting_engine, redis, now=lambda: datetime.now(UTC)) as api:
        await api.caught_up()

        async def away(*_: object) -> None:
            raise ConnectionRefusedError

        api.reading.pacing.days = away  # type: ignore[method-assign,assignment]
        text = await text_of(api, "/")
    assert re.search(r'data-count="enrolled">12<', text)
    assert "Cannot be read now: the database is away" in text


async def test_static_files_are_kept_for_good_under_their_version_only(api: ReportingApi) -> None:
    page = await api.client.get("/")
    (style,) = re.findall(r'href="(/static/[^"]+\.css)"', page.text)
    kept = await api.client.get(style)
    assert "immutable" in kept.headers["Cache-Control"]
    older = await api.client.get("/static/0/mitra.css")
    assert (older.text, older.headers["Cache-Control"]) == (kept.text, "no-store")
    assert (await api.client.get("/static/0/secrets.txt")).status_code == 404
    assert (await api.client.get(style, headers={"If-None-Match": kept.headers["ETag"]})).status_code == 304

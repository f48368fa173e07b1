"""Briefs: one page in three languages, whatever is on it, with the figures of the answers and no more."""

import os
import re
import signal
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageChops
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.security.tokens import Role
from mitra_shared.typesetting.pool import Limits
from reporting.briefs.press import BriefPress
from reporting.briefs.words import own_texts
from tests.factories import small_campaign
from tests.reporting.field import Field
from tests.reporting.reporting_api import ReportingApi, eventually, running_api, token
from tests.reporting.test_exports import filled
from tests.reporting.test_opinions import Asked

LANGUAGES = ("en", "hi", "ur")
LONG = "Andaman, Nicobar, Dadra and Nagar Haveli with Daman, Diu and the Islands of the West"
LONG_HINDI = "अंडमान, निकोबार, दादरा और नगर हवेली सहित दमन, दीव और पश्चिम के द्वीप समूह"
LONG_URDU = "انڈمان، نکوبار، دادرہ اور نگر حویلی مع دمن، دیو اور مغرب کے جزائر"


async def brief(api: ReportingApi, area: str, language: str = "en", as_token: str | None = None) -> bytes:
    answer = await api.get(f"/v1/briefs/{area}.pdf?language={language}", as_token=as_token)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-language"] == language
    return answer.content


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 1
        text: str = document[0].get_textpage().get_text_bounded()
    return " ".join(text.split())


def ink_of(pdf: bytes) -> tuple[float, float, float, float]:
    """Where something is to be seen: left, top, right and bottom, in millimetres."""
    with pypdfium2.PdfDocument(pdf) as document:
        page: Image.Image = document[0].render(scale=144 / 72).to_pil().convert("L")
    box = ImageChops.invert(page).point(lambda value: 255 * (value > 8)).getbbox()
    assert box is not None
    left, top, right, bottom = (place / 144 * 25.4 for place in box)
    return left, top, right, bottom


def large_campaign() -> CampaignDefinition:
    """Sixteen states; nine segments in one constituency; the longest names; an assumed seat."""

    def area(code: str, level: str, parent: str | None, **more: Any) -> dict[str, Any]:
        name = {"en": f"{LONG} {code}", "hi": f"{LONG_HINDI} {code}", "ur": f"{LONG_URDU} {code}"}
        return {"code": code, "level": level, "parent": parent, "name": name, **more}

    written = [area("IN", "nation", None)]
    for state in range(1, 17):
        code = f"S{state:02}"
        written += [
            area(code, "state", "IN"),
            area(
                f"{code}-PC01",
                "constituency",
                code,
                number=1,
                evidence="assumed",
                tile={"column": state, "row": 1},
            ),
        ]
        written += [
            area(f"{code}-AC{segment:03}", "segment", f"{code}-PC01", number=segment)
            for segment in range(1, 10 if state == 1 else 2)
        ]
    return small_campaign(areas=written)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_long_names_and_many_areas_fit_on_one_page(
    reporting_engine: AsyncEngine, redis: Redis, language: str
) -> None:
    field = Field(reporting_engine, campaign=large_campaign())
    await field.apply([*field.defined(), *(field.enrolled("S01-AC001") for _ in range(12))])
    async with running_api(reporting_engine, redis) as api:
        await api.caught_up()
        for area in ("IN", "S01", "S01-PC01"):
            pdf = await brief(api, area, language)
            text_of(pdf)
            left, top, right, bottom = ink_of(pdf)
            assert 8 < left < right < 202
            assert 6 < top < bottom < 289


async def test_a_brief_has_the_figures_of_the_answers(field: Field, api: ReportingApi) -> None:
    await filled(field, api)
    pdf = await brief(api, "S11-PC04")
    text = text_of(pdf)
    pace = (await api.get("/v1/pace/S11-PC04")).json()["pace"]
    for told in (
        "Wayanad", "Lok Sabha constituency in Kerala", "Small Campaign", "Named in published reports",
        f"{pace['enrolled']} people enrolled", "400 % of the target of 10", "target reached", "Mananthavady",
        "Figures as of", "IST", "10 people enrolled per constituency", "whoever withdraws",
    ):  # fmt: skip
        assert told in text, (told, text)
    xmp = re.search(rb"<x:xmpmeta.*?</x:xmpmeta>", pdf, re.DOTALL)
    assert xmp is not None
    assert re.search(rb"pdfaid:part\W+2\b", xmp[0])
    assert re.search(rb"pdfuaid:part\W+1\b", xmp[0])


@pytest.mark.parametrize(("language", "name", "word"), [("hi", "वयनाड", "नामांकित"), ("ur", "Wayanad", "IST")])
async def test_a_brief_is_had_in_hindi_and_urdu(
    field: Field, api: ReportingApi, language: str, name: str, word: str
) -> None:
    await filled(field, api)
    text = text_of(await brief(api, "S11-PC04", language))
    assert name in text
    assert word in text


async def test_an_assumed_seat_is_never_shown_as_a_reported_one(
    reporting_engine: AsyncEngine, redis: Redis
) -> None:
    field = Field(reporting_engine, campaign=large_campaign())
    await field.apply(field.defined())
    async with running_api(reporting_engine, redis) as api:
        await api.caught_up()
        own = text_of(await brief(api, "S01-PC01"))
        assert "Assumed Not reported anywhere" in own
        assert "(Assumed)" in text_of(await brief(api, "S01"))
        assert "0 named, 0 from state reports, 16 assumed" in text_of(await brief(api, "IN"))


async def test_hidden_opinions_are_said_to_be_hidden(field: Field, api: ReportingApi) -> None:
    asked = Asked(field, api)
    await asked.begin()
    assert "Nothing has been released yet." in text_of(await brief(api, "S11-PC04"))
    await asked.sheets("S11-AC017", 9, 18)
    await asked.sheets("S11-AC017", 9, 0, scale=1)
    await asked.release()
    shown = text_of(await brief(api, "S11-PC04"))
    assert "housing 50 %" in shown
    assert "mean hidden" in shown
    assert "housing" not in text_of(await brief(api, "S24-PC07"))
    assert "hidden (fewer than 10 new answers" in text_of(await brief(api, "S24-PC07"))


async def test_a_brief_names_no_staff(field: Field, api: ReportingApi) -> None:
    await filled(field, api)
    in_charge = token(Role.IN_CHARGE, "S11-PC04")
    assert "co-in-charge" not in text_of(await brief(api, "S11-PC04", as_token=in_charge))


@pytest.mark.parametrize(
    ("path", "role", "area", "status", "told"),
    [
        ("S11-AC017.pdf", Role.HEADQUARTERS, None, 422, "a nation, a state, a constituency"),
        ("S11-PC04.pdf?language=fr", Role.HEADQUARTERS, None, 422, "'en', 'hi' or 'ur'"),
        ("S99.pdf", Role.HEADQUARTERS, None, 404, "area-unknown"),
        ("IN.pdf", Role.STATE_COORDINATOR, "S11", 403, "only S11"),
        ("S11-PC04.pdf", Role.CO_IN_CHARGE, "S11-PC04", 403, "aggregates"),
    ],
)
async def test_a_brief_that_cannot_be_had_is_told_why(
    field: Field, api: ReportingApi, path: str, role: Role, area: str | None, status: int, told: str
) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    refused = await api.get(f"/v1/briefs/{path}", as_token=token(role, area))
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    assert told in refused.text


async def test_a_worker_that_dies_costs_nobody_a_brief(field: Field, api: ReportingApi) -> None:
    await filled(field, api)
    press = api.reading.briefs
    assert press.workers.pids() == set()
    await brief(api, "IN")
    (worker,) = press.workers.pids()
    os.kill(worker, signal.SIGKILL)
    await brief(api, "IN")
    assert press.workers.counts.lost == 1


async def test_a_template_with_a_mistake_fails_its_brief_alone(
    tmp_path: Path, field: Field, api: ReportingApi
) -> None:
    await filled(field, api)
    (tmp_path / "brief.typ").write_text('#let brief(asked) = panic("no")\n')
    press = api.reading.briefs
    object.__setattr__(api.reading, "briefs", BriefPress(templates=tmp_path, system_fonts=False))
    failed = await api.get("/v1/briefs/IN.pdf")
    assert failed.status_code == 500
    assert failed.json()["type"].endswith("brief-not-set")
    assert "brief.typ, line 1" in failed.json()["detail"]
    assert (await api.get("/v1/rollups")).status_code == 200
    await api.reading.briefs.close()
    object.__setattr__(api.reading, "briefs", press)


async def test_an_idle_worker_ends(tmp_path: Path) -> None:
    (tmp_path / "brief.typ").write_text("#let brief(asked) = { set document(title: asked.title); [x] }\n")
    press = BriefPress(templates=tmp_path, limits=Limits(idle_seconds=0.01), system_fonts=False)
    made = await press.pdf({"title": "x"}, datetime(2026, 11, 2, tzinfo=UTC))
    assert made.startswith(b"%PDF")
    await eventually(lambda: press.workers.pids() == set())
    await press.close()


def test_every_language_has_the_same_words_and_places() -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)} - {None}

    of_english = {key: places(text) for key, text in own_texts("en").items()}
    for language in ("hi", "ur"):
        assert {key: places(text) for key, text in own_texts(language).items()} == of_english

"""Certificates on paper: archival PDFs, a print sheet, and what others would take for them."""

import asyncio
import html
import os
import shutil
import time
from base64 import b64encode
from pathlib import Path

from playwright.async_api import async_playwright

from bench.measuring import Figure, Told, ratio
from certificates.rendering.page import Page, certificate_data
from certificates.rendering.pool import RenderPool
from certificates.rendering.sample import sample_page
from mitra_shared.campaign.definition import Language

ROUNDS = 3
SINGLES = 600
SHEET = 750
PEERS = 6
"""Pages of the peers in a round; they take that long."""
LANGUAGES: tuple[Language, ...] = ("en", "hi", "ur")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
)
WHY_SINGLE = (
    "By itself a page takes 3 to 5 ms of a core, Urdu most, and its code and token another half; "
    "the pool and the passing of pages share the cores with the two workers."
)
WHY_SHEET = "One process lays out a sheet; most of the typesetter's work on it is done by one core."


def _page(number: int) -> tuple[Page, Language]:
    language = LANGUAGES[number % len(LANGUAGES)]
    return sample_page(language, number=number + 1), language


async def measure(tell: Told) -> list[Figure]:
    """Rates of PDFs, the time of a sheet, and both peers on the same words in the same run."""
    cores = os.cpu_count() or 1
    single = Figure(
        f"archival PDFs (PDF/A-3a, PDF/UA-1, token attached), {cores} worker processes",
        "PDFs/s",
        goal=400,
        why=WHY_SINGLE,
    )
    sheet = Figure(f"print sheet of {SHEET} pages", "s", goal=2, at_most=True, why=WHY_SHEET)
    weasy = Figure("WeasyPrint, one page each, one process", "PDFs/s")
    chromium = Figure("headless Chromium, one page each", "PDFs/s")
    pool = RenderPool(workers=cores)
    try:
        await asyncio.gather(*(pool.pdf(*_page(number)) for number in range(4 * cores)))
        for round_ in range(ROUNDS):
            tell(f"typesetting, round {round_ + 1} of {ROUNDS}")
            single.values.append(await _singles(pool))
            begun = time.perf_counter()
            await pool.sheet([_page(number) for number in range(SHEET)], title="A sheet")
            sheet.values.append(time.perf_counter() - begun)
            weasy.values.append(await asyncio.to_thread(_weasyprint))
            chromium.values.append(await _chromium())
    finally:
        await pool.close()
    return [
        single,
        sheet,
        weasy,
        ratio("archival PDFs over WeasyPrint", single, weasy),
        chromium,
        ratio("archival PDFs over headless Chromium", single, chromium),
    ]


async def _singles(pool: RenderPool) -> float:
    numbers = iter(range(SINGLES))

    async def work() -> None:
        for number in numbers:
            await pool.pdf(*_page(number))

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(8)))
    return SINGLES / (time.perf_counter() - begun)


def _as_html(number: int) -> str:
    """The same words, code and fonts as plainly as HTML can have them."""
    page, language = _page(number)
    data = certificate_data(page, language)
    code = b64encode(data["qr"]["picture"].encode()).decode()
    words = "".join(
        f"<p>{html.escape(str(data[name]))}</p>"
        for name in ("campaign", "segment", "constituency", "number", "date")
    )
    return (
        f'<html lang="{language}"><meta charset="utf-8"><style>@page {{ size: A4 landscape; margin: 20mm }} '
        'body {{ font-family: "Noto Sans", "Noto Sans Devanagari", "Noto Sans Arabic" }}</style>'
        f"<h1>{html.escape(data['name'])}</h1>{words}"
        f'<img width="113" src="data:image/svg+xml;base64,{code}"></html>'
    )


def _weasyprint() -> float:
    # Needs Pango, which not every machine has: only this benchmark asks for it.
    from weasyprint import HTML  # noqa: PLC0415

    begun = time.perf_counter()
    for number in range(PEERS):
        HTML(string=_as_html(number)).write_pdf(pdf_variant="pdf/a-3u")
    return PEERS / (time.perf_counter() - begun)


async def _chromium() -> float:
    if CHROMIUM is None:
        raise FileNotFoundError("no chromium: install it, or name it in CHROMIUM")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=Path(CHROMIUM), args=FLAGS)
        try:
            begun = time.perf_counter()
            for number in range(PEERS):
                tab = await browser.new_page()
                await tab.set_content(_as_html(number))
                await tab.pdf(format="A4", landscape=True, tagged=True)
                await tab.close()
            return PEERS / (time.perf_counter() - begun)
        finally:
            await browser.close()

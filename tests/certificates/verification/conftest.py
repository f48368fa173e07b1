"""The page in a real browser: Debian's `chromium`, or what CHROMIUM names.

Without one these tests are skipped, in CI they fail; MITRA_SKIP_BROWSER=1 leaves them out anywhere.
"""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.certificates.verification.site import Site, running_site

BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP plain.example.org 127.0.0.1",
)


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if os.environ.get("MITRA_SKIP_BROWSER") == "1" or (BROWSER is None and "CI" not in os.environ):
        pytest.skip("MITRA_SKIP_BROWSER=1" if BROWSER else "no chromium is installed")
    assert BROWSER, "no chromium: install it, or set MITRA_SKIP_BROWSER=1 to leave the browser tests out"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as site:
        yield site


@pytest_asyncio.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="en-IN")
    yield context
    await context.close()


@pytest_asyncio.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page of a phone; a fault of its script fails the test."""
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda message: faults.append(message.text) if "Security Policy" in message.text else None
    )
    yield page
    assert faults == []

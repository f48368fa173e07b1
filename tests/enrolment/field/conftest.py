"""The field app in a real browser: Debian's `chromium`, or what CHROMIUM names.

Without one these tests are skipped, in CI they fail; MITRA_SKIP_BROWSER=1 leaves them out anywhere. Browser,
database and api are those of the whole file: each test has a phone and a member of staff of its own.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from mitra_shared.database import create_engine
from tests.enrolment.field.site import Site, running_site
from tests.enrolment.intake_api import load, running_api
from tests.factories import small_campaign
from tests.servers import Databases

BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE = {"width": 360, "height": 640}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    if os.environ.get("MITRA_SKIP_BROWSER") == "1" or (BROWSER is None and "CI" not in os.environ):
        pytest.skip("MITRA_SKIP_BROWSER=1" if BROWSER else "no chromium is installed")
    assert BROWSER, "no chromium: install it, or set MITRA_SKIP_BROWSER=1 to leave the browser tests out"
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    browser = await playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
    yield browser
    await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def module_site(databases: Databases) -> AsyncIterator[Site]:
    database = await databases.make("enrolment")
    engine = create_engine(database.url, application="tests", pool_size=10)
    await load(engine, small_campaign())
    async with running_api(engine) as api, running_site(api) as site:
        yield site
    await engine.dispose()
    await databases.drop(database)


@pytest.fixture
def site(module_site: Site) -> Site:
    module_site.reset()
    return module_site


@pytest_asyncio.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport=PHONE, locale="en-IN")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    yield context
    await context.close()


@dataclass
class Phone:
    """A browser that keeps its data in `profile`, and can be killed."""

    profile: Path
    running: subprocess.Popen[bytes]
    page: Page

    def kill(self) -> None:
        stop(self.running)


def stop(running: subprocess.Popen[bytes]) -> None:
    """Kill a browser with all its processes, if that was not done."""
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def browser_process(profile: Path) -> subprocess.Popen[bytes]:
    assert BROWSER
    (profile / "DevToolsActivePort").unlink(missing_ok=True)
    return subprocess.Popen(
        [BROWSER, *FLAGS, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


CONNECTING = 3

SwitchOn = Callable[[], Awaitable[Phone]]


@pytest_asyncio.fixture
async def switch_on(playwright: Playwright, tmp_path: Path) -> AsyncIterator[SwitchOn]:
    """Starts the browser of a phone whose data stays from one start to the next."""
    profile = tmp_path / "profile"
    started: list[subprocess.Popen[bytes]] = []

    async def start() -> Phone:
        for attempt in range(CONNECTING):
            running = browser_process(profile)
            started.append(running)
            try:
                browser = await playwright.chromium.connect_over_cdp(await _address(profile), timeout=10_000)
            except PlaywrightError:
                # After a kill a browser may come up deaf; a real one is started again too.
                stop(running)
                if attempt + 1 == CONNECTING:
                    raise
                continue
            phone = Phone(profile, running, await browser.contexts[0].new_page())
            phone.page.set_default_timeout(15_000)
            return phone
        raise AssertionError("unreachable: every attempt returns, continues or raises")

    yield start
    for running in started:
        stop(running)


async def _address(profile: Path) -> str:
    """Where the browser that was just started listens."""
    told = profile / "DevToolsActivePort"
    give_up = time.monotonic() + 30
    while not (told.exists() and told.read_text().count("\n")):
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)
    return f"http://127.0.0.1:{told.read_text().split()[0]}"


@pytest_asyncio.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """The app on a phone; a fault of its script fails the test."""
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda message: faults.append(message.text) if "Security Policy" in message.text else None
    )
    yield page
    assert faults == []

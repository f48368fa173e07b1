"""The field app in a real browser (`tests/browsers.py`).

Database and api are those of the whole file: each test has a phone and a member of staff of its own.
"""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Playwright
from playwright.async_api import Error as PlaywrightError

from tests.browsers import FLAGS, PATIENCE_MS, executable
from tests.enrolment.field.site import Site, running_site
from tests.enrolment.intake_api import api_of_a_file
from tests.servers import Databases

PHONE = {"width": 360, "height": 640}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def module_site(databases: Databases) -> AsyncIterator[Site]:
    async with api_of_a_file(databases, log_level="info") as api, running_site(api) as site:
        yield site


@pytest.fixture
def site(module_site: Site) -> Site:
    module_site.reset()
    return module_site


@pytest_asyncio.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport=PHONE, locale="en-IN")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
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
    (profile / "DevToolsActivePort").unlink(missing_ok=True)
    return subprocess.Popen(
        [executable(), *FLAGS, "--headless", "--remote-debugging-port=0", f"--user-data-dir={profile}"],
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
            phone.page.set_default_timeout(PATIENCE_MS)
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
    faults = faults_of(page)
    yield page
    assert faults == []


def faults_of(page: Page) -> list[str]:
    """What its script fails at, and what the policy of the page forbids; grows while the page is used."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda message: faults.append(message.text) if "Security Policy" in message.text else None
    )
    return faults

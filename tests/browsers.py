"""The browser of the tests: Debian's `chromium-headless-shell`, else `chromium`, or what CHROMIUM names.

The shell is Chromium without windows, with less work. Without a browser its tests are skipped, in CI they
fail; MITRA_SKIP_BROWSER=1 leaves them out anywhere.
"""

import os
import shutil
from collections.abc import Sequence

import pytest
from playwright.async_api import Browser, Playwright, expect

PATIENCE_MS = 60_000
"""Until something that does not come is a failure, on a machine that is busy."""

expect.set_options(timeout=PATIENCE_MS)

FOUND = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # An address that is not this machine's own, for what browsers allow on localhost alone.
    "--host-resolver-rules=MAP plain.example.org 127.0.0.1",
)


def executable() -> str:
    """Where the browser is; whoever asks is skipped where there is none."""
    if os.environ.get("MITRA_SKIP_BROWSER") == "1":
        pytest.skip("MITRA_SKIP_BROWSER=1")
    if FOUND is None:
        missing = "no chromium: install it, or set MITRA_SKIP_BROWSER=1 to leave the browser tests out"
        (pytest.fail if "CI" in os.environ else pytest.skip)(missing)
    return FOUND


async def launch(playwright: Playwright, flags: Sequence[str] = ()) -> Browser:
    return await playwright.chromium.launch(executable_path=executable(), args=[*FLAGS, *flags])

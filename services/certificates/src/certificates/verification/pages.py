"""Serves `/v`: the page that verifies certificates, as static files that are read once at start.

The browser does all of the verifying (`mitra_shared/browser/static/certificate`); this service sees fetches
of the page, of the issuer's keys and of status lists, and never a code: that stands in the fragment of the
address.
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter

from mitra_shared.browser.app import BrowserApp, app_routes, read_app, security_headers
from mitra_shared.http.static_files import StaticFile

SECURITY_HEADERS: Final = security_headers()
PAGE: Final = BrowserApp(
    name="page for verifying",
    page="/v",
    own=Path(__file__).parent / "static",
    caches="mitra-page-",
    headers=SECURITY_HEADERS,
)


def read_pages() -> dict[str, StaticFile]:
    """Every file of the page by its path, e.g. `/v/page.js`."""
    return read_app(PAGE)


def verification_pages() -> APIRouter:
    """Routes of `/v` and all that the page loads below it."""
    return app_routes(PAGE)

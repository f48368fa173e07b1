"""Serves `/imports/`: the page on which sheets are imported, as static files that are read once at start.

The page asks `/v1/imports` (`api/imports.py`) as any other program would. It keeps nothing in the browser but
the language: tokens, headings and answers are gone with the page.
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter

from enrolment.staff_pages import STATIC as STAFF_STATIC
from enrolment.staff_pages import page_fragments
from mitra_shared.browser.app import SHARED, BrowserApp, app_routes, security_headers

STATIC: Final = Path(__file__).parent / "static"

PAGE: Final = BrowserApp(
    name="page of imports",
    page="/imports/",
    own=STATIC,
    caches="mitra-imports-",
    headers={
        **security_headers(),
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Resource-Policy": "same-origin",
    },
    values=page_fragments(),
    # No worker: without the network there is nothing to do here.
    shared=(SHARED / "language.js", SHARED / "icon.svg", STAFF_STATIC),
)


def import_pages() -> APIRouter:
    """Routes of `/imports/` and all that the page loads below it."""
    return app_routes(PAGE)

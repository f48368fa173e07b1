"""Serves `/field/`: the field app, as static files that are read once at start.

The app itself keeps, seals and sends records (`static/queue.js`, `vault.js`, `sync.js`); this service sees
its files being fetched, and then the same requests that any other program makes. Where it is told the address
of the certificates service, the app asks that too, from the phone; the services themselves do not speak.
"""

from html import escape
from pathlib import Path
from typing import Final

from fastapi import APIRouter

from enrolment.staff_pages import STATIC as STAFF_STATIC
from enrolment.staff_pages import page_fragments
from mitra_shared.browser.app import SHARED, BrowserApp, app_routes, read_app, security_headers
from mitra_shared.http.static_files import StaticFile

STATIC: Final = Path(__file__).parent / "static"


def field_app(certificates: str | None) -> BrowserApp:
    """The app; `certificates` is the origin at which phones reach the certificates service, if they do."""
    return BrowserApp(
        name="field app",
        page="/field/",
        own=STATIC,
        caches="mitra-field-",
        headers={
            **security_headers(() if certificates is None else (certificates,)),
            "Cross-Origin-Resource-Policy": "same-origin",
        },
        values={"certificates": escape(certificates or ""), **page_fragments()},
        shared=(SHARED, STAFF_STATIC),
    )


def read_pages(certificates: str | None = None) -> dict[str, StaticFile]:
    """Every file of the app by its path, e.g. `/field/app.js`."""
    return read_app(field_app(certificates))


def field_pages(certificates: str | None) -> APIRouter:
    """Routes of `/field/` and all that the app loads below it."""
    return app_routes(field_app(certificates))

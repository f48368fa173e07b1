"""Serves `/devices/`: the page that lists the phones of the staff, as files that are read once at start.

The page asks `/v1/devices` (`api/devices.py`) as any other program would, and keeps nothing in the browser
but the language.
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter

from enrolment.staff_pages import desk_page
from mitra_shared.browser.app import app_routes

STATIC: Final = Path(__file__).parent / "static"

PAGE: Final = desk_page("page of devices", "/devices/", STATIC)


def device_pages() -> APIRouter:
    """Routes of `/devices/` and all that the page loads below it."""
    return app_routes(PAGE)

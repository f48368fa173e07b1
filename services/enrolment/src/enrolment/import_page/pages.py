"""Serves `/imports/`: the page on which sheets are imported, as static files that are read once at start.

The page asks `/v1/imports` (`api/imports.py`) as any other program would. It keeps nothing in the browser but
the language: tokens, headings and answers are gone with the page.
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter

from enrolment.staff_pages import desk_page
from mitra_shared.browser.app import app_routes

STATIC: Final = Path(__file__).parent / "static"

PAGE: Final = desk_page("page of imports", "/imports/", STATIC)


def import_pages() -> APIRouter:
    """Routes of `/imports/` and all that the page loads below it."""
    return app_routes(PAGE)

"""The pages of reporting as answers."""

from pathlib import Path
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from mitra_shared.http.pages import PageFiles, page_answer
from reporting.pages.preferences import Preferences
from reporting.pages.rendering import rendered

FILES: Final = PageFiles(Path(__file__).parent.parent / "pages" / "static", "/static")
"""Style and script of the pages."""


def answer(
    request: Request,
    template: str,
    preferences: Preferences,
    *,
    status: int = 200,
    cache: str = "no-store",
    **content: Any,
) -> Response:
    """The page of a template."""
    body = rendered(template, preferences, static=FILES.base, **content)
    return page_answer(request, body, preferences.language, status=status, cache=cache)

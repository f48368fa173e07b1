"""Pages and their static files as answers: headers that keep scripts of others out, zipped, cached or not."""

import gzip
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from mitra_shared.http.problems import NOT_FOUND
from mitra_shared.http.static_files import StaticFile, static_file, takes_gzip
from reporting.pages.preferences import Preferences
from reporting.pages.rendering import rendered

STATIC: Final = Path(__file__).parent.parent / "pages" / "static"
SMALLEST_ZIPPED: Final = 1_000
ZIP_LEVEL: Final = 5

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

router = APIRouter(include_in_schema=False)


def _read() -> dict[str, StaticFile]:
    headers = {"Cache-Control": "public, max-age=31536000, immutable", **HEADERS}
    return {path.name: static_file(path.read_bytes(), path.suffix, headers) for path in STATIC.iterdir()}


_FILES: Final = _read()
VERSION: Final = sha256("".join(file.etag for _, file in sorted(_FILES.items())).encode()).hexdigest()[:12]
"""Changes with any of the static files; it is a part of their path, so that browsers may keep them."""


@router.api_route("/static/{version}/{name}", methods=["GET", "HEAD"])
async def asset(request: Request, version: str, name: str) -> Response:
    """A static file of the pages. One of another version is answered too, but not to be kept."""
    found = _FILES.get(name)
    if found is None:
        raise NOT_FOUND("The pages have no such file")
    given = found.answer(request)
    if version != VERSION:
        given.headers["Cache-Control"] = "no-store"
    return given


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
    body = rendered(template, preferences, static=f"/static/{VERSION}", **content)
    headers = {
        **HEADERS,
        "Cache-Control": cache,
        "Content-Language": preferences.language,
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    if len(body) >= SMALLEST_ZIPPED and takes_gzip(request):
        body = gzip.compress(body, ZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, headers, media_type="text/html; charset=utf-8")

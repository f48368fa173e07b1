"""Serves `/v`: the page that verifies certificates, as static files that are read once at start.

The browser does all of the verifying (`static/verify.js`); this service sees fetches of the page, of the
issuer's keys and of status lists, and never a code: that stands in the fragment of the address.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from mitra_shared.http.problems import NOT_FOUND
from mitra_shared.http.static_files import MEDIA_TYPES, StaticFile, static_file

PAGE_PATH: Final = "/v"
STATIC: Final = Path(__file__).parent / "static"
PAGE_FILE: Final = "page.html"
WORKER_FILE: Final = "worker.js"
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
CACHE_CONTROL: Final = "no-cache"
"""Ask each time, mostly answered 304: corrections have to arrive, and the service worker saves the trip."""


def read_pages() -> dict[str, StaticFile]:
    """Every file of the page by its path, e.g. `/v/page.js`.

    The service worker is told the version and the paths of what it keeps: the version changes with any file.
    """
    files = {path: path.read_bytes() for path in sorted(STATIC.rglob("*")) if path.suffix in MEDIA_TYPES}
    places = {path: _place(path) for path in files}
    version = sha256(b"".join(sha256(body).digest() for body in files.values())).hexdigest()[:16]
    kept = [place for path, place in places.items() if path.name != WORKER_FILE]
    worker = STATIC / WORKER_FILE
    files[worker] = (
        files[worker]
        .replace(b"{{version}}", version.encode())
        .replace(b"{{paths}}", json.dumps(kept).encode())
    )
    return {places[path]: _page(path, body) for path, body in files.items()}


def verification_pages() -> APIRouter:
    """Routes of `/v` and all that the page loads below it; they ask for no token and touch no database."""
    pages = read_pages()
    router = APIRouter(include_in_schema=False)

    @router.api_route(PAGE_PATH, methods=["GET", "HEAD"])
    async def page(request: Request) -> Response:
        return pages[PAGE_PATH].answer(request)

    @router.api_route(PAGE_PATH + "/{name:path}", methods=["GET", "HEAD"])
    async def asset(request: Request, name: str) -> Response:
        if not name:
            return RedirectResponse(PAGE_PATH, status_code=308)
        found = pages.get(f"{PAGE_PATH}/{name}")
        if found is None:
            raise NOT_FOUND("The page for verifying has no such file; it begins at /v")
        return found.answer(request)

    return router


def _place(path: Path) -> str:
    return PAGE_PATH if path.name == PAGE_FILE else f"{PAGE_PATH}/{path.relative_to(STATIC).as_posix()}"


def _page(path: Path, body: bytes) -> StaticFile:
    headers = {"Cache-Control": CACHE_CONTROL, **SECURITY_HEADERS}
    if path.name == WORKER_FILE:
        # It lies below /v/ and is to serve /v itself.
        headers["Service-Worker-Allowed"] = PAGE_PATH
    return static_file(body, path.suffix, headers)

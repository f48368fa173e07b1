"""Serves `/field/`: the field app, as static files that are read once at start.

The app itself keeps, seals and sends records (`static/queue.js`, `vault.js`, `sync.js`); this service sees
its files being fetched, and then the same requests that any other program makes.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from mitra_shared.http.problems import NOT_FOUND
from mitra_shared.http.static_files import MEDIA_TYPES, StaticFile, static_file

PLACE: Final = "/field/"
STATIC: Final = Path(__file__).parent / "static"
PAGE_FILE: Final = "page.html"
WORKER_FILE: Final = "worker.js"
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
CACHE_CONTROL: Final = "no-cache"
"""Ask each time, mostly answered 304: corrections have to arrive, and the service worker saves the trip."""


def read_pages() -> dict[str, StaticFile]:
    """Every file of the app by its path, e.g. `/field/app.js`.

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
    headers = {"Cache-Control": CACHE_CONTROL, **SECURITY_HEADERS}
    return {places[path]: static_file(body, path.suffix, headers) for path, body in files.items()}


def field_pages() -> APIRouter:
    """Routes of `/field/` and all that the app loads below it; they ask for no token, and no database."""
    pages = read_pages()
    router = APIRouter(include_in_schema=False)

    @router.api_route("/field", methods=["GET", "HEAD"])
    async def without_slash() -> Response:
        return RedirectResponse(PLACE, status_code=308)

    @router.api_route(PLACE + "{name:path}", methods=["GET", "HEAD"])
    async def file(request: Request, name: str) -> Response:
        found = pages.get(PLACE + name)
        if found is None:
            raise NOT_FOUND("The field app has no such file; it begins at /field/")
        return found.answer(request)

    return router


def _place(path: Path) -> str:
    return PLACE if path.name == PAGE_FILE else PLACE + path.relative_to(STATIC).as_posix()

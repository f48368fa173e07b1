"""Serves one browser app: its own files and those it shares, read once at start, kept by a service worker.

A path is of one file only: an app cannot put a file of its own in the place of a shared one.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from mitra_shared.http.problems import NOT_FOUND
from mitra_shared.http.static_files import MEDIA_TYPES, StaticFile, static_file

SHARED: Final = Path(__file__).parent / "static"
PAGE_FILE: Final = "page.html"
WORKER_FILE: Final = "worker.js"
CACHE_CONTROL: Final = "no-cache"
"""Ask each time, mostly answered 304: corrections have to arrive, and the service worker saves the trip."""


class PathTaken(Exception):
    """An app has a file of its own where a shared one is."""


@dataclass(frozen=True, slots=True)
class BrowserApp:
    """What makes one app.

    Attributes:
        name: as it is called in answers, e.g. `field app`.
        page: path of its page, `/v` or `/field/`; everything else lies below it.
        own: the folder with its own files, among them `page.html`.
        caches: what their names in the browser begin with.
        headers: of every answer.
        values: what stands in its pages for `{{key}}`.
        shared: folders, and single files, that are served beside its own. Without the worker of `SHARED` an
            app needs the network.
    """

    name: str
    page: str
    own: Path
    caches: str
    headers: Mapping[str, str]
    values: Mapping[str, str] = field(default_factory=dict)
    shared: Sequence[Path] = (SHARED,)

    @property
    def folder(self) -> str:
        """The path that everything but the page lies below, with a slash at its end."""
        return f"{self.page.rstrip('/')}/"


def security_headers(connect: Sequence[str] = ()) -> Mapping[str, str]:
    """Headers that keep everything else out; the camera is the page's own.

    Args:
        connect: origins that its scripts may ask besides its own.
    """
    reachable = " ".join(("'self'", *connect))
    return {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src {reachable}; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def read_app(app: BrowserApp) -> dict[str, StaticFile]:
    """Every file of the app by its path, e.g. `/v/page.js`.

    The service worker, where there is one, is told the version and the paths of what it keeps: the version
    changes with any file.

    Raises:
        PathTaken: a file of its own has the name of a shared one.
    """
    bodies = _bodies(app)
    worker = app.folder + WORKER_FILE
    if worker in bodies:
        version = sha256(b"".join(sha256(body).digest() for _, body in sorted(bodies.items()))).hexdigest()[
            :16
        ]
        kept = sorted(place for place in bodies if place != worker)
        told = {"version": version, "paths": json.dumps(kept), "caches": app.caches}
        bodies[worker] = _filled_in(bodies[worker], told)
    files: dict[str, StaticFile] = {}
    for place, body in bodies.items():
        headers = {"Cache-Control": CACHE_CONTROL, **app.headers}
        if place == worker:
            # It may lie below the page that it is to serve.
            headers["Service-Worker-Allowed"] = app.page
        files[place] = static_file(body, ".html" if place == app.page else Path(place).suffix, headers)
    return files


def app_routes(app: BrowserApp) -> APIRouter:
    """Routes of the page and all that it loads below it; they ask for no token, and no database."""
    files = read_app(app)
    router = APIRouter(include_in_schema=False)
    other = app.page.rstrip("/") if app.page.endswith("/") else app.folder

    @router.api_route(other, methods=["GET", "HEAD"])
    async def other_spelling() -> Response:
        return RedirectResponse(app.page, status_code=308)

    @router.api_route(app.page, methods=["GET", "HEAD"])
    async def page(request: Request) -> Response:
        return files[app.page].answer(request)

    @router.api_route(app.folder + "{name:path}", methods=["GET", "HEAD"])
    async def file(request: Request, name: str) -> Response:
        found = files.get(app.folder + name)
        if found is None:
            raise NOT_FOUND(f"The {app.name} has no such file; it begins at {app.page}")
        return found.answer(request)

    return router


def _bodies(app: BrowserApp) -> dict[str, bytes]:
    bodies: dict[str, bytes] = {}
    for folder, path in (each for place in (*app.shared, app.own) for each in _files(place)):
        name = path.relative_to(folder).as_posix()
        place = app.page if name == PAGE_FILE else app.folder + name
        if place in bodies:
            raise PathTaken(f"{path} would stand in the place of the shared {name}")
        body = path.read_bytes()
        bodies[place] = _filled_in(body, app.values) if path.suffix == ".html" else body
    return bodies


def _files(place: Path) -> Iterator[tuple[Path, Path]]:
    """Every file that can be served, after the folder that its path counts from."""
    if place.is_file():
        yield place.parent, place
        return
    for path in sorted(place.rglob("*")):
        if path.suffix in MEDIA_TYPES:
            yield place, path


def _filled_in(body: bytes, values: Mapping[str, str]) -> bytes:
    for key, value in values.items():
        body = body.replace(b"{{" + key.encode() + b"}}", value.encode())
    return body

"""Pages as answers: headers that keep scripts of others out; zipped, cached or not; their static files."""

import gzip
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from mitra_shared.campaign.definition import Language
from mitra_shared.http.problems import NOT_FOUND
from mitra_shared.http.static_files import static_file, takes_gzip

PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
YEAR_SECONDS: Final = 366 * 86_400
_SMALLEST_ZIPPED: Final = 1_000
_ZIP_LEVEL: Final = 5


class PageFiles:
    """The style and the scripts of pages, served below a path that changes with any of them.

    Attributes:
        base: the path they are under, for templates.
        routes: what serves them.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        headers = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable", **PAGE_HEADERS}
        self._files = {
            path.name: static_file(path.read_bytes(), path.suffix, headers) for path in folder.iterdir()
        }
        etags = "".join(file.etag for _, file in sorted(self._files.items()))
        self._version = sha256(etags.encode()).hexdigest()[:12]
        self.base = f"{prefix}/{self._version}"
        self.routes = APIRouter(include_in_schema=False)
        self.routes.add_api_route(f"{prefix}/{{version}}/{{name}}", self._asset, methods=["GET", "HEAD"])

    async def _asset(self, request: Request, version: str, name: str) -> Response:
        """A static file. One of another version is answered too, but not to be kept."""
        found = self._files.get(name)
        if found is None:
            raise NOT_FOUND("The pages have no such file")
        given = found.answer(request)
        if version != self._version:
            given.headers["Cache-Control"] = "no-store"
        return given


def page_answer(
    request: Request, body: bytes, language: Language, *, status: int = 200, cache: str = "no-store"
) -> Response:
    """A page in `language` as an answer."""
    headers = {
        **PAGE_HEADERS,
        "Cache-Control": cache,
        "Content-Language": language,
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    if len(body) >= _SMALLEST_ZIPPED and takes_gzip(request):
        body = gzip.compress(body, _ZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, headers, media_type="text/html; charset=utf-8")

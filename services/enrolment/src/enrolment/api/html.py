"""Pages as answers: headers that keep scripts of others out; static files; the language that was chosen."""

import gzip
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from enrolment.pages.rendering import rendered
from enrolment.pages.words import LANGUAGE_COOKIE, LANGUAGES, Words, liked
from mitra_shared.http.problems import BAD_REQUEST, FORBIDDEN, NOT_FOUND
from mitra_shared.http.static_files import StaticFile, static_file, takes_gzip

SEE_OTHER: Final = 303
YEAR_SECONDS: Final = 366 * 86_400
SMALLEST_ZIPPED: Final = 1_000
ZIP_LEVEL: Final = 5
LARGEST_FORM: Final = 20_000
MOST_FIELDS: Final = 100
STATIC: Final = Path(__file__).parent.parent / "pages" / "static"

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _read() -> dict[str, StaticFile]:
    headers = {"Cache-Control": "public, max-age=31536000, immutable", **HEADERS}
    return {path.name: static_file(path.read_bytes(), path.suffix, headers) for path in STATIC.iterdir()}


_FILES: Final = _read()
VERSION: Final = sha256("".join(file.etag for _, file in sorted(_FILES.items())).encode()).hexdigest()[:12]
"""Changes with any of the static files; it is a part of their path, so that browsers may keep them."""


def static_routes() -> APIRouter:
    """Style and script of the pages, and the choice of a language."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/pages/{version}/{name}", methods=["GET", "HEAD"])
    async def asset(request: Request, version: str, name: str) -> Response:
        """A static file. One of another version is answered too, but not to be kept."""
        found = _FILES.get(name)
        if found is None:
            raise NOT_FOUND("The pages have no such file")
        given = found.answer(request)
        if version != VERSION:
            given.headers["Cache-Control"] = "no-store"
        return given

    return router


def chosen_language(
    language: Annotated[str, Query(max_length=10)], back: Annotated[str, Query(max_length=100)] = "/r"
) -> Response:
    """Keep a language in the browser, and go back to the page: never to another site."""
    is_ours = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    response = RedirectResponse(back if is_ours else "/r", SEE_OTHER, {"Cache-Control": "no-store"})
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=YEAR_SECONDS, path="/", httponly=True, samesite="lax"
        )
    return response


def words_for(request: Request) -> Words:
    """The words of the language that whoever asks wants."""
    return liked(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))


def answer(request: Request, template: str, *, status: int = 200, **content: Any) -> Response:
    """The page of a template. Nothing of it is kept in caches."""
    words = words_for(request)
    body = rendered(template, words, static=f"/pages/{VERSION}", back=request.url.path, **content)
    headers = {
        **HEADERS,
        "Cache-Control": "no-store",
        "Content-Language": words.language,
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    if len(body) >= SMALLEST_ZIPPED and takes_gzip(request):
        body = gzip.compress(body, ZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, headers, media_type="text/html; charset=utf-8")


def onward(path: str) -> RedirectResponse:
    """To another page of ours, with GET, so that going back sends nothing twice."""
    return RedirectResponse(path, SEE_OTHER, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def form_of(request: Request) -> Mapping[str, list[str]]:
    """The fields of a form that one of our pages sent.

    Raises:
        Problem: 400 for what is no form of ours, 403 for one of another site.
    """
    # Browsers say where a form comes from; Origin would be null under our Referrer-Policy.
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FORBIDDEN("Forms of other sites are not taken")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise BAD_REQUEST("Send the form as application/x-www-form-urlencoded")
    body = await request.body()
    if len(body) > LARGEST_FORM:
        raise BAD_REQUEST(f"A form has at most {LARGEST_FORM} bytes")
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise BAD_REQUEST("The form is not readable") from None


def is_loopback(request: Request) -> bool:
    """Whether the page is looked at on this very machine, without TLS: only there cookies may go so."""
    return request.url.scheme == "http" and request.url.hostname in {"127.0.0.1", "localhost", "::1"}

"""Pages as answers: forms that only our own pages send, and the language that was chosen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from enrolment.pages.rendering import rendered
from enrolment.pages.words import words_of
from mitra_shared.http.pages import YEAR_SECONDS, PageFiles, page_answer
from mitra_shared.http.problems import BAD_REQUEST, FORBIDDEN
from mitra_shared.pages.words import LANGUAGE_COOKIE, LANGUAGES, Words, liked

SEE_OTHER: Final = 303
LARGEST_FORM: Final = 20_000
MOST_FIELDS: Final = 100

FILES: Final = PageFiles(Path(__file__).parent.parent / "pages" / "static", "/pages")
"""Style and script of the pages."""


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
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return words_of(liked(chosen, request.headers.get("accept-language", "")))


def answer(request: Request, template: str, *, status: int = 200, **content: Any) -> Response:
    """The page of a template. Nothing of it is kept in caches."""
    words = words_for(request)
    body = rendered(template, words, static=FILES.base, back=request.url.path, **content)
    return page_answer(request, body, words.language, status=status)


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

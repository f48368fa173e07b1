"""The pages: `/` and what is below it. What they show depends on what their reader may read."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from mitra_shared.campaign.definition import Language, Slug
from mitra_shared.http.problems import NOT_FOUND, Problem, wrong_field
from mitra_shared.pages.words import LANGUAGE_COOKIE
from reporting.api.html import answer
from reporting.api.problems import CAMPAIGN_UNKNOWN, NOT_READ_YET, ROUND_UNKNOWN
from reporting.api.readers import Reader, board_shown_to_all, reader_of
from reporting.api.screens.area import area_screen
from reporting.api.screens.days import days_screen
from reporting.api.screens.opinions import opinions_screen
from reporting.api.screens.own import own_screen
from reporting.api.state import Reading, reading
from reporting.domain.access import Sight
from reporting.opinion_queries import UnknownRelease, UnknownRound
from reporting.pages.preferences import (
    APPEARANCE_COOKIE,
    Appearance,
    Preferences,
    preferences_of,
)
from reporting.queries import freshness

UNAUTHORIZED: Final = 401
SEE_OTHER: Final = 303
YEAR_SECONDS: Final = 366 * 86_400
PUBLIC_CACHE: Final = "public, max-age=30"

router = APIRouter(include_in_schema=False)

State = Annotated[Reading, Depends(reading)]
Campaign = Annotated[Slug | None, Query()]
Content = tuple[str, dict[str, Any]]
"""Name of a template, and what it is filled with."""


@router.get("/")
async def home(request: Request, state: State, campaign: Campaign = None) -> Response:
    """The topmost area that the reader may read, or the own numbers of who reads no areas."""

    async def content(reader: Reader, chosen: Preferences) -> Content:
        if Sight.AGGREGATES not in reader.sights:
            reader.needs(Sight.OWN)
            return "own.html", await own_screen(reader)
        return "area.html", await area_screen(reader, reader.root, chosen.words)

    return await _shown(request, state, campaign, content)


@router.get("/areas/{area}")
async def area_page(request: Request, state: State, area: str, campaign: Campaign = None) -> Response:
    """One area."""

    async def content(reader: Reader, chosen: Preferences) -> Content:
        reader.needs(Sight.AGGREGATES)
        return "area.html", await area_screen(reader, reader.within(area), chosen.words)

    return await _shown(request, state, campaign, content)


@router.get("/areas/{area}/days")
async def days_page(request: Request, state: State, area: str, campaign: Campaign = None) -> Response:
    """One area, day by day."""

    async def content(reader: Reader, _chosen: Preferences) -> Content:
        reader.needs(Sight.AGGREGATES)
        return "days.html", await days_screen(reader, reader.within(area))

    return await _shown(request, state, campaign, content)


@router.get("/opinions")
async def opinions_page(
    request: Request,
    state: State,
    campaign: Campaign = None,
    area: str | None = None,
    round_id: Annotated[str | None, Query(alias="round")] = None,
    release: Annotated[str | None, Query()] = None,
) -> Response:
    """Released opinions."""

    async def content(reader: Reader, _chosen: Preferences) -> Content:
        reader.needs(Sight.AGGREGATES)
        try:
            number = int(release) if release and release.isascii() and release.isdigit() else None
            return "opinions.html", await opinions_screen(reader, reader.within(area), round_id, number)
        except UnknownRound as error:
            raise ROUND_UNKNOWN(f"Rounds of the campaign are: {error}") from None
        except UnknownRelease as error:
            raise wrong_field("release", "is no release of the round", str(error)) from None

    return await _shown(request, state, campaign, content)


@router.get("/own")
async def own_page(request: Request, state: State, campaign: Campaign = None) -> Response:
    """What the reader enrolled."""

    async def content(reader: Reader, _chosen: Preferences) -> Content:
        reader.needs(Sight.OWN)
        return "own.html", await own_screen(reader)

    return await _shown(request, state, campaign, content)


@router.get("/public")
async def public_page(request: Request, state: State, campaign: Campaign = None) -> Response:
    """How many are enrolled in the whole country, for everybody; off unless it was switched on."""
    chosen = _chosen(request)
    if not state.public_page:
        raise NOT_FOUND("There is no public page here")
    try:
        board = board_shown_to_all(state, campaign)
    except Problem as problem:
        return _problem_page(request, state, campaign, problem)
    return answer(
        request,
        "public.html",
        chosen,
        cache=PUBLIC_CACHE,
        campaign=board.definition,
        summary=board.rollup(board.root.code),
        freshness=freshness(state.mirror, state.lag),
        as_of=state.mirror.as_of,
    )


@router.get("/preferences")
async def set_preferences(
    language: Annotated[str | None, Query()] = None,
    appearance: Annotated[str | None, Query()] = None,
    back: Annotated[str, Query(max_length=300)] = "/",
) -> Response:
    """Keep a choice of language and appearance in the browser, and go back to the page."""
    response = RedirectResponse(_inside(back), SEE_OTHER)
    for name, value, allowed in (
        (LANGUAGE_COOKIE, language, get_args(Language)),
        (APPEARANCE_COOKIE, appearance, get_args(Appearance)),
    ):
        if value is None:
            continue
        if value not in allowed:
            raise wrong_field(name.removeprefix("mitra_"), "is not on offer", f"one of {', '.join(allowed)}")
        response.set_cookie(name, value, max_age=YEAR_SECONDS, path="/", httponly=True, samesite="lax")
    return response


def _inside(back: str) -> str:
    """A path of ours: never another site, whatever was asked for."""
    is_ours = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if is_ours else "/"


def _chosen(request: Request) -> Preferences:
    return preferences_of(request.cookies, request.headers.get("accept-language", ""))


async def _shown(
    request: Request,
    state: Reading,
    campaign: str | None,
    content: Callable[[Reader, Preferences], Awaitable[Content]],
) -> Response:
    """The page that `content` fills, a way to sign in, or what is wrong in words."""
    chosen = _chosen(request)
    try:
        reader = reader_of(request, state, campaign)
        template, figures = await content(reader, chosen)
    except Problem as problem:
        return _problem_page(request, state, campaign, problem)
    return answer(
        request,
        template,
        chosen,
        campaign=reader.board.definition,
        caller=reader.caller,
        sees={sight.name for sight in reader.sights},
        root=reader.root,
        only=f"?{urlencode({'campaign': campaign})}" if campaign else "",
        back=str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
        **figures,
    )


def _problem_page(request: Request, state: Reading, campaign: str | None, problem: Problem) -> Response:
    chosen = _chosen(request)
    if problem.status == UNAUTHORIZED:
        reason = problem.extensions.get("reason")
        return answer(request, "sign_in.html", chosen, refused=reason, public=state.public_page)
    is_to_come = problem.type_slug in (CAMPAIGN_UNKNOWN.slug, NOT_READ_YET.slug)
    waiting = is_to_come and campaign is None and not state.mirror.boards
    choices = sorted(state.mirror.boards) if campaign is None and len(state.mirror.boards) > 1 else []
    return answer(
        request,
        "notice.html",
        chosen,
        status=problem.status,
        problem=problem,
        waiting=waiting,
        choices=choices,
        path=request.url.path,
    )

"""Who reads, and what: the one dependency through which every route of reporting is entered.

A route says what it shows, `Depends(seeing(Sight.AGGREGATES))`; whose eyes that is for is decided in
`domain.access` and nowhere else.

The token comes as a bearer token, or from the cookie that `POST /session` sets for the page.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Query, Request
from fastapi.security import APIKeyCookie

from mitra_shared.campaign.definition import Slug
from mitra_shared.http.problems import FORBIDDEN, unauthorized, wrong_field
from mitra_shared.http.tokens import bearer, caller_of
from mitra_shared.ids import AreaCode, CampaignId
from mitra_shared.security.tokens import Caller, InvalidToken, TokenVerifier
from reporting.api.problems import AREA_UNKNOWN, CAMPAIGN_UNKNOWN, NOT_READ_YET
from reporting.api.state import Reading, reading
from reporting.api.waiting import Places, wait_until_included
from reporting.domain.access import NotAllowed, Sight, check_sight, narrowed, reach
from reporting.domain.board import Board

COOKIE: Final = "mitra_session"
_session: Final = APIKeyCookie(name=COOKIE, scheme_name="session", auto_error=False)


@dataclass(frozen=True, slots=True)
class Reader:
    """A caller and the part of one campaign it may read."""

    caller: Caller
    state: Reading
    campaign: CampaignId
    root: AreaCode
    """The topmost area it may read."""
    sights: frozenset[Sight]
    """What it may see of that."""
    still_valid: Callable[[], bool]
    """Whether the token would still be accepted."""

    @property
    def board(self) -> Board:
        """The campaign as it is now."""
        return self.state.mirror.boards[self.campaign]

    def needs(self, *any_of: Sight) -> None:
        """Go on if the caller sees one of these.

        Raises:
            Problem: 403, with what the caller does see.
        """
        try:
            check_sight(self.sights, frozenset(any_of))
        except NotAllowed as error:
            raise FORBIDDEN(str(error)) from None

    def within(self, area: str | None) -> AreaCode:
        """The area to read: `area`, or all that may be read.

        Raises:
            Problem: 404 for an area that is not in the campaign, 403 for one outside of what may be read.
        """
        if area is not None and area not in self.board.definition.by_code:
            raise AREA_UNKNOWN(
                f"Campaign {self.board.definition.id} has no such area; codes look like S11-PC04"
            )
        try:
            return narrowed(self.board, self.root, AreaCode(area) if area is not None else None)
        except NotAllowed as error:
            raise FORBIDDEN(str(error)) from None


def token_caller(request: Request) -> tuple[Caller, Callable[[], bool]]:
    """The caller of a request, by header or else by cookie, and a question whether it is still valid.

    Raises:
        Problem: 401.
    """
    verifier: TokenVerifier = request.app.state.tokens
    header = request.headers.get("authorization")
    token = header.partition(" ")[2].strip() if header is not None else request.cookies.get(COOKIE)
    if token is None:
        raise unauthorized()

    def still_valid() -> bool:
        try:
            verifier.verify(token)
        except InvalidToken:
            return False
        return True

    if header is not None:
        return caller_of(request), still_valid
    try:
        return verifier.verify(token), still_valid
    except InvalidToken as error:
        raise unauthorized(error.reason) from None


def board_for(state: Reading, caller: Caller, campaign: str | None) -> Board:
    """The campaign asked for, or the only one there is for this caller.

    Raises:
        Problem: 404 for an unknown one, or while none is known; 422 if there are several to choose from.
    """
    return board_shown_to_all(state, campaign or caller.campaign)


def board_shown_to_all(state: Reading, wanted: str | None) -> Board:
    """The campaign asked for, or the only one there is.

    Raises:
        Problem: 404 for an unknown one, or while none is known; 422 if there are several to choose from; 503
            before anything was read, so that whoever subscribes again after a restart does not give up.
    """
    boards = state.mirror.boards
    if not state.mirror.turn:
        raise NOT_READ_YET("The figures are being read", headers={"Retry-After": "1"}, retry_after=1)
    if wanted is not None:
        board = boards.get(CampaignId(wanted))
        if board is None:
            raise CAMPAIGN_UNKNOWN(f"Known are: {', '.join(sorted(boards)) or 'none yet'}")
        return board
    if not boards:
        raise CAMPAIGN_UNKNOWN("No campaign definition has arrived yet")
    if len(boards) > 1:
        raise wrong_field("campaign", "is needed: there are several", f"one of {', '.join(sorted(boards))}")
    return next(iter(boards.values()))


def reader_of(request: Request, state: Reading, campaign: str | None) -> Reader:
    """The reader behind a request.

    Raises:
        Problem: 401, 403, 404 or 422.
    """
    caller, still_valid = token_caller(request)
    board = board_for(state, caller, campaign)
    try:
        return Reader(caller, state, board.definition.id, *reach(caller, board), still_valid)
    except NotAllowed as error:
        raise FORBIDDEN(str(error)) from None


Campaign = Annotated[Slug | None, Query(description="Needed where there are several")]


def seeing(*any_of: Sight) -> Callable[..., Awaitable[Reader]]:
    """The dependency of a route that shows one of these."""

    async def reader(
        request: Request,
        state: Annotated[Reading, Depends(reading)],
        _bearer: Annotated[object, Depends(bearer)],
        _cookie: Annotated[object, Depends(_session)],
        campaign: Campaign = None,
    ) -> Reader:
        found = reader_of(request, state, campaign)
        found.needs(*any_of)
        return found

    return reader


def seeing_once_included(*any_of: Sight) -> Callable[..., Awaitable[Reader]]:
    """The same for a route that waits: what the places tell of may be the campaign itself."""

    async def reader(
        request: Request,
        state: Annotated[Reading, Depends(reading)],
        _bearer: Annotated[object, Depends(bearer)],
        _cookie: Annotated[object, Depends(_session)],
        at_least: Places = [],  # noqa: B006 - FastAPI copies defaults
        campaign: Campaign = None,
    ) -> Reader:
        token_caller(request)
        await wait_until_included(state.mirror, at_least)
        found = reader_of(request, state, campaign)
        found.needs(*any_of)
        return found

    return reader

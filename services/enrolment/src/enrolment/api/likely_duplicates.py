"""`/v1/likely-duplicates`: people who are likely enrolled twice, for the in-charge to look at and decide."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Row

from enrolment import duplicate_queries
from enrolment.api.callers import InCharge
from enrolment.clock import seconds_left_of_day
from enrolment.commands.decide_duplicate import (
    DecidedAlready,
    DecideDuplicate,
    NotYoursToWithdraw,
    decide_duplicate,
)
from enrolment.commands.look_at_duplicate import LookAtDuplicate, PairNotFound, Side, look_at_duplicate
from enrolment.commands.look_at_mitra import LooksUsedUp
from enrolment.domain.duplicates import Decision, PairId
from enrolment.duplicate_schemas import (
    Different,
    DuplicateDecision,
    LikelyDuplicate,
    LikelyDuplicates,
    Merge,
    SideBySide,
    SideSeen,
)
from enrolment.problems import DUPLICATE_DECIDED, LOOKS_USED_UP, NOT_YOURS_TO_WITHDRAW
from enrolment.service import Service
from mitra_shared.http.problems import NOT_FOUND, Problem, problem_responses
from mitra_shared.telemetry.trace import current_traceparent

InPath = Annotated[PairId, Path()]
State = Annotated[Literal["open", "decided"], Query()]


def likely_duplicate_routes(service: Service) -> APIRouter:
    """The list, two people side by side, and the decision."""
    router = APIRouter(
        prefix="/v1/likely-duplicates", tags=["likely duplicates"], responses=problem_responses(401, 403, 409)
    )

    @router.get("", summary="Likely duplicates of your constituency, without names")
    async def listed(caller: InCharge, state: State = "open") -> LikelyDuplicates:
        """Those that wait for you, or those that are decided."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        rows = await duplicate_queries.listed(
            service.engine, campaign, caller, service.clock(), is_open=state == "open"
        )
        return LikelyDuplicates(pairs=[_told(row) for row in rows])

    @router.post(
        "/{pair_id}/look",
        summary="Two people side by side, for the record",
        responses=problem_responses(404, 429),
    )
    async def look(pair_id: InPath, caller: InCharge, response: Response) -> SideBySide:
        """Both names, and the ends of the phones. Each look is on record, and counts for the day."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        command = LookAtDuplicate(pair_id, campaign, caller, service.clock())
        try:
            earlier, later = await look_at_duplicate(
                command, service.engine, service.seals, ration=service.looks_a_day
            )
        except PairNotFound:
            raise _not_found() from None
        except LooksUsedUp:
            wait = seconds_left_of_day(command.asked_at)
            raise LOOKS_USED_UP(
                "You looked at as many people today as one may. Go on tomorrow.",
                headers={"Retry-After": str(wait)},
                retry_after=wait,
            ) from None
        response.headers["Cache-Control"] = "no-store"
        return SideBySide(earlier=_seen(earlier), later=_seen(later))

    @router.post("/{pair_id}/decision", summary="Merge, or call different", responses=problem_responses(404))
    async def decide(pair_id: InPath, given: DuplicateDecision, caller: InCharge) -> LikelyDuplicate:
        """A merge withdraws the one who is not kept, at once. The same decision again changes nothing."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        command = DecideDuplicate(
            pair_id,
            campaign,
            caller,
            Decision(given.decision),
            service.clock(),
            keep=given.keep if isinstance(given, Merge) else None,
            reason=given.reason if isinstance(given, Different) else None,
            traceparent=current_traceparent(),
        )
        try:
            return _told(await decide_duplicate(command, service.engine))
        except PairNotFound:
            raise _not_found() from None
        except DecidedAlready:
            raise DUPLICATE_DECIDED(
                "Another decision stands. Look at it with GET; 'different' can be reopened, a merge cannot."
            ) from None
        except NotYoursToWithdraw:
            raise NOT_YOURS_TO_WITHDRAW(
                "Keep one of the two; where the earlier one is of another constituency, that one."
            ) from None

    return router


def _told(row: Row[Any]) -> LikelyDuplicate:
    return LikelyDuplicate(
        id=row.id,
        evidence=row.evidence,
        earlier=row.earlier,
        later=row.later,
        constituency=row.constituency,
        other_constituency=row.other_constituency,
        state=row.state,
        opened_at=row.opened_at,
        decided_at=row.ended_at,
        reason=row.reason,
        kept=row.kept,
    )


def _seen(side: Side) -> SideSeen:
    return SideSeen(id=side.mitra, name=side.name, phone=side.phone)


def _not_found() -> Problem:
    return NOT_FOUND("Your constituency has no likely duplicate of this id, or one of the two is gone")

"""`POST /v1/certificates/states`: how certificates of many people stand, for phones of those who enrol."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates import queries
from certificates.api.reach import Campaign, own_campaign
from certificates.api.schemas import Answer, Number
from certificates.domain.certificate import State, visible_number
from mitra_shared.http.problems import problem_responses
from mitra_shared.http.tokens import requires
from mitra_shared.ids import AreaCode, MitraId
from mitra_shared.security.tokens import RECRUITERS, Caller

MOST_ASKED = 200

Staff = Annotated[Caller, Depends(requires(*RECRUITERS))]
"""In-charge and co-in-charge: they see the people of their constituency."""


class StatesAsked(BaseModel):
    """People whose certificates are asked for."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    mitras: Annotated[list[MitraId], Field(min_length=1, max_length=MOST_ASKED)]
    """Ids of people, as the enrolment gave them."""


class StateTold(Answer):
    """How the certificate of one person stands."""

    mitra_id: MitraId
    state: Literal["waiting", "issued", "handed_over", "revoked"]
    """`waiting` for a place or for a review; `handed_over` once the valid paper is."""
    number: Number | None
    """As printed; kept, and void, after a revocation."""
    issued_at: AwareDatetime | None
    handed_over_at: AwareDatetime | None
    revoked_at: AwareDatetime | None


class StatesTold(Answer):
    """One entry for each person known here, in no order; others have no certificate in your area yet."""

    certificates: list[StateTold]


def state_router(engine: AsyncEngine) -> APIRouter:
    """The route of states."""
    router = APIRouter(tags=["certificates"], responses=problem_responses(401, 403))

    @router.post("/v1/certificates/states", summary="How certificates of your constituency stand")
    async def states(asked: StatesAsked, caller: Staff, campaign: Campaign = None) -> StatesTold:
        """States, numbers and dates, without a name; people of other constituencies are left out."""
        async with engine.connect() as connection:
            own = await own_campaign(connection, caller, campaign)
            found = await queries.standings(connection, asked.mitras, own, AreaCode(caller.area or ""))
        return StatesTold(certificates=_told(found))

    return router


def _told(found: Sequence[queries.Standing]) -> list[StateTold]:
    return [
        StateTold(
            mitra_id=each.mitra_id,
            state=_state(each),
            number=None if each.serial is None else visible_number(each.segment, each.serial),
            issued_at=each.issued_at,
            handed_over_at=each.handed_over_at,
            revoked_at=each.revoked_at,
        )
        for each in found
    ]


def _state(standing: queries.Standing) -> Literal["waiting", "issued", "handed_over", "revoked"]:
    match standing.state:
        case State.HELD | State.WAITLISTED:
            return "waiting"
        case State.REVOKED:
            return "revoked"
        case State.ISSUED:
            return "issued" if standing.handed_over_at is None else "handed_over"

"""`POST /v1/hand-overs`: certificates in the hands of their holders, told by devices that were offline."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.paper_schemas import HandedOverTold, HandOverAnswer, HandOversAsked, HandOversTold
from certificates.api.reach import Campaign, own_campaign
from certificates.commands.hand_over import Answered, HandOver, NotRead, ReadCode, Record, hand_over
from certificates.domain.paper import HandOverOutcome
from certificates.issuer import Issuer
from mitra_shared.credential.verify import Outcome, verify
from mitra_shared.database import retrying
from mitra_shared.http.problems import problem_responses
from mitra_shared.http.tokens import requires
from mitra_shared.ids import AreaCode
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import RECRUITERS, Caller

Staff = Annotated[Caller, Depends(requires(*RECRUITERS))]
"""In-charge and co-in-charge, who hand over in their constituency."""

_NOT_READ: Final = {
    Outcome.ALTERED: HandOverOutcome.ALTERED,
    Outcome.UNKNOWN_KEY: HandOverOutcome.NOT_OURS,
    Outcome.OTHER_ISSUER: HandOverOutcome.NOT_OURS,
    Outcome.UNREADABLE: HandOverOutcome.UNREADABLE,
}


def code_reader(issuer: Issuer) -> ReadCode:
    """Reads codes with the keys of `issuer` as they are now."""
    trusted = issuer.trusted()

    def read(code: str) -> UUID | NotRead:
        verdict = verify(code.strip(), trusted)
        if verdict.says is not None:
            return verdict.says.credential_id
        return NotRead(_NOT_READ[verdict.outcome])

    return read


def hand_over_router(engine: AsyncEngine, issuer: Issuer) -> APIRouter:
    """The route of hand-overs."""
    router = APIRouter(tags=["hand-overs"], responses=problem_responses(401, 403))

    @router.post("/v1/hand-overs", summary="Certificates were handed over")
    async def hand_overs(asked: HandOversAsked, caller: Staff, campaign: Campaign = None) -> HandOversTold:
        """Each paper once, whoever comes first; each record is answered by itself, and again the same."""
        async with engine.connect() as connection:
            own = await own_campaign(connection, caller, campaign)
        command = HandOver(
            [Record(each.record, each.code, each.at, each.programme) for each in asked.records],
            caller.subject,
            own,
            AreaCode(caller.area or ""),
            datetime.now(UTC),
        )
        read_code = code_reader(issuer)

        async def work() -> Sequence[Answered]:
            async with unit_of_work(engine) as unit:
                return await hand_over(unit, command, read_code)

        return HandOversTold(outcomes=[_told(each) for each in await retrying(work)])

    return router


def _told(answered: Answered) -> HandOverAnswer:
    handed = answered.handed_over
    return HandOverAnswer(
        record=answered.record,
        outcome=answered.outcome,
        words=_words(answered),
        number=answered.number,
        valid_number=answered.valid_number,
        handed_over=None
        if handed is None
        else HandedOverTold(
            by=handed.by,
            at=handed.device_at,
            recorded_at=handed.recorded_at,
            programme=handed.programme,
            was_printed=handed.was_printed,
        ),
    )


_WORDS: Final = {
    HandOverOutcome.HANDED_OVER: "Recorded.",
    HandOverOutcome.ALREADY: "It was handed over before.",
    HandOverOutcome.VOID: "This number is void: destroy the paper.",
    HandOverOutcome.REPLACED: "This paper was replaced by a newer one: destroy it.",
    HandOverOutcome.REVOKED: "This certificate was withdrawn: keep the paper back and destroy it.",
    HandOverOutcome.OTHER_CONSTITUENCY: "This certificate is of another constituency.",
    HandOverOutcome.UNKNOWN: "No certificate that was signed here has this code or number.",
    HandOverOutcome.ALTERED: "Something in this code was changed since it was signed.",
    HandOverOutcome.NOT_OURS: "This code is not signed by this issuer.",
    HandOverOutcome.UNREADABLE: "This is neither the code nor the number of a certificate: look again.",
    HandOverOutcome.PROGRAMME_UNKNOWN: "Your constituency has no such programme; nothing was recorded.",
    HandOverOutcome.RECORD_REUSED: "This record id belongs to another hand-over: use a new one.",
}


def _words(answered: Answered) -> str:
    words, handed = _WORDS[answered.outcome], answered.handed_over
    if handed is not None and answered.outcome is HandOverOutcome.ALREADY:
        return f"It was handed over before, by {handed.by}; their device said {handed.device_at.isoformat()}."
    if handed is not None and not handed.was_printed:
        return f"{words} Its sheet had not been marked as printed."
    if answered.valid_number is not None:
        return f"{words} Hand over {answered.valid_number} instead."
    return words

"""The quota desk: what may be decided beside the campaign definition, by whom, and the record of it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from certificates.api import desk_authority as authority
from certificates.api.desk_answers import entry_told, refused
from certificates.api.desk_schemas import (
    Asked,
    CorrectionAsked,
    EntriesTold,
    EntryTold,
    GrantAsked,
    RaiseAsked,
    ReissueAsked,
    ReleaseAsked,
    ReservationAsked,
)
from certificates.commands.decide_at_desk import (
    DecideAtDesk,
    KeyOfAnotherRequest,
    PartitionReplaying,
    decide_at_desk,
    same_request,
)
from certificates.domain.desk import (
    CorrectName,
    Decision,
    DeskRefusal,
    GrantPlace,
    RaiseQuota,
    ReissueCertificate,
    ReleasePlaces,
    ReservePlaces,
)
from certificates.storage.desk_entries import DeskEntry, find_entry, list_entries
from certificates.storage.registers import Scope
from mitra_shared.campaign.definition import Slug
from mitra_shared.contracts.topics import partition_of
from mitra_shared.http.problems import IDEMPOTENCY_KEY_REUSED, problem_responses, unavailable
from mitra_shared.http.tokens import requires
from mitra_shared.ids import AreaCode
from mitra_shared.log import unit_of_work
from mitra_shared.person_names import seal_context
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing
from mitra_shared.security.tokens import Caller, Role

MOST_ENTRIES: Final = 200
REPLAY_SECONDS: Final = 5
"""How long a caller is asked to wait while a constituency is rebuilt."""

Steward = Annotated[Caller, Depends(requires(Role.HEADQUARTERS, Role.OPERATOR))]
"""Who decides about places, and sees no person."""
Reserver = Annotated[Caller, Depends(requires(Role.HEADQUARTERS, Role.OPERATOR, Role.IN_CHARGE))]
InCharge = Annotated[Caller, Depends(requires(Role.IN_CHARGE))]
"""Who decides about the certificates of a constituency."""
Key = Annotated[
    UUID,
    Header(
        alias="Idempotency-Key",
        description="New for each decision, kept for retries; the id of the decision in the record",
    ),
]
Code = Annotated[AreaCode | None, Query(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$", examples=["S11-PC04"])]

Meant = tuple[Scope, AreaCode, Decision]
"""Whose register, which constituency, and what is decided."""


class _Desk:
    def __init__(self, engine: AsyncEngine, requests: KeyedHash) -> None:
        self._engine = engine
        self._requests = requests

    async def decide(
        self,
        asked: Asked,
        key: UUID,
        caller: Caller,
        meant: Callable[[AsyncConnection], Awaitable[Meant]],
        *path: str,
    ) -> EntryTold:
        """Carry out what is asked for, once for each key.

        Raises:
            Problem: it is not there, not the caller's, or not possible now.
        """
        whose = (caller.subject, caller.role.value, caller.campaign or "", caller.area or "")
        kind = type(asked).__name__
        request = self._requests.digest("desk", kind, *path, *whose, asked.model_dump_json())
        try:
            async with self._engine.connect() as connection:
                known = await find_entry(connection, key)
                if known is not None:
                    return self._told(same_request(known, request), caller)
                scope, constituency, decision = await meant(connection)
            async with unit_of_work(self._engine) as unit:
                entry = await decide_at_desk(
                    unit,
                    DecideAtDesk(
                        key, scope, constituency, decision, request, asked.reason, caller.subject, caller.role
                    ),
                )
        except DeskRefusal as refusal:
            raise refused(refusal) from None
        except KeyOfAnotherRequest:
            raise IDEMPOTENCY_KEY_REUSED(
                "A decision was kept under this Idempotency-Key for another request, or the name in it was "
                "forgotten since; send a new key with a new decision"
            ) from None
        except PartitionReplaying:
            raise unavailable(
                "The certificates of this constituency are being rebuilt; nothing was decided",
                retry_after=REPLAY_SECONDS,
            ) from None
        return self._told(entry, caller)

    @staticmethod
    def _told(entry: DeskEntry, caller: Caller) -> EntryTold:
        return entry_told(entry, to_the_constituency=caller.role is Role.IN_CHARGE)


def desk_routes(engine: AsyncEngine, names: KeyRing, requests: KeyedHash) -> APIRouter:
    """The routes of the desk; `names` seals, `requests` recognises what comes again."""
    router = APIRouter(
        prefix="/v1/desk", tags=["quota desk"], responses=problem_responses(401, 403, 404, 409, 422, 503)
    )
    _place_routes(router, _Desk(engine, requests))
    _certificate_routes(router, _Desk(engine, requests), names)
    _record_routes(router, engine)
    return router


def _place_routes(router: APIRouter, desk: _Desk) -> None:
    @router.post("/raises", summary="More places for an area")
    async def raise_quota(asked: RaiseAsked, key: Key, caller: Steward) -> EntryTold:
        """Beside those of the campaign definition. Whoever waits for them is issued a certificate."""

        async def meant(connection: AsyncConnection) -> Meant:
            area = await authority.area_of(connection, asked.area, asked.campaign, caller)
            return area.scope, area.constituency, RaiseQuota(asked.area, asked.places)

        return await desk.decide(asked, key, caller, meant)

    @router.post("/reservations", summary="Keep free places for a programme")
    async def reserve_places(asked: ReservationAsked, key: Key, caller: Reserver) -> EntryTold:
        """Only places that are neither taken nor reserved. Nobody is called for them any more."""

        async def meant(connection: AsyncConnection) -> Meant:
            area = await authority.area_of(connection, asked.area, asked.campaign, caller)
            decision = ReservePlaces(asked.area, asked.programme, asked.places)
            return area.scope, area.constituency, decision

        return await desk.decide(asked, key, caller, meant)

    @router.post("/reservations/{programme}/release", summary="Give back what is left of a reservation")
    async def release_places(programme: UUID, asked: ReleaseAsked, key: Key, caller: Steward) -> EntryTold:
        """The places are free again. Whoever waits for them is issued a certificate."""

        async def meant(connection: AsyncConnection) -> Meant:
            area = await authority.area_of(connection, asked.area, asked.campaign, caller)
            return area.scope, area.constituency, ReleasePlaces(asked.area, programme)

        return await desk.decide(asked, key, caller, meant, str(programme))


def _certificate_routes(router: APIRouter, desk: _Desk, names: KeyRing) -> None:
    @router.post("/grants", summary="Give a reserved place to one who waits")
    async def grant_place(asked: GrantAsked, key: Key, caller: InCharge) -> EntryTold:
        """The certificate is issued out of turn, in a place that is kept for the programme."""

        async def meant(connection: AsyncConnection) -> Meant:
            found = await authority.waiting(connection, asked.certificate_id, caller)
            scope = Scope(partition_of(found.constituency), found.campaign)
            return scope, found.constituency, GrantPlace(found.id, asked.programme)

        return await desk.decide(asked, key, caller, meant)

    @router.post("/reissues", summary="A new number for a spoiled certificate")
    async def reissue_certificate(asked: ReissueAsked, key: Key, caller: InCharge) -> EntryTold:
        """The old number is void for ever; the certificate keeps its place in the quota."""

        async def meant(connection: AsyncConnection) -> Meant:
            found = await authority.numbered(connection, asked.number, asked.campaign, caller)
            decision = ReissueCertificate(found.certificate_id, found.serial)
            return found.scope, found.constituency, decision

        return await desk.decide(asked, key, caller, meant)

    @router.post("/corrections", summary="The right name for a holder")
    async def correct_name(asked: CorrectionAsked, key: Key, caller: InCharge) -> EntryTold:
        """Number and place stay; what was signed before is revoked. No answer repeats the name."""

        async def meant(connection: AsyncConnection) -> Meant:
            found = await authority.numbered(connection, asked.number, asked.campaign, caller)
            sealed = names.seal(asked.holder_name, context=seal_context(found.mitra_id))
            return found.scope, found.constituency, CorrectName(found.certificate_id, sealed)

        return await desk.decide(asked, key, caller, meant)


def _record_routes(router: APIRouter, engine: AsyncEngine) -> None:
    @router.get("/entries", summary="The record: what was decided, by whom and why")
    async def entries(
        caller: Reserver,
        campaign: Slug | None = None,
        constituency: Code = None,
        after: Annotated[int, Query(ge=0, lt=1 << 63, description="`after` of the page before")] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 100,
    ) -> EntriesTold:
        """Oldest first. An in-charge sees the own constituency; others see all, and no certificate of it."""
        in_charge = caller.role is Role.IN_CHARGE
        async with engine.connect() as connection:
            found = await list_entries(
                connection,
                campaign=authority.campaign_of(campaign, caller),
                constituency=authority.constituency_of(constituency, caller),
                after=after,
                most=limit + 1,
            )
        page = [entry_told(entry, to_the_constituency=in_charge) for entry in found[:limit]]
        return EntriesTold(entries=page, after=page[-1].entry if len(found) > limit else None)

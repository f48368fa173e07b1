"""All that is held about one person, opened for that person; and one request, opened for who answers it."""

from datetime import datetime

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.campaigns import LoadedCampaign
from enrolment.commands.answer_request import RequestNotFound
from enrolment.commands.ask_request import Correction
from enrolment.commands.look_at_paper import PERSON
from enrolment.commands.open_session import PersonSession
from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.domain.rights import RequestId, RequestKind, RequestState
from enrolment.person_schemas import (
    Coded,
    ConsentHeld,
    ContactHeld,
    CorrectionTold,
    NomineeHeld,
    PaperHeld,
    PaperPhotoHeld,
    PersonHeld,
    RequestHeld,
    RequestOpened,
    RequestTold,
)
from enrolment.seals import Seals
from enrolment.storage import campaigns, contacts, merged, mitras, nominees, paper_photos, papers, requests
from enrolment.storage.papers import Paper
from enrolment.storage.row_security import Work, act_as, work_as
from mitra_shared.access_record.chain import Look, Purpose
from mitra_shared.access_record.record import record
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller, Role


async def campaign_of(engine: AsyncEngine, mitra: MitraId) -> CampaignId:
    """The campaign a person belongs to.

    Raises:
        MitraNotFound: there is nobody of this id.
    """
    async with engine.connect() as connection:
        await work_as(connection, Work.OWN_DATA)
        row = await mitras.find(connection, mitra)
    if row is None:
        raise MitraNotFound
    return CampaignId(row.campaign)


async def held(
    engine: AsyncEngine,
    seals: Seals,
    campaign: LoadedCampaign,
    session: PersonSession,
    helper: StaffId | None,
    now: datetime,
) -> PersonHeld:
    """What is held about the person of a session, once that it is shown stands in the access record.

    Raises:
        MitraNotFound: there is nobody of this id, or everything personal is erased.
        SealError: name, phone or nominee cannot be opened.
    """
    async with unit_of_work(engine) as unit:
        connection = unit.connection
        await work_as(connection, Work.OWN_DATA)
        row = await mitras.find_sealed(connection, session.mitra)
        if row is None or row.name is None or row.phone is None:
            raise MitraNotFound
        notice = await campaigns.notice_text(
            connection, row.campaign, row.notice_version, row.notice_language, row.notice_hash
        )
        asked = await requests.of_person(connection, session.mitra)
        nominee = await _nominee(connection, seals, session.mitra)
        paper = await papers.of_person(connection, session.mitra)
        photo = await paper_photos.facts(connection, session.mitra)
        contacted = await contacts.of_person(connection, session.mitra)
        reached = await merged.rounds_reached(connection, session.mitra)
        stays = await merged.stays_enrolled(connection, row)
        look = Look(helper or PERSON, PERSON, Purpose.OWN_DATA, session.mitra, ("name", "phone"))
        await record(connection, [look], now)
    definition = campaign.definition
    schemes = {scheme.code: scheme.name for scheme in definition.schemes}
    return PersonHeld(
        id=row.id,
        receipt=session.receipt,
        campaign=row.campaign,
        name=seals.open_name(row.name, row.id),
        phone=seals.open_phone(row.phone, row.id),
        segment=_area(definition, row.segment),
        constituency=_area(definition, row.constituency),
        basis=row.basis,
        schemes=[Coded(code=code, name=schemes.get(code)) for code in row.schemes],
        language=row.language,
        state="enrolled" if row.withdrawn_at is None else "withdrawn",
        enrolled_at=row.enrolled_at,
        withdrawn_at=row.withdrawn_at,
        stays_enrolled=stays is not None,
        messages_off_at=(stays or row).messages_off_at,
        consent=ConsentHeld(
            notice_version=row.notice_version,
            language=row.notice_language,
            notice_hash=None if row.notice_hash is None else row.notice_hash.hex(),
            notice_text=notice,
            manner=row.consent_manner,
            given_at=row.enrolled_at,
            recorded_by_role=row.recruiter_role,
            paper=None if paper is None else _paper(paper, seals),
            paper_photo=None
            if photo is None
            else PaperPhotoHeld(taken_on=photo.taken_on, kept_at=photo.kept_at),
        ),
        requests=[RequestHeld.model_validate(each, from_attributes=True) for each in asked],
        nominee=nominee,
        contacts=[
            ContactHeld(
                day=each.day,
                round=each.round,
                outcome=each.outcome,
                call_on=each.call_on,
                by_role=each.role,
            )
            for each in contacted
        ],
        reached_elsewhere=list(reached),
        preferred_time=next((each.preferred_time for each in contacted if each.preferred_time), None),
    )


def _paper(paper: Paper, seals: Seals) -> PaperHeld:
    collector = seals.open_collector(paper.collected_by, paper.mitra)
    return PaperHeld(signed_on=paper.collected_on, collected_by=collector)


async def _nominee(connection: AsyncConnection, seals: Seals, mitra: MitraId) -> NomineeHeld | None:
    row = await nominees.of_person(connection, mitra)
    if row is None:
        return None
    name, phone = seals.open_nominee(row.name, row.phone, mitra)
    return NomineeHeld(name=name, phone=phone, nominated_at=row.nominated_at)


def _area(definition: CampaignDefinition, code: AreaCode) -> Coded:
    area = definition.by_code.get(code)
    return Coded(code=code, name=None if area is None else area.name)


def told(row: Row[tuple[object, ...]], now: datetime) -> RequestTold:
    """A request as it stands in the list."""
    return RequestTold.model_validate(_facts(row, now))


def _facts(row: Row[tuple[object, ...]], now: datetime) -> dict[str, object]:
    facts = dict(row._mapping)  # noqa: SLF001 - the public name of a row's columns
    return facts | {"overdue": facts["state"] == RequestState.OPEN and row.due_at < now}


async def listed(
    engine: AsyncEngine, campaign: CampaignId, caller: Caller, state: RequestState, now: datetime
) -> list[RequestTold]:
    """Requests of an in-charge's constituency; to operators and headquarters, of the campaign."""
    is_in_charge = caller.role is Role.IN_CHARGE
    if is_in_charge and caller.area is None:
        return []
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller if is_in_charge else Work.UPKEEP, campaign, now)
        area = caller.area if is_in_charge else None
        return [told(row, now) for row in await requests.listed(unit.connection, campaign, area, state)]


async def opened(
    engine: AsyncEngine,
    seals: Seals,
    request: RequestId,
    campaign: CampaignId,
    caller: Caller,
    now: datetime,
) -> RequestOpened:
    """One request with name and words, once that it is opened stands in the access record.

    Raises:
        RequestNotFound: not of this constituency, or none.
        SealError: name or words cannot be opened.
    """
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, campaign, now)
        row = await requests.find(unit.connection, request)
        if row is None or (row.campaign, row.constituency) != (campaign, caller.area):
            raise RequestNotFound
        person = await mitras.find_sealed(unit.connection, row.mitra)
        purpose = Purpose.CORRECTION if row.kind == RequestKind.CORRECTION else Purpose.CONTACT
        look = Look(caller.subject, caller.role, purpose, row.mitra, ("name", "request"))
        await record(unit.connection, [look], now)
    details = None if row.details is None else seals.open_details(row.details, row.id)
    correction = None
    if row.kind == RequestKind.CORRECTION and details is not None:
        asked = Correction.of_details(details)
        schemes = None if asked.schemes is None else list(asked.schemes)
        correction = CorrectionTold(name=asked.name, language=asked.language, schemes=schemes)
    sealed = None if person is None else person.name
    return RequestOpened.model_validate(
        _facts(row, now)
        | {
            "mitra_id": row.mitra,
            "name": None if sealed is None else seals.open_name(sealed, row.mitra),
            "correction": correction,
            "grievance": details if row.kind == RequestKind.GRIEVANCE else None,
        }
    )

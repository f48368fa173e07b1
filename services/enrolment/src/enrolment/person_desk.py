"""What a person may do at the own page or with a helper's device: the same, refused in the same words.

Routes turn forms and JSON into calls of this desk; it checks what was written and carries out the command.
"""

from collections.abc import Callable
from datetime import datetime

from enrolment.commands.ask_erasure import AskErasure, ask_erasure
from enrolment.commands.ask_request import (
    MOST_OPEN,
    AskRequest,
    Correction,
    Grievance,
    PersonWithdrew,
    TooManyOpen,
    ask_request,
)
from enrolment.commands.choose_messages import ChooseMessages, choose_messages
from enrolment.commands.look_at_paper import NoPhoto, look_at_own_paper
from enrolment.commands.nominate import Nominate, nominate
from enrolment.commands.open_session import PersonSession
from enrolment.commands.withdraw_mitra import MitraNotFound, WithdrawMitra, withdraw_mitra
from enrolment.domain.rights import LONGEST_GRIEVANCE, UnfitGrievance, clean_grievance
from enrolment.person_queries import campaign_of, held
from enrolment.person_schemas import CorrectionAsked, GrievanceBrought, Nomination, PersonHeld
from enrolment.phones import normalise_phone
from enrolment.problems import MITRA_WITHDRAWN, TOO_MANY_OPEN
from enrolment.service import Service
from enrolment.storage.row_security import Work
from mitra_shared.campaign.definition import Rights
from mitra_shared.http.problems import NOT_FOUND, invalid_fields
from mitra_shared.ids import StaffId
from mitra_shared.person_names import RIGHT_NAME, UnacceptableName, clean_person_name
from mitra_shared.telemetry.trace import current_traceparent

_GONE = "Everything personal of this receipt is erased, or there was nothing"
_WITHDREW = "You withdrew: what is still held waits for its erasure, and nothing is corrected any more"


class PersonDesk:
    """Carries out what the person of a session asks."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._seals = service.seals
        self._clock: Callable[[], datetime] = service.clock

    async def held(self, session: PersonSession, helper: StaffId | None = None) -> PersonHeld:
        """All that is held; that it was shown is put on record.

        Raises:
            Problem: 404 once everything is erased.
        """
        service = self._service
        try:
            campaign = await service.campaign(await campaign_of(service.engine, session.mitra))
            return await held(service.engine, self._seals, campaign, session, helper, self._clock())
        except MitraNotFound:
            raise NOT_FOUND(_GONE) from None

    async def paper(self, session: PersonSession) -> bytes:
        """The photo of the paper that the person signed, a JPEG; that it was shown is put on record.

        Raises:
            Problem: 404 if there is none.
        """
        service = self._service
        try:
            return await look_at_own_paper(session.mitra, service.engine, self._seals, self._clock())
        except (MitraNotFound, NoPhoto):
            raise NOT_FOUND("There is no photo of your paper") from None

    async def withdraw(self, session: PersonSession, helper: StaffId | None) -> datetime:
        """Withdraw the consent. Asked again, it says when it was done."""
        try:
            command = WithdrawMitra(
                session.mitra,
                await campaign_of(self._service.engine, session.mitra),
                Work.OWN_DATA,
                self._clock(),
                current_traceparent(),
                helper,
            )
            return (await withdraw_mitra(command, self._service.engine)).withdrawn_at
        except MitraNotFound:
            raise NOT_FOUND(_GONE) from None

    async def choose_messages(self, session: PersonSession, *, wanted: bool) -> datetime | None:
        """Have no more messages in bulk, or have them again. Returns since when there are none."""
        service = self._service
        try:
            campaign = await campaign_of(service.engine, session.mitra)
            command = ChooseMessages(session.mitra, campaign, Work.OWN_DATA, wanted, self._clock())
            return await choose_messages(command, service.engine)
        except MitraNotFound:
            raise NOT_FOUND(_GONE) from None

    async def correct(
        self, session: PersonSession, asked: CorrectionAsked, helper: StaffId | None
    ) -> datetime:
        """Ask for a correction. Returns when it is due.

        Raises:
            Problem: 422 for a name or scheme that cannot be, or nothing to correct; 409 with too many open,
                or once withdrawn.
        """
        service = self._service
        campaign = await service.campaign(await campaign_of(service.engine, session.mitra))
        wrong: list[dict[str, str]] = []
        name = asked.name
        if name is not None:
            name = _clean_name(name, wrong)
        known = campaign.rules.schemes
        if asked.schemes is not None and not known.issuperset(asked.schemes):
            wrong.append(
                _wrong("schemes", "are not all of this campaign", f"codes among {', '.join(sorted(known))}")
            )
        if name is None and asked.language is None and asked.schemes is None and not wrong:
            wrong.append(_wrong("", "nothing is to be corrected", "a name, a language, or schemes"))
        if wrong:
            raise invalid_fields(wrong)
        schemes = None if asked.schemes is None else tuple(dict.fromkeys(asked.schemes))
        correction = Correction(name, asked.language, schemes)
        return await self._ask(session, correction, helper, campaign.definition.rights)

    async def bring_grievance(
        self, session: PersonSession, brought: GrievanceBrought, helper: StaffId | None
    ) -> datetime:
        """Bring a grievance. Returns when it is due.

        Raises:
            Problem: 422 for a text that cannot be taken; 409 with too many open.
        """
        service = self._service
        try:
            text = clean_grievance(brought.text)
        except UnfitGrievance as error:
            expected = f"1 to {LONGEST_GRIEVANCE} characters with at least one letter"
            raise invalid_fields([_wrong("text", str(error), expected)]) from None
        campaign = await service.campaign(await campaign_of(service.engine, session.mitra))
        return await self._ask(session, Grievance(text), helper, campaign.definition.rights)

    async def _ask(
        self, session: PersonSession, asked: Correction | Grievance, helper: StaffId | None, rights: Rights
    ) -> datetime:
        command = AskRequest(session.mitra, asked, self._clock(), helper)
        try:
            return await ask_request(command, rights, self._service.engine, self._seals)
        except MitraNotFound:
            raise NOT_FOUND(_GONE) from None
        except PersonWithdrew:
            raise MITRA_WITHDRAWN(_WITHDREW) from None
        except TooManyOpen:
            raise TOO_MANY_OPEN(
                f"{MOST_OPEN} of your requests of this kind wait for an answer, as many as may"
            ) from None

    async def erase(self, session: PersonSession, helper: StaffId | None) -> datetime:
        """Withdraw and set to be erased. Returns when that will be."""
        service = self._service
        campaign = await campaign_of(service.engine, session.mitra)
        command = AskErasure(session.mitra, campaign, self._clock(), helper, current_traceparent())
        return await ask_erasure(command, service.engine)

    async def nominate(self, session: PersonSession, nomination: Nomination) -> None:
        """Name somebody.

        Raises:
            Problem: 422 for a name or phone that is none; 404 once everything is erased.
        """
        wrong: list[dict[str, str]] = []
        name, phone = _clean_name(nomination.name, wrong), normalise_phone(nomination.phone)
        if phone is None:
            wrong.append(_wrong("phone", "is not a mobile number", "such as +919876543210"))
        if name is None or phone is None:
            raise invalid_fields(wrong)
        command = Nominate(session.mitra, name, phone, self._clock())
        try:
            await nominate(command, self._service.engine, self._seals)
        except MitraNotFound:
            raise NOT_FOUND(_GONE) from None


def _clean_name(raw: str, wrong: list[dict[str, str]]) -> str | None:
    try:
        return clean_person_name(raw)
    except UnacceptableName as error:
        wrong.append(_wrong("name", str(error), RIGHT_NAME))
        return None


def _wrong(field: str, message: str, expected: str) -> dict[str, str]:
    return {"field": field, "message": message, "expected": expected}

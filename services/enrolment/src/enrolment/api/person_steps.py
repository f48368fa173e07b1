"""The forms of the person's page: what each is filled with, and what it carries out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response

from enrolment.api.html import answer
from enrolment.commands.open_session import PersonSession, form_secret
from enrolment.domain.rights import LONGEST_GRIEVANCE
from enrolment.person_desk import PersonDesk
from enrolment.person_schemas import CorrectionAsked, GrievanceBrought, Nomination, PersonHeld
from enrolment.problems import MITRA_WITHDRAWN, TOO_MANY_OPEN
from enrolment.service import Service
from mitra_shared.campaign.definition import Language
from mitra_shared.http.answers import problem_of_body
from mitra_shared.http.problems import Problem

STEPS: Final[Mapping[str, str]] = {
    "withdraw": "withdraw",
    "correct": "correct",
    "erase": "erase",
    "grievance": "grieve",
    "nominate": "nominate",
    "messages_off": "messages_off",
    "messages_on": "messages_on",
}
"""Step -> key of the words of its title."""

_WRONG_FIELDS: Final[Mapping[str, str]] = {
    "name": "problem_name",
    "phone": "problem_phone",
    "text": "problem_text",
    "": "problem_nothing",
}
_REFUSED: Final[Mapping[str, str]] = {
    TOO_MANY_OPEN.slug: "problem_too_many",
    MITRA_WITHDRAWN.slug: "problem_withdrew",
}


class Typed:
    """The fields of a form."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def first(self, name: str) -> str:
        """A field, or nothing."""
        return next(iter(self._fields.get(name, ())), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field."""
        return tuple(self._fields.get(name, ()))


def page_of(
    request: Request,
    service: Service,
    step: str,
    session: PersonSession,
    held: PersonHeld,
    *,
    form: Typed | None = None,
    problems: Sequence[str] = (),
    status: int = 200,
) -> Response:
    """The page of a step, filled with what was typed or with what is held; or why there is no form."""
    if step == "correct" and held.withdrawn_at is not None:
        return answer(request, "correct_no_more.html", status=status, receipt=session.receipt, person=held)
    content: dict[str, Any] = {}
    match step:
        case "correct":
            campaign = service.campaigns.get(held.campaign).definition
            content = {"schemes": campaign.schemes, "typed": _typed_correction(form, held)}
        case "grievance":
            content = {"most": LONGEST_GRIEVANCE, "typed": {"text": form.first("text") if form else ""}}
        case "nominate":
            typed = {"name": form.first("name"), "phone": form.first("phone")} if form else {}
            content = {"typed": {"name": "", "phone": ""} | typed}
        case _:
            pass
    return answer(
        request,
        f"{step}.html",
        status=status,
        title=STEPS[step],
        step=step,
        receipt=session.receipt,
        form=form_secret(session, service.seals.lookup),
        problems=problems,
        **content,
    )


def _typed_correction(form: Typed | None, held: PersonHeld) -> dict[str, Any]:
    if form is not None:
        return {
            "name": form.first("name"),
            "language": form.first("language"),
            "schemes": form.all("schemes"),
        }
    return {
        "name": held.name,
        "language": held.language,
        "schemes": [scheme.code for scheme in held.schemes],
    }


async def carried_out(
    desk: PersonDesk, step: str, session: PersonSession, form: Typed, held: PersonHeld
) -> None:
    """Do what the form of a step asks.

    Raises:
        Problem: something in it is not right, or it cannot be done now.
    """
    try:
        match step:
            case "withdraw":
                await desk.withdraw(session, None)
            case "correct":
                await desk.correct(session, _changed(form, held), None)
            case "erase":
                await desk.erase(session, None)
            case "messages_off" | "messages_on":
                await desk.choose_messages(session, wanted=step == "messages_on")
            case "grievance":
                await desk.bring_grievance(session, GrievanceBrought(text=form.first("text")), None)
            case _:
                nomination = Nomination(name=form.first("name"), phone=form.first("phone"))
                await desk.nominate(session, nomination)
    except ValidationError as error:
        raise problem_of_body(error) from None


def _changed(form: Typed, held: PersonHeld) -> CorrectionAsked:
    """Only what differs from what is held: the form shows everything."""
    name, language, schemes = form.first("name"), form.first("language"), form.all("schemes")
    return CorrectionAsked(
        name=None if name.strip() == held.name else name,
        # Checked by the model.
        language=None if language == held.language else cast("Language", language),
        schemes=None if set(schemes) == {scheme.code for scheme in held.schemes} else schemes,
    )


def wrong_in_words(problem: Problem) -> list[str]:
    """Keys of the words that tell a person what is not right."""
    if problem.type_slug in _REFUSED:
        return [_REFUSED[problem.type_slug]]
    fields = [error["field"] for error in problem.extensions.get("errors", ())]
    found = list(dict.fromkeys(_WRONG_FIELDS.get(field, "problem_unexpected") for field in fields))
    return found or ["problem_unexpected"]

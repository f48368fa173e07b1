"""`/r/{receipt}`: the person's own page, by plain forms; the way in is a code to the phone.

Until the code was right a receipt that exists and one that does not are answered alike.
"""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from enrolment.api.html import answer, chosen_language, form_of, is_loopback, onward
from enrolment.api.paper_photos import photo_answer
from enrolment.api.person_steps import STEPS, Typed, carried_out, page_of, wrong_in_words
from enrolment.commands.open_session import (
    SESSION_LASTS,
    OpenSession,
    PersonSession,
    WrongCode,
    close_session,
    find_session,
    form_secret,
    is_form_of,
    open_session,
)
from enrolment.commands.send_code import SendCode, send_code
from enrolment.person_desk import PersonDesk
from enrolment.receipts import Receipt, read_receipt, receipt_path, written_receipt
from enrolment.service import Service
from mitra_shared.http.problems import FORBIDDEN, NOT_FOUND, TOO_MANY_REQUESTS, Problem
from mitra_shared.qr_code import QUIET, code_path

COOKIE: Final = "mitra_person"


@dataclass(frozen=True, slots=True)
class _PersonPages:
    """One method for each page."""

    service: Service
    desk: PersonDesk

    def router(self) -> APIRouter:
        """The routes; each returns a page, so there is nothing for the API's document."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/r/language", chosen_language, methods=["GET"])
        router.add_api_route("/r", self.find, methods=["GET"])
        router.add_api_route("/r/{typed}", self.home, methods=["GET"])
        router.add_api_route("/r/{typed}/slip", self.slip, methods=["GET"])
        router.add_api_route("/r/{typed}/paper", self.paper, methods=["GET"])
        router.add_api_route("/r/{typed}/code", self.code, methods=["POST"])
        router.add_api_route("/r/{typed}/code", self.code_page, methods=["GET"])
        router.add_api_route("/r/{typed}/session", self.sign_in, methods=["POST"])
        router.add_api_route("/r/{typed}/close", self.close, methods=["POST"])
        router.add_api_route("/r/{typed}/{step}", self.step_page, methods=["GET"])
        router.add_api_route("/r/{typed}/{step}", self.step_done, methods=["POST"])
        return router

    async def _session_of(self, request: Request, receipt: Receipt) -> PersonSession | None:
        token = request.cookies.get(COOKIE)
        if token is None:
            return None
        return await find_session(
            self.service.engine, self.service.seals, receipt, token, self.service.clock()
        )

    def _ask(
        self, request: Request, receipt: Receipt, problem: str | None = None, status: int = 200
    ) -> Response:
        return answer(
            request,
            "ask.html",
            status=status,
            receipt=receipt,
            written=written_receipt(receipt),
            problem=problem,
        )

    async def find(self, request: Request, receipt: str | None = None) -> Response:
        """Where somebody types the receipt of a slip."""
        found = read_receipt(receipt or "")
        if found is not None:
            return onward(receipt_path(found))
        problem = None if receipt is None else "problem_receipt"
        return answer(request, "find.html", problem=problem)

    async def home(self, request: Request, typed: str, done: str | None = None) -> Response:
        """All that is held, or the way in."""
        receipt = read_receipt(typed)
        if receipt is None:
            return answer(request, "find.html", status=404, problem="problem_receipt")
        if receipt != typed:
            return onward(receipt_path(receipt))
        session = await self._session_of(request, receipt)
        if session is None:
            return self._ask(request, receipt)
        try:
            held = await self.desk.held(session)
        except Problem as problem:
            if problem.status != NOT_FOUND.status:
                raise
            return answer(request, "notice.html", text="gone", is_problem=False, onward="/r")
        return answer(
            request,
            "held.html",
            receipt=receipt,
            person=held,
            form=form_secret(session, self.service.seals.lookup),
            done=f"done_{done}" if done in STEPS else None,
        )

    async def slip(self, request: Request, typed: str) -> Response:
        """The receipt on paper, with a code to scan. It shows what its reader knows already."""
        receipt = _receipt(typed)
        link = self.service.people.url + receipt_path(receipt)
        side, path = code_path(link, "M")
        return answer(
            request,
            "slip.html",
            link=link,
            side=side,
            quiet=QUIET,
            path=path,
            written=written_receipt(receipt),
        )

    async def paper(self, request: Request, typed: str) -> Response:
        """The photo of the paper that the person signed."""
        receipt = _receipt(typed)
        session = await self._session_of(request, receipt)
        if session is None:
            return self._ask(request, receipt, "problem_ended")
        return photo_answer(await self.desk.paper(session))

    async def code(self, request: Request, typed: str) -> Response:
        """Send a code."""
        receipt = _receipt(typed)
        await form_of(request)
        try:
            self.service.people.codes.take(request)
        except Problem as problem:
            return self._ask(request, receipt, "problem_slow_down", problem.status)
        await send_code(SendCode(receipt, self.service.clock()), self.service.engine, self.service.seals)
        return onward(f"{receipt_path(receipt)}/code")

    async def code_page(self, request: Request, typed: str) -> Response:
        """Where the code is typed."""
        return answer(request, "code.html", receipt=_receipt(typed), problem=None)

    async def sign_in(self, request: Request, typed: str) -> Response:
        """Open the page with the code."""
        receipt = _receipt(typed)
        form = Typed(await form_of(request))
        try:
            self.service.people.codes.take(request)
            command = OpenSession(receipt, form.first("code").strip(), self.service.clock())
            session = await open_session(command, self.service.engine, self.service.seals)
        except WrongCode:
            return answer(request, "code.html", status=403, receipt=receipt, problem="problem_code")
        except Problem as problem:
            if problem.status != TOO_MANY_REQUESTS.status:
                raise
            return answer(
                request, "code.html", status=problem.status, receipt=receipt, problem="problem_slow_down"
            )
        response = onward(receipt_path(receipt))
        response.set_cookie(
            COOKIE,
            session.token,
            max_age=int(SESSION_LASTS.total_seconds()),
            path=receipt_path(receipt),
            httponly=True,
            samesite="strict",
            secure=not is_loopback(request),
        )
        return response

    async def _formed(self, request: Request, receipt: Receipt) -> tuple[PersonSession, Typed] | None:
        """The session and the form it sent; None: it has ended."""
        form = Typed(await form_of(request))
        session = await self._session_of(request, receipt)
        if session is None:
            return None
        if not is_form_of(session, form.first("form"), self.service.seals.lookup):
            raise FORBIDDEN("The form is not one of this session; open your page again")
        return session, form

    async def close(self, request: Request, typed: str) -> Response:
        """End the session."""
        receipt = _receipt(typed)
        sent = await self._formed(request, receipt)
        if sent is not None:
            await close_session(self.service.engine, self.service.seals, sent[0].token)
        response = answer(request, "notice.html", text="closed", is_problem=False, onward="/r")
        response.delete_cookie(COOKIE, path=receipt_path(receipt), httponly=True, samesite="strict")
        return response

    async def step_page(self, request: Request, typed: str, step: str) -> Response:
        """The form of one thing that a person may do."""
        receipt = _receipt(typed)
        if step not in STEPS:
            raise NOT_FOUND("There is no such page")
        session = await self._session_of(request, receipt)
        if session is None:
            return self._ask(request, receipt, "problem_ended")
        return page_of(request, self.service, step, session, await self.desk.held(session))

    async def step_done(self, request: Request, typed: str, step: str) -> Response:
        """Carry it out, or say what is wrong on the same page."""
        receipt = _receipt(typed)
        if step not in STEPS:
            raise NOT_FOUND("There is no such page")
        sent = await self._formed(request, receipt)
        if sent is None:
            return self._ask(request, receipt, "problem_ended", 403)
        session, form = sent
        held = await self.desk.held(session)
        try:
            await carried_out(self.desk, step, session, form, held)
        except Problem as problem:
            words = wrong_in_words(problem)
            return page_of(
                request, self.service, step, session, held, form=form, problems=words, status=problem.status
            )
        return onward(f"{receipt_path(receipt)}?done={step}")


def person_pages(service: Service, desk: PersonDesk) -> APIRouter:
    """The pages of people."""
    return _PersonPages(service, desk).router()


def _receipt(typed: str) -> Receipt:
    receipt = read_receipt(typed)
    if receipt is None:
        raise NOT_FOUND("This is no receipt")
    return receipt

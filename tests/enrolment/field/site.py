"""The enrolment api on a real port with the field app, and sessions as the contract of sign-in has them.

A test may hold up, cut or refuse what the app asks for: `site.fault` sees every request before the api does.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mitra_shared.http.server import serve
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.process import ShutdownSignal
from mitra_shared.security.tokens import Caller, Role, mint
from tests.enrolment.intake_api import CONSTITUENCY, SIGNING_KEY, IntakeApi

PASSWORD = "correct horse battery"

Fault = Callable[[Scope], Awaitable[str | None]]
"""None lets a request through; "before" hangs up unanswered, "after" once it was carried out; digits are a
status to answer at once, and "proxy" with digits is one that something on the way answers, in HTML."""


@dataclass
class Sessions:
    """What staff sign in to: `POST /v1/sessions` and the rest, with refresh tokens that are spent by use."""

    lifetime: timedelta = timedelta(minutes=10)
    live: dict[str, str] = field(default_factory=dict)
    """Staff by refresh token that may still be used."""
    spent: set[str] = field(default_factory=set)
    refreshed: int = 0

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Response:
        if (method, path) == ("POST", "/v1/sessions"):
            if body["password"] != PASSWORD:
                return problem(401, "credentials-wrong")
            return JSONResponse(self.open(body["login"]), 201)
        if (method, path) == ("POST", "/v1/sessions/refresh"):
            return self.refresh(body["refresh_token"])
        assert (method, path) == ("DELETE", "/v1/sessions/current"), path
        return Response(status_code=204)

    def refresh(self, token: str) -> Response:
        if token in self.spent:
            staff = token.partition(" ")[0]
            self.live = {live: owner for live, owner in self.live.items() if owner != staff}
        staff = self.live.pop(token, "")
        if not staff:
            return problem(401, "session-ended")
        self.spent.add(token)
        self.refreshed += 1
        return JSONResponse(self.open(staff))

    def open(self, staff: str) -> dict[str, Any]:
        refresh = f"{staff} {uuid4()}"
        self.live[refresh] = staff
        caller = Caller(StaffId(staff), Role.CO_IN_CHARGE, CampaignId("small"), AreaCode(CONSTITUENCY))
        return {
            "access_token": mint(SIGNING_KEY, caller, lifetime=self.lifetime),
            "token_type": "Bearer",
            "expires_in": int(self.lifetime.total_seconds()),
            "refresh_token": refresh,
            "refresh_expires_in": 2_592_000,
            "session_id": str(uuid4()),
            "staff": {
                "id": staff,
                "name": f"Asha of {staff}",
                "role": caller.role,
                "campaign": "small",
                "area": CONSTITUENCY,
            },
        }


def problem(status: int, slug: str) -> Response:
    document = {"type": f"urn:mitra:problem:{slug}", "title": slug, "status": status, "detail": slug}
    return Response(json.dumps(document), status, media_type="application/problem+json")


@dataclass
class Site:
    """Where the app is served, and what was asked of the api."""

    api: IntakeApi
    url: str = ""
    sessions: Sessions = field(default_factory=Sessions)
    fault: Fault | None = None
    asked: list[str] = field(default_factory=list)
    """Method and path of every request of the API, in order."""
    unanswered: asyncio.Event = field(default_factory=asyncio.Event)
    """A request was carried out, and its answer is held back until `let_go`."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    syncing: int = 0
    most_syncing: int = 0

    def reset(self) -> None:
        self.fault = None
        self.asked.clear()
        self.unanswered.clear()
        self.let_go.set()
        self.sessions.lifetime = timedelta(minutes=10)
        self.most_syncing = 0

    def syncs(self) -> int:
        return sum(line.endswith("/records") for line in self.asked)


def app_of(site: Site) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/v1/", "/.well-known/")):
            await site.api.app(scope, receive, send)
            return
        site.asked.append(f"{scope['method']} {scope['path']}")
        verdict = None if site.fault is None else await site.fault(scope)
        if verdict is not None and verdict.isdigit():
            await problem(int(verdict), "unavailable")(scope, receive, send)
            return
        if verdict is not None and verdict.startswith("proxy "):
            await HTMLResponse("<h1>No</h1>", int(verdict.split()[1]))(scope, receive, send)
            return
        if verdict == "before":
            raise ConnectionAbortedError
        if scope["path"].startswith("/v1/sessions"):
            request = Request(scope, receive)
            body = json.loads(await request.body() or b"{}")
            await site.sessions.answer(scope["method"], scope["path"], body)(scope, receive, send)
            return

        async def swallowed(_message: Message) -> None:
            return

        site.syncing += scope["path"].endswith("/records")
        site.most_syncing = max(site.syncing, site.most_syncing)
        try:
            await site.api.app(scope, receive, swallowed if verdict == "after" else send)
        finally:
            site.syncing -= scope["path"].endswith("/records")
        if verdict == "after":
            site.unanswered.set()
            await site.let_go.wait()

    return app


@asynccontextmanager
async def running_site(api: IntakeApi) -> AsyncIterator[Site]:
    site = Site(api)
    async with served(app_of(site)) as site.url:
        yield site


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """An app on a real port of this machine; gives its origin."""
    shutdown = ShutdownSignal()
    with tempfile.TemporaryDirectory() as place:
        port_file = Path(place) / "port"
        serving = asyncio.create_task(
            serve(app, host="127.0.0.1", port=0, shutdown=shutdown, port_file=port_file)
        )
        async with asyncio.timeout(60):
            while not port_file.exists():  # noqa: ASYNC110 - a file does not call
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{int(port_file.read_text())}"
        shutdown.request("the test is over")
        await serving

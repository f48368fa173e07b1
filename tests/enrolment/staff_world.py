"""Staff of the small campaign: invited, signed in, by requests alone."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.passwords import Passwords
from tests.enrolment.intake_api import CONSTITUENCY, IntakeApi, TestClock, operator, rows, running_api

PASSWORD = "mango river quiet lamp"
NUMBERS = itertools.count(1)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and type of a refusal."""
    return answer.status_code, answer.json()["type"].removeprefix("urn:mitra:problem:")


@dataclass
class Member:
    """Somebody who was appointed, and the tokens of the device last signed in on."""

    id: str
    login: str
    given: dict[str, Any] = field(default_factory=dict)
    device: str = field(default_factory=lambda: str(uuid4()))

    @property
    def token(self) -> str:
        return str(self.given["access_token"])

    @property
    def refresh_token(self) -> str:
        return str(self.given["refresh_token"])


@dataclass
class StaffWorld:
    """One api, its clock, and what is asked of it."""

    api: IntakeApi
    clock: TestClock

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        network: str = "203.0.113.9",
    ) -> httpx.Response:
        headers = {"X-Forwarded-For": network} | (bearer(token) if token else {})
        return await self.api.client.request(method, path, json=body, headers=headers)

    async def invite(self, token: str, role: str, area: str | None = None, **more: Any) -> httpx.Response:
        body = {"role": role, **({} if area is None else {"area": area}), **more}
        return await self.ask("POST", "/v1/staff/invitations", body, token=token)

    async def accept(self, secret: str, login: str, **changes: Any) -> httpx.Response:
        body = {"secret": secret, "name": "आयशा बेगम", "login": login, "password": PASSWORD} | changes
        return await self.ask("POST", "/v1/staff/invitations/accept", body)

    async def sign_in(
        self,
        login: str,
        password: str = PASSWORD,
        *,
        code: str | None = None,
        device: str | None = None,
        network: str = "203.0.113.9",
    ) -> httpx.Response:
        body = {
            "login": login,
            "password": password,
            "device": {"id": device or str(uuid4()), "name": "Chrome on Android"},
        }
        return await self.ask(
            "POST", "/v1/sessions", body | ({"code": code} if code else {}), network=network
        )

    async def refresh(self, token: str) -> httpx.Response:
        return await self.ask("POST", "/v1/sessions/refresh", {"refresh_token": token})

    async def appointed(
        self, by: str, role: str, area: str | None = None, *, login: str | None = None, **more: Any
    ) -> Member:
        """Somebody new, appointed by the holder of the token `by` and signed in."""
        invited = await self.invite(by, role, area, **more)
        assert invited.status_code == 201, invited.text
        login = login or f"+9198{next(NUMBERS):08d}"
        accepted = await self.accept(invited.json()["secret"], login)
        assert accepted.status_code == 201, accepted.text
        return await self.signed_in(Member(accepted.json()["id"], login))

    async def signed_in(self, member: Member, **more: Any) -> Member:
        answer = await self.sign_in(member.login, device=member.device, **more)
        assert answer.status_code == 201, answer.text
        return Member(member.id, member.login, answer.json(), member.device)

    async def headquarters(self) -> Member:
        return await self.appointed(operator(), "headquarters")

    async def in_charge(self, area: str = CONSTITUENCY) -> Member:
        return await self.appointed((await self.headquarters()).token, "in_charge", area)

    async def recorded(self, what: str) -> list[Any]:
        return await rows(
            self.api.engine, "select * from staff_record where what = :what order by at, id", what=what
        )

    async def is_accepted(self, member: Member) -> bool:
        """Whether the access token of somebody opens anything."""
        answer = await self.ask("GET", "/v1/sessions", token=member.token)
        assert answer.status_code in {200, 401}, answer.text
        return answer.status_code == 200


@asynccontextmanager
async def staff_world(engine: AsyncEngine, passwords: Passwords | None = None) -> AsyncIterator[StaffWorld]:
    """A world on a database that has the small campaign."""
    clock = TestClock()
    async with running_api(engine, clock=clock, passwords=passwords) as api:
        yield StaffWorld(api, clock)

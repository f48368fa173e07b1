"""Enrolled people who exercise their rights: receipts, codes from the outbox, sessions, forms."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx

from enrolment.codes import ChallengeId, code_of
from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import CONSTITUENCY, SEALS, IntakeApi, person, rows, token

UNKNOWN = "0000111122ZZ"
"""A receipt that nobody has."""


def in_charge(area: str = CONSTITUENCY) -> str:
    return token(f"{area}/in-charge", Role.IN_CHARGE, area)


@dataclass
class Person:
    """Somebody who was enrolled, and the receipt."""

    api: IntakeApi
    mitra: str
    receipt: str

    @property
    def path(self) -> str:
        return f"/v1/receipts/{self.receipt}"

    async def newest_code(self) -> str:
        return await code_at(self.api, self.mitra)

    async def session(self) -> str:
        """A session for the header `Person-Session`."""
        await self.api.post(f"{self.path}/codes")
        answer = await self.api.post(f"{self.path}/sessions", {"code": await self.newest_code()})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["session"])

    async def ask(
        self, method: str, path: str, session: str | None, body: Any = None, bearer: str | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {bearer or token()}"}
        if session is not None:
            headers["Person-Session"] = session
        return await self.api.client.request(method, f"{self.path}{path}", json=body, headers=headers)


async def enrolled_person(api: IntakeApi, number: int = 1, **changes: Any) -> Person:
    told = (await api.enrol(person(number, **changes))).json()
    return Person(api, told["mitra_id"], told["receipt"])


async def code_at(api: IntakeApi, mitra: str) -> str:
    """The newest code that is on its way to somebody's phone."""
    (row, *_) = await rows(
        api.engine,
        "select facts ->> 'challenge' as challenge from message"
        " where kind = 'code' and recipient = cast(:mitra as uuid) order by send_after desc",
        mitra=mitra,
    )
    return code_of(ChallengeId(UUID(row.challenge)), SEALS.lookup)


async def codes_sent(api: IntakeApi) -> int:
    (row,) = await rows(api.engine, "select count(*) as sent from message where kind = 'code'")
    return int(row.sent)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


class Browser:
    """A browser without scripts: keeps cookies by path and follows redirects, one step at a time."""

    def __init__(self, api: IntakeApi, language: str = "en") -> None:
        self.api = api
        self.cookies: dict[str, str] = {}
        self.language = language

    async def get(self, path: str) -> httpx.Response:
        return await self._kept(await self.api.client.get(path, headers=self._headers()))

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        headers = self._headers() | {"Content-Type": "application/x-www-form-urlencoded"}
        sent = await self.api.client.post(path, content=urlencode(fields), headers=headers)
        return await self._kept(sent)

    async def submit(self, page: httpx.Response, path: str, **fields: Any) -> httpx.Response:
        """Send the form of a page, with what is hidden in it."""
        return await self.post(path, form=hidden(page), **fields)

    async def sign_in(self, somebody: Person) -> httpx.Response:
        home = f"/r/{somebody.receipt}"
        await self.post(f"{home}/code")
        await self.post(f"{home}/session", code=await somebody.newest_code())
        return await self.get(home)

    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Accept-Language": self.language} | ({"Cookie": cookies} if cookies else {})

    async def _kept(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        self.api.client.cookies.clear()
        return answer


def hidden(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="([0-9a-f]+)"', page.text)
    assert found is not None, page.text
    return found[1]

"""Suspended, signed out, replaced: what enrolment decides holds at certificates and reporting at once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio

from mitra_shared.contracts.topics import STAFF, partition_of
from mitra_shared.ops.audit import AuditSources, audit
from mitra_shared.ops.embedded.accounts import REDIS_ADMIN
from mitra_shared.security.tokens import Role
from tests.flows.real_stack import SINGLE, RealStack, real_stack
from tests.flows.story import Story, story, until

SEAT = "S11-PC04"
SEGMENT = "S11-AC017"
PASSWORD = "mango river quiet lamp"
_logins = count(1)


@dataclass
class Member:
    """Somebody with an account who is signed in."""

    id: str
    given: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.given['access_token']}"}


@dataclass
class Office:
    """Staff who are appointed and signed in by requests alone, and the doors their tokens open."""

    tale: Story
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        return await self.client.request(method, f"{self.tale.enrolment}{path}", json=body, headers=headers)

    async def appoint(self, role: str, area: str | None, by: dict[str, str]) -> Member:
        post = {"role": role, **({} if area is None else {"area": area}), "campaign": self.tale.campaign}
        if by != self.tale.bearer(Role.OPERATOR):
            del post["campaign"]
        login = f"+9197{next(_logins):08d}"
        invited = await self.ask("POST", "/v1/staff/invitations", post, by)
        assert invited.status_code == 201, invited.text
        body = {
            "secret": invited.json()["secret"],
            "name": "आयशा बेगम",
            "login": login,
            "password": PASSWORD,
        }
        accepted = await self.ask("POST", "/v1/staff/invitations/accept", body, {})
        assert accepted.status_code == 201, accepted.text
        device = {"id": str(uuid4()), "name": "a phone"}
        signed_in = await self.ask(
            "POST", "/v1/sessions", {"login": login, "password": PASSWORD, "device": device}, {}
        )
        assert signed_in.status_code == 201, signed_in.text
        return Member(accepted.json()["id"], signed_in.json())

    async def doors(self, headers: dict[str, str]) -> tuple[int, int]:
        """What a token gets at certificates and at reporting."""
        segment = f"{self.tale.certificates}/v1/segments/{SEGMENT}/quota"
        own = f"{self.tale.reporting}/v1/recruiters/me"
        answers = [await self.client.get(url, headers=headers) for url in (segment, own)]
        for answer in answers:
            if answer.status_code == 401:
                assert answer.json()["reason"] == "revoked", answer.text
        return answers[0].status_code, answers[1].status_code

    async def become(self, outcome: tuple[int, int], member: Member) -> None:
        await until(lambda: self.doors(member.headers), lambda seen: seen == outcome)


@pytest_asyncio.fixture(scope="module")
async def stack(tmp_path_factory: Any) -> AsyncIterator[RealStack]:
    async with real_stack(SINGLE, tmp_path_factory.mktemp("standing")) as started:
        yield started


@pytest_asyncio.fixture
async def office(stack: RealStack) -> AsyncIterator[Office]:
    async with (
        story(stack, f"standing-{uuid4().hex[:6]}") as tale,
        httpx.AsyncClient(trust_env=False, timeout=20) as client,
    ):
        yield Office(tale, client)


async def test_whose_tokens_count_no_longer_is_refused_everywhere_though_the_relay_was_killed(
    office: Office, stack: RealStack
) -> None:
    operator = office.tale.bearer(Role.OPERATOR)
    headquarters = await office.appoint("headquarters", None, operator)
    leaving = await office.appoint("in_charge", SEAT, headquarters.headers)
    taking, barred = [await office.appoint("co_in_charge", SEAT, leaving.headers) for _ in range(2)]
    for member in (leaving, taking, barred):
        assert await office.doors(member.headers) == (200, 200)

    stream = f"{office.tale.reporting}/v1/rollups/stream"
    async with office.client.stream("GET", stream, headers=leaving.headers) as feed:
        assert feed.status_code == 200
        (relay,) = stack.of("enrolment", "relay")
        stack.kill(relay)
        path = f"/v1/staff/{leaving.id}/hand-over"
        done = await office.ask("POST", path, {"to": taking.id}, headquarters.headers)
        assert done.status_code == 200, done.text
        lines = [line async for line in feed.aiter_lines()]
    assert "event: end" in lines
    await office.become((401, 401), leaving)
    # Of who takes over the token for the former post counts no longer, that for the new one does.
    await office.become((401, 401), taking)
    refresh = {"refresh_token": taking.given["refresh_token"]}
    again = await office.ask("POST", "/v1/sessions/refresh", refresh, {})
    now_in_charge = Member(taking.id, again.json())
    assert await office.doors(now_in_charge.headers) == (200, 200)

    suspension = f"/v1/staff/{barred.id}/suspension"
    assert (await office.ask("POST", suspension, None, now_in_charge.headers)).status_code == 204
    await office.become((401, 401), barred)
    # Suspended is a person, whoever minted the token; who has no account goes on as before.
    token = stack.token(Role.CO_IN_CHARGE, SEAT, office.tale.campaign, barred.id)
    minted = Member(barred.id, {"access_token": token})
    assert await office.doors(minted.headers) == (401, 401)
    assert await office.doors(office.tale.bearer(Role.CO_IN_CHARGE, SEAT)) == (200, 200)
    assert (await office.ask("DELETE", suspension, None, now_in_charge.headers)).status_code == 204
    await office.become((200, 200), minted)

    signed_out = await office.ask("DELETE", "/v1/sessions/current", None, now_in_charge.headers)
    assert signed_out.status_code == 204
    await office.become((401, 401), now_in_charge)


async def test_an_emptied_redis_and_an_entry_that_is_none_let_nobody_in_again(
    office: Office, stack: RealStack
) -> None:
    headquarters = await office.appoint("headquarters", None, office.tale.bearer(Role.OPERATOR))
    leaving = await office.appoint("in_charge", SEAT, headquarters.headers)
    suspension = f"/v1/staff/{leaving.id}/suspension"
    assert (await office.ask("POST", suspension, None, headquarters.headers)).status_code == 204
    await office.become((401, 401), leaving)
    async with stack.redis_as(REDIS_ADMIN) as redis:
        await redis.xadd(STAFF.stream(partition_of(leaving.id)), {"foreign": "entry"})
        assert await office.doors(leaving.headers) == (401, 401)
        await redis.flushall()
    assert (await office.ask("DELETE", suspension, None, headquarters.headers)).status_code == 204
    # The session ended with the suspension, and stays ended.
    again = await office.appoint("co_in_charge", SEAT, office.tale.bearer(Role.IN_CHARGE, SEAT))
    assert (await office.ask("DELETE", "/v1/sessions/current", None, again.headers)).status_code == 204
    await office.become((401, 401), again)
    assert await office.doors(leaving.headers) == (401, 401)
    sources = AuditSources(
        **{name: stack.database_url(name, "audit") for name in ("enrolment", "certificates", "reporting")},
        redis=stack.redis_url("audit"),
    )
    report = await audit(sources)
    assert report.clean, report.findings

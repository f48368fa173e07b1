"""One campaign on a real stack, and what its people do: the words in which stories are told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from time import monotonic
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import httpx

from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.security.tokens import Role
from tests.factories import NOTICE_VERSION, ROUND, small_campaign
from tests.flows.field_work import known_everywhere, put_in_force
from tests.flows.logs import rows
from tests.flows.real_stack import RealStack

WAIT_SECONDS = 60
Seen = TypeVar("Seen")
# Far from each other and without runs of zeros, which stand in figures by chance.
_phones = ((12_345_679 + 48_271_007 * number) % 10**8 for number in count())


def person(segment: str) -> dict[str, Any]:
    """Somebody nobody has seen yet."""
    return {
        "name": "आयशा बेगम",
        "phone": f"+9198{next(_phones):08d}",
        "segment": segment,
        "basis": "beneficiary",
        "schemes": ["PMAY-G"],
        "adult": True,
        "party_member": False,
        "consent": {"given": True, "notice_version": NOTICE_VERSION, "language": "hi"},
    }


def quota(number: int) -> tuple[dict[str, Any], ...]:
    """The goals of the small campaign, with that many certificates for each segment."""
    goals = [goal.model_dump(mode="json") for goal in small_campaign().goals]
    return tuple(goal | ({"number": number} if goal["metric"] == "certificates" else {}) for goal in goals)


async def until(
    look: Callable[[], Coroutine[Any, Any, Seen]],
    holds: Callable[[Seen], bool],
    *,
    within: float = WAIT_SECONDS,
) -> Seen:
    """Look again and again until what is seen is as it should be, and return it."""
    deadline = monotonic() + within
    while not holds(seen := await asyncio.wait_for(look(), within)):
        assert monotonic() < deadline, f"after {within:g} s still: {seen}"
        await asyncio.sleep(0.05)
    return seen


class LiveEvent(NamedTuple):
    """A server-sent event."""

    kind: str
    id: str | None
    data: dict[str, Any]


class Story:
    """A campaign of its own, so that stories can share a stack."""

    def __init__(self, stack: RealStack, client: httpx.AsyncClient, campaign: str) -> None:
        self.stack = stack
        self.campaign = campaign
        self.definition = small_campaign(id=campaign)
        self._client = client
        self.enrolment = stack.urls("enrolment")[0]
        self.certificates = stack.urls("certificates")[0]
        self.reporting = stack.urls("reporting")[0]

    async def define(self, **changes: Any) -> CampaignDefinition:
        """Put the campaign, or its next version with changed fields, in force."""
        version = self.definition.version + bool(changes)
        self.definition = small_campaign(id=self.campaign, version=version, **changes)
        await put_in_force(self.stack, self.definition)
        await known_everywhere(self.stack, self.definition)
        return self.definition

    def bearer(self, role: Role, area: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.stack.token(role, area, self.campaign)}"}

    def staff_of(self, segment: str) -> dict[str, str]:
        """Headers of the co-in-charge of the constituency of a segment."""
        constituency = self.definition.ancestor(segment, Level.CONSTITUENCY).code  # type: ignore[arg-type]
        return self.bearer(Role.CO_IN_CHARGE, constituency)

    # What people do -------------------------------------------------------------------------------------

    async def ask_to_enrol(
        self, body: dict[str, Any], *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return await self._client.post(
            f"{self.enrolment}/v1/enrolments",
            json=body,
            headers={**(headers or self.staff_of(body["segment"])), "Idempotency-Key": key or str(uuid4())},
        )

    async def enrol(self, segment: str) -> dict[str, Any]:
        """Enrol somebody. Returns the answer: the Mitra's id, and the place in the log."""
        answer = await self.ask_to_enrol(person(segment))
        assert answer.status_code == 201, answer.text
        enrolled: dict[str, Any] = answer.json()
        return enrolled

    async def withdraw(self, segment: str, mitra: str) -> dict[str, Any]:
        answer = await self._client.post(
            f"{self.enrolment}/v1/mitras/{mitra}/withdrawal", headers=self.staff_of(segment)
        )
        assert answer.status_code == 200, answer.text
        withdrawn: dict[str, Any] = answer.json()
        return withdrawn

    async def opine(self, segment: str) -> None:
        sheet = {
            "submission_id": str(uuid4()),
            "round": ROUND,
            "segment": segment,
            "answers": {"scheme-useful": "housing", "office-help": 4},
        }
        answer = await self._client.post(
            f"{self.enrolment}/v1/opinions", json=sheet, headers=self.staff_of(segment)
        )
        assert answer.status_code == 202, answer.text

    # What is seen ---------------------------------------------------------------------------------------

    async def certificate(self, segment: str, mitra: str) -> dict[str, Any]:
        """The certificate of a Mitra as the certificates service tells it, empty while there is none."""
        found = await rows(
            self.stack.engines["certificates"],
            "select id from certificate where mitra_id = :mitra",
            mitra=mitra,
        )
        if not found:
            return {}
        answer = await self._client.get(
            f"{self.certificates}/v1/certificates/{found[0].id}", headers=self.staff_of(segment)
        )
        told: dict[str, Any] = answer.json()
        return told

    async def becomes(self, state: str, segment: str, mitra: str) -> dict[str, Any]:
        """Wait for the certificate of a Mitra to be in that state."""
        return await until(
            lambda: self.certificate(segment, mitra), lambda certificate: certificate.get("state") == state
        )

    async def rollup(self, area: str, *places: dict[str, Any]) -> dict[str, Any]:
        """The rollup of an area; if told, one that includes these places of the enrolment log."""

        def asked() -> Coroutine[Any, Any, httpx.Response]:
            return self._client.get(
                f"{self.reporting}/v1/rollups/{area}",
                params={
                    "at_least": [f"enrolment.{p['partition']}:{p['epoch']}-{p['position']}" for p in places]
                },
                headers=self.bearer(Role.HEADQUARTERS),
            )

        # It waits for those places for a few seconds only.
        answer = await until(asked, lambda answer: not places or answer.status_code != 503)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()["rollup"]
        return shown

    @asynccontextmanager
    async def live(self, last_id: str | None = None) -> AsyncIterator[AsyncIterator[LiveEvent]]:
        """The live feed of the campaign's segments, without the regular words about freshness."""
        headers = self.bearer(Role.HEADQUARTERS) | ({"Last-Event-ID": last_id} if last_id else {})
        async with self._client.stream(
            "GET", f"{self.reporting}/v1/rollups/stream", params={"level": "segment"}, headers=headers
        ) as answer:
            assert answer.status_code == 200
            yield _events(answer.aiter_lines())


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[LiveEvent]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields and fields["event"] != "freshness":
            yield LiveEvent(fields["event"], fields.get("id"), json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}


@asynccontextmanager
async def story(stack: RealStack, campaign: str) -> AsyncIterator[Story]:
    """A story on a stack, its campaign already defined."""
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        told = Story(stack, client, campaign)
        await told.define()
        yield told

"""A field day on a running stack: the campaign in force, people enrolled, everything settled, the outcome.

Used by `mitra demo`. The people come from `simulate`; what is shown meanwhile comes from reporting's rollups.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from time import monotonic
from typing import Final

import httpx

from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.database import create_engine
from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.ops.campaign_sending import Enrolment, send_definition
from mitra_shared.ops.simulate.day import SimulationTarget, simulate
from mitra_shared.ops.simulate.plan import Plan, Summary, scaled
from mitra_shared.ops.simulate.requests import GaveUp
from mitra_shared.ops.simulate.settling import NotSettled, Outcome, outcome, settled
from mitra_shared.ops.stack_state import StackState
from mitra_shared.ops.token import default_subject
from mitra_shared.ops.trouble import Trouble
from mitra_shared.security.tokens import Caller, Role, mint

TOKEN_LIFETIME: Final = timedelta(hours=12)
SETTLE_SECONDS: Final = 300.0
LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Counted:
    """What reporting has counted of the whole campaign."""

    enrolled: int = 0
    issued: int = 0
    waitlisted: int = 0


@dataclass(frozen=True)
class Result:
    """A day that is over and settled."""

    summary: Summary
    outcome: Outcome
    settling_seconds: float


Watch = Callable[[Summary, Counted], None]
"""Takes what was sent so far and what was counted of it so far."""


class FieldDay:
    """A campaign on a running stack."""

    def __init__(self, state: StackState, signing_key: str, definition: CampaignDefinition) -> None:
        self._state = state
        self._signing_key = signing_key
        self.definition = definition

    def token(self, role: Role, area: AreaCode | None = None) -> str:
        """A bearer token for the campaign, valid for half a day."""
        caller = Caller(StaffId(default_subject(role, area)), role, self.definition.id, area)
        return mint(self._signing_key, caller, lifetime=TOKEN_LIFETIME)

    async def put_in_force(self, people: int) -> None:
        """Load the campaign, scaled to `people`, above whatever version of it is in force.

        Raises:
            Trouble: the enrolment service refuses it or is away.
        """
        wanted = scaled(self.definition, people)
        url, token = self._state.api_urls("enrolment")[0], self.token(Role.OPERATOR)
        in_force = await self._in_force(url, token)
        if in_force is not None and in_force == wanted.model_copy(update={"version": in_force.version}):
            self.definition = in_force
            return
        version = wanted.version if in_force is None else max(wanted.version, in_force.version + 1)
        self.definition = wanted.model_copy(update={"version": version})
        await asyncio.to_thread(send_definition, Enrolment(url, token), self.definition)

    async def _in_force(self, url: str, token: str) -> CampaignDefinition | None:
        address, headers = f"{url}/v1/campaigns/{self.definition.id}", {"Authorization": f"Bearer {token}"}
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=30, headers=headers) as client:
                answer = await client.get(address)
        except httpx.HTTPError as error:
            raise Trouble(f"the enrolment service at {url} does not answer ({error})") from None
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not answer.is_success:
            raise Trouble(f"the enrolment service does not tell which campaign is in force: {answer.text}")
        return CampaignDefinition.model_validate_json(answer.content)

    async def play(self, plan: Plan, watch: Watch) -> Result:
        """Enrol the people of the plan and wait until everything that follows has happened.

        Raises:
            Trouble: the service stayed away, or consumers did not catch up.
        """
        target = SimulationTarget(self._state.api_urls("enrolment"), self._signing_key, self.definition)
        sent, counted = Summary(), Counted()

        def progress(summary: Summary) -> None:
            nonlocal sent
            sent = summary
            watch(sent, counted)

        def recount(now: Counted) -> None:
            nonlocal counted
            counted = now
            watch(sent, counted)

        following = asyncio.create_task(self._follow(recount))
        try:
            summary = await simulate(target, plan, progress)
            ended = monotonic()
            return await self._settled(summary, ended)
        except GaveUp as error:
            raise Trouble(f"the enrolment service stayed away: {error}") from None
        finally:
            following.cancel()
            await asyncio.wait({following})

    async def _settled(self, summary: Summary, ended: float) -> Result:
        engines = {
            service: create_engine(url, application="mitra demo", pool_size=2)
            for service, url in self._state.audit_databases.items()
        }
        try:
            await settled(engines, within=SETTLE_SECONDS)
            took = monotonic() - ended
            return Result(summary, await outcome(engines["certificates"]), took)
        except NotSettled as error:
            raise Trouble(f"not settled after {SETTLE_SECONDS:.0f} s: {error}") from None
        finally:
            for engine in engines.values():
                await engine.dispose()

    async def _follow(self, recount: Callable[[Counted], None]) -> None:
        """Read the rollup of the nation, again and again, until cancelled."""
        nation = self.definition.at_level(Level.NATION)[0].code
        url = f"{self._state.api_urls('reporting')[0]}/v1/rollups/{nation}"
        headers = {"Authorization": f"Bearer {self.token(Role.HEADQUARTERS)}"}
        async with httpx.AsyncClient(trust_env=False, timeout=10, headers=headers) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.get(url, params={"campaign": self.definition.id})
                    if answer.is_success:
                        rollup = answer.json()["rollup"]
                        recount(
                            Counted(
                                rollup["enrolled"],
                                rollup["certificates_issued"],
                                rollup["certificates_waitlisted"],
                            )
                        )
                await asyncio.sleep(LOOK_SECONDS)

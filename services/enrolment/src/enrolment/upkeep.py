"""The periodic work, run beside the relay: opinions go out, contacts are counted, people erased.

Any number of processes may run it; an advisory lock lets one of them work at a time.
"""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from enrolment.campaigns import LoadedCampaigns
from enrolment.clock import Clock, india_day
from enrolment.commands.announce_erasures import announce_erasures, plan_ends
from enrolment.commands.count_contacts import count_contacts
from enrolment.commands.erase_mitras import erase_mitras
from enrolment.commands.erase_staff import erase_former_staff
from enrolment.commands.forget_imports import forget_imports
from enrolment.commands.forget_messages import forget_messages
from enrolment.commands.forget_outcomes import forget_outcomes
from enrolment.commands.forget_requests import forget_requests
from enrolment.commands.forget_rounds import forget_rounds
from enrolment.commands.forget_sign_ins import forget_sign_ins
from enrolment.commands.release_opinions import release_opinions
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.http.probes import Heartbeat
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

RELEASE_SECONDS: Final = 1.0
FORGET_SECONDS: Final = 600.0
READY_WITHIN_SECONDS: Final = 30.0
LONGEST_PAUSE_SECONDS: Final = 10.0


class Upkeep:
    """The loop. `heartbeat` tells when a pass last succeeded; without one the process is not ready."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._campaigns = LoadedCampaigns()
        self._forgotten_until: float | None = None
        self.heartbeat = Heartbeat("pass of upkeep", within=READY_WITHIN_SECONDS)

    async def run(self, shutdown: ShutdownSignal) -> None:
        """Work until `shutdown`; an error is logged and shows in readiness, and never ends the process."""
        failures = 0
        while not shutdown.requested:
            try:
                await self.work()
            except Exception as error:  # noqa: BLE001 - the logs must be relayed even if this cannot be done
                level = log.warning if is_infrastructure(error) else log.error
                level("upkeep failed and is tried again", error=describe_error(error))
                await shutdown.sleep(backoff(failures, ceiling=LONGEST_PAUSE_SECONDS))
                failures += 1
            else:
                failures = 0
                self.heartbeat.beat()
                await shutdown.sleep(RELEASE_SECONDS)

    async def work(self) -> None:
        """One pass."""
        now = self._clock()
        while True:
            done = await release_opinions(self._engine, self._campaigns, india_day(now))
            if not (done.released or done.dropped):
                break
            log.info("opinions left the pool", released=done.released, dropped=done.dropped)
        await self._count(now)
        await self._erase(now)
        if self._forgotten_until is None or now.timestamp() - self._forgotten_until >= FORGET_SECONDS:
            for forget in (
                forget_outcomes,
                forget_sign_ins,
                forget_messages,
                forget_imports,
                forget_rounds,
                forget_requests,
                plan_ends,
                erase_former_staff,
            ):
                while await forget(self._engine, now):
                    pass
            self._forgotten_until = now.timestamp()

    async def _count(self, now: datetime) -> None:
        counted = 0
        while contacts := await count_contacts(self._engine, now):
            counted += contacts
            self.heartbeat.beat()
        if counted:
            log.info("contacts of days that are over were counted", contacts=counted)

    async def _erase(self, now: datetime) -> None:
        while await announce_erasures(self._engine, now):
            pass
        erased = 0
        while people := await erase_mitras(self._engine, now):
            erased += people
            # At the end of a campaign this takes its time.
            self.heartbeat.beat()
        if erased:
            log.info("people were erased", people=erased)

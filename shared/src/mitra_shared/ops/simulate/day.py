"""The day itself: field apps sync what they collected; some people withdraw, some come twice, some answer."""

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from time import monotonic
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.ops.simulate.people import Person, opinion, people
from mitra_shared.ops.simulate.plan import Plan, Summary, staff_of
from mitra_shared.ops.simulate.requests import FieldApp, session
from mitra_shared.security.tokens import Caller, Role, mint

INDIA = ZoneInfo("Asia/Kolkata")
TOKEN_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SimulationTarget:
    """Where to enrol: enrolment apis, the key that signs the staff's tokens, and the campaign in force."""

    urls: Sequence[str]
    signing_key: str
    definition: CampaignDefinition


@dataclass(frozen=True, slots=True)
class Sync:
    """What one member of staff has collected since the last time."""

    staff: StaffId
    collected: Sequence[Person]


Progress = Callable[[Summary], None]


def staff_tokens(target: SimulationTarget) -> Mapping[StaffId, str]:
    """A bearer token for every member of staff of the campaign."""
    return {
        member: mint(
            target.signing_key,
            Caller(
                member,
                Role.CO_IN_CHARGE if "/co-in-charge" in member else Role.IN_CHARGE,
                target.definition.id,
                AreaCode(constituency),
            ),
            lifetime=TOKEN_LIFETIME,
        )
        for constituency, members in staff_of(target.definition).items()
        for member in members
    }


def syncs(plan: Plan, definition: CampaignDefinition) -> Iterator[Sync]:
    """The people of the plan in the hands of their staff, a sync at a time."""
    notice = definition.notice_in_force(datetime.now(INDIA).date())
    dice = random.Random(plan.seed + 1)  # noqa: S311 - a simulation, not a secret
    staff = staff_of(definition)
    size = plan.batch if plan.way == "batch" else 1
    waiting: dict[StaffId, list[Person]] = defaultdict(list)
    for person, _ in zip(people(definition, plan.seed, notice), range(plan.people), strict=False):
        member = dice.choice(staff[person.constituency])
        waiting[member].append(person)
        if len(waiting[member]) >= size:
            yield Sync(member, waiting.pop(member))
    for member, rest in waiting.items():
        yield Sync(member, rest)


class Day:
    """Plays a plan and counts the answers."""

    def __init__(self, target: SimulationTarget, plan: Plan, app: FieldApp) -> None:
        self.summary = Summary()
        self._target = target
        self._plan = plan
        self._app = app
        self._leaving: deque[tuple[str, str]] = deque()
        self._dice = random.Random(plan.seed + 2)  # noqa: S311 - a simulation, not a secret
        self._tokens = staff_tokens(target)
        self._today = datetime.now(INDIA).date()
        self._open_rounds = [
            index
            for index, asked in enumerate(target.definition.rounds)
            if asked.opens_on <= self._today <= asked.closes_on
        ]

    def _key(self) -> str:
        return str(UUID(int=self._dice.getrandbits(128), version=4))

    def _count_refusal(self, body: Any) -> None:
        kind = str(body.get("type", "unknown")).rsplit(":", 1)[-1]
        self.summary.refused[kind] = self.summary.refused.get(kind, 0) + 1

    async def sync(self, collected: Sync) -> None:
        """Send one sync and what follows from it."""
        token = self._tokens[collected.staff]
        keys = [self._key() for _ in collected.collected]
        answers = await self._enrol(token, keys, collected.collected)
        if self._dice.random() < self._plan.repeating:
            again = await self._enrol(token, keys, collected.collected)
            self.summary.repeated += len(keys)
            self.summary.repeats_differing += sum(a != b for a, b in zip(answers, again, strict=True))
        for person, (status, body) in zip(collected.collected, answers, strict=True):
            if status != HTTPStatus.CREATED:
                self._count_refusal(body)
                continue
            self.summary.enrolled += 1
            await self._afterwards(token, person, body["mitra_id"])

    async def _enrol(
        self, token: str, keys: Sequence[str], collected: Sequence[Person]
    ) -> list[tuple[int, Any]]:
        if self._plan.way == "single":
            ((key, person),) = zip(keys, collected, strict=True)
            one = await self._app.post("/v1/enrolments", token, person.body, key)
            self.summary.retries += one.retries
            return [(one.status, one.body)]
        entries = [
            {"idempotency_key": key, "enrolment": person.body}
            for key, person in zip(keys, collected, strict=True)
        ]
        all_of_them = await self._app.post("/v1/enrolments/batch", token, {"enrolments": entries})
        self.summary.retries += all_of_them.retries
        if all_of_them.status != HTTPStatus.OK:
            return [(all_of_them.status, all_of_them.body)] * len(keys)
        return [(outcome["status"], outcome["body"]) for outcome in all_of_them.body["outcomes"]]

    async def _afterwards(self, token: str, person: Person, mitra_id: str) -> None:
        if self._dice.random() < self._plan.doubling:
            await self._double(token, person)
        if self._dice.random() < self._plan.withdrawing:
            self._leaving.append((token, mitra_id))
        if self._open_rounds and self._dice.random() < self._plan.answering:
            await self._answer(token, person)

    async def withdrawals(self, *, all_of_them: bool) -> None:
        """People withdraw in the last quarter of the day, when waitlists have filled, or all at its end."""
        while self._leaving and (all_of_them or 4 * self.summary.enrolled > 3 * self._plan.people):
            token, mitra_id = self._leaving.popleft()
            answer = await self._app.post(f"/v1/mitras/{mitra_id}/withdrawal", token, {})
            self.summary.retries += answer.retries
            if answer.status == HTTPStatus.OK:
                self.summary.withdrawn += 1
            else:
                self._count_refusal(answer.body)

    async def _double(self, token: str, person: Person) -> None:
        answer = await self._app.post("/v1/enrolments", token, person.body, self._key())
        self.summary.retries += answer.retries
        if answer.status == HTTPStatus.CONFLICT:
            self.summary.doubles += 1
        else:
            self._count_refusal(answer.body)

    async def _answer(self, token: str, person: Person) -> None:
        asked = self._dice.choice(self._open_rounds)
        sheet = opinion(self._target.definition, asked, person.body["segment"], self._dice)
        answer = await self._app.post("/v1/opinions", token, {"submission_id": self._key(), **sheet})
        self.summary.retries += answer.retries
        if answer.status == HTTPStatus.ACCEPTED:
            self.summary.opinions += 1
        else:
            self._count_refusal(answer.body)


async def simulate(target: SimulationTarget, plan: Plan, progress: Progress) -> Summary:
    """Play a day.

    Args:
        target: where.
        plan: what.
        progress: called after every sync with the counts so far.

    Raises:
        GaveUp: the service stayed away for minutes.
    """
    began = monotonic()
    async with session() as http:
        day = Day(target, plan, FieldApp.towards(http, target.urls))
        work = syncs(plan, target.definition)
        sent = 0

        async def field_app() -> None:
            nonlocal sent
            for sync in work:
                if plan.pace is not None:
                    ahead = sent / plan.pace - (monotonic() - began)
                    if ahead > 0:
                        await asyncio.sleep(ahead)
                sent += len(sync.collected)
                await day.sync(sync)
                await day.withdrawals(all_of_them=False)
                day.summary.seconds = monotonic() - began
                progress(day.summary)

        async with asyncio.TaskGroup() as group:
            for _ in range(plan.phones):
                group.create_task(field_app())
        await day.withdrawals(all_of_them=True)
    day.summary.seconds = monotonic() - began
    return day.summary

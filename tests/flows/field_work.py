"""Field apps at a steady rate, and a ledger of every answer they got: what the service promised to keep."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import cycle, islice
from math import ceil
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from mitra_shared.campaign.check import load_definition
from mitra_shared.campaign.definition import CampaignDefinition, Goal, Level, Metric
from mitra_shared.ops.campaign_sending import Enrolment, send_definition
from mitra_shared.ops.simulate.people import Person, opinion, people
from mitra_shared.ops.simulate.plan import scaled
from mitra_shared.ops.simulate.requests import Answered, FieldApp, session
from mitra_shared.ops.trouble import Trouble
from mitra_shared.security.tokens import Role
from tests.flows.real_stack import RealStack

CAMPAIGN = Path(__file__).parents[2] / "campaigns" / "modi-mitra" / "campaign.toml"
STAFF_OF_EACH = 3
PHONES = 150
LOADING_ATTEMPTS = 40
WITHDRAWING, ANSWERING, REPEATING, SYNCING = 0.06, 0.2, 0.03, 0.04
SYNC_SIZE = 10


def whole_campaign(people: int) -> CampaignDefinition:
    """The Modi Mitra campaign with quotas scaled to so many people, and its first round open on any day."""
    definition = scaled(load_definition(CAMPAIGN), people)
    long_ago, far_off = date(2026, 1, 1), date(2036, 12, 31)
    first = definition.rounds[0].model_copy(update={"opens_on": long_ago, "closes_on": far_off})
    notices = tuple(notice.model_copy(update={"in_force_from": long_ago}) for notice in definition.notices)
    return definition.model_copy(
        update={"starts_on": long_ago, "target_date": far_off, "rounds": (first,), "notices": notices}
    )


def with_more_places(definition: CampaignDefinition) -> CampaignDefinition:
    """The next version of a campaign, in which every area has a quarter more places for certificates."""

    def more(goal: Goal) -> Goal:
        if goal.metric is not Metric.CERTIFICATES:
            return goal
        return goal.model_copy(update={"number": ceil(goal.number * 1.25)})

    return definition.model_copy(
        update={"version": definition.version + 1, "goals": tuple(map(more, definition.goals))}
    )


async def put_in_force(stack: RealStack, definition: CampaignDefinition) -> None:
    """Load a definition as an operator would: again, until it is taken.

    Raises:
        Refused: by the service.
        Trouble: it stayed away.
    """
    token = stack.token(Role.OPERATOR)
    urls = cycle(stack.urls("enrolment"))
    for attempt in range(LOADING_ATTEMPTS):
        try:
            await asyncio.to_thread(send_definition, Enrolment(next(urls), token), definition)
        except Trouble:
            if attempt + 1 == LOADING_ATTEMPTS:
                raise
            await asyncio.sleep(1)
        else:
            return


async def known_everywhere(stack: RealStack, definition: CampaignDefinition) -> None:
    """Every api has the definition: reading it makes an api look for it."""
    token = stack.token(Role.OPERATOR)
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {token}"}) as client:
        for url in stack.urls("enrolment"):
            known = await client.get(f"{url}/v1/campaigns/{definition.id}")
            assert known.json()["version"] == definition.version


class Acknowledged(NamedTuple):
    """An enrolment or a withdrawal that was answered: where the service says that it stands."""

    partition: int
    epoch: int
    position: int
    segment: str


@dataclass
class Ledger:
    """What was answered."""

    enrolled: dict[UUID, Acknowledged] = field(default_factory=dict)
    withdrawn: dict[UUID, Acknowledged] = field(default_factory=dict)
    opinions: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    unexpected: list[str] = field(default_factory=list)
    """Answers that nobody should get; a sound service gives none."""


class FieldWork:
    """Enrols made-up people until told to stop. The seed decides who comes and what they do."""

    def __init__(self, stack: RealStack, definition: CampaignDefinition, seed: int, *, rate: float) -> None:
        self.ledger = Ledger()
        self._stack = stack
        self._definition = definition
        self._rate = rate
        self._dice = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self._people = people(definition, seed, definition.notice_in_force(date.max))
        self._tokens = _tokens(stack, definition)
        self._stopping = asyncio.Event()

    async def run(self) -> Ledger:
        """Work until `finish`; everything that was begun has its answer afterwards.

        Raises:
            GaveUp: the service stayed away for minutes.
        """
        began, sent = monotonic(), 0
        async with session() as http:
            app = FieldApp.towards(http, self._stack.urls("enrolment"))

            async def phone() -> None:
                nonlocal sent
                while not self._stopping.is_set():
                    ahead = sent / self._rate - (monotonic() - began)
                    if ahead > 0:
                        await asyncio.sleep(ahead)
                        continue
                    size = SYNC_SIZE if self._dice.random() < SYNCING else 1
                    sent += size
                    await self._meet(app, size)

            async with asyncio.TaskGroup() as group:
                for _ in range(PHONES):
                    group.create_task(phone())
        return self.ledger

    def finish(self) -> None:
        """Begin nothing new."""
        self._stopping.set()

    def _key(self) -> str:
        return str(UUID(int=self._dice.getrandbits(128), version=4))

    async def _meet(self, app: FieldApp, size: int) -> None:
        """Somebody is enrolled, or several people of one constituency in one sync; then what they do."""
        first = next(self._people)
        met = [first, *self._neighbours(first, size - 1)]
        token = self._dice.choice(self._tokens[first.constituency])
        keys = [self._key() for _ in met]
        repeated = self._dice.random() < REPEATING
        plans = [(self._dice.random() < WITHDRAWING, self._dice.random() < ANSWERING) for _ in met]
        answers = await self._enrol(app, token, keys, met)
        if repeated and await self._enrol(app, token, keys, met) != answers:
            self.ledger.unexpected.append(f"the same keys were answered differently: {keys}")
        for person, (status, body), (withdraws, opines) in zip(met, answers, plans, strict=True):
            if status != 201:
                self.ledger.unexpected.append(f"enrolment: {status} {body}")
                continue
            mitra = UUID(body["mitra_id"])
            self.ledger.enrolled[mitra] = _acknowledged(body, person)
            if opines:
                await self._opine(app, token, person)
            if withdraws:
                await self._withdraw(app, token, person, mitra)

    def _neighbours(self, first: Person, count: int) -> Iterator[Person]:
        """People of the same segment."""
        for person in islice(self._people, count):
            yield Person(first.constituency, person.body | {"segment": first.body["segment"]})

    async def _enrol(
        self, app: FieldApp, token: str, keys: list[str], met: list[Person]
    ) -> list[tuple[int, Any]]:
        if len(met) == 1:
            one = self._counted(await app.post("/v1/enrolments", token, met[0].body, keys[0]))
            return [(one.status, one.body)]
        entries = [
            {"idempotency_key": key, "enrolment": person.body} for key, person in zip(keys, met, strict=True)
        ]
        waiting, outcomes = entries, {}
        while waiting:
            sync = self._counted(await app.post("/v1/enrolments/batch", token, {"enrolments": waiting}))
            if sync.status != 200:
                return [(sync.status, sync.body)] * len(met)
            for outcome in sync.body["outcomes"]:
                outcomes[outcome["idempotency_key"]] = (outcome["status"], outcome["body"])
            # What a batch could not bring to an end is sent again, as a field app does.
            waiting = [entry for entry in entries if outcomes[entry["idempotency_key"]][0] == 503]
            if waiting:
                self.ledger.retried += 1
                await asyncio.sleep(1)
        return [outcomes[key] for key in keys]

    async def _opine(self, app: FieldApp, token: str, person: Person) -> None:
        sheet = opinion(self._definition, 0, person.body["segment"], self._dice) | {
            "submission_id": self._key()
        }
        answer = self._counted(await app.post("/v1/opinions", token, sheet))
        if answer.status == 202:
            self.ledger.opinions[person.body["segment"]] += 1
        else:
            self.ledger.unexpected.append(f"opinion: {answer.status} {answer.body}")

    async def _withdraw(self, app: FieldApp, token: str, person: Person, mitra: UUID) -> None:
        answer = self._counted(await app.post(f"/v1/mitras/{mitra}/withdrawal", token, {}))
        if answer.status == 200:
            self.ledger.withdrawn[mitra] = _acknowledged(answer.body, person)
        else:
            self.ledger.unexpected.append(f"withdrawal: {answer.status} {answer.body}")

    def _counted(self, answer: Answered) -> Answered:
        self.ledger.retried += answer.retries
        return answer


def _acknowledged(body: Mapping[str, Any], person: Person) -> Acknowledged:
    return Acknowledged(body["partition"], body["epoch"], body["position"], person.body["segment"])


def _tokens(stack: RealStack, definition: CampaignDefinition) -> dict[str, list[str]]:
    tokens: dict[str, list[str]] = defaultdict(list)
    for constituency in definition.at_level(Level.CONSTITUENCY):
        for number in range(1, STAFF_OF_EACH + 1):
            staff = f"{constituency.code}/co-in-charge-{number:02d}"
            tokens[constituency.code].append(
                stack.token(Role.CO_IN_CHARGE, constituency.code, definition.id, staff)
            )
    return tokens

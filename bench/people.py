"""Prepared requests: people of the simulator in the hands of their staff, as bytes."""

import json
from collections import defaultdict
from collections.abc import Sequence
from uuid import uuid4

from bench.loading import request_bytes
from mitra_shared.ids import StaffId
from mitra_shared.ops.simulate.day import SimulationTarget, Sync, staff_tokens, syncs
from mitra_shared.ops.simulate.people import Person
from mitra_shared.ops.simulate.plan import Plan


def collected(target: SimulationTarget, plan: Plan) -> list[Sync]:
    """What the staff collected."""
    return list(syncs(plan, target.definition))


def single_requests(target: SimulationTarget, people: int, seed: int, url: str) -> list[bytes]:
    """One POST for each person."""
    tokens = staff_tokens(target)
    return [
        request_bytes(
            "POST",
            f"{url}/v1/enrolments",
            {
                "Authorization": f"Bearer {tokens[sync.staff]}",
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid4()),
            },
            json.dumps(person.body).encode(),
        )
        for sync in collected(target, Plan(people, seed))
        for person in sync.collected
    ]


def batch_requests(target: SimulationTarget, people: int, seed: int, url: str, size: int) -> list[bytes]:
    """Batches of so many people each, all of one constituency, sent by one of its staff."""
    tokens = staff_tokens(target)
    senders: dict[str, StaffId] = {}
    waiting: dict[str, list[Person]] = defaultdict(list)
    for sync in collected(target, Plan(people, seed)):
        for person in sync.collected:
            senders.setdefault(person.constituency, sync.staff)
            waiting[person.constituency].append(person)
    return [
        request_bytes(
            "POST",
            f"{url}/v1/enrolments/batch",
            {"Authorization": f"Bearer {tokens[senders[constituency]]}", "Content-Type": "application/json"},
            _batch(crowd[start : start + size]),
        )
        for constituency, crowd in waiting.items()
        for start in range(0, len(crowd), size)
    ]


def _batch(crowd: Sequence[Person]) -> bytes:
    entries = [{"idempotency_key": str(uuid4()), "enrolment": person.body} for person in crowd]
    return json.dumps({"enrolments": entries}).encode()

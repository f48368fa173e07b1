"""Prepared requests: people of the simulator in the hands of their staff, as bytes."""

import json
from uuid import uuid4

from bench.loading import request_bytes
from mitra_shared.ops.simulate.day import SimulationTarget, Sync, staff_tokens, syncs
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
    """Batches of so many people each, as far as the staff's constituencies fill them."""
    tokens = staff_tokens(target)
    return [
        request_bytes(
            "POST",
            f"{url}/v1/enrolments/batch",
            {"Authorization": f"Bearer {tokens[sync.staff]}", "Content-Type": "application/json"},
            json.dumps(
                {
                    "enrolments": [
                        {"idempotency_key": str(uuid4()), "enrolment": person.body}
                        for person in sync.collected
                    ]
                }
            ).encode(),
        )
        for sync in collected(target, Plan(people, seed, batch=size))
    ]

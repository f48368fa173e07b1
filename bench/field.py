"""A phone that comes back with 1,000 records, over a slow link: as the field app sends them, and otherwise.

The requests are those of the app (`enrolment/field/static/sync.js`): the same body, zipped as a browser zips,
in batches that grow by the same rule.
"""

import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import randrange
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy.engine import make_url

from bench import people, stacks
from bench.measuring import Figure, Told
from bench.slow_link import Link, slow_link
from mitra_shared.ops.simulate.day import staff_tokens
from mitra_shared.ops.simulate.plan import Plan
from mitra_shared.ops.stack import Stack

RECORDS = 1_000
ONE_BY_ONE = 40
BITS_PER_SECOND = 64_000
DELAY = 0.15
FIRST_BATCH, LARGEST_BATCH, AIM = 25, 1_000, 5.0
LINK = "64 kbit/s each way, 300 ms there and back"

Zip = Callable[[bytes], bytes]


@dataclass
class Phone:
    """One member of staff with records that wait."""

    token: str
    records: list[dict[str, Any]]


def phones(made: Stack, count: int) -> list[Phone]:
    """So many phones of different people, each full."""
    target = stacks.target(made)
    tokens = staff_tokens(target)
    found = []
    collected: dict[str, list[dict[str, Any]]] = {}
    owners: dict[str, str] = {}
    for sync in people.collected(target, Plan(400 * RECORDS, randrange(2**32))):
        for person in sync.collected:
            owners.setdefault(person.constituency, tokens[sync.staff])
            collected.setdefault(person.constituency, []).append(person.body)
    for constituency, bodies in collected.items():
        if len(bodies) < RECORDS:
            continue
        records = [
            {"number": number, "idempotency_key": str(uuid4()), "enrolment": body}
            for number, body in enumerate(bodies[:RECORDS], start=1)
        ]
        found.append(Phone(owners[constituency], records))
        if len(found) == count:
            return found
    raise RuntimeError(f"only {len(found)} constituencies have {RECORDS} people")


async def in_batches(link: Link, phone: Phone, *, zipped: bool) -> float:
    """Seconds until the server has confirmed all."""
    device, size, done = uuid4(), FIRST_BATCH, 0
    headers = {"Authorization": f"Bearer {phone.token}", "Content-Type": "application/json"}
    if zipped:
        headers["Content-Encoding"] = "gzip"
    accept = "gzip" if zipped else "identity"
    begun = time.perf_counter()
    async with httpx.AsyncClient(headers=headers | {"Accept-Encoding": accept}, timeout=60) as client:
        while done < RECORDS:
            sent = phone.records[done : done + size]
            body = json.dumps({"highest": RECORDS, "records": sent}, ensure_ascii=False).encode()
            started = time.perf_counter()
            answer = await client.post(
                f"http://127.0.0.1:{link.port}/v1/devices/{device}/records",
                content=gzip.compress(body) if zipped else body,
            )
            if answer.status_code != 200 or any(o["status"] >= 429 for o in answer.json()["outcomes"]):
                raise RuntimeError(answer.text[:500])
            done += len(sent)
            took = time.perf_counter() - started
            size = max(1, min(LARGEST_BATCH, round(size * min(4.0, max(0.5, AIM / took)))))
    return time.perf_counter() - begun


async def one_by_one(link: Link, phone: Phone) -> float:
    """Seconds for each, one connection kept."""
    headers = {"Authorization": f"Bearer {phone.token}", "Content-Type": "application/json"}
    begun = time.perf_counter()
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:
        for record in phone.records[:ONE_BY_ONE]:
            answer = await client.post(
                f"http://127.0.0.1:{link.port}/v1/enrolments",
                headers={"Idempotency-Key": record["idempotency_key"]},
                content=json.dumps(record["enrolment"], ensure_ascii=False).encode(),
            )
            if answer.status_code not in {201, 409}:
                raise RuntimeError(answer.text[:500])
    return (time.perf_counter() - begun) / ONE_BY_ONE


async def measure(tell: Told) -> list[Figure]:
    """All figures, from one stack; each way on a phone of its own."""
    app = Figure(f"field app: {RECORDS:,} records, zipped batches that fit the link", "s", note=LINK)
    plain = Figure(f"the same batches, not zipped: {RECORDS:,} records", "s", note=LINK)
    single = Figure(
        f"one POST each: {RECORDS:,} records", "s", note=f"{LINK}; from {ONE_BY_ONE} of them, one connection"
    )
    figures = {
        name: Figure(f"bytes up and down, {name}", "kB")
        for name in ("zipped batches", "batches not zipped", "one POST each")
    }
    async with stacks.stack(stacks.ONLY_INTAKE) as made:
        port = make_url(made.state().api_urls("enrolment")[0]).port
        if port is None:
            raise RuntimeError("the api has no port")
        first, second, third = phones(made, 3)

        async def through(name: str, figure: Figure, phone: Phone, times: float) -> None:
            tell(f"field, {figure.name}")
            async with slow_link(port, bits_per_second=BITS_PER_SECOND, delay=DELAY) as link:
                if name == "one POST each":
                    seconds = await one_by_one(link, phone) * RECORDS
                else:
                    seconds = await in_batches(link, phone, zipped=name == "zipped batches")
                figure.values.append(seconds)
                figures[name].values.append((link.sent + link.received) * times / 1_000)

        await through("zipped batches", app, first, 1)
        await through("batches not zipped", plain, second, 1)
        await through("one POST each", single, third, RECORDS / ONE_BY_ONE)
    return [app, plain, single, *figures.values()]

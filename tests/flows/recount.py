"""The recount: what must hold whatever happened, told from the logs again and held against everything else.

Independent of the services and of `mitra audit`: it reads their tables and streams and counts by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
from redis.asyncio import Redis

from mitra_shared.ids import Partition
from mitra_shared.ops.audit import AuditSources, audit
from mitra_shared.security.tokens import Role
from tests.flows.field_work import Acknowledged, Ledger
from tests.flows.logs import Log, logs_of, rows, stream_of
from tests.flows.naive_office import NaiveOffice, Told
from tests.flows.real_stack import RealStack

READ_BY = {
    "certificates": ("enrolment",),
    "reporting": ("enrolment", "opinions", "certificates", "custody"),
}


def assert_dense(log: Log) -> None:
    """Positions without gaps up to the head, epochs that never fall, every event once."""
    for partition, entries in log.entries.items():
        assert [entry.position for entry in entries] == list(range(1, log.heads[partition].position + 1))
        epochs = [entry.epoch for entry in entries]
        assert epochs == sorted(epochs)
    events = Counter(
        (entry.event_id, entry.partition if entry.type == "CampaignDefinedV1" else None)
        for entry in log.all()
    )
    assert not [event for event, times in events.items() if times > 1]


async def assert_carried(redis: Redis, log: Log) -> None:
    """Each stream is a gapless copy of its log's tail, from no later than just after the floor."""
    for partition, entries in log.entries.items():
        stream = log.topic.stream(Partition(partition))
        told = [
            (entry_id, UUID(said["id"]), said["prev"]) for entry_id, said in await stream_of(redis, stream)
        ]
        before = ["", *(str(entry.event_id) for entry in entries)]
        ought = [
            (f"{entry.epoch}-{entry.position}", entry.event_id, previous)
            for entry, previous in zip(entries, before, strict=False)
        ]
        assert len(told) >= len(ought) - log.heads[partition].floor, stream
        assert told == ought[len(ought) - len(told) :], stream


def assert_kept(ledger: Ledger, enrolment: Log) -> None:
    """Every acknowledged enrolment and withdrawal stands where it was said, once, and nobody else does."""
    assert not ledger.unexpected, ledger.unexpected[:5]
    for kind, acknowledged in (("MitraEnrolledV1", ledger.enrolled), ("MitraWithdrawnV1", ledger.withdrawn)):
        stands = [
            (
                entry.subject,
                Acknowledged(entry.partition, entry.epoch, entry.position, entry.payload["segment"]),
            )
            for entry in enrolment.all()
            if entry.type == kind
        ]
        assert len(stands) == len(dict(stands)), kind
        assert dict(stands) == acknowledged, kind
    for mitra, withdrawn in ledger.withdrawn.items():
        enrolled = ledger.enrolled[mitra]
        assert (enrolled.partition, enrolled.position) < (withdrawn.partition, withdrawn.position)


async def assert_applied(stack: RealStack, logs: Mapping[str, Log]) -> None:
    """Every group stands at the end of every log, on the right entry; nothing was put away."""
    for group, topics in READ_BY.items():
        positions = await rows(stack.engines[group], "select * from consumer_position")
        stands = {(p.topic, p.partition): (p.epoch, p.position, p.event_id) for p in positions}
        for topic in topics:
            for partition, entries in logs[topic].entries.items():
                if entries:
                    last = entries[-1]
                    assert stands[topic, partition] == (last.epoch, last.position, last.event_id), group
        assert not await rows(stack.engines[group], "select * from dead_letter"), group


async def assert_no_restarts(stack: RealStack, logs: Mapping[str, Log]) -> None:
    """No database was restored, so nobody may believe it: one epoch, and no partition begun again."""
    assert {head.epoch for log in logs.values() for head in log.heads.values()} == {1}
    for group in READ_BY:
        assert not await rows(stack.engines[group], "select * from consumer_restart"), group


def offices(enrolment: Log) -> dict[tuple[int, str], NaiveOffice]:
    """An office for each partition and campaign, which has heard its part of the log."""
    told: dict[tuple[int, str], NaiveOffice] = defaultdict(NaiveOffice)
    for entry in enrolment.all():
        told[entry.partition, entry.payload["campaign"]].hear(entry.payload)
    return told


async def assert_certificates(stack: RealStack, logs: Mapping[str, Log]) -> Counter[str]:
    """Everyone has the certificate, the number and the turn that the order of the log gives.

    Returns:
        How many certificates are in each state.
    """
    told: dict[tuple[int, str], list[Told]] = defaultdict(list)
    for entry in logs["certificates"].all():
        said = entry.payload
        told[entry.partition, said["campaign"]].append(
            Told(entry.type, UUID(said["mitra_id"]), said["segment"], said.get("serial"), said["previous"])
        )
    kept: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for row in await rows(
        stack.engines["certificates"], "select * from certificate order by queue_position, enrolled_position"
    ):
        kept[row.partition, row.campaign].append(row)
    expected = offices(logs["enrolment"])
    assert {*told, *kept} <= expected.keys()
    for which, office in expected.items():
        assert told[which] == office.log, which
        assert {row.mitra_id: row.state for row in kept[which]} == office.states, which
        assert {row.mitra_id: row.serial for row in kept[which] if row.serial} == office.serials, which
        queues: dict[str, list[UUID]] = defaultdict(list)
        for row in kept[which]:
            if row.state in {"held", "waitlisted"}:
                queues[row.segment].append(row.mitra_id)
        assert queues == {segment: list(queue) for segment, queue in office.queues.items() if queue}, which
    return Counter(state for office in expected.values() for state in office.states.values())


def counted(logs: Mapping[str, Log]) -> dict[str, dict[str, Counter[str]]]:
    """Counts by campaign and leaf (a segment, or a constituency for opinions that went up), from the logs."""
    leaves: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for log in logs.values():
        for entry in log.all():
            said = entry.payload
            leaf = leaves[said["campaign"]][said.get("segment") or said.get("area") or ""]
            match entry.type:
                case "MitraEnrolledV1":
                    leaf["enrolled"] += 1
                    leaf["beneficiaries" if said["basis"] == "beneficiary" else "admirers"] += 1
                case "MitraWithdrawnV1":
                    leaf["withdrawn"] += 1
                case "CertificateIssuedV1" if said["previous"] == "waitlisted":
                    leaf["certificates_promoted"] += 1
                case "CertificateIssuedV1" | "CertificateWaitlistedV1":
                    leaf["certificates_decided"] += 1
                case "CertificateRevokedV1":
                    leaf["certificates_revoked"] += 1
                    leaf["certificates_never_decided"] += said["previous"] == "held"
                case "OpinionReleasedV1":
                    leaf["opinions"] += 1
    return leaves


SHOWN = ("enrolled", "certificates_issued", "certificates_waitlisted", "opinions")
STORED = (
    "enrolled",
    "opinions",
    "withdrawn",
    "beneficiaries",
    "admirers",
    "certificates_decided",
    "certificates_never_decided",
    "certificates_promoted",
    "certificates_revoked",
)


def as_shown(leaf: Counter[str], area: str, definition: Mapping[str, Any]) -> Counter[str]:
    """What is shown of a leaf: gross counts, and the certificates decided as its quota divides them."""
    quota = 0
    for goal in definition["goals"]:
        if goal["level"] == "segment" and goal["metric"] == "certificates" and goal.get("active", True):
            quota = goal["number"] if goal.get("area") in {None, area} else quota
    decided = leaf["certificates_decided"]
    if not definition["issuing"]["frozen"]:
        decided += leaf["certificates_never_decided"]
    issued = min(decided, quota)
    return Counter(
        enrolled=leaf["enrolled"],
        opinions=leaf["opinions"],
        certificates_issued=issued,
        certificates_waitlisted=decided - issued,
    )


async def assert_rollups(stack: RealStack, logs: Mapping[str, Log]) -> None:
    """The rows, the answers of the API and the stream `rollups` show what the logs count."""
    stored: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in await rows(stack.engines["reporting"], "select * from rollup_total"):
        stored[row.campaign, row.area].update({kind: getattr(row, kind) for kind in STORED})
    expected = counted(logs)
    for campaign, leaves in expected.items():
        for area in {*leaves, *(area for of, area in stored if of == campaign)} - {""}:
            assert {kind: stored[campaign, area][kind] for kind in STORED} == {
                kind: leaves[area][kind] for kind in STORED
            }, (campaign, area)
        definition = max(
            (
                e.payload["definition"]
                for e in logs["enrolment"].all()
                if e.type == "CampaignDefinedV1" and e.payload["campaign"] == campaign
            ),
            key=lambda each: each["version"],
        )
        shown = {area: as_shown(leaf, area, definition) for area, leaf in leaves.items()}
        sums = {kind: sum(leaf[kind] for leaf in shown.values()) for kind in SHOWN}
        headers = {"Authorization": f"Bearer {stack.token(Role.HEADQUARTERS, campaign=campaign)}"}
        async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=10) as client:
            for url in stack.urls("reporting"):
                nation = (await client.get(f"{url}/v1/rollups/IN")).json()
                assert nation["lag"]["events"] == 0, nation["lag"]
                assert {kind: nation["rollup"][kind] for kind in SHOWN} == sums, campaign
                segments = (await client.get(f"{url}/v1/rollups", params={"level": "segment"})).json()[
                    "areas"
                ]
                for area in segments:
                    assert {kind: area[kind] for kind in SHOWN} == {
                        kind: shown.get(area["area"], Counter())[kind] for kind in SHOWN
                    }, (campaign, area["area"])
        await _assert_published(stack, campaign, [nation["rollup"], *segments])


async def _assert_published(stack: RealStack, campaign: str, shown: list[dict[str, Any]]) -> None:
    """The last entry of each area in `rollups` says what the API shows."""
    async with stack.redis_as("subscriber") as redis:
        entries = await stream_of(redis, "rollups")
    latest = {said["area"]: said for _, said in entries if said["campaign"] == campaign}
    for area in shown:
        said = latest[area["area"]]
        assert {kind: int(said[kind]) for kind in SHOWN} == {kind: area[kind] for kind in SHOWN}, said


async def assert_opinions(stack: RealStack, ledger: Ledger, opinions: Log) -> None:
    """Every sheet that was accepted waits in the pool or was released, once, in a chunk of at least ten."""
    waiting = Counter(
        {
            row.segment: row.sheets
            for row in await rows(
                stack.engines["enrolment"],
                "select segment, count(*) as sheets from opinion_pool group by segment",
            )
        }
    )
    released = Counter(entry.payload["area"] for entry in opinions.all())
    assert waiting + released == ledger.opinions
    assert all(count < 10 for count in waiting.values())
    assert all(count >= 10 for count in released.values())


async def assert_all_agree(stack: RealStack) -> None:
    """Streams, certificates, rollups and positions follow from the logs as they are now."""
    logs = await logs_of(stack)
    async with stack.redis_as("admin") as redis:
        for log in logs.values():
            assert_dense(log)
            await assert_carried(redis, log)
    await assert_applied(stack, logs)
    await assert_certificates(stack, logs)
    await assert_rollups(stack, logs)
    await assert_audit_is_clean(stack)


async def assert_audit_is_clean(stack: RealStack) -> None:
    sources = AuditSources(
        **{service: stack.database_url(service, "audit") for service in stack.engines},
        redis=stack.redis_url("audit"),
    )
    report = await audit(sources, deep=True)
    assert report.clean, report.findings

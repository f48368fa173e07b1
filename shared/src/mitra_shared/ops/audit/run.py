"""The audit: a scene, then every check in turn."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import asyncpg
from redis.exceptions import RedisError

from mitra_shared.ops.audit import (
    access,
    certificates,
    clearing,
    contacts,
    credentials,
    custody,
    erasures,
    former_staff,
    groups,
    logs,
    opinions,
    outreach,
    people,
    rollups,
    standing,
    streams,
)
from mitra_shared.ops.audit.report import AuditReport, Check
from mitra_shared.ops.audit.scene import Scene, scene_of
from mitra_shared.ops.audit.snapshots import in_words
from mitra_shared.ops.audit.sources import AuditSources, CannotAudit

PATIENCE_SECONDS: Final = 10.0

Progress = Callable[[str, int, int], None]
"""Takes what is looked at next, how many checks are done, and how many there are."""


@dataclass(frozen=True)
class Examination:
    """A function and the checks it fills, each with what it claims."""

    examine: Callable[..., Awaitable[None]]
    claims: Sequence[tuple[str, str]]


EXAMINATIONS: Final = (
    Examination(logs.check_logs, [("logs", "positions are dense up to the heads, epochs never fall")]),
    Examination(
        logs.check_entries, [("entries", "each entry is at one with itself and in the right partition")]
    ),
    Examination(
        logs.check_definitions,
        [("definitions", "all partitions were told the same campaigns in the same order")],
    ),
    Examination(streams.check_streams, [("streams", "every stream is a gapless copy of its log's tail")]),
    Examination(groups.check_positions, [("positions", "every group stands on an entry of its logs")]),
    Examination(
        groups.check_letters, [("dead letters", "no event is put away, no person's events are parked")]
    ),
    Examination(groups.check_groups, [("groups", "registered groups are not ahead of their logs")]),
    Examination(
        people.check_people, [("people", "every person has one enrolment in the log, and the other way")]
    ),
    Examination(
        people.check_order, [("order", "each person's events stand in order, once, in one partition")]
    ),
    Examination(
        access.check_access,
        [("access record", "every look at personal data stands in the record as it was written")],
    ),
    Examination(
        standing.check_standing,
        [
            (
                "staff",
                "the log tells of all staff what their accounts say, and services keep what they were told",
            )
        ],
    ),
    Examination(
        erasures.check_erasures,
        [
            (
                "erasures",
                "nothing personal is left of those who were erased, and nobody waits beyond their time",
            )
        ],
    ),
    Examination(
        former_staff.check_former_staff,
        [
            (
                "former staff",
                "nothing personal is left of staff who were erased, and nobody waits for it too long",
            )
        ],
    ),
    Examination(
        clearing.check_clearing,
        [("clearing", "whoever is examined is cleared once, and never while a likely duplicate is open")],
    ),
    Examination(
        contacts.check_contacts,
        [("contacts", "what is counted of contacts is what the log tells, and nothing tells an hour")],
    ),
    Examination(
        outreach.check_outreach,
        [("outreach", "what staff reported of their days is what the log adds up to")],
    ),
    Examination(
        certificates.check_certificates,
        [
            ("certificates", "certificates and their log follow from the enrolments"),
            ("quotas", "no certificate was ever issued beyond the quota in force"),
        ],
    ),
    Examination(
        certificates.check_certificate_log,
        [("certificate rows", "rows and log agree, serial numbers have no gaps")],
    ),
    Examination(
        credentials.check_credentials,
        [("credentials", "whoever has a valid certificate has one that is signed, and nobody else")],
    ),
    Examination(
        custody.check_custody,
        [("custody", "sheets, papers and programmes are what their log tells, nothing is printed twice")],
    ),
    Examination(rollups.check_rollups, [("rollups", "every figure of reporting is a count of the logs")]),
    Examination(opinions.check_opinions, [("opinions", "nothing leads to a person, and no sheet is lost")]),
)

EXPECTED_TROUBLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, OSError, TimeoutError)


def _silent(_name: str, _done: int, _total: int) -> None:
    pass


async def audit(
    sources: AuditSources,
    *,
    deep: bool = False,
    patience: float = PATIENCE_SECONDS,
    progress: Progress = _silent,
) -> AuditReport:
    """Prove the whole, under load or not. Nothing is changed.

    Args:
        sources: what to look at.
        deep: compare every entry of the streams, not only their ends and lengths.
        patience: seconds that relays have to bring the streams to where the logs were at the start.
        progress: told before each check.

    Raises:
        CannotAudit: something cannot be reached or read.
    """
    began = monotonic()
    doing = "the scene"
    checks: list[Check] = []
    try:
        async with scene_of(sources, deep=deep) as scene:
            progress("taking the snapshots", 0, len(EXAMINATIONS))
            await scene.take(patience)
            as_of = (await scene.enrolment.rows("select now()"))[0][0]
            for done, examination in enumerate(EXAMINATIONS):
                doing = examination.claims[0][0]
                progress(doing, done, len(EXAMINATIONS))
                checks += await _examine(scene, examination)
            progress("done", len(EXAMINATIONS), len(EXAMINATIONS))
    except EXPECTED_TROUBLE as error:
        raise CannotAudit(f"the audit stopped at {doing}: {_explained(error)}") from error
    return AuditReport(
        as_of=as_of,
        deep=deep,
        seconds=round(monotonic() - began, 3),
        checks=tuple(check.report() for check in checks),
    )


async def _examine(scene: Scene, examination: Examination) -> list[Check]:
    checks = [Check(name, claim) for name, claim in examination.claims]
    began = monotonic()
    await examination.examine(scene, *checks)
    checks[0].seconds = monotonic() - began
    return checks


def _explained(error: Any) -> str:
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError):
        return f"{in_words(error)}: the database was not migrated, or by another version"
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return f"{in_words(error)}: the role may not read everything"
    return in_words(error)

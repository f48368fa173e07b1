"""Check of the access records: the chain of digests holds from floor to head, and nothing is missing."""

import json
from datetime import UTC, timedelta
from hashlib import sha256
from typing import Any, Final

from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.scene import Scene
from mitra_shared.ops.audit.snapshots import Snapshot

_ENTRIES: Final = """
    select seq, at, actor, role, purpose, subject::text as subject, fields, digest
    from access_record order by seq
"""
_HEAD: Final = "select seq, digest, floor_seq, floor_digest, floor_at, now() as now from access_record_head"
_YEAR: Final = timedelta(days=365)
_NAMED: Final = 12
"""Hexadecimal digits of a digest that a note shows."""


async def check_access(scene: Scene, check: Check) -> None:
    """Every look at personal data stands in the record of its service, as it was written."""
    for database in (scene.enrolment, scene.certificates):
        await _check_record(database, check)


async def _check_record(database: Snapshot, check: Check) -> None:
    (head,) = await database.rows(_HEAD)
    seq, digest = head["floor_seq"], head["floor_digest"]
    if head["floor_at"] is not None and head["now"] - head["floor_at"] < _YEAR:
        check.wrong(
            "entries left the access record before their year was over", f"{database.name}, up to entry {seq}"
        )
    async for page in database.pages(_ENTRIES):
        for entry in page:
            if entry["seq"] != seq + 1:
                missing = f"{database.name}, entries {seq + 1} to {entry['seq'] - 1}"
                check.wrong("entries of the access record are missing", missing)
            elif _digest(entry, digest) != entry["digest"]:
                changed = f"{database.name}, entry {entry['seq']}"
                check.wrong("an entry of the access record is not what was written", changed)
            seq, digest = entry["seq"], entry["digest"]
            check.numbers["looks"] += 1
    if (seq, digest) != (head["seq"], head["digest"]):
        ends = f"{database.name}, ends at {seq}, the head is at {head['seq']}"
        check.wrong("the access record does not end at its head", ends)
    if seq:
        check.note(f"the access record of {database.name} ends with {seq}, {digest.hex()[:_NAMED]}")


def _digest(entry: Any, previous: bytes) -> bytes:
    at = entry["at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    told = [entry["seq"], at, *(entry[each] for each in ("actor", "role", "purpose", "subject", "fields"))]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return sha256(previous + text.encode()).digest()

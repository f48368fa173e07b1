"""The ledger of erasures as a file, apart from the database and its backups: one JSON object a line.

A line tells of somebody who was enrolled, or of a former member of staff. A backup that is older than an
erasure brings the person back. The file says who must be erased again before the restored database serves. It
is only ever appended to, and holds ids alone.
"""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from enrolment.domain.retention import Why
from mitra_shared.ids import CampaignId, MitraId, StaffId

_OWNER_ONLY = 0o600


class FiledErasure(BaseModel):
    """One line: somebody was erased."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mitra: MitraId
    campaign: CampaignId
    why: Why
    noticed_at: AwareDatetime | None
    erased_at: AwareDatetime
    event_id: UUID


class FiledStaffErasure(BaseModel):
    """One line: a former member of staff was erased."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    staff: StaffId
    campaign: CampaignId
    erased_at: AwareDatetime


Entry = FiledErasure | FiledStaffErasure
_ENTRY: Final[TypeAdapter[Entry]] = TypeAdapter(Entry)


class Ledger(NamedTuple):
    """What a file holds: erasures, and the numbers of lines that are none and not the beginning of one."""

    erasures: Sequence[FiledErasure]
    staff: Sequence[FiledStaffErasure]
    unreadable: Sequence[int]


def lines_of(erasures: Sequence[Entry]) -> str:
    """The lines of a file."""
    return "".join(json.dumps(each.model_dump(mode="json")) + "\n" for each in erasures)


def append_to(path: Path, erasures: Sequence[Entry]) -> None:
    """Append erasures; they are on the disk when this returns.

    A line that was cut off by a crash is ended first, so that it spoils no other; what it was to say follows.

    Raises:
        OSError: it cannot be written.
    """
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        size = os.fstat(file).st_size
        is_cut = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        written = ("\n" if is_cut else "").encode() + lines_of(erasures).encode()
        while written:
            written = written[os.write(file, written) :]
        os.fsync(file)
    finally:
        os.close(file)


def read_ledger(text: str) -> Ledger:
    """The erasures in the text of a file; each person once, the last line counts.

    A line that a crash cut off was written whole afterwards.
    """
    erasures: dict[MitraId, FiledErasure] = {}
    staff: dict[StaffId, FiledStaffErasure] = {}
    unreadable: dict[int, str] = {}
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            filed = _ENTRY.validate_json(line)
        except ValidationError:
            unreadable[number] = line
            continue
        match filed:
            case FiledErasure():
                erasures[filed.mitra] = filed
            case FiledStaffErasure():
                staff[filed.staff] = filed
    lost = [
        number
        for number, line in unreadable.items()
        if not any(whole.startswith(line) for whole in lines[number:] if whole != line)
    ]
    return Ledger([*erasures.values()], [*staff.values()], lost)


def of_row(row: tuple[UUID, str, str, datetime | None, datetime, UUID]) -> FiledErasure:
    """An entry of the table."""
    mitra, campaign, why, noticed_at, erased_at, event_id = row
    return FiledErasure(
        mitra=MitraId(mitra),
        campaign=CampaignId(campaign),
        why=Why(why),
        noticed_at=noticed_at,
        erased_at=erased_at,
        event_id=event_id,
    )


def of_staff(row: tuple[str, str, datetime]) -> FiledStaffErasure:
    """An erased account."""
    who, campaign, erased_at = row
    return FiledStaffErasure(staff=StaffId(who), campaign=CampaignId(campaign), erased_at=erased_at)

"""Numbers of certificates that a lost branch of the log had given: no mistake, but perhaps on paper."""

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Final

from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.scene import Scene

GIVEN: Final = "given on a lost branch only"
"""Among the numbers of the check."""

LOST: Final = (
    "a lost branch of the log had issued certificates that were not issued again and may be on paper"
)

_UNCONFIRMED: Final = """
    select campaign, segment, partition, serial from lost_branch as lost
    where not exists (
        select from certificate
        where certificate.id = lost.certificate_id and certificate.campaign = lost.campaign
          and certificate.segment = lost.segment and certificate.serial = lost.serial)
      and not exists (
        select from void_number as void
        where void.certificate_id = lost.certificate_id and void.campaign = lost.campaign
          and void.segment = lost.segment and void.serial = lost.serial)
    group by campaign, segment, partition, serial order by campaign, segment, partition, serial
"""


async def note_lost_numbers(scene: Scene, check: Check) -> None:
    """Name each number that was given on a lost branch and not given again to the same person."""
    rows = await scene.certificates.rows(_UNCONFIRMED)
    for (campaign, segment, partition), lost in groupby(rows, key=itemgetter(0, 1, 2)):
        serials = [row["serial"] for row in lost]
        check.numbers[GIVEN] += len(serials)
        place = ("enrolment", partition)
        replayed, head = scene.position("certificates", place), scene.before[place].position
        going_on = f" (the replay is at {replayed} of {head} and may still give some again)"
        check.note(f"{LOST}: {segment} ({campaign}) {_runs(serials)}{going_on if replayed < head else ''}")


def _runs(serials: Iterable[int]) -> str:
    """Ascending numbers in words: `1, 4 to 7`."""
    runs = [
        [serial for _, serial in run]
        for _, run in groupby(enumerate(serials), key=lambda placed: placed[1] - placed[0])
    ]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)

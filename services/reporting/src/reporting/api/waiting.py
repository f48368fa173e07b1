"""`at_least`: a caller reads its own write by waiting for the place of the log it was answered with."""

import asyncio
from typing import Annotated, Final

from fastapi import Query

from mitra_shared.contracts.topics import PARTITIONS, TOPICS
from mitra_shared.http.problems import wrong_field
from mitra_shared.ids import Epoch, Partition, Position
from reporting.api.problems import NOT_REACHED
from reporting.mirror import Mirror
from reporting.schemas import AtLeast
from reporting.storage.changes import Reached

WAIT_SECONDS: Final = 5.0
"""The longest a request waits."""
MOST_PLACES: Final = 16

Places = Annotated[
    list[AtLeast],
    Query(
        max_length=MOST_PLACES,
        description="Wait (at most 5 s) until these places of the logs are included, e.g. the place that an "
        "enrolment was answered with; may be repeated. 503 `positions-not-reached` if that takes longer.",
        examples=[["enrolment.3:1-42"]],
    ),
]

_NOWHERE: Final = Reached(Epoch(-1), Position(-1))


async def wait_until_included(mirror: Mirror, places: list[str], seconds: float = WAIT_SECONDS) -> None:
    """Return once the mirror includes every place.

    Raises:
        Problem: 422 for a place that no log can have, 503 after `seconds`.
    """
    wanted: dict[tuple[str, Partition], Reached] = {}
    for source, at in map(_place, places):
        wanted[source] = max(at, wanted.get(source, _NOWHERE))
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while missing := [source for source, at in wanted.items() if mirror.positions.get(source, _NOWHERE) < at]:
        if mirror.closed or not await mirror.moved(max(0.0, deadline - clock()), mirror.turn):
            names = ", ".join(f"{topic}.{partition}" for topic, partition in missing)
            raise NOT_REACHED(
                f"Not included within {seconds:g} s: {names}", headers={"Retry-After": "1"}, retry_after=1
            )


def _place(text: str) -> tuple[tuple[str, Partition], Reached]:
    source, _, place = text.partition(":")
    topic, _, partition = source.partition(".")
    epoch, _, position = place.partition("-")
    if topic not in TOPICS or int(partition) >= PARTITIONS:
        logs = ", ".join(TOPICS)
        raise wrong_field("at_least", "names no partition of a log", f"{logs}, each 0 to {PARTITIONS - 1}")
    return (topic, Partition(int(partition))), Reached(Epoch(int(epoch)), Position(int(position)))

"""What a device numbered, and what of it has arrived: the part of a receipt that can be reasoned about alone.

A device numbers its records 1, 2, 3 and so on. Numbers with an outcome lie in runs without a gap between
them; whatever lies between the runs, and above the last up to the highest number given, is missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_RANGES = 100
"""Missing ranges in one receipt: a device that lost every second record must not make it grow."""

Range = tuple[int, int]
"""First and last number, both included."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """How the numbers of a device stand.

    Attributes:
        highest: the highest number the device ever gave, as far as it told.
        gapless: every number up to this one has an outcome.
        received: how many numbers have an outcome.
        missing: ranges without one, ascending, as far as `listed_to`.
        listed_to: every missing number up to this one is in `missing`; `highest` unless there are too many.
    """

    highest: int
    gapless: int
    received: int
    missing: tuple[Range, ...]
    listed_to: int


def numbering(
    runs: Sequence[Range], *, gapless: int, received: int, highest: int, most_ranges: int = MOST_RANGES
) -> Numbering:
    """The numbers of a device.

    Args:
        runs: of numbers with an outcome above `gapless`, ascending and apart from each other; either all of
            them or the first `most_ranges` + 2, which is more than are told.
        gapless: every number up to this one is known to have an outcome.
        received: how many numbers have one in all.
        highest: the highest number given; none of `runs` goes beyond.
        most_ranges: missing ranges that are told.
    """
    if runs and runs[0][0] == gapless + 1:
        gapless, runs = runs[0][1], runs[1:]
    missing = list(_between(runs, gapless, highest))
    told = missing[:most_ranges]
    return Numbering(
        highest=highest,
        gapless=gapless,
        received=received,
        missing=tuple(told),
        listed_to=highest if len(told) == len(missing) else told[-1][1],
    )


def _between(runs: Iterable[Range], gapless: int, highest: int) -> Iterable[Range]:
    reached = gapless
    for first, last in runs:
        yield reached + 1, first - 1
        reached = last
    if reached < highest:
        yield reached + 1, highest

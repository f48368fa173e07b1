"""What is released of opinions: blocks of answers, each shown once and never again in another company.

A *block* is the answers to one question in some sheets of one area. Whatever is published is a sum of blocks,
and each sheet's answer is in at most one block of its question, so no difference of published figures (of
areas, of releases, or of both) tells of fewer people than a block holds. Counts are rounded at random to a
multiple of `BASE` (unbiased, the method of Statistics New Zealand), drawn once and kept. A block is let out
only when

- at least `FEWEST_ANSWERS` sheets answer the question,
- beside any one answer, `FEWEST_OTHERS` are shown for the others: nobody is known by the company; and
- whoever adds up what is shown, and knows how many answered, is still unsure of each count (`UNSURE`).

The last two look at what is shown and not at what was counted, so that the rule itself tells nothing more; a
draw that does not meet them is drawn again. What cannot be let out waits for the next release in its area;
when the round is over it goes up to the constituency, the state and the nation, and what is too few or too
much alike even there is never shown. Another mechanism, a differentially private one say, takes the place of
`Rounding`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from mitra_shared.campaign.definition import CampaignDefinition, Level, Question, Round
from mitra_shared.ids import AreaCode
from reporting.domain.cells import ANSWERED
from reporting.domain.days import IST, day_of

FEWEST_ANSWERS: Final = 10
FEWEST_FOR_MEAN: Final = 20
BASE: Final = 3
FEWEST_OTHERS: Final = 2 * BASE
UNSURE: Final = 2
"""How far apart the least and the most that a count can be must be."""
DRAWS: Final = 20
STRAGGLING: Final = timedelta(days=7)
"""After the last day of answers, until what is left goes up: the sheets themselves go up in that time."""

Answers = Mapping[str, int]
"""How many sheets gave each answer; under `ANSWERED`, how many answered at all."""


class Mechanism(Protocol):
    """Makes of true counts the counts to show."""

    def __call__(self, counts: Answers) -> dict[str, int]:
        """A count to show for each answer, `ANSWERED` included."""
        ...


class Rounding:
    """Random rounding to a multiple of `BASE`: c is rounded up with the chance (c mod BASE) / BASE."""

    def __init__(self, draw: Callable[[int], int]) -> None:
        """`draw(n)` is an even chance of 0 to n - 1, unpredictable."""
        self._draw = draw

    def __call__(self, counts: Answers) -> dict[str, int]:
        """Each count by itself."""
        return {answer: self._rounded(count) for answer, count in sorted(counts.items())}

    def _rounded(self, count: int) -> int:
        rest = count % BASE
        return count - rest + (BASE if self._draw(BASE) < rest else 0)


class Block(NamedTuple):
    """Answers to one question in one area, as counted and as shown."""

    area: AreaCode
    question: str
    counted: Answers
    shown: Answers


class Due(NamedTuple):
    """A release that is to be made. In the closing one, what is left goes up."""

    closing: bool


def due_release(
    opinion_round: Round, now: datetime, last_made: datetime | None, every: timedelta
) -> Due | None:
    """Whether a release is due at the aware instant `now`; the closing one of a round is to be the last.

    Releases are made at multiples of `every` since midnight in India, once the round has begun.
    """
    if day_of(now) < opinion_round.opens_on:
        return None
    midnight = datetime.combine(date(2000, 1, 1), datetime.min.time(), IST)
    latest = midnight + (now - midnight) // every * every
    if last_made is not None and last_made >= latest:
        return None
    return Due(closing=day_of(latest) > opinion_round.closes_on + STRAGGLING)


def may_be_shown(shown: Answers, answered: int, *, one_each: bool) -> bool:
    """Whether a block may be let out as `shown`.

    Args:
        shown: counts to show.
        answered: how many sheets answer the question, in truth.
        one_each: whether a sheet gives one answer, so that the counts add up to `answered`.
    """
    given = {answer: count for answer, count in shown.items() if answer != ANSWERED}
    if answered < FEWEST_ANSWERS or not given:
        return False
    together = sum(given.values()) if one_each else shown[ANSWERED]
    if together - max(given.values()) < FEWEST_OTHERS:
        return False
    least = {answer: max(0, count - BASE + 1) for answer, count in given.items()}
    most = {answer: min(answered, count + BASE - 1) for answer, count in given.items()}
    if one_each:
        all_least, all_most = sum(least.values()), sum(most.values())
        least, most = (
            {answer: max(low, answered - all_most + most[answer]) for answer, low in least.items()},
            {answer: min(high, answered - all_least + least[answer]) for answer, high in most.items()},
        )
    return all(most[answer] - least[answer] >= UNSURE for answer in given)


def blocks_of(
    definition: CampaignDefinition,
    question: Question,
    waiting: Mapping[AreaCode, Answers],
    mechanism: Mechanism,
    *,
    closing: bool,
) -> Iterator[Block]:
    """The blocks to let out of what waits, by area; whatever is not in one of them goes on waiting."""
    left: dict[AreaCode, Counter[str]] = {area: Counter(answers) for area, answers in waiting.items()}
    for level in reversed(Level):
        for area in definition.at_level(level):
            answers = left.pop(area.code, None)
            if not answers:
                continue
            shown = _drawn(question, answers, mechanism)
            if shown is not None:
                yield Block(area.code, question.id, answers, shown)
            elif closing and area.parent is not None:
                left.setdefault(area.parent, Counter()).update(answers)


def _drawn(question: Question, answers: Answers, mechanism: Mechanism) -> Answers | None:
    one_each = question.kind != "multiple"
    for _ in range(DRAWS):
        shown = mechanism(answers)
        if may_be_shown(shown, answers.get(ANSWERED, 0), one_each=one_each):
            return shown
    return None

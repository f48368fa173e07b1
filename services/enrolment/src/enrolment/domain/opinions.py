"""Anonymous opinions: what a sheet may say, and when waiting sheets may be let out.

A sheet knows its round and segment and nothing of a person, a recruiter or an hour. It waits until at least
`FEWEST_TOGETHER` of its round and segment are there; when the round closes, the rest goes up to the
constituency, and what is too few even there is dropped and counted.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from enrolment.domain.areas import constituency_of
from enrolment.domain.refusals import Reason, Refusal
from enrolment.domain.rounds import open_round
from enrolment.domain.rules import OpinionRound, Question, Rules
from mitra_shared.ids import AreaCode

FEWEST_TOGETHER = 10
HIGHEST_ON_SCALE = 5

Answer = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaitingSheet:
    """An answer sheet in the pool; `answers` as they will travel."""

    round: str
    constituency: AreaCode
    segment: AreaCode
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Release:
    """A sheet on its way out, told for `area`: its segment, or its constituency once the round is closed."""

    sheet: WaitingSheet
    area: AreaCode


@dataclass(frozen=True, slots=True)
class Plan:
    """What to let out, in this order, and how many sheets of (round, constituency) to drop."""

    releases: tuple[Release, ...]
    dropped: Mapping[tuple[str, AreaCode], int]


def check_sheet(
    rules: Rules,
    *,
    round_id: str,
    segment: str,
    answers: Mapping[str, Answer],
    area: AreaCode | None,
    today: date,
) -> tuple[Refusal, ...]:
    """Every objection to a sheet: a segment elsewhere, a closed round, answers no question allows."""
    constituency = constituency_of(rules, segment, area=area)
    if isinstance(constituency, Refusal):
        return (constituency,)
    opinion_round = open_round(rules, round_id, today)
    if isinstance(opinion_round, Refusal):
        return (opinion_round,)
    return tuple(_answer_objections(opinion_round, answers))


def _answer_objections(opinion_round: OpinionRound, answers: Mapping[str, Answer]) -> Iterator[Refusal]:
    if not answers:
        yield Refusal(
            Reason.INVALID_ANSWER, "answers", "The sheet is empty.", "an answer to at least one question"
        )
    for number, (question_id, answer) in enumerate(answers.items(), start=1):
        question = opinion_round.questions.get(question_id)
        if question is None:
            # The key is whatever was sent, so it is not repeated.
            yield Refusal(
                Reason.INVALID_ANSWER,
                "answers",
                f"Answer {number} is to no question of the round.",
                f"answers to {', '.join(sorted(opinion_round.questions))}",
            )
        elif not _fits(question, answer):
            yield Refusal(
                Reason.INVALID_ANSWER,
                f"answers.{question_id}",
                "The question does not allow this answer.",
                _allowed(question),
            )


def _fits(question: Question, answer: Answer) -> bool:
    match question.kind:
        case "scale":
            return (
                isinstance(answer, int) and not isinstance(answer, bool) and 1 <= answer <= HIGHEST_ON_SCALE
            )
        case "multiple":
            return (
                isinstance(answer, tuple)
                and len(answer) == len(set(answer)) > 0
                and question.choices.issuperset(answer)
            )
        case _:
            return isinstance(answer, str) and answer in question.choices


def _allowed(question: Question) -> str:
    choices = ", ".join(sorted(question.choices))
    match question.kind:
        case "scale":
            return f"a whole number from 1 to {HIGHEST_ON_SCALE}"
        case "multiple":
            return f"a list of at least one, each once, of {choices}"
        case _:
            return f"one of {choices}"


def plan_release(
    waiting: Iterable[WaitingSheet],
    *,
    is_closed: Callable[[str], bool],
    shuffle: Callable[[list[Release]], None],
) -> Plan:
    """Decide what leaves the pool. Everything given and not in the plan's releases or drops stays.

    Args:
        waiting: sheets of one campaign.
        is_closed: whether a round takes no more answers.
        shuffle: puts the releases in random order, in place.
    """
    by_segment: defaultdict[tuple[str, AreaCode], list[WaitingSheet]] = defaultdict(list)
    for sheet in waiting:
        by_segment[sheet.round, sheet.segment].append(sheet)
    releases: list[Release] = []
    rest: defaultdict[tuple[str, AreaCode], list[WaitingSheet]] = defaultdict(list)
    for (round_id, segment), sheets in by_segment.items():
        if len(sheets) >= FEWEST_TOGETHER:
            releases += (Release(sheet, segment) for sheet in sheets)
        elif is_closed(round_id):
            rest[round_id, sheets[0].constituency] += sheets
    dropped: Counter[tuple[str, AreaCode]] = Counter()
    for (round_id, constituency), sheets in rest.items():
        if len(sheets) >= FEWEST_TOGETHER:
            releases += (Release(sheet, constituency) for sheet in sheets)
        else:
            dropped[round_id, constituency] = len(sheets)
    shuffle(releases)
    return Plan(tuple(releases), dropped)

"""Rounds of questions: dates in order, questions that can be answered, nothing asked that must not be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from mitra_shared.campaign.check.mistakes import Findings
from mitra_shared.campaign.check.origins import Origin, Written
from mitra_shared.campaign.check.subjects import WHY, forbidden_field, forbidden_in
from mitra_shared.campaign.definition import Names, Question

FEWEST_CHOICES = 2


@dataclass(slots=True)
class WrittenRound:
    """A round as far as it could be read: a mistake in one part leaves the others to be checked."""

    origin: Origin
    id: str | None = None
    name: Names | None = None
    opens_on: date | None = None
    closes_on: date | None = None
    questions: list[Written[Question]] = field(default_factory=list)


def check_rounds(
    rounds: Sequence[WrittenRound], starts_on: date | None, target_date: date | None, findings: Findings
) -> None:
    """Notes every mistake in the rounds."""
    seen: dict[str, WrittenRound] = {}
    for one in rounds:
        if one.id is not None and seen.setdefault(one.id, one) is not one:
            findings.add(one.origin.place("id"), f"the round {one.id!r} is there already", "an id of its own")
        _check_dates(one, starts_on, target_date, findings)
        _check_questions(one, findings)
        _check_languages(one, findings)
    _check_overlaps(rounds, findings)


def _check_dates(
    one: WrittenRound, starts_on: date | None, target_date: date | None, findings: Findings
) -> None:
    if one.opens_on and one.closes_on and one.closes_on < one.opens_on:
        findings.add(
            one.origin.place("closes_on"),
            f"it closes on {one.closes_on}, before it opens on {one.opens_on}",
            f"{one.opens_on} or later",
        )
    if one.opens_on and starts_on and one.opens_on < starts_on:
        findings.add(
            one.origin.place("opens_on"),
            f"it opens on {one.opens_on}, before the campaign starts",
            f"{starts_on} or later",
        )
    if one.closes_on and target_date and one.closes_on > target_date:
        findings.add(
            one.origin.place("closes_on"),
            f"it closes on {one.closes_on}, after the campaign's target date",
            f"{target_date} or earlier",
        )


def _check_overlaps(rounds: Sequence[WrittenRound], findings: Findings) -> None:
    dated = [(one.opens_on, one.closes_on, one) for one in rounds if one.opens_on and one.closes_on]
    dated = sorted((r for r in dated if r[0] <= r[1]), key=lambda r: (r[0], r[1]))
    for (_, closed, earlier), (opens, _, later) in pairwise(dated):
        if opens <= closed:
            findings.add(
                later.origin.place("opens_on"),
                f"it opens on {opens}, while {earlier.id or 'another round'!r} is open until {closed}",
                "a day after that: one round is open at a time",
            )


def _check_questions(one: WrittenRound, findings: Findings) -> None:
    ids: set[str] = set()
    for question in one.questions:
        value, origin = question.value, question.origin
        if value.id in ids:
            findings.add(
                origin.place("id"), f"the question {value.id!r} is there already", "an id of its own"
            )
        ids.add(value.id)
        if value.kind == "scale" and value.choices:
            findings.add(
                origin.place("choices"),
                "a question of kind 'scale' has choices",
                "no choices (it is answered 1 to 5), or kind 'single'",
            )
        if value.kind != "scale" and len(value.choices) < FEWEST_CHOICES:
            findings.add(
                origin.place("choices") if value.choices else origin.place(),
                f"a question of kind {value.kind!r} with {len(value.choices) or 'no'} choice(s)",
                f"at least {FEWEST_CHOICES} choices, or kind 'scale'",
            )
        choices: set[str] = set()
        for index, choice in enumerate(value.choices):
            if choice.id in choices:
                findings.add(
                    origin.place("choices", index),
                    f"the choice {choice.id!r} is there already",
                    "an id of its own",
                )
            choices.add(choice.id)
        _check_subject(question, findings)


def _check_subject(question: Written[Question], findings: Findings) -> None:
    value = question.value
    for given in (value.id, *(choice.id for choice in value.choices)):
        if subject := forbidden_field(given):
            findings.add(question.origin.place("id"), f"{given!r} is about {subject}", WHY)
    if found := forbidden_in(_texts(value)):
        findings.add(question.origin.place("text"), f"the question is about {found[1]} ({found[0]!r})", WHY)


def _texts(question: Question) -> Iterator[Names]:
    yield question.text
    yield from (choice.label for choice in question.choices)


def _check_languages(one: WrittenRound, findings: Findings) -> None:
    """A round is asked in a language as a whole or not at all."""
    named = [] if one.name is None else [(one.origin.place("name"), one.name)]
    for question in one.questions:
        named.append((question.origin.place("text"), question.value.text))
        named.extend(
            (question.origin.place("choices", index, "label"), choice.label)
            for index, choice in enumerate(question.value.choices)
        )
    for language in ("hi", "ur"):
        lacking = [place for place, names in named if not getattr(names, language)]
        if len(lacking) < len(named):
            for place in lacking:
                findings.add(
                    place, f"it has no {language!r}, and other texts of the round do", f"add {language}"
                )

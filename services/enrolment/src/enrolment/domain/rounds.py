"""Which round is meant, and whether it is open: the same for answers, due lists and calls."""

from datetime import date

from enrolment.domain.refusals import Reason, Refusal
from enrolment.domain.rules import OpinionRound, Rules


def known_round(rules: Rules, round_id: str) -> OpinionRound | Refusal:
    """The round of that id, or the objection that there is none."""
    found = rules.rounds.get(round_id)
    if found is None:
        return Refusal(
            Reason.UNKNOWN_ROUND,
            "round",
            "The campaign has no round of this id.",
            f"one of {', '.join(sorted(rules.rounds)) or '(no round is planned)'}",
        )
    return found


def open_round(rules: Rules, round_id: str, today: date) -> OpinionRound | Refusal:
    """The round of that id, or the objection that there is none or that it is not open on `today`."""
    found = known_round(rules, round_id)
    if isinstance(found, Refusal) or found.is_open(today):
        return found
    return _not_open(found)


def begun_round(rules: Rules, round_id: str, today: date) -> OpinionRound | Refusal:
    """The round of that id, which may be over, or the objection that there is none or it has not begun."""
    found = known_round(rules, round_id)
    if isinstance(found, Refusal) or found.opens_on <= today:
        return found
    return _not_open(found)


def _not_open(planned: OpinionRound) -> Refusal:
    return Refusal(
        Reason.ROUND_NOT_OPEN,
        "round",
        "The round is not open today.",
        f"a day from {planned.opens_on} to {planned.closes_on} in India",
    )

"""Rounds of contact: what came of a call or a visit, on which days it may be told, and how contacts count.

A contact has a day and no hour. Several of one person on one day have no order; what was decided weighs more
than what was put off, and that more than an attempt.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, NewType
from uuid import UUID

from enrolment.domain.refusals import Reason, Refusal
from enrolment.domain.rules import OpinionRound
from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId

ContactId = NewType("ContactId", UUID)

LONGEST_BACK: Final = timedelta(days=31)
"""How long after its day a contact is taken: phones are offline for long."""


class Outcome(StrEnum):
    """What came of it."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    CALL_LATER = "call_later"
    WRONG_NUMBER = "wrong_number"
    ASKED_TO_STOP = "asked_to_stop"
    """Withdraws the person."""


WAS_REACHED: Final = frozenset({Outcome.REACHED, Outcome.ASKED_TO_STOP})
SETTLED: Final = WAS_REACHED | {Outcome.WRONG_NUMBER}
"""After these nobody is due any more in the round."""


class PreferredTime(StrEnum):
    """When a person likes to be called."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True, slots=True)
class Contact:
    """What a member of staff tells of one contact."""

    id: ContactId
    mitra: MitraId
    round: str
    day: date
    outcome: Outcome
    call_on: date | None
    preferred_time: PreferredTime | None


def check_contact(
    contact: Contact, planned: OpinionRound, *, enrolled_on: date, today: date
) -> tuple[Refusal, ...]:
    """Every objection to a contact of somebody who was enrolled on that day. Days are those of India."""
    return (
        *_day_objections(contact.day, planned, enrolled_on=enrolled_on, today=today),
        *_call_objections(contact, planned),
    )


def _day_objections(
    day: date, planned: OpinionRound, *, enrolled_on: date, today: date
) -> tuple[Refusal, ...]:
    earliest = max(planned.opens_on, enrolled_on, today - LONGEST_BACK)
    latest = min(planned.closes_on, today)
    if earliest <= day <= latest:
        return ()
    if day > today:
        what = "The day is yet to come in India."
    elif not planned.is_open(day):
        what = "The round was not open on that day."
    elif day < enrolled_on:
        what = "The person was not enrolled on that day."
    else:
        what = f"The day is more than {LONGEST_BACK.days} days ago."
    right = (
        f"a day from {earliest} to {latest} in India"
        if earliest <= latest
        else f"a day of the round, {planned.opens_on} to {planned.closes_on}, that is not yet to come"
    )
    return (Refusal(Reason.INVALID_CONTACT, "day", what, right),)


def _call_objections(contact: Contact, planned: OpinionRound) -> tuple[Refusal, ...]:
    promised = contact.call_on
    if contact.outcome is not Outcome.CALL_LATER:
        if promised is None:
            return ()
        what, right = "A day to call on goes with the outcome call_later alone.", "no value"
    elif promised is not None and contact.day < promised <= planned.closes_on:
        return ()
    else:
        what = "The day to call on is missing." if promised is None else "Nobody can be called on that day."
        right = f"a day after {contact.day}, at the latest {planned.closes_on}"
    return (Refusal(Reason.INVALID_CONTACT, "call_on", what, right),)


class Group(NamedTuple):
    """Contacts that are counted together."""

    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    round: str
    staff: StaffId
    day: date


class Countable(NamedTuple):
    """A contact as far as it is counted."""

    id: ContactId
    mitra: MitraId
    group: Group
    outcome: Outcome


class Tally(NamedTuple):
    """Attempts of each group, people reached for the first time, and the contacts that reached them."""

    attempts: Mapping[Group, int]
    reached: Mapping[Group, int]
    first: frozenset[ContactId]


def tally(contacts: Iterable[Countable], reached_before: Collection[tuple[MitraId, str]]) -> Tally:
    """Count contacts; a person counts as reached once in a round, with the earliest contact that is here.

    Args:
        contacts: of days that are over, none counted before.
        reached_before: people who are counted as reached, with the round.
    """
    attempts: Counter[Group] = Counter()
    reached: Counter[Group] = Counter()
    first: set[ContactId] = set()
    known = set(reached_before)
    for contact in sorted(contacts, key=lambda each: (each.group.day, each.id)):
        attempts[contact.group] += 1
        person = contact.mitra, contact.group.round
        if contact.outcome in WAS_REACHED and person not in known:
            known.add(person)
            first.add(contact.id)
            reached[contact.group] += 1
    return Tally(attempts, reached, frozenset(first))

"""Events to differences of counts: the whole arithmetic of reporting, as one pure fold.

The consumers hand a batch in, `storage.counters` writes what comes out. Every cell names the partition it
came from and every metric belongs to one topic, so what one partition of a topic added can be taken away.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, assert_never

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.contracts.events import (
    CampaignDefinedV1,
    CertificateCorrectedV1,
    CertificateHandedOverV1,
    CertificateIssuedV1,
    CertificateReissuedV1,
    CertificateRevokedV1,
    CertificatesDispatchedV1,
    CertificatesPrintedV1,
    CertificateWaitlistedV1,
    DiscussionFigures,
    MitraClearedV1,
    MitraCorrectedV1,
    MitraEnrolledV1,
    MitraErasedV1,
    MitraWithdrawnV1,
    OpinionReleasedV1,
    PlacesRaisedV1,
    PlacesReservedV1,
    ProgrammeDiscussedV1,
    ProgrammeFigures,
    ProgrammeReportedV1,
)
from mitra_shared.contracts.field_events import ContactsCountedV1, OutreachFigures, OutreachReportedV1
from mitra_shared.ids import CampaignId, Partition
from reporting.domain.cells import (
    ADDED_PREFIX,
    ANSWERED,
    REMOVED_PREFIX,
    SCHEME_PREFIX,
    TOPIC_PREFIX,
    AnswerCell,
    ContactCounts,
    Counted,
    DayCell,
    Difference,
    FieldworkCell,
    PlacesChanged,
    RecruiterCell,
    RoundCell,
    TotalCell,
)
from reporting.domain.days import IST, day_of

CountedEvent = (
    CampaignDefinedV1
    | MitraEnrolledV1
    | MitraCorrectedV1
    | MitraWithdrawnV1
    | MitraErasedV1
    | MitraClearedV1
    | OpinionReleasedV1
    | CertificateIssuedV1
    | CertificateWaitlistedV1
    | CertificateRevokedV1
    | CertificateReissuedV1
    | CertificateCorrectedV1
    | PlacesRaisedV1
    | PlacesReservedV1
    | CertificatesPrintedV1
    | CertificatesDispatchedV1
    | CertificateHandedOverV1
    | ProgrammeReportedV1
    | ProgrammeDiscussedV1
    | ContactsCountedV1
    | OutreachReportedV1
)

_BASIS: Final = {"beneficiary": str(Counted.BENEFICIARIES), "admirer": str(Counted.ADMIRERS)}
_ENROLLED: Final = str(Counted.ENROLLED)


def difference(  # noqa: C901, PLR0912, PLR0915 - one exhaustive match: no event is counted twice or not at all
    events: Iterable[tuple[Partition, CountedEvent]],
) -> Difference:
    """Fold a batch, each event with the partition it stands in. The order decides nothing but definitions."""
    days: Counter[DayCell] = Counter()
    recruiters: Counter[RecruiterCell] = Counter()
    fieldwork: Counter[FieldworkCell] = Counter()
    rounds: dict[RoundCell, ContactCounts] = {}
    answers: Counter[AnswerCell] = Counter()
    definitions: dict[tuple[Partition, CampaignId], CampaignDefinition] = {}
    places: dict[TotalCell, PlacesChanged] = {}
    for partition, event in events:
        match event:
            case MitraEnrolledV1(campaign=campaign, segment=segment):
                at = event.occurred_at.astimezone(IST)
                day = at.date()
                recruiters[RecruiterCell(partition, campaign, segment, event.recruiter, day, at.hour)] += 1
                days[DayCell(partition, campaign, segment, day, _ENROLLED)] += 1
                days[DayCell(partition, campaign, segment, day, _BASIS[event.basis])] += 1
                for scheme in event.schemes:
                    days[DayCell(partition, campaign, event.constituency, day, SCHEME_PREFIX + scheme)] += 1
            case MitraCorrectedV1():
                days.update(_of_correction(partition, event))
            case MitraWithdrawnV1():
                days[_at(partition, event, Counted.WITHDRAWN)] += 1
            case MitraErasedV1() | MitraClearedV1() | CertificateReissuedV1() | CertificateCorrectedV1():
                pass
            case ContactsCountedV1(campaign=campaign, segment=segment):
                of_round = RoundCell(partition, campaign, segment, event.round)
                made = ContactCounts(event.attempts, event.reached)
                rounds[of_round] = rounds.get(of_round, ContactCounts()).plus(made)
                _add_fieldwork(days, fieldwork, partition, event, _of_contacts(event))
            case OutreachReportedV1():
                _add_fieldwork(days, fieldwork, partition, event, _of_outreach(event))
            case PlacesRaisedV1(campaign=campaign, area=area):
                pool = TotalCell(partition, campaign, area)
                places[pool] = places.get(pool, PlacesChanged()).plus(event.by, 0)
            case PlacesReservedV1(campaign=campaign, area=area):
                pool = TotalCell(partition, campaign, area)
                places[pool] = places.get(pool, PlacesChanged()).plus(0, event.places)
            case CertificateIssuedV1():
                had_waited = event.previous == "waitlisted"
                days[_at(partition, event, Counted.PROMOTED if had_waited else Counted.DECIDED)] += 1
            case CertificateWaitlistedV1():
                days[_at(partition, event, Counted.DECIDED)] += 1
            case CertificateRevokedV1():
                days[_at(partition, event, Counted.REVOKED)] += 1
                days[_at(partition, event, Counted.NEVER_DECIDED)] += event.previous == "held"
            case OpinionReleasedV1():
                cell = DayCell(partition, event.campaign, event.area, event.day, str(Counted.OPINIONS))
                days[cell] += 1
                answers.update(_answers(partition, event))
            case CertificatesPrintedV1():
                days[_at(partition, event, Counted.PRINTED)] += event.count
            case CertificatesDispatchedV1():
                days[_at(partition, event, Counted.DISPATCHED)] += event.count
            case CertificateHandedOverV1():
                days[_at(partition, event, Counted.HANDED_OVER)] += 1
            case ProgrammeReportedV1():
                days.update(_of_programme(partition, event))
            case ProgrammeDiscussedV1():
                days.update(_of_discussion(partition, event))
            case CampaignDefinedV1(definition=definition):
                known = definitions.get((partition, definition.id))
                if known is None or definition.supersedes(known):
                    definitions[partition, definition.id] = definition
            case _:
                assert_never(event)
    changed = {pool: change for pool, change in places.items() if any(change)}
    counted = {cell: count for cell, count in days.items() if count}
    done = {cell: count for cell, count in fieldwork.items() if count}
    return Difference(counted, recruiters, done, rounds, answers, definitions, changed)


def _at(
    partition: Partition,
    event: MitraWithdrawnV1
    | CertificateIssuedV1
    | CertificateWaitlistedV1
    | CertificateRevokedV1
    | CertificatesPrintedV1
    | CertificatesDispatchedV1
    | CertificateHandedOverV1,
    metric: Counted,
) -> DayCell:
    return DayCell(partition, event.campaign, event.segment, day_of(event.occurred_at), str(metric))


def _of_correction(partition: Partition, event: MitraCorrectedV1) -> Iterator[DayCell]:
    """The schemes that came and went, each once."""
    if event.schemes is None:
        return
    now, before = frozenset(event.schemes.schemes), frozenset(event.schemes.previous)
    day = day_of(event.occurred_at)
    for prefix, codes in ((ADDED_PREFIX, now - before), (REMOVED_PREFIX, before - now)):
        for code in codes:
            yield DayCell(partition, event.campaign, event.constituency, day, prefix + code)


def _answers(partition: Partition, event: OpinionReleasedV1) -> Iterator[AnswerCell]:
    """The cells that a sheet adds one to. What a question does not allow is counted as it was told."""
    for question, answer in event.answers.items():
        told = answer if isinstance(answer, tuple) else (str(answer),)
        for each in (ANSWERED, *dict.fromkeys(told)):
            yield AnswerCell(partition, event.campaign, event.area, event.round, question, each)


_NO_FIGURES: Final = ProgrammeFigures(presented=0, beneficiaries=0)


def _of_programme(partition: Partition, event: ProgrammeReportedV1) -> Mapping[DayCell, int]:
    """What a report adds to the constituency on the programme's day; a corrected one adds the difference."""
    before = event.previous or _NO_FIGURES
    counts = {
        Counted.PROGRAMMES: int(event.previous is None),
        Counted.PRESENTED: event.figures.presented - before.presented,
        Counted.JOINED: event.figures.beneficiaries - before.beneficiaries,
    }
    return {
        DayCell(partition, event.campaign, event.constituency, event.held_on, str(metric)): count
        for metric, count in counts.items()
    }


_NO_DISCUSSION: Final = DiscussionFigures(attendance=0, topics={})


def _of_discussion(partition: Partition, event: ProgrammeDiscussedV1) -> Mapping[DayCell, int]:
    """Who came and what was talked about, on the programme's day; a corrected report adds the difference."""
    now, before = event.figures, event.previous or _NO_DISCUSSION
    counts = {str(Counted.ATTENDANCE): now.attendance - before.attendance}
    for topic in now.topics.keys() | before.topics.keys():
        counts[TOPIC_PREFIX + topic] = now.topics.get(topic, 0) - before.topics.get(topic, 0)
    return {
        DayCell(partition, event.campaign, event.constituency, event.held_on, metric): count
        for metric, count in counts.items()
    }


def _of_contacts(event: ContactsCountedV1) -> Mapping[Counted, int]:
    return {Counted.ATTEMPTED: event.attempts, Counted.REACHED: event.reached}


_NO_OUTREACH: Final = OutreachFigures(meetings=0, people_met=0)


def _of_outreach(event: OutreachReportedV1) -> Mapping[Counted, int]:
    """What a report adds; a corrected one adds the difference."""
    now, before = event.figures, event.previous or _NO_OUTREACH
    return {
        Counted.MEETINGS: now.meetings - before.meetings,
        Counted.MET: now.people_met - before.people_met,
    }


def _add_fieldwork(
    days: Counter[DayCell],
    fieldwork: Counter[FieldworkCell],
    partition: Partition,
    event: ContactsCountedV1 | OutreachReportedV1,
    counts: Mapping[Counted, int],
) -> None:
    """Count the same for the segment's day and for the member of staff."""
    for metric, count in counts.items():
        at = (partition, event.campaign, event.segment)
        days[DayCell(*at, event.day, str(metric))] += count
        fieldwork[FieldworkCell(*at, event.staff, event.day, str(metric))] += count

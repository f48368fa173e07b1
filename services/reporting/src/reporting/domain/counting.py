"""Events to differences of counts: the whole arithmetic of reporting, as one pure fold.

The consumers hand a batch in, `storage.counters` writes what comes out. Every cell names the partition it
came from and every metric belongs to one topic, so what one partition of a topic added can be taken away.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple, assert_never

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
    MitraClearedV1,
    MitraCorrectedV1,
    MitraEnrolledV1,
    MitraErasedV1,
    MitraWithdrawnV1,
    OpinionReleasedV1,
    PlacesRaisedV1,
    PlacesReservedV1,
    ProgrammeFigures,
    ProgrammeReportedV1,
)
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, Topic
from mitra_shared.ids import AreaCode, CampaignId, Partition, StaffId
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
)


class Counted(StrEnum):
    """What is counted of every leaf. All of it is gross: it only ever grows, whoever withdraws.

    But for what is told of a programme, which a corrected report replaces.

    `DECIDED` are certificates that were issued or waitlisted for the first time. Those who withdrew before
    that are `NEVER_DECIDED`. `PROMOTED` were issued after they had waited. `PRINTED`, `DISPATCHED` and
    `HANDED_OVER` are papers: a certificate that was issued anew is on two. `PRESENTED` were handed over at a
    programme, and `JOINED` are the beneficiaries in its discussion.
    """

    ENROLLED = "enrolled"
    WITHDRAWN = "withdrawn"
    BENEFICIARIES = "basis:beneficiary"
    ADMIRERS = "basis:admirer"
    DECIDED = "certificates:decided"
    NEVER_DECIDED = "certificates:never_decided"
    PROMOTED = "certificates:promoted"
    REVOKED = "certificates:revoked"
    OPINIONS = "opinions"
    PRINTED = "custody:printed"
    DISPATCHED = "custody:dispatched"
    HANDED_OVER = "custody:handed_over"
    PROGRAMMES = "programmes:held"
    PRESENTED = "programmes:presented"
    JOINED = "programmes:beneficiaries"


SCHEME_PREFIX: Final = "scheme:"
"""Daily counts of a scheme are `scheme:<code>`, and their leaf is the constituency: nothing finer is kept."""

ADDED_PREFIX: Final = "scheme_added:"
REMOVED_PREFIX: Final = "scheme_removed:"
"""So many people's records got or lost the scheme by a correction, on the day of the correction.

What was told at the enrolment stays counted, and its day as it was shown: a figure that moved by one, or was
made of both, would tell of the one person who asked.
"""

OF_SCHEMES: Final = (SCHEME_PREFIX, ADDED_PREFIX, REMOVED_PREFIX)

METRICS_OF: Final[Mapping[Topic, tuple[Counted, ...]]] = {
    ENROLMENT: (Counted.ENROLLED, Counted.WITHDRAWN, Counted.BENEFICIARIES, Counted.ADMIRERS),
    CERTIFICATES: (Counted.DECIDED, Counted.NEVER_DECIDED, Counted.PROMOTED, Counted.REVOKED),
    OPINIONS: (Counted.OPINIONS,),
    CUSTODY: (
        Counted.PRINTED,
        Counted.DISPATCHED,
        Counted.HANDED_OVER,
        Counted.PROGRAMMES,
        Counted.PRESENTED,
        Counted.JOINED,
    ),
}
_BASIS: Final = {"beneficiary": str(Counted.BENEFICIARIES), "admirer": str(Counted.ADMIRERS)}
_ENROLLED: Final = str(Counted.ENROLLED)


class DayCell(NamedTuple):
    """One count of one leaf on one day."""

    partition: Partition
    campaign: CampaignId
    area: AreaCode
    day: date
    metric: str


class TotalCell(NamedTuple):
    """One leaf; its counts are kept together."""

    partition: Partition
    campaign: CampaignId
    area: AreaCode


class RecruiterCell(NamedTuple):
    """Enrolments of one recruiter in one segment in one hour (India) of one day."""

    partition: Partition
    campaign: CampaignId
    area: AreaCode
    recruiter: StaffId
    day: date
    hour: int


class AnswerCell(NamedTuple):
    """One answer to one question in the sheets that were let out for one area.

    `answer` is the id of a choice, or a scale's number as text; `ANSWERED` counts the sheets that answer the
    question at all.
    """

    partition: Partition
    campaign: CampaignId
    area: AreaCode
    round: str
    question: str
    answer: str


ANSWERED: Final = ""


class PlacesChanged(NamedTuple):
    """What the quota desk changed of one area: places beside the quota, and places kept for programmes."""

    raised: int = 0
    reserved: int = 0

    def plus(self, raised: int, reserved: int) -> "PlacesChanged":
        """With so many more of each."""
        return PlacesChanged(self.raised + raised, self.reserved + reserved)


class Difference(NamedTuple):
    """What a batch changes: counts by cell, the newest definition per partition, places per pool."""

    days: Mapping[DayCell, int]
    recruiters: Mapping[RecruiterCell, int]
    answers: Mapping[AnswerCell, int]
    definitions: Mapping[tuple[Partition, CampaignId], CampaignDefinition]
    places: Mapping[TotalCell, PlacesChanged]

    def totals(self) -> Mapping[TotalCell, Counter[str]]:
        """The same counts without the day: schemes are left out, they have no total."""
        totals: dict[TotalCell, Counter[str]] = {}
        for cell, count in self.days.items():
            if not cell.metric.startswith(OF_SCHEMES):
                leaf = TotalCell(cell.partition, cell.campaign, cell.area)
                totals.setdefault(leaf, Counter())[cell.metric] += count
        return totals


def difference(  # noqa: C901, PLR0912, PLR0915 - one exhaustive match: no event is counted twice or not at all
    events: Iterable[tuple[Partition, CountedEvent]],
) -> Difference:
    """Fold a batch, each event with the partition it stands in. The order decides nothing but definitions."""
    days: Counter[DayCell] = Counter()
    recruiters: Counter[RecruiterCell] = Counter()
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
            case CampaignDefinedV1(definition=definition):
                known = definitions.get((partition, definition.id))
                if known is None or definition.supersedes(known):
                    definitions[partition, definition.id] = definition
            case _:
                assert_never(event)
    changed = {pool: change for pool, change in places.items() if any(change)}
    counted = {cell: count for cell, count in days.items() if count}
    return Difference(counted, recruiters, answers, definitions, changed)


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

"""What the service listens to: the enrolment log. Events in, commands out, nothing decided here."""

from collections import deque
from collections.abc import Sequence
from typing import assert_never

from faststream.redis import RedisBroker

from certificates.commands.carry_out import carry_out_again, due
from certificates.commands.decide_certificates import DecideCertificates, decide_certificates
from certificates.commands.erase_holders import erase_holders
from certificates.commands.forget_partition import forget_partition
from certificates.commands.redefine_campaign import RedefineCampaign, redefine_campaign
from certificates.domain.certificate import Cause
from certificates.domain.happenings import Cleared, Corrected, Enrolled, Happening, Withdrawn
from certificates.domain.pool import IssueOn, Plan, PlannedSegment, PoolLevel, Terms
from certificates.storage.desk_entries import DeskEntry
from certificates.storage.tables import GROUP
from certificates.wire import certificate_id_of
from mitra_shared.campaign.definition import CampaignDefinition, Level, Metric
from mitra_shared.consume.feeding import Delivery, Feed, subscriber
from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.contracts.events import (
    CampaignDefinedV1,
    EnrolmentEvent,
    MitraClearedV1,
    MitraCorrectedV1,
    MitraEnrolledV1,
    MitraErasedV1,
    MitraWithdrawnV1,
)
from mitra_shared.contracts.field_events import ContactsCountedV1, OutreachReportedV1
from mitra_shared.contracts.topics import ENROLMENT, partition_of
from mitra_shared.ids import MitraId, Partition
from mitra_shared.log import Place, UnitOfWork
from mitra_shared.security.lookup import KeyedHash


def consumer_group(broker: RedisBroker, key: KeyedHash) -> ConsumerGroup:
    """Declare what the service listens to on `broker`; certificate ids are derived with `key`."""

    @subscriber(broker, ENROLMENT)
    async def on_enrolment(events: list[EnrolmentEvent], delivery: Delivery) -> None:
        """Enrolments, corrections, withdrawals, clearances and definitions become certificates."""
        await apply(events, delivery, key)

    async def erase(unit: UnitOfWork, mitras: Sequence[MitraId]) -> None:
        await erase_holders(unit, [certificate_id_of(mitra, key) for mitra in mitras])

    return ConsumerGroup(name=GROUP, broker=broker, topics=(ENROLMENT,), forget=forget_partition, erase=erase)


async def apply(events: Sequence[EnrolmentEvent], delivery: Feed, key: KeyedHash) -> None:
    """Carry out a batch: runs between campaign definitions, each definition at its place.

    In a replay the decisions of the desk are carried out again, each before the first event that stands
    beyond the one it was taken after: that one may itself be a dead letter.
    """
    waiting = deque(await due(delivery.unit, delivery.places))
    run: list[Happening] = []
    for event, place in zip(events, delivery.places, strict=True):
        decided = _before(waiting, place)
        if decided or isinstance(event, CampaignDefinedV1):
            await decide_certificates(delivery.unit, DecideCertificates(run))
            run = []
            await carry_out_again(delivery.unit, decided)
        if isinstance(event, CampaignDefinedV1):
            await redefine_campaign(delivery.unit, redefinition(event, place))
        elif not isinstance(event, MitraErasedV1 | ContactsCountedV1 | OutreachReportedV1):
            run.append(happening(event, place, key))
    await decide_certificates(delivery.unit, DecideCertificates(run))
    await carry_out_again(delivery.unit, waiting)


def _before(waiting: deque[DeskEntry], place: Place) -> Sequence[DeskEntry]:
    """Take out what was decided after an earlier place than this one."""
    decided: list[DeskEntry] = []
    while waiting and waiting[0].after < place:
        decided.append(waiting.popleft())
    return decided


def happening(
    event: MitraEnrolledV1 | MitraCorrectedV1 | MitraWithdrawnV1 | MitraClearedV1,
    place: Place,
    key: KeyedHash,
) -> Happening:
    """What an event about a Mitra tells."""
    about = (
        place.partition,
        event.campaign,
        event.mitra_id,
        event.segment,
        Cause(event.event_id, place.position, event.occurred_at),
    )
    match event:
        case MitraEnrolledV1():
            certificate_id = certificate_id_of(event.mitra_id, key)
            return Enrolled(
                *about,
                event.constituency,
                certificate_id,
                event.holder_name,
                event.language,
                event.recruiter,
            )
        case MitraCorrectedV1(language=language):
            return Corrected(
                *about, event.name_changed, event.holder_name, None if language is None else language.language
            )
        case MitraWithdrawnV1():
            return Withdrawn(*about)
        case MitraClearedV1():
            return Cleared(*about)
        case _:
            assert_never(event)


def redefinition(event: CampaignDefinedV1, place: Place) -> RedefineCampaign:
    """What a campaign definition plans for the constituencies of the partition it stands in."""
    return RedefineCampaign(
        place.partition,
        event.campaign,
        plan_of(event.definition, place.partition),
        event.definition,
        Cause(event.event_id, place.position, event.occurred_at),
    )


def plan_of(definition: CampaignDefinition, partition: Partition) -> Plan:
    """The segments and quotas of the constituencies that belong to `partition`."""
    level = definition.certificate_level()
    constituencies = [a for a in definition.at_level(Level.CONSTITUENCY) if partition_of(a.code) == partition]
    states = {a.code: definition.ancestor(a.code, Level.STATE).code for a in constituencies}
    segments = [
        PlannedSegment(area.code, area.parent, states[area.parent])
        for area in definition.at_level(Level.SEGMENT)
        if area.parent in states
    ]
    with_pools = (
        constituencies
        if level is Level.CONSTITUENCY
        else [definition.by_code[segment.code] for segment in segments]
    )
    quotas = {area.code: definition.goal_for(area, Metric.CERTIFICATES) for area in with_pools}
    return Plan(
        Terms(
            definition.version,
            IssueOn(definition.issuing.issue_on),
            definition.issuing.frozen,
            PoolLevel(level.value),
        ),
        segments,
        {code: goal.number for code, goal in quotas.items() if goal is not None},
    )

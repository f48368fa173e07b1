"""The auditor's own rules of issuing against the service's, on random stories: two minds, one outcome."""

import json

from hypothesis import given, settings

from certificates.domain.events import CertificateChange, CertificateCorrected
from certificates.domain.register import Register
from mitra_shared.contracts.event import MitraEvent
from mitra_shared.contracts.events import CampaignDefinedV1, EnrolmentEvent, LanguageCorrected
from mitra_shared.ids import Partition
from mitra_shared.log import Place
from mitra_shared.ops.audit.issuing import Ledger, Step, Told
from tests.certificates.stories import PARTITIONS, STORIES, Story, tell
from tests.certificates.test_register import Office


def as_told(change: CertificateChange) -> Told:
    return Told(
        f"{type(change).__name__}V1",
        change.mitra_id,
        change.constituency,
        change.segment,
        change.cause.occurred_at,
        getattr(change, "serial", None),
        None if isinstance(change, CertificateCorrected) or not change.previous else change.previous.value,
        revision=change.revision if isinstance(change, CertificateCorrected) else None,
    )


def take(ledger: Ledger, event: EnrolmentEvent, place: Place) -> list[Told]:
    if isinstance(event, CampaignDefinedV1):
        definition = json.loads(event.definition.model_dump_json())
        return ledger.define(definition, place.position, event.occurred_at)
    assert isinstance(event, MitraEvent)
    language = getattr(event, "language", None)
    return ledger.take(
        Step(
            place.position,
            type(event).__name__,
            event.mitra_id,
            event.occurred_at,
            event.constituency,
            event.segment,
            getattr(event, "holder_name", None),
            getattr(event, "name_changed", None),
            language.language if isinstance(language, LanguageCorrected) else language,
        )
    )


def rows_of(register: Register) -> dict[object, tuple[object, ...]]:
    return {
        c.mitra_id: (
            c.state.value,
            c.queue_position,
            c.serial,
            c.issued_at,
            c.revoked_at,
            c.segment,
            c.revision,
            c.holder_name,
            c.language,
        )
        for c in register.certificates.values()
    }


@given(STORIES)
@settings(max_examples=150, deadline=None)
def test_auditor_and_service_agree_on_every_story(story: Story) -> None:
    log = tell(story)
    for partition in PARTITIONS:
        office, ledger = Office(log, Partition(partition)), Ledger(partition)
        expected = [as_told(change) for change in office.hear()]
        told = [
            each
            for event, place in log.entries
            if place.partition == partition
            for each in take(ledger, event, place)
        ]
        assert told == expected
        assert {
            p.mitra: (
                p.state,
                p.turn,
                p.serial,
                p.issued_at,
                p.revoked_at,
                p.segment,
                p.revision,
                p.name,
                p.language,
            )
            for p in ledger.papers.values()
        } == rows_of(office.register)
        assert {area: (pool.quota, pool.taken) for area, pool in office.register.pools.items()} == {
            area: (ledger.quotas.get(area, 0), ledger.taken[area]) for area in ledger.pools
        }

"""The domain alone: quotas, serial numbers, the queue, freezes and changed definitions."""

from typing import Any

import pytest
from hypothesis import given, settings

from certificates.consumers import happening, redefinition
from certificates.domain.certificate import State, visible_number
from certificates.domain.events import (
    CertificateChange,
    CertificateCorrected,
    CertificateIssued,
    CertificateRevoked,
    CertificateWaitlisted,
)
from certificates.domain.register import MitraNotEnrolled, Register, SegmentNotInCampaign
from mitra_shared.contracts.events import CampaignDefinedV1, MitraErasedV1
from mitra_shared.contracts.field_events import ContactsCountedV1, OutreachReportedV1
from mitra_shared.contracts.topics import partition_of
from mitra_shared.ids import AreaCode, Partition
from tests.certificates.enrolment_log import CAMPAIGN, KEY, EnrolmentLog, mitra, quotas
from tests.certificates.naive import NaiveOffice
from tests.certificates.stories import PARTITIONS, STORIES, Story, tell
from tests.factories import small_campaign

HOME = partition_of("S11-PC04")


class Office:
    """A register that holds everything, fed from a log."""

    def __init__(self, log: EnrolmentLog, partition: Partition = HOME) -> None:
        self.log, self.partition, self.heard = log, partition, 0
        self.register = Register(CAMPAIGN)

    def hear(self) -> list[CertificateChange]:
        changes: list[CertificateChange] = []
        for event, place in self.log.entries[self.heard :]:
            if place.partition != self.partition:
                continue
            if isinstance(event, CampaignDefinedV1):
                command = redefinition(event, place)
                self._count_issued()
                redefined = self.register.redefine(command.plan, command.cause)
                changes += [change for change in redefined if isinstance(change, CertificateChange)]
            elif not isinstance(event, MitraErasedV1 | ContactsCountedV1 | OutreachReportedV1):
                changes += self.register.fold(happening(event, place, KEY))
        self.heard = len(self.log.entries)
        return changes

    def _count_issued(self) -> None:
        for segment in self.register.segments.values():
            segment.issued = sum(
                c.state is State.ISSUED and c.segment == segment.code
                for c in self.register.certificates.values()
            )

    def standing(self) -> list[tuple[str, int | None]]:
        of = sorted(self.register.certificates.values(), key=lambda c: c.enrolled_position)
        return [(c.state.value, c.serial) for c in of]


@pytest.fixture
def office(log: EnrolmentLog) -> Office:
    return Office(log)


def test_beyond_the_quota_people_wait(log: EnrolmentLog, office: Office) -> None:
    log.defined(goals=quotas(1))
    log.enrolled(1)
    log.enrolled(2)
    assert [type(change) for change in office.hear()] == [CertificateIssued, CertificateWaitlisted]
    assert office.standing() == [("issued", 1), ("waitlisted", None)]


def test_a_withdrawal_calls_the_one_who_waited_longest(log: EnrolmentLog, office: Office) -> None:
    log.defined(goals=quotas(1))
    for number in (1, 2, 3):
        log.enrolled(number)
    office.hear()
    log.withdrew(1)
    revoked, issued = office.hear()
    assert isinstance(revoked, CertificateRevoked)
    assert (revoked.previous, revoked.serial) == (State.ISSUED, 1)
    assert isinstance(issued, CertificateIssued)
    assert (issued.mitra_id, issued.previous, issued.serial) == (mitra(2), State.WAITLISTED, 2)
    assert issued.cause == revoked.cause


def test_a_number_is_never_given_twice(log: EnrolmentLog, office: Office) -> None:
    log.defined(goals=quotas(1))
    for number in (1, 2, 3):
        log.enrolled(number)
        log.withdrew(number)
    office.hear()
    assert office.standing() == [("revoked", 1), ("revoked", 2), ("revoked", 3)]


def test_each_segment_counts_its_own_numbers(log: EnrolmentLog, office: Office) -> None:
    log.defined(goals=quotas(5, "constituency"))
    log.enrolled(1, "S11-AC017")
    log.enrolled(2, "S11-AC018")
    log.enrolled(3, "S11-AC017")
    office.hear()
    assert office.standing() == [("issued", 1), ("issued", 1), ("issued", 2)]


def test_a_quota_of_a_constituency_is_shared_by_its_segments(log: EnrolmentLog, office: Office) -> None:
    log.defined(goals=quotas(1, "constituency"))
    log.enrolled(1, "S11-AC017")
    log.enrolled(2, "S11-AC018")
    log.withdrew(1, "S11-AC017")
    office.hear()
    assert office.standing() == [("revoked", 1), ("issued", 1)]


def test_whoever_waits_and_withdraws_is_passed_over(log: EnrolmentLog, office: Office) -> None:
    log.defined(goals=quotas(1))
    for number in (1, 2, 3):
        log.enrolled(number)
    log.withdrew(2)
    log.withdrew(1)
    office.hear()
    assert office.standing() == [("revoked", 1), ("revoked", None), ("issued", 2)]


def test_a_withdrawn_name_is_forgotten(log: EnrolmentLog, office: Office) -> None:
    log.defined()
    log.enrolled(1)
    log.withdrew(1)
    office.hear()
    assert office.register.certificates[mitra(1)].holder_name is None


def test_a_raised_quota_calls_as_many_as_it_has_room_for(log: EnrolmentLog, office: Office) -> None:
    log.defined(goals=quotas(1))
    for number in (1, 2, 3, 4):
        log.enrolled(number)
    log.defined(2, goals=quotas(3))
    office.hear()
    assert office.standing() == [("issued", 1), ("issued", 2), ("issued", 3), ("waitlisted", None)]


def test_a_lowered_quota_revokes_nothing_and_calls_nobody(log: EnrolmentLog, office: Office) -> None:
    log.defined(goals=quotas(3))
    for number in (1, 2, 3, 4):
        log.enrolled(number)
    log.defined(2, goals=quotas(1))
    log.withdrew(1)
    log.withdrew(2)
    office.hear()
    assert office.standing() == [("revoked", 1), ("revoked", 2), ("issued", 3), ("waitlisted", None)]
    log.withdrew(3)
    office.hear()
    assert office.standing()[-1] == ("issued", 4)


def test_a_freeze_holds_what_comes_and_its_end_decides_in_the_order_of_the_log(
    log: EnrolmentLog, office: Office
) -> None:
    log.defined(goals=quotas(2))
    for number in (1, 2, 3):
        log.enrolled(number)
    log.defined(2, goals=quotas(2), issuing={"frozen": True})
    log.enrolled(4)
    log.withdrew(1)
    log.enrolled(5)
    office.hear()
    assert office.standing() == [
        ("revoked", 1), ("issued", 2), ("waitlisted", None), ("held", None), ("held", None),
    ]  # fmt: skip
    log.defined(3, goals=quotas(3))
    changes = office.hear()
    assert [(type(c), c.mitra_id, last_of(c)) for c in changes] == [
        (CertificateIssued, mitra(3), State.WAITLISTED),
        (CertificateIssued, mitra(4), State.HELD),
        (CertificateWaitlisted, mitra(5), State.HELD),
    ]


def test_where_clearance_is_asked_for_the_cleared_are_served_first(log: EnrolmentLog, office: Office) -> None:
    log.defined(goals=quotas(1), issuing={"issue_on": "cleared"})
    for number in (1, 2, 3):
        log.enrolled(number)
    log.cleared(3)
    log.cleared(1)
    log.cleared(1)
    office.hear()
    assert office.standing() == [("waitlisted", None), ("held", None), ("issued", 1)]
    log.withdrew(3)
    office.hear()
    assert office.standing() == [("issued", 2), ("held", None), ("revoked", 1)]


def test_the_queue_is_in_the_order_of_clearance_not_of_enrolment(log: EnrolmentLog, office: Office) -> None:
    terms = {"issue_on": "cleared"}
    log.defined(goals=quotas(1), issuing=terms)
    for number in (1, 2, 3):
        log.enrolled(number)
    for number in (1, 3, 2):
        log.cleared(number)
    log.defined(2, goals=quotas(2), issuing=terms)
    office.hear()
    assert office.standing() == [("issued", 1), ("waitlisted", None), ("issued", 2)]


def test_when_clearance_is_no_longer_asked_for_the_held_come_in_the_order_of_enrolment(
    log: EnrolmentLog, office: Office
) -> None:
    log.defined(goals=quotas(2), issuing={"issue_on": "cleared"})
    for number in (1, 2, 3):
        log.enrolled(number)
    log.cleared(3)
    log.defined(2, goals=quotas(2))
    office.hear()
    assert office.standing() == [("issued", 2), ("waitlisted", None), ("issued", 1)]


def test_a_new_segment_has_places_from_its_definition_on(log: EnrolmentLog, office: Office) -> None:
    areas = [a for a in _areas() if a["code"] != "S11-AC017"]
    log.defined(goals=quotas(1), areas=areas)
    log.enrolled(1, "S11-AC018")
    office.hear()
    log.enrolled(2, "S11-AC017")
    with pytest.raises(SegmentNotInCampaign, match="S11-AC017"):
        office.hear()
    log.entries.pop()
    log.defined(2, goals=quotas(1))
    log.enrolled(2, "S11-AC017")
    office.hear()
    assert office.standing() == [("issued", 1), ("issued", 1)]


def test_a_segment_that_is_dropped_has_no_places_and_keeps_its_numbers(
    log: EnrolmentLog, office: Office
) -> None:
    log.defined(goals=quotas(2))
    log.enrolled(1)
    log.defined(2, goals=quotas(2), areas=[a for a in _areas() if a["code"] != "S11-AC017"])
    log.enrolled(2)
    log.defined(3, goals=quotas(2))
    office.hear()
    assert office.standing() == [("issued", 1), ("issued", 2)]


def test_an_older_definition_changes_nothing(log: EnrolmentLog, office: Office) -> None:
    log.defined(2, goals=quotas(1))
    log.defined(1, goals=quotas(9))
    log.enrolled(1)
    log.enrolled(2)
    office.hear()
    assert office.standing() == [("issued", 1), ("waitlisted", None)]


def test_a_mitra_told_twice_has_one_certificate(log: EnrolmentLog, office: Office) -> None:
    log.defined()
    log.enrolled(1)
    log.enrolled(1)
    log.withdrew(1)
    log.withdrew(1)
    log.enrolled(1)
    assert len(office.hear()) == 2
    assert office.standing() == [("revoked", 1)]


@pytest.mark.parametrize("tell_of", ["withdrew", "cleared"])
def test_nothing_may_be_told_of_somebody_never_enrolled(
    log: EnrolmentLog, office: Office, tell_of: str
) -> None:
    log.defined()
    getattr(log, tell_of)(1)
    with pytest.raises(MitraNotEnrolled, match=str(mitra(1))):
        office.hear()


def test_a_segment_of_another_constituency_is_refused(log: EnrolmentLog, office: Office) -> None:
    log.defined()
    log.enrolled(1, "S11-AC033", constituency=AreaCode("S11-PC04"))
    with pytest.raises(SegmentNotInCampaign, match="S11-AC033 in S11-PC04"):
        office.hear()


def test_numbers_are_shown_with_their_segment() -> None:
    assert visible_number(AreaCode("S11-AC032"), 7) == "S11-AC032-0007"
    assert visible_number(AreaCode("S11-AC032"), 12345) == "S11-AC032-12345"


@settings(max_examples=400, deadline=None)
@given(STORIES)
def test_any_story_ends_as_a_naive_reading_of_it(story: Story) -> None:
    log = tell(story)
    for partition in PARTITIONS:
        naive, office = NaiveOffice(partition), Office(EnrolmentLog(), partition)
        told: list[CertificateChange] = []
        for event, place in log.entries:
            if place.partition != partition:
                continue
            before = dict(naive_taken(naive))
            naive.hear(event, place.position)
            office.log.entries.append((event, place))
            told += office.hear()
            for area, taken in naive_taken(naive):
                if not isinstance(event, CampaignDefinedV1):
                    assert taken <= max(naive.quota(area), before[area])
                assert office.register.pools[area].taken == taken
        assert [
            (f"{type(c).__name__}V1", c.mitra_id, getattr(c, "serial", None), last_of(c)) for c in told
        ] == naive.log
        assert office.standing() == [(p.state, p.serial) for p in naive.people]
        for segment in {p.segment for p in naive.people}:
            serials = sorted(p.serial for p in naive.people if p.segment == segment and p.serial)
            assert serials == list(range(1, len(serials) + 1))


def last_of(change: CertificateChange) -> Any:
    """What the naive office says last of it."""
    return change.revision if isinstance(change, CertificateCorrected) else change.previous


def naive_taken(naive: NaiveOffice) -> list[tuple[AreaCode, int]]:
    return [(area, naive.taken(area)) for area in naive.pools()] if naive.heard else []


def _areas() -> list[dict[str, Any]]:
    return [area.model_dump() for area in small_campaign().areas]

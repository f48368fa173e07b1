"""The register of certificates: one campaign in one partition of the log, folded event by event.

It is loaded with what a run of events can touch (`certificates.storage.registers`), folded here, and what it
then lists as `added` and `changed` is written back (`certificates.storage.changes`). Nothing in it depends
on a clock or on chance, so a replay of the log gives the same certificates with the same numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import assert_never

from certificates.domain.certificate import Cause, Certificate, State
from certificates.domain.correcting import put_right
from certificates.domain.events import (
    CertificateChange,
    CertificateIssued,
    CertificateRevoked,
    CertificateWaitlisted,
    Change,
    PlacesChange,
)
from certificates.domain.happenings import Cleared, Corrected, Enrolled, Happening, Withdrawn
from certificates.domain.pool import BEFORE_THE_FIRST, IssueOn, Plan, Pool, PoolLevel, Segment, Terms
from certificates.domain.redrawing import carry_over
from mitra_shared.ids import AreaCode, CampaignId, CertificateId, MitraId


class SegmentNotInCampaign(Exception):
    """A Mitra was enrolled in a segment that the campaign, so far, does not have there."""


class MitraNotEnrolled(Exception):
    """Something is told of a Mitra whose enrolment was not."""


@dataclass(slots=True)
class Register:
    """Terms, segments, pools and certificates; `certificates` holds those at hand, by Mitra."""

    campaign: CampaignId
    terms: Terms = BEFORE_THE_FIRST
    segments: dict[AreaCode, Segment] = field(default_factory=dict)
    pools: dict[AreaCode, Pool] = field(default_factory=dict)
    certificates: dict[MitraId, Certificate] = field(default_factory=dict)
    added: dict[CertificateId, Certificate] = field(default_factory=dict)
    changed: dict[CertificateId, Certificate] = field(default_factory=dict)

    def fold(self, happening: Happening) -> list[CertificateChange]:
        """Apply what the log tells next.

        Raises:
            SegmentNotInCampaign, MitraNotEnrolled: it contradicts what the log told before.
        """
        match happening:
            case Enrolled():
                return self._enrol(happening)
            case Corrected():
                return self._put_right(happening)
            case Withdrawn():
                return self._withdraw(happening)
            case Cleared():
                return self._clear(happening)
            case _:
                assert_never(happening)

    def redefine(self, plan: Plan, cause: Cause) -> list[Change]:
        """Put a newer plan in force: all segments, all pools and all that wait must be loaded.

        A higher quota calls the next, a lower one revokes nothing, the end of a freeze decides what was held.
        Numbers are given pool by pool in the order of area codes. What the desk raised and reserved stays.
        """
        if plan.terms.version <= self.terms.version:
            return []
        self.terms = plan.terms
        for planned in plan.segments:
            self.segments.setdefault(
                planned.code, Segment(planned.code, planned.constituency, planned.state, pool=planned.code)
            )
        moved = self._draw_pools(plan, cause)
        if plan.terms.issue_on is IssueOn.ENROLLED:
            for certificate in self.certificates.values():
                if certificate.waits and certificate.queue_position is None:
                    certificate.queue_position = cause.position
                    self.touch(certificate)
        for certificate in sorted(self.certificates.values(), key=attrgetter("turn")):
            if certificate.waits and certificate.queue_position is not None:
                self.pool_of(certificate).queue(certificate)
        if plan.terms.frozen:
            return [*moved]
        settled = (change for area in sorted(self.pools) for change in self._settle(self.pools[area], cause))
        return [*moved, *settled]

    def _draw_pools(self, plan: Plan, cause: Cause) -> list[PlacesChange]:
        before, self.pools = self.pools, {}
        for segment in self.segments.values():
            of_segment = plan.terms.level is PoolLevel.SEGMENT
            segment.pool = segment.code if of_segment else segment.constituency
            if segment.pool not in self.pools:
                self.pools[segment.pool] = Pool(segment.pool, plan.quotas.get(segment.pool, 0))
            self.pools[segment.pool].taken += segment.issued
        return carry_over(self.campaign, before, self.pools, self.segments, cause)

    def _settle(self, pool: Pool, cause: Cause) -> Iterator[CertificateChange]:
        yield from self.call(pool, cause)
        for certificate in pool.waiting:
            if certificate.state is State.HELD:
                yield self._waitlist(certificate, cause, State.HELD)

    def _enrol(self, enrolled: Enrolled) -> list[CertificateChange]:
        if enrolled.mitra_id in self.certificates:
            return []
        segment = self.segments.get(enrolled.segment)
        if segment is None or segment.constituency != enrolled.constituency:
            raise SegmentNotInCampaign(
                f"campaign {self.campaign}, version {self.terms.version}, "
                f"has no segment {enrolled.segment} in {enrolled.constituency}"
            )
        certificate = Certificate(
            State.HELD,
            enrolled.certificate_id,
            enrolled.mitra_id,
            self.campaign,
            enrolled.constituency,
            enrolled.segment,
            enrolled.holder_name,
            enrolled.cause.occurred_at,
            enrolled.cause.position,
            enrolled.language,
            enrolled.recruiter,
        )
        self.certificates[enrolled.mitra_id] = certificate
        self.added[certificate.id] = certificate
        if self.terms.issue_on is IssueOn.CLEARED:
            return []
        return self._make_eligible(certificate, enrolled.cause, previous=None)

    def _clear(self, cleared: Cleared) -> list[CertificateChange]:
        certificate = self._of(cleared.mitra_id)
        if certificate.state is not State.HELD or certificate.queue_position is not None:
            return []
        return self._make_eligible(certificate, cleared.cause, previous=State.HELD)

    def _put_right(self, corrected: Corrected) -> list[CertificateChange]:
        certificate = self._of(corrected.mitra_id)
        if certificate.state is State.REVOKED:
            return []
        self.touch(certificate)
        return [*put_right(certificate, corrected)]

    def _withdraw(self, withdrawn: Withdrawn) -> list[CertificateChange]:
        certificate = self._of(withdrawn.mitra_id)
        previous = certificate.state
        if previous is State.REVOKED:
            return []
        certificate.state = State.REVOKED
        certificate.revoked_at = withdrawn.cause.occurred_at
        certificate.holder_name = None
        certificate.recruiter = None
        self.touch(certificate)
        changes: list[CertificateChange] = [
            CertificateRevoked(
                certificate.id,
                certificate.mitra_id,
                self.campaign,
                certificate.constituency,
                certificate.segment,
                withdrawn.cause,
                previous,
                certificate.serial,
            )
        ]
        if previous is State.ISSUED:
            pool = self.pool_of(certificate)
            pool.taken -= 1
            if not self.terms.frozen:
                changes.extend(self.call(pool, withdrawn.cause))
        return changes

    def _make_eligible(
        self, certificate: Certificate, cause: Cause, previous: State | None
    ) -> list[CertificateChange]:
        certificate.queue_position = cause.position
        self.touch(certificate)
        if self.terms.frozen:
            return []
        pool = self.pool_of(certificate)
        if pool.has_room:
            return [self.issue(certificate, pool, cause, previous)]
        pool.queue(certificate)
        return [self._waitlist(certificate, cause, previous)]

    def call(self, pool: Pool, cause: Cause) -> Iterator[CertificateChange]:
        """Issue to those whose turn it is, as long as there is room."""
        while pool.has_room and (certificate := pool.call_next()) is not None:
            yield self.issue(certificate, pool, cause, certificate.state)

    def issue(
        self, certificate: Certificate, pool: Pool, cause: Cause, previous: State | None
    ) -> CertificateIssued:
        """Give a certificate a place of its pool and the next number of its segment."""
        pool.taken += 1
        serial = self.segments[certificate.segment].next_serial()
        certificate.serial = serial
        certificate.state = State.ISSUED
        certificate.issued_at = cause.occurred_at
        self.touch(certificate)
        return CertificateIssued(
            certificate.id,
            certificate.mitra_id,
            self.campaign,
            certificate.constituency,
            certificate.segment,
            cause,
            previous,
            serial,
        )

    def _waitlist(
        self, certificate: Certificate, cause: Cause, previous: State | None
    ) -> CertificateWaitlisted:
        certificate.state = State.WAITLISTED
        self.touch(certificate)
        return CertificateWaitlisted(
            certificate.id,
            certificate.mitra_id,
            self.campaign,
            certificate.constituency,
            certificate.segment,
            cause,
            previous,
        )

    def _of(self, mitra_id: MitraId) -> Certificate:
        try:
            return self.certificates[mitra_id]
        except KeyError:
            raise MitraNotEnrolled(f"no enrolment of {mitra_id} in campaign {self.campaign}") from None

    def pool_of(self, certificate: Certificate) -> Pool:
        """The pool that a certificate draws on."""
        return self.pools[self.segments[certificate.segment].pool]

    def touch(self, certificate: Certificate) -> None:
        """Note that a certificate has to be written back."""
        if certificate.id not in self.added:
            self.changed[certificate.id] = certificate

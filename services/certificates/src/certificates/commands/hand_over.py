"""Hand certificates over: one by one, each once, with a plain answer for every record.

Devices are offline for long and try again, so what counts is the record's own id: the first record of a paper
that is committed wins, and coming again with it gives the same answer. A record that was refused leaves
nothing behind; it is judged afresh when it comes again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from certificates.domain.certificate import visible_number
from certificates.domain.paper import HandOverOutcome, VisibleNumber, read_number
from certificates.storage import hand_overs, programmes
from certificates.storage.hand_overs import Given, HandedOver, Paper
from mitra_shared.contracts.events import CertificateHandedOverV1
from mitra_shared.ids import AreaCode, CampaignId, EventId, StaffId
from mitra_shared.log import UnitOfWork


class Record(NamedTuple):
    """One hand-over as a device tells of it. `code` is the text of the QR code or the visible number."""

    id: UUID
    code: str
    device_at: datetime
    programme: UUID | None


class NotRead(NamedTuple):
    """A code that leads to no certificate of ours."""

    outcome: HandOverOutcome


ReadCode = Callable[[str], UUID | NotRead]
"""The id in a QR code whose signature holds, or what is wrong with it."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Records of one member of staff, who hands over in one constituency only."""

    records: Sequence[Record]
    by: StaffId
    campaign: CampaignId
    constituency: AreaCode
    now: datetime


class Answered(NamedTuple):
    """What came of one record.

    Attributes:
        number: of the paper, if it is one of the constituency.
        valid_number: of the one to hand over in its place, if it was replaced.
        handed_over: by whom and when, now or before.
    """

    record: UUID
    outcome: HandOverOutcome
    number: str | None = None
    valid_number: str | None = None
    handed_over: HandedOver | None = None


async def hand_over(unit: UnitOfWork, command: HandOver, read_code: ReadCode) -> Sequence[Answered]:
    """Judge every record, write the first of each paper, and tell of what is new.

    Returns:
        One answer for each record, in their order.
    """
    known = await _Known.read(unit, command, read_code)
    given: dict[UUID, Given] = {}
    for record in command.records:
        paper = known.paper_to_give(record, command)
        if paper is not None and paper.credential not in known.handed:
            scanned = read_number(record.code) is None
            given.setdefault(
                paper.credential, Given(record.id, paper, record.programme, record.device_at, scanned)
            )
    new = await hand_overs.insert(unit.connection, list(given.values()), command.by, command.now)
    for each in given.values():
        if each.record in new:
            unit.emit(_told(each, command))
    known.handed |= await hand_overs.of_papers(unit.connection, list(given))
    known.by_record |= await hand_overs.by_record(unit.connection, [each.record for each in given.values()])
    return [known.answer(record, command) for record in command.records]


def _told(given: Given, command: HandOver) -> CertificateHandedOverV1:
    return CertificateHandedOverV1(
        event_id=EventId(uuid5(given.record, "handed over")),
        campaign=given.paper.campaign,
        occurred_at=command.now,
        constituency=given.paper.constituency,
        segment=given.paper.segment,
        programme=given.programme,
    )


@dataclass(slots=True)
class _Known:
    """What was found for the codes of a batch."""

    targets: Mapping[str, UUID | VisibleNumber | NotRead]
    by_credential: Mapping[UUID, Paper]
    by_number: Mapping[VisibleNumber, Paper]
    homes: Mapping[AreaCode, AreaCode]
    void: frozenset[VisibleNumber]
    programmes: frozenset[UUID]
    handed: dict[UUID, HandedOver]
    by_record: dict[UUID, HandedOver]

    @classmethod
    async def read(cls, unit: UnitOfWork, command: HandOver, read_code: ReadCode) -> "_Known":
        connection = unit.connection
        codes = {each.code for each in command.records}
        targets = {code: read_number(code) or read_code(code) for code in codes}
        numbers = {target for target in targets.values() if isinstance(target, VisibleNumber)}
        ids = {target for target in targets.values() if isinstance(target, UUID)}
        scope = (command.campaign, command.constituency)
        by_credential = await hand_overs.papers(connection, ids)
        by_number = await hand_overs.papers_by_number(connection, *scope, numbers)
        wanted = {each.programme for each in command.records if each.programme is not None}
        papers = [paper.credential for paper in (*by_credential.values(), *by_number.values())]
        return cls(
            targets,
            by_credential,
            by_number,
            await hand_overs.homes(connection, command.campaign, {number.segment for number in numbers}),
            frozenset(await hand_overs.void_numbers(connection, command.campaign, numbers)),
            frozenset(await programmes.among(connection, wanted, *scope)),
            dict(await hand_overs.of_papers(connection, papers)),
            dict(await hand_overs.by_record(connection, [each.id for each in command.records])),
        )

    def paper(self, record: Record) -> Paper | None:
        """The paper that a code leads to, of whatever constituency."""
        target = self.targets[record.code]
        if isinstance(target, VisibleNumber):
            return self.by_number.get(target)
        return self.by_credential.get(target) if isinstance(target, UUID) else None

    def paper_to_give(self, record: Record, command: HandOver) -> Paper | None:
        """The paper, if nothing speaks against handing it over but that it may have been already."""
        paper = self.paper(record)
        if record.id in self.by_record or paper is None or not _is_of(paper, command) or not paper.is_valid:
            return None
        return paper if record.programme is None or record.programme in self.programmes else None

    def answer(self, record: Record, command: HandOver) -> Answered:
        """What came of a record, once everything is written."""
        paper = self.paper(record)
        earlier = self.by_record.get(record.id)
        if earlier is not None:
            same = paper is not None and earlier.credential == paper.credential
            if not same or (earlier.by, earlier.programme) != (command.by, record.programme):
                return Answered(record.id, HandOverOutcome.RECORD_REUSED)
        if paper is None or not _is_of(paper, command):
            return Answered(record.id, self._why_not(record, paper, command))
        number = visible_number(paper.segment, paper.serial)
        handed = earlier or self.handed.get(paper.credential)
        if handed is not None:
            own = handed.record == record.id
            outcome = HandOverOutcome.HANDED_OVER if own else HandOverOutcome.ALREADY
            return Answered(record.id, outcome, number, None, handed)
        if paper.is_valid:
            return Answered(record.id, HandOverOutcome.PROGRAMME_UNKNOWN, number)
        return self._given_up(record, paper, number)

    def _given_up(self, record: Record, paper: Paper, number: str) -> Answered:
        valid = visible_number(*paper.valid_number) if paper.valid_number is not None else None
        if VisibleNumber(paper.segment, paper.serial) in self.void:
            return Answered(record.id, HandOverOutcome.VOID, number, valid)
        outcome = HandOverOutcome.REVOKED if valid is None else HandOverOutcome.REPLACED
        return Answered(record.id, outcome, number, valid)

    def _why_not(self, record: Record, paper: Paper | None, command: HandOver) -> HandOverOutcome:
        target = self.targets[record.code]
        if isinstance(target, NotRead):
            return target.outcome
        home = paper.constituency if paper is not None else None
        if isinstance(target, VisibleNumber):
            home = self.homes.get(target.segment)
        if home is not None and home != command.constituency:
            return HandOverOutcome.OTHER_CONSTITUENCY
        is_void = isinstance(target, VisibleNumber) and target in self.void and home is not None
        return HandOverOutcome.VOID if is_void else HandOverOutcome.UNKNOWN


def _is_of(paper: Paper, command: HandOver) -> bool:
    return (paper.campaign, paper.constituency) == (command.campaign, command.constituency)

"""What the quota desk decided, worked out once more in the auditor's own words: an input beside the log.

Shares no code with the certificates service. What a decision leads to goes into the `Ledger` of its campaign.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from mitra_shared.ops.audit.issuing import WAITING, Ledger, Told
from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.scene import Scene

_DECIDED: Final = """
    select e.number, e.campaign, e.after_epoch, e.after_position, e.kind, e.area, c.mitra_id, e.programme,
           e.serial, e.places, e.decided_at, e.applied_at, e.lapsed, e.holder_name
    from desk_entry as e left join certificate as c on c.id = e.certificate_id
    where e.partition = $1 order by e.after_epoch, e.after_position, e.number
"""

Branch = tuple[int, int]
"""Epoch and position of the enrolment log."""


class Decided(NamedTuple):
    """One decision; `mitra` is that of the certificate in question, where there is such a certificate."""

    number: int
    campaign: str
    epoch: int
    position: int
    kind: str
    area: str | None
    mitra: UUID | None
    programme: UUID | None
    serial: int | None
    places: int | None
    decided_at: datetime
    applied_at: datetime | None
    lapsed: str | None
    name: str | None
    """The right one, sealed; None also where it was forgotten since."""

    @property
    def after(self) -> Branch:
        """The place that it was decided after."""
        return self.epoch, self.position

    @property
    def applied(self) -> float:
        """When it took effect, beside others at the same place."""
        return self.applied_at.timestamp() if self.applied_at else 0.0


class DeskRecord:
    """The decisions of one partition, in their order."""

    def __init__(self, decided: Sequence[Decided]) -> None:
        self._waiting = deque(decided)

    @classmethod
    async def of(cls, scene: Scene, partition: int, check: Check) -> Self:
        """Those that took effect or lapsed; what a replay has not come to yet is noted."""
        rows: list[Any] = await scene.certificates.rows(_DECIDED, partition)
        decided = [Decided(*row) for row in rows]
        ahead = [each for each in decided if each.applied_at is None]
        if ahead:
            check.note(f"{len(ahead)} decisions of the desk in partition {partition} wait for the replay")
        return cls([each for each in decided if each.applied_at is not None])

    def before(self, place: Branch) -> Iterator[Decided]:
        """Take out what was decided after an earlier place."""
        while self._waiting and self._waiting[0].after < place:
            yield self._waiting.popleft()

    def up_to(self, place: Branch) -> Iterator[Decided]:
        """Take out what was decided after this place."""
        while self._waiting and self._waiting[0].after <= place:
            yield self._waiting.popleft()

    def rest(self) -> Sequence[Decided]:
        """What nobody took out."""
        return list(self._waiting)


def refusal(ledger: Ledger, decided: Decided) -> str | None:  # noqa: PLR0911 - one rule, one return
    """Why a decision cannot be carried out as things stand; None if it can."""
    if decided.kind in {"raise", "reserve", "release"}:
        return _refusal_of_places(ledger, decided)
    paper = None if decided.mitra is None else ledger.papers.get(decided.mitra)
    if paper is None:
        return "there is no such certificate up to here"
    if ledger.frozen and decided.kind != "correct":
        return "issuing is frozen"
    if decided.kind == "grant":
        pool = ledger.pool(paper.segment)
        if paper.state not in WAITING:
            return f"the certificate is {paper.state}"
        if decided.programme is None or not ledger.reserved[pool, decided.programme]:
            return f"{pool} keeps no place for the programme"
        return None if ledger.taken[pool] < ledger.in_force(pool) else f"{pool} is full"
    if paper.state != "issued":
        return f"the certificate is {paper.state}"
    if decided.kind == "reissue" and decided.serial != paper.serial:
        return f"the certificate has the number {paper.serial}, not {decided.serial}"
    return None


def _refusal_of_places(ledger: Ledger, decided: Decided) -> str | None:
    pool = decided.area or ""
    if pool not in ledger.pools:
        return f"{pool} holds no quota"
    if decided.kind == "reserve":
        free = ledger.in_force(pool) - ledger.taken[pool] - ledger.kept(pool)
        return None if (decided.places or 0) <= free else f"{pool} has {free} free places"
    if decided.kind == "release" and not (decided.programme and ledger.reserved[pool, decided.programme]):
        return f"{pool} keeps no place for the programme"
    return None


def carry_out(ledger: Ledger, decided: Decided) -> list[Told]:
    """What follows from a decision that nothing speaks against."""
    at = decided.decided_at
    if decided.mitra is None:
        return _carry_out_places(ledger, decided)
    paper = ledger.papers[decided.mitra]
    match decided.kind:
        case "grant":
            pool = ledger.pool(paper.segment)
            paper.turn = decided.position if paper.turn is None else paper.turn
            return [_keep(ledger, pool, decided, -1), ledger.issue(paper, at, paper.state)]
        case "reissue":
            void, paper.serial = paper.serial, ledger.next_serial(paper.segment)
            paper.revision += 1
            if void is not None:
                ledger.voids[paper.segment, void] = paper.mitra
            told = Told(
                "CertificateReissuedV1",
                paper.mitra,
                paper.constituency,
                paper.segment,
                at,
                paper.serial,
                void=void,
                revision=paper.revision,
            )
            return [told]
        case _:
            return paper.renamed(decided.name, at)


def _carry_out_places(ledger: Ledger, decided: Decided) -> list[Told]:
    pool, at, places = decided.area or "", decided.decided_at, decided.places or 0
    match decided.kind:
        case "reserve":
            return [_keep(ledger, pool, decided, places)]
        case "raise":
            ledger.raised[pool] += places
            told = ledger.of_places(pool, at, None, places)
        case _:
            left = ledger.reserved[pool, decided.programme] if decided.programme else 0
            told = _keep(ledger, pool, decided, -left)
    return [told] if ledger.frozen else [told, *ledger.call(pool, at)]


def _keep(ledger: Ledger, pool: str, decided: Decided, places: int) -> Told:
    if decided.programme is not None:
        ledger.reserved[pool, decided.programme] += places
    return ledger.of_places(pool, decided.decided_at, decided.programme, places)

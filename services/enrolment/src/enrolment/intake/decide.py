"""What becomes of each item of a group, given what the database knows. No input or output.

Items are taken in the order of arrival, as if each were alone: the first of an idempotency key and of a
phone wins, and the others take its outcome. That order is also the order of the log, and so of waitlists.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from enrolment.domain.refusals import Refusal
from enrolment.drafts import Draft
from enrolment.intake.items import Answer, Item
from enrolment.storage.import_rows import SheetRow
from enrolment.storage.outcomes import NO_DIGEST
from enrolment.storage.row_security import Grant
from mitra_shared.ids import CampaignId, StaffId

DUPLICATE_ANSWERS_A_DAY = 20
"""For each caller, batches included: a 409 must not become a way to ask who is enrolled."""

Identity = tuple[StaffId, str]
Phone = tuple[CampaignId, bytes]


class Known(NamedTuple):
    """An answer given before."""

    digest: bytes
    answer: Answer


@dataclass(slots=True)
class Standing:
    """What the database knows about a group. `taken` and `duplicates` are carried forward by `decide`."""

    outcomes: Mapping[Identity, Known]
    taken: dict[Phone, set[int]]
    duplicates: dict[StaffId, int]
    """Duplicate answers of each caller today."""
    granted: Container[Grant]
    """Who may enrol where."""
    emptied: Container[SheetRow] = frozenset()
    """Rows of sheets out of which the person was erased since they were read."""


class Enrol(NamedTuple):
    """Write the row, in this place on its phone."""

    draft: Draft
    slot: int


class Refuse(NamedTuple):
    """The rules object; the answer is kept."""

    refusals: tuple[Refusal, ...]


class Duplicate(NamedTuple):
    """Somebody is enrolled with this phone; the answer is kept and counted."""


class Replay(NamedTuple):
    """Asked before: the answer of then."""

    answer: Answer


class SameAs(NamedTuple):
    """Asked before in this group: the answer of the item at `first`."""

    first: int


class KeyReused(NamedTuple):
    """The idempotency key came with another request before."""


class RationUsedUp(NamedTuple):
    """The caller has had all duplicate answers of the day: nothing is judged, and nothing kept."""


class NotGranted(NamedTuple):
    """The caller's role in the constituency has ended: nothing is judged, and nothing kept."""


class RowEmptied(NamedTuple):
    """The person was erased out of the row of the sheet that asks: nothing is judged, and nothing kept."""


Decision = Enrol | Refuse | Duplicate | Replay | SameAs | KeyReused | RationUsedUp | NotGranted | RowEmptied


@dataclass(slots=True)
class _Deciding:
    items: Sequence[Item]
    standing: Standing
    ration: int
    firsts: dict[Identity, int] = field(default_factory=dict)

    def decide(self, index: int) -> Decision:
        item = self.items[index]
        known = self.standing.outcomes.get(item.identity)
        if known is not None:
            is_same = known.digest in {item.digest, NO_DIGEST}
            return Replay(known.answer) if is_same else KeyReused()
        first = self.firsts.get(item.identity)
        if first is not None:
            return SameAs(first) if self.items[first].digest == item.digest else KeyReused()
        decision = self._decide_afresh(item)
        if not isinstance(decision, RationUsedUp | NotGranted | RowEmptied):
            self.firsts[item.identity] = index
        return decision

    def _decide_afresh(self, item: Item) -> Decision:
        if item.command.sheet_row in self.standing.emptied:
            return RowEmptied()
        if not isinstance(item.verdict, Draft):
            return Refuse(item.verdict)
        caller, duplicates = item.command.recruiter, self.standing.duplicates
        # Nothing at all is judged any more: a refusal of duplicates only would tell who is one.
        if duplicates.get(caller, 0) >= self.ration:
            return RationUsedUp()
        draft = item.verdict
        if grant_for(draft) not in self.standing.granted:
            return NotGranted()
        taken = self.standing.taken.setdefault((draft.campaign, draft.phone_hash), set())
        for slot in range(draft.people_per_phone):
            if slot not in taken:
                taken.add(slot)
                return Enrol(draft, slot)
        duplicates[caller] = duplicates.get(caller, 0) + 1
        return Duplicate()


def grant_for(draft: Draft) -> Grant:
    """What the recruiter must hold."""
    return Grant(draft.recruiter, draft.campaign, draft.constituency)


def decide(
    items: Sequence[Item], standing: Standing, *, ration: int = DUPLICATE_ANSWERS_A_DAY
) -> list[Decision]:
    """One decision for each item, in the same order."""
    deciding = _Deciding(items, standing, ration)
    return [deciding.decide(index) for index in range(len(items))]

"""One campaign in memory: sums of every area, upwards from the leaves, and the version each changed at."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from mitra_shared.campaign.definition import Area, CampaignDefinition, Level, Metric
from mitra_shared.ids import AreaCode, CampaignId
from reporting.domain.cells import ContactCounts
from reporting.domain.goals import Aim, aims
from reporting.domain.leaf_counts import NO_PAPERS, NOTHING, LeafCounts, PaperCounts

NO_CONTACTS: Final = ContactCounts()
_NOT_SHOWN: Final = (None, None, None)
_Three = tuple[int | None, int | None, int | None]
_Four = tuple[int | None, int | None, int | None, int | None]


class LiveCounts(NamedTuple):
    """What is shown while it moves.

    It follows from gross counts and the quotas in force alone, as if nobody had ever withdrawn, so that a
    single withdrawal shows nowhere: neither as one who waits less nor as a place that was given on. Of the
    certificates decided, as many as there are places count as issued and the others as waitlisted. Below the
    area that holds the quota the waitlist is not divided: everything decided counts as issued there.
    """

    enrolled: int
    certificates_issued: int
    certificates_waitlisted: int
    opinions: int
    certificates_printed: int | None
    certificates_dispatched: int | None
    certificates_handed_over: int | None
    programmes_held: int | None
    programmes_presented: int | None
    programmes_beneficiaries: int | None
    programmes_attendance: int | None
    meetings_held: int
    people_met: int
    contacts_round: str | None
    contacts_attempted: int | None
    contacts_reached: int | None
    contacts_due: int | None


class Leaf(NamedTuple):
    """The stored counts of one area, as changed by the commit of `version`."""

    campaign: CampaignId
    area: AreaCode
    counts: LeafCounts
    version: int


class Beside(NamedTuple):
    """What the quota desk gave to one area beside its goal, less what it keeps for programmes."""

    campaign: CampaignId
    area: AreaCode
    places: int
    version: int


class Contacted(NamedTuple):
    """The stored contacts of one segment in one round, as changed by the commit of `version`."""

    campaign: CampaignId
    area: AreaCode
    round: str
    counts: ContactCounts
    version: int


class OpenRound(NamedTuple):
    """The round of contact that is open in a campaign, None for none, since the commit of `version`."""

    campaign: CampaignId
    round: str | None
    version: int


class Rollup(NamedTuple):
    """An area with everything that is shown of it."""

    area: Area
    counts: LiveCounts
    target: Aim | None
    quota: Aim | None
    version: int


class Board:
    """The area tree of one campaign with its sums.

    Attributes:
        definition: the newest definition known.
        defined_at: the version of the commit that brought it.
        open_round: id of the round whose contacts are shown, None for none.
        unplaced: areas that have counts but no place in the definition; they are in no sum.
    """

    def __init__(
        self,
        definition: CampaignDefinition,
        defined_at: int,
        leaves: Iterable[Leaf],
        besides: Iterable[Beside] = (),
        contacts: Iterable[Contacted] = (),
        open_round: str | None = None,
    ) -> None:
        self.definition = definition
        self.defined_at = defined_at
        self.open_round = open_round
        self.unplaced: dict[AreaCode, LeafCounts] = {}
        self._paths = {area.code: tuple(self._upwards(area.code)) for area in definition.areas}
        levels = tuple(Level)
        pool_level = definition.certificate_level()
        self._below_pools = frozenset(
            a.code for a in definition.areas if levels.index(a.level) > levels.index(pool_level)
        )
        self._counts: dict[AreaCode, LeafCounts] = dict.fromkeys(self._paths, NOTHING)
        self._placed: dict[AreaCode, int] = dict.fromkeys(self._paths, 0)
        self._papers: dict[AreaCode, PaperCounts] = dict.fromkeys(self._paths, NO_PAPERS)
        self._contacts: dict[AreaCode, ContactCounts] = dict.fromkeys(self._paths, NO_CONTACTS)
        self._goals = self._goals_of_pools()
        self._places = dict(self._goals)
        self._beside: Counter[AreaCode] = Counter()
        self._versions: dict[AreaCode, int] = dict.fromkeys(self._paths, defined_at)
        self._targets: Mapping[AreaCode, Aim] = aims(definition, Metric.ENROLLED)
        self._quotas: Mapping[AreaCode, Aim] = aims(definition, Metric.CERTIFICATES)
        for leaf in leaves:
            self.add(leaf.area, leaf.counts, leaf.version)
        for beside in besides:
            self.add_places(beside.area, beside.places, beside.version)
        for contacted in contacts:
            self.add_contacts(contacted.area, contacted.round, contacted.counts, contacted.version)

    def _upwards(self, code: AreaCode) -> Iterator[AreaCode]:
        at: AreaCode | None = code
        while at is not None:
            yield at
            at = self.definition.by_code[at].parent

    def _goals_of_pools(self) -> dict[AreaCode, int]:
        level = self.definition.certificate_level()
        goals = {
            a.code: self.definition.goal_for(a, Metric.CERTIFICATES) for a in self.definition.at_level(level)
        }
        return {code: goal.number if goal else 0 for code, goal in goals.items()}

    def _decided(self, code: AreaCode) -> int:
        """Certificates decided; who withdrew undecided counts as decided, once that time is over for all."""
        counts = self._counts[code]
        return counts.decided + (0 if self.definition.issuing.frozen else counts.never_decided)

    def add(self, leaf: AreaCode, difference: LeafCounts, version: int) -> None:
        """Add to a leaf and to all that is above it."""
        path = self._paths.get(leaf)
        if path is None:
            self.unplaced[leaf] = self.unplaced.get(leaf, NOTHING).plus(difference)
            return
        showed = [self._shown(code) for code in path]
        for code in path:
            self._counts[code] = self._counts[code].plus(difference)
        for pool in path:
            if pool in self._places:
                self._place(pool)
        for code, before in zip(path, showed, strict=True):
            # A paper beyond those that count as issued is no news: it would tell that somebody withdrew.
            if self._shown(code) != before:
                self._versions[code] = max(self._versions[code], version)

    def add_places(self, area: AreaCode, difference: int, version: int) -> None:
        """Add to what the desk gave an area; it counts while the quotas are given to areas of its level."""
        self._beside[area] += difference
        if area not in self._goals:
            return
        self._places[area] = max(0, self._goals[area] + self._beside[area])
        self._place(area)
        in_force = {pool: places for pool, places in self._beside.items() if pool in self._goals}
        self._quotas = aims(self.definition, Metric.CERTIFICATES, in_force)
        for code in self._paths[area]:
            self._versions[code] = max(self._versions[code], version)

    def add_contacts(self, leaf: AreaCode, of_round: str, difference: ContactCounts, version: int) -> None:
        """Add contacts to a leaf and all above it; those of other rounds show nowhere."""
        if of_round != self.open_round:
            return
        for code in self._paths.get(leaf, ()):
            self._contacts[code] = self._contacts[code].plus(difference)
            self._versions[code] = max(self._versions[code], version)

    def _place(self, pool: AreaCode) -> None:
        """Count as issued what has a place in the pool, and as paper no more than that, there and upwards."""
        placed = min(self._decided(pool), self._places[pool]) - self._placed[pool]
        papers = self._counts[pool].papers.at_most(self._placed[pool] + placed)
        more = papers.minus(self._papers[pool])
        for code in self._paths[pool]:
            self._placed[code] += placed
            self._papers[code] = self._papers[code].plus(more)

    def _shown(self, code: AreaCode) -> LiveCounts:
        area, counts, decided = self.definition.by_code[code], self._counts[code], self._decided(code)
        is_below_pool = code in self._below_pools
        issued = decided if is_below_pool else self._placed[code]
        papers: _Three = _NOT_SHOWN if is_below_pool else self._papers[code]
        programmes: _Four = (*_NOT_SHOWN, None)
        if area.level is not Level.SEGMENT:
            programmes = counts.programmes.from_0()
        contacts: _Three = _NOT_SHOWN
        if self.open_round is not None:
            contacts = (*self._contacts[code], counts.enrolled)
        return LiveCounts(
            counts.enrolled,
            issued,
            decided - issued,
            counts.opinions,
            *papers,
            *programmes,
            *counts.outreach.from_0(),
            self.open_round,
            *contacts,
        )

    def rollup(self, code: AreaCode) -> Rollup:
        """The area with its counts and aims.

        Raises:
            KeyError: not an area of the campaign.
        """
        return Rollup(
            area=self.definition.by_code[code],
            counts=self._shown(code),
            target=self._targets.get(code),
            quota=self._quotas.get(code),
            version=self._versions[code],
        )

    def is_within(self, code: AreaCode, root: AreaCode) -> bool:
        """Whether `code` is `root` or lies below it."""
        return root in self._paths.get(code, ())

    def select(
        self, *, levels: Iterable[Level] = tuple(Level), within: AreaCode | None = None
    ) -> tuple[AreaCode, ...]:
        """The areas of these levels at or below `within`, in the order of the definition."""
        wanted = frozenset(levels)
        return tuple(
            area.code
            for area in self.definition.areas
            if area.level in wanted and (within is None or within in self._paths[area.code])
        )

    def changed_since(self, version: int, among: Iterable[AreaCode]) -> list[AreaCode]:
        """Those of `among` that a commit after `version` changed."""
        return [code for code in among if self._versions[code] > version]

    @property
    def root(self) -> Area:
        """The nation."""
        return self.definition.at_level(Level.NATION)[0]

"""One campaign in memory: sums of every area, upwards from the leaves, and the version each changed at."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from mitra_shared.campaign.definition import Area, CampaignDefinition, Level, Metric
from mitra_shared.ids import AreaCode, CampaignId
from reporting.domain.goals import Aim, aims


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


class LeafCounts(NamedTuple):
    """The gross counts of a leaf that `LiveCounts` follow from (see `domain.counting.Counted`)."""

    enrolled: int
    decided: int
    never_decided: int
    opinions: int

    def plus(self, other: "LeafCounts") -> "LeafCounts":
        """The sum, count by count."""
        return LeafCounts(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: "LeafCounts") -> "LeafCounts":
        """The difference, count by count."""
        return LeafCounts(*(a - b for a, b in zip(self, other, strict=True)))


NOTHING: Final = LeafCounts(0, 0, 0, 0)


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
        unplaced: areas that have counts but no place in the definition; they are in no sum.
    """

    def __init__(
        self,
        definition: CampaignDefinition,
        defined_at: int,
        leaves: Iterable[Leaf],
        besides: Iterable[Beside] = (),
    ) -> None:
        self.definition = definition
        self.defined_at = defined_at
        self.unplaced: dict[AreaCode, LeafCounts] = {}
        self._paths = {area.code: tuple(self._upwards(area.code)) for area in definition.areas}
        self._counts: dict[AreaCode, LeafCounts] = dict.fromkeys(self._paths, NOTHING)
        self._placed: dict[AreaCode, int] = dict.fromkeys(self._paths, 0)
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
        for code in path:
            self._counts[code] = self._counts[code].plus(difference)
            self._versions[code] = max(self._versions[code], version)
        for pool in self._places.keys() & set(path):
            self._place(pool)

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

    def _place(self, pool: AreaCode) -> None:
        """Count as issued what has a place in the pool, there and upwards."""
        placed = min(self._decided(pool), self._places[pool]) - self._placed[pool]
        for code in self._paths[pool]:
            self._placed[code] += placed

    def rollup(self, code: AreaCode) -> Rollup:
        """The area with its counts and aims.

        Raises:
            KeyError: not an area of the campaign.
        """
        area, counts, decided = self.definition.by_code[code], self._counts[code], self._decided(code)
        levels = tuple(Level)
        is_below_pool = levels.index(area.level) > levels.index(self.definition.certificate_level())
        issued = decided if is_below_pool else self._placed[code]
        return Rollup(
            area=area,
            counts=LiveCounts(counts.enrolled, issued, decided - issued, counts.opinions),
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

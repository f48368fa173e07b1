"""One campaign in memory: sums of every area, upwards from the leaves, and the version each changed at."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from mitra_shared.campaign.definition import Area, CampaignDefinition, Level, Metric
from mitra_shared.ids import AreaCode, CampaignId
from reporting.domain.goals import Aim, aims


class LiveCounts(NamedTuple):
    """The counts that may be shown while they move (see `domain.disclosure`)."""

    enrolled: int
    certificates_issued: int
    certificates_waitlisted: int
    opinions: int

    def plus(self, other: "LiveCounts") -> "LiveCounts":
        """The sum, count by count."""
        return LiveCounts(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: "LiveCounts") -> "LiveCounts":
        """The difference, count by count."""
        return LiveCounts(*(a - b for a, b in zip(self, other, strict=True)))


NOTHING: Final = LiveCounts(0, 0, 0, 0)


class Leaf(NamedTuple):
    """The stored counts of one area, as changed by the commit of `version`."""

    campaign: CampaignId
    area: AreaCode
    counts: LiveCounts
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

    def __init__(self, definition: CampaignDefinition, defined_at: int, leaves: Iterable[Leaf]) -> None:
        self.definition = definition
        self.defined_at = defined_at
        self.unplaced: dict[AreaCode, LiveCounts] = {}
        self._paths = {area.code: tuple(self._upwards(area.code)) for area in definition.areas}
        self._counts: dict[AreaCode, LiveCounts] = dict.fromkeys(self._paths, NOTHING)
        self._versions: dict[AreaCode, int] = dict.fromkeys(self._paths, defined_at)
        self._targets: Mapping[AreaCode, Aim] = aims(definition, Metric.ENROLLED)
        self._quotas: Mapping[AreaCode, Aim] = aims(definition, Metric.CERTIFICATES)
        for leaf in leaves:
            self.add(leaf.area, leaf.counts, leaf.version)

    def _upwards(self, code: AreaCode) -> Iterator[AreaCode]:
        at: AreaCode | None = code
        while at is not None:
            yield at
            at = self.definition.by_code[at].parent

    def add(self, leaf: AreaCode, difference: LiveCounts, version: int) -> None:
        """Add to a leaf and to all that is above it."""
        path = self._paths.get(leaf)
        if path is None:
            self.unplaced[leaf] = self.unplaced.get(leaf, NOTHING).plus(difference)
            return
        for code in path:
            self._counts[code] = self._counts[code].plus(difference)
            self._versions[code] = max(self._versions[code], version)

    def rollup(self, code: AreaCode) -> Rollup:
        """The area with its counts and aims.

        Raises:
            KeyError: not an area of the campaign.
        """
        return Rollup(
            area=self.definition.by_code[code],
            counts=self._counts[code],
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

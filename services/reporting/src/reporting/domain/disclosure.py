"""What may be shown of a count: the one place that decides it.

Live, at segment and above: enrolled, opinions (they are only ever counted in released chunks), and what
`domain.board` makes of the certificates decided. Those have no daily figures: beside the live ones they would
tell who withdrew undecided. Certificates printed, dispatched and handed over are counts of papers and not of
people, and so are the programmes' own figures, which are told in public: they are live, papers no higher than
what counts as issued (`domain.board.PaperCounts`), and without daily figures, whose sum could be higher. That
fewer are printed than issued says nothing: they may not be printed yet.

Everything else only as the figure of a closed day and from 10 people up; schemes at constituency and above. A
cell below 10 must not be computable from its parent and siblings either, so further cells are hidden beside
it (complementary suppression over the area tree), and the two bases, which add up to the live figure, are
shown together or not at all.

What corrections change of schemes is no exception: it has figures of its own, on the day of the correction,
and what was told at enrolments stays as it was shown. They are there for every scheme of the campaign, be
they hidden, so that their being there tells nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.contracts.topics import CUSTODY
from mitra_shared.ids import AreaCode
from reporting.domain.counting import (
    ADDED_PREFIX,
    METRICS_OF,
    REMOVED_PREFIX,
    SCHEME_PREFIX,
    Counted,
)

SMALLEST: Final = 10
"""People a shown cell has at least."""

LIVE: Final = frozenset({Counted.ENROLLED, Counted.OPINIONS})
NEVER_BY_DAY: Final = frozenset({Counted.DECIDED, Counted.NEVER_DECIDED, *METRICS_OF[CUSTODY]})
DAILY: Final = tuple(metric for metric in Counted if metric not in NEVER_BY_DAY)
_TOGETHER: Final = (Counted.BENEFICIARIES, Counted.ADMIRERS)

FEWER: Final = f"fewer than {SMALLEST}"
PROTECTS: Final = f"would reveal a figure of fewer than {SMALLEST}"
NOT_CLOSED: Final = "the day is not closed"
TOO_FINE: Final = "shown for constituencies and above only"

Counts = Mapping[AreaCode, int]
"""Count of one metric by area; an area that is missing has none."""


class Figure(NamedTuple):
    """A count that may be shown, or None and why not."""

    value: int | None
    reason: str | None = None


class AreaTree:
    """The areas from the top down, and the schemes, with what is needed to add up and to hide."""

    def __init__(self, definition: CampaignDefinition) -> None:
        self.schemes: tuple[str, ...] = tuple(scheme.code for scheme in definition.schemes)
        self.level: dict[AreaCode, Level] = {area.code: area.level for area in definition.areas}
        self.children: dict[AreaCode, list[AreaCode]] = {code: [] for code in self.level}
        self.downwards: list[AreaCode] = [a.code for level in Level for a in definition.at_level(level)]
        for area in sorted(definition.areas, key=lambda area: area.code):
            if area.parent is not None:
                self.children[area.parent].append(area.code)

    def sums(self, leaves: Counts) -> dict[AreaCode, int]:
        """Each area's own count and those of all areas below it."""
        total = {code: leaves.get(code, 0) for code in self.level}
        for code in reversed(self.downwards):
            total[code] += sum(total[child] for child in self.children[code])
        return total

    def down_to(self, lowest: Level) -> Sequence[AreaCode]:
        """The areas from the top to `lowest`, parents first."""
        kept = frozenset(tuple(Level)[: tuple(Level).index(lowest) + 1])
        return [code for code in self.downwards if self.level[code] in kept]


def disclosed_day(
    tree: AreaTree, leaves: Mapping[str, Counts], *, closed: bool
) -> Mapping[str, Mapping[AreaCode, Figure]]:
    """The figures of one day that may be shown, by metric and area.

    Args:
        tree: the areas.
        leaves: counts of the day by metric and leaf; a metric that is missing counts as nothing.
        closed: whether the day is over for good.
    """
    told = sorted(metric for metric in leaves if metric.startswith(SCHEME_PREFIX))
    corrected = [prefix + code for prefix in (ADDED_PREFIX, REMOVED_PREFIX) for code in tree.schemes]
    schemes = [*told, *corrected]
    sums = {metric: tree.sums(leaves.get(metric, {})) for metric in [*map(str, DAILY), *schemes]}
    shown: dict[str, Mapping[AreaCode, Figure]] = {}
    for metric, counts in sums.items():
        if metric in LIVE:
            shown[metric] = {code: Figure(count) for code, count in counts.items()}
            continue
        areas = tree.down_to(Level.CONSTITUENCY if metric in schemes else Level.SEGMENT)
        if closed:
            together = _TOGETHER if metric in _TOGETHER else (metric,)
            hidden = suppressed(tree, areas, [sums[each] for each in together])
            figures = {code: _figure(counts[code], hidden.get(code)) for code in areas}
        else:
            figures = dict.fromkeys(areas, Figure(None, NOT_CLOSED))
        shown[metric] = {code: figures.get(code, Figure(None, TOO_FINE)) for code in tree.level}
    return shown


def _figure(count: int, why_hidden: str | None) -> Figure:
    return Figure(count) if why_hidden is None else Figure(None, why_hidden)


def suppressed(
    tree: AreaTree, areas: Sequence[AreaCode], together: Sequence[Mapping[AreaCode, int]]
) -> dict[AreaCode, str]:
    """Which of `areas` to hide, and why, so that no count below 10 is shown or follows from shown ones.

    What a shown area's hidden parts add up to can be computed: it is at least 10 for each of the metrics that
    are hidden together, or there is nobody in them at all. Below a hidden area everything is hidden. Those
    hidden beside a small one are taken in the order of their codes, so that metrics that nearly agree
    (withdrawn and revoked) hide the same ones.
    """
    hidden: dict[AreaCode, str] = {}
    among = frozenset(areas)

    def is_small(code: AreaCode) -> bool:
        return any(counts[code] < SMALLEST for counts in together)

    for area in areas:
        parts = [code for code in tree.children[area] if code in among]
        if tree.level[area] is Level.NATION and is_small(area):
            hidden[area] = FEWER
        hidden |= {part: FEWER for part in parts if is_small(part)}
        if area in hidden:
            hidden |= {part: PROTECTS for part in parts if part not in hidden}
            continue
        for part in [part for part in parts if part not in hidden]:
            remainders = [sum(counts[p] for p in parts if p in hidden) for counts in together]
            if not any(remainders) or min(remainders) >= SMALLEST:
                break
            hidden[part] = PROTECTS
    return hidden

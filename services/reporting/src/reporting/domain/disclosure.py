"""What may be shown of a count: the one place that decides it.

Live, at segment and above: enrolled, opinions (they are only ever counted in released chunks), and what
`domain.board` makes of the certificates decided. Those have no daily figures: beside the live ones they would
tell who withdrew undecided. Certificates printed, dispatched and handed over are counts of papers and not of
people, and so are the programmes' own figures, which are told in public: they are live, papers no higher than
what counts as issued (`domain.leaf_counts.PaperCounts`), and without daily figures, whose sum could be
higher. That fewer are printed than issued says nothing: they may not be printed yet.

Contacts, outreach and attendance are told as they are, in total and by day: they are counts of what staff
did. Contacts come in chunks of a day, staff and segment, after the day, and who asked to stop counts as
reached, so that no withdrawal shows; due is everybody ever enrolled. That fewer are reached than due says
nothing: they may not be reached yet. A day that is not closed has no figure of contacts, rather than a 0.

Everything else only as the figure of a closed day and from 10 people up; schemes, and topics of programmes,
at constituency and above. A cell below 10 must not be computable from its parent and siblings either, so
further cells are hidden beside it (complementary suppression over the area tree), and the two bases, which
add up to the live figure, are shown together or not at all.

What corrections change of schemes is no exception: it has figures of its own, on the day of the correction,
and what was told at enrolments stays as it was shown. They are there for every scheme of the campaign, be
they hidden, so that their being there tells nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.contracts.topics import CUSTODY
from mitra_shared.ids import AreaCode
from reporting.domain.cells import (
    ADDED_PREFIX,
    METRICS_OF,
    REMOVED_PREFIX,
    SCHEME_PREFIX,
    TOPIC_PREFIX,
    Counted,
)

SMALLEST: Final = 10
"""People a shown cell has at least."""

LIVE: Final = frozenset(
    {Counted.ENROLLED, Counted.OPINIONS, Counted.MEETINGS, Counted.MET, Counted.ATTENDANCE}
)
AFTERWARDS: Final = frozenset({Counted.ATTEMPTED, Counted.REACHED})
"""Told as they are once the day is closed."""
NEVER_BY_DAY: Final = frozenset(
    {Counted.DECIDED, Counted.NEVER_DECIDED, *METRICS_OF[CUSTODY]} - {Counted.ATTENDANCE}
)
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
    """The areas from the top down, schemes and topics, with what is needed to add up and to hide."""

    def __init__(self, definition: CampaignDefinition) -> None:
        self.schemes: tuple[str, ...] = tuple(scheme.code for scheme in definition.schemes)
        self.topics: tuple[str, ...] = tuple(topic.id for topic in definition.topics)
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
        if metric in LIVE or metric in AFTERWARDS:
            shown[metric] = _plain(tree, metric, counts, closed=closed)
            continue
        lowest = Level.CONSTITUENCY if metric in schemes else Level.SEGMENT
        together = _TOGETHER if metric in _TOGETHER else (metric,)
        shown[metric] = _withheld(tree, counts, [sums[each] for each in together], lowest, closed=closed)
    return {**shown, **disclosed_topics(tree, leaves, closed=closed)}


def disclosed_topics(
    tree: AreaTree, leaves: Mapping[str, Counts], *, closed: bool
) -> Mapping[str, Mapping[AreaCode, Figure]]:
    """The figures of one day's topics alone: those of the campaign, and others that were told."""
    told = sorted(metric for metric in leaves if metric.startswith(TOPIC_PREFIX))
    shown: dict[str, Mapping[AreaCode, Figure]] = {}
    for metric in dict.fromkeys([*(TOPIC_PREFIX + topic for topic in tree.topics), *told]):
        counts = tree.sums(leaves.get(metric, {}))
        shown[metric] = _withheld(tree, counts, [counts], Level.CONSTITUENCY, closed=closed)
    return shown


def _plain(tree: AreaTree, metric: str, counts: Counts, *, closed: bool) -> Mapping[AreaCode, Figure]:
    """Figures of which no cell is withheld; what only constituencies have, segments do not show as 0."""
    if metric in AFTERWARDS and not closed:
        return dict.fromkeys(tree.level, Figure(None, NOT_CLOSED))
    too_fine = Level.SEGMENT if metric == Counted.ATTENDANCE else None
    return {
        # A correction whose report was put away would go below 0.
        code: Figure(None, TOO_FINE) if level is too_fine else Figure(max(0, counts[code]))
        for code, level in tree.level.items()
    }


def _withheld(
    tree: AreaTree, counts: Counts, together: Sequence[Counts], lowest: Level, *, closed: bool
) -> Mapping[AreaCode, Figure]:
    """Figures of a closed day for the areas down to `lowest`, from 10 people up."""
    areas = tree.down_to(lowest)
    if closed:
        hidden = suppressed(tree, areas, together)
        figures = {code: _figure(counts[code], hidden.get(code)) for code in areas}
    else:
        figures = dict.fromkeys(areas, Figure(None, NOT_CLOSED))
    return {code: figures.get(code, Figure(None, TOO_FINE)) for code in tree.level}


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

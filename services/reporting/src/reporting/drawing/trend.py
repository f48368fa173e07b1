"""The trend: people enrolled day by day, the band in which it may go on, and the way that is needed.

    days, band, target -> `Trend` -> `trend_svg` -> SVG, for the pages and for the brief

Every mark carries its colours as attributes, for paper; on pages the classes let the style sheet change them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from mitra_shared.campaign.numerals import indian

WIDTH: Final = 720
HEIGHT: Final = 300
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 14, 34
MOST_STEPS: Final = 5
SHORTEST_VIEW: Final = 30
"""Days that are shown at least."""
AHEAD_PER_DAY: Final = 2
LEAST_AHEAD: Final = 60
"""The picture goes on past the closed days by twice as many, and by at least so many."""
INK, SOFT, LINE, ACCENT, NEEDED = "#1d2430", "#5a6372", "#dcdad2", "#0f6b63", "#b06a12"


class BandDay(NamedTuple):
    """People enrolled by a day to come: in a tenth, a half and nine tenths of the futures at most."""

    day: date
    low: int
    middle: int
    high: int


@dataclass(frozen=True, slots=True)
class Trend:
    """What is drawn.

    Attributes:
        days: closed days, oldest first, with the people enrolled on each.
        band: days to come, soonest first; empty where there is no forecast.
        target: people to be enrolled by `target_date`, None where there is no target.
        target_date: last day of the campaign.
    """

    days: Sequence[tuple[date, int]]
    band: Sequence[BandDay]
    target: int | None
    target_date: date


class _Frame(NamedTuple):
    """The part of the plane that is shown."""

    first: date
    last: date
    most: int

    def x(self, day: date) -> float:
        """Across, of the end of a day."""
        share = (day - self.first).days / max(1, (self.last - self.first).days)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, people: float) -> float:
        """Downwards."""
        return round(TOP + (1 - people / self.most) * (HEIGHT - TOP - BOTTOM), 1)


def trend_svg(trend: Trend, title: str, *, letters: int = 12) -> str:
    """The picture as an `<svg>` element; `title` tells the same in words, for who cannot see it.

    `letters` is the size of its labels; a picture that is shown small wants larger ones.

    Raises:
        ValueError: no day has closed yet.
    """
    if not trend.days:
        raise ValueError("no day has closed yet")
    counts = list(accumulate(people for _, people in trend.days))
    history = [(day, count) for (day, _), count in zip(trend.days, counts, strict=True)]
    start = history[0][0] - timedelta(days=1)
    history.insert(0, (start, 0))
    frame = _frame(trend, history)
    # The band grows out of the last closed day.
    closed, enrolled = history[-1]
    band = [BandDay(closed, enrolled, enrolled, enrolled), *trend.band] if trend.band else []
    marks = [
        *_grid(frame),
        *_band(frame, [point for point in band if point.day <= frame.last]),
        *_needed(frame, trend, closed, enrolled),
        _line(frame, history),
        f'<circle class="trend-now" cx="{frame.x(closed)}" cy="{frame.y(enrolled)}" r="4" fill="{ACCENT}"/>',
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label={quoteattr(title)} font-family="Noto Sans, Liberation Sans, sans-serif"'
        f' font-size="{letters}">'
        f"<title>{escape(title)}</title>{''.join(marks)}</svg>"
    )


def _frame(trend: Trend, history: Sequence[tuple[date, int]]) -> _Frame:
    first, (closed, enrolled) = history[0][0], history[-1]
    seen = (closed - first).days
    last = closed
    if trend.band:
        ahead = timedelta(days=max(LEAST_AHEAD, AHEAD_PER_DAY * seen))
        last = max(
            point.day for point in [trend.band[0], *(p for p in trend.band if p.day <= closed + ahead)]
        )
    last = max(last, first + timedelta(days=SHORTEST_VIEW))
    shown = [point for point in trend.band if point.day <= last]
    # A wide band would flatten all else: it may go out of the picture.
    highest = max([enrolled, *(min(point.high, 2 * point.middle) for point in shown)])
    if trend.target is not None:
        needed = _needed_by(trend, closed, enrolled, min(last, trend.target_date))
        # A target far above would flatten the line: then it lies outside, and the dashes lead there.
        highest = max(highest, min(needed, 2 * highest))
    step = _step(max(highest, 1))
    return _Frame(first, last, step * -(-max(highest, 1) // step))


def _step(highest: int) -> int:
    """The distance of the lines: 1, 2 or 5 with zeros, so that few are needed."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if highest <= step * MOST_STEPS:
                return step
        power *= 10


def _grid(frame: _Frame) -> Iterable[str]:
    step = _step(frame.most)
    for people in range(0, frame.most + 1, step):
        y = frame.y(people)
        yield f'<path class="trend-grid" d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{LINE}"/>'
        yield (
            f'<text class="trend-label" x="{LEFT - 8}" y="{y + 4}" text-anchor="end" fill="{SOFT}">'
            f"{indian(people)}</text>"
        )
    for place, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        day = frame.first + timedelta(days=round(place * (frame.last - frame.first).days))
        yield (
            f'<text class="trend-label" x="{frame.x(day)}" y="{HEIGHT - 10}" text-anchor="{anchor}"'
            f' fill="{SOFT}">{max(day, frame.first + timedelta(days=1)):%d-%m-%Y}</text>'
        )


def _band(frame: _Frame, band: Sequence[BandDay]) -> Iterable[str]:
    if not band:
        return
    high = [f"{frame.x(point.day)} {frame.y(min(point.high, frame.most))}" for point in band]
    low = [f"{frame.x(point.day)} {frame.y(min(point.low, frame.most))}" for point in reversed(band)]
    yield f'<path class="trend-band" d="M{"L".join(high + low)}Z" fill="{ACCENT}" fill-opacity="0.16"/>'
    middle = [f"{frame.x(p.day)} {frame.y(p.middle)}" for p in band if p.middle <= frame.most]
    yield (
        f'<path class="trend-middle" d="M{"L".join(middle)}" fill="none" stroke="{ACCENT}"'
        ' stroke-opacity="0.7" stroke-width="1.5"/>'
    )


def _needed(frame: _Frame, trend: Trend, closed: date, enrolled: int) -> Iterable[str]:
    if trend.target is None or closed >= trend.target_date or enrolled >= trend.target:
        return
    until = min(frame.last, trend.target_date)
    people = _needed_by(trend, closed, enrolled, until)
    if people > frame.most:
        days = (until - closed).days
        until = closed + timedelta(days=int(days * (frame.most - enrolled) / (people - enrolled)))
        people = _needed_by(trend, closed, enrolled, until)
    yield (
        f'<path class="trend-needed" d="M{frame.x(closed)} {frame.y(enrolled)}L{frame.x(until)}'
        f' {frame.y(people)}" stroke="{NEEDED}" stroke-width="1.5" stroke-dasharray="6 5"/>'
    )


def _needed_by(trend: Trend, closed: date, enrolled: int, day: date) -> int:
    """People enrolled by `day` on the straight way to the target."""
    assert trend.target is not None  # noqa: S101 - asked for where there is one
    days = (trend.target_date - closed).days
    if days <= 0 or enrolled >= trend.target:
        return enrolled
    return round(enrolled + (trend.target - enrolled) * (day - closed).days / days)


def _line(frame: _Frame, history: Sequence[tuple[date, int]]) -> str:
    points = "L".join(f"{frame.x(day)} {frame.y(count)}" for day, count in history)
    return (
        f'<path class="trend-line" d="M{points}" fill="none" stroke="{ACCENT}" stroke-width="2.5"'
        ' stroke-linejoin="round"/>'
    )

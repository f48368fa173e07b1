"""The picture of the trend: well-formed, inside its frame, and true to the figures."""

import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reporting.drawing.trend import HEIGHT, WIDTH, BandDay, Trend, trend_svg

BEGIN = date(2026, 11, 1)
NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}

counts = some.lists(some.integers(0, 20_000), min_size=1, max_size=200)
growths = some.lists(some.tuples(*[some.integers(0, 9_000)] * 3), max_size=40)


def drawn(people: list[int], growth: list[tuple[int, int, int]], target: int | None) -> ET.Element:
    closed = BEGIN + timedelta(days=len(people) - 1)
    at, band = [sum(people)] * 3, []
    for number, step in enumerate(growth, start=1):
        at = sorted(have + more for have, more in zip(at, step, strict=True))
        band.append(BandDay(closed + timedelta(days=27 * number), *at))
    days = [(BEGIN + timedelta(days=n), count) for n, count in enumerate(people)]
    return ET.fromstring(trend_svg(Trend(days, band, target, date(2028, 12, 31)), "A & <B>"))  # noqa: S314 - ours


@given(counts, growths, some.none() | some.integers(0, 400_000))
def test_whatever_the_figures_every_mark_is_inside_the_frame(
    people: list[int], growth: list[tuple[int, int, int]], target: int | None
) -> None:
    picture = drawn(people, growth, target)
    for path in picture.iterfind("svg:path", NAMESPACE):
        if path.get("class") == "trend-grid":
            continue
        for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d", "")):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT


def test_the_picture_says_in_words_what_it_shows() -> None:
    picture = drawn([5, 6], [], None)
    assert picture.get("aria-label") == "A & <B>"
    assert picture.findtext("svg:title", namespaces=NAMESPACE) == "A & <B>"


def test_labels_are_grouped_the_indian_way_and_days_written_as_in_india() -> None:
    labels = [text.text for text in drawn([4_000] * 60, [], 325_000).iterfind("svg:text", NAMESPACE)]
    assert "2,00,000" in labels
    assert "01-11-2026" in labels


def test_before_a_day_has_closed_there_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no day has closed"):
        trend_svg(Trend([], [], 10, date(2028, 12, 31)), "nothing")

"""What broadcasts go by: how a text is counted, what it may hold, night, pace, figures that are told."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrolment.domain.broadcasts import UnfitText, at_most, clean_text, shown
from enrolment.domain.pacing import Pace, burst, refilled, shares
from enrolment.domain.quiet_hours import first_loud, is_quiet
from enrolment.domain.sms import sms_size

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
MINUTE = timedelta(seconds=60)


@pytest.mark.parametrize(
    ("text", "alphabet", "places", "parts"),
    [
        ("a" * 160, "gsm-7", 160, 1),
        ("a" * 161, "gsm-7", 161, 2),
        ("a" * 306, "gsm-7", 306, 2),
        ("a" * 307, "gsm-7", 307, 3),
        ("€" * 80, "gsm-7", 160, 1),
        ("a" * 152 + "€" + "a" * 152, "gsm-7", 306, 3),
        ("न" * 70, "ucs-2", 70, 1),
        ("न" * 71, "ucs-2", 71, 2),
        ("न" * 134, "ucs-2", 134, 2),
        ("न" * 135, "ucs-2", 135, 3),
        ("🙂" * 35, "ucs-2", 70, 1),
        ("न" * 66 + "🙂" + "न" * 66, "ucs-2", 134, 3),
    ],
)
def test_a_text_is_counted_as_gateways_count(text: str, alphabet: str, places: int, parts: int) -> None:
    assert sms_size(text) == (alphabet, places, parts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "a" * 301,
        "one\ntwo",
        "a\u202eb",
        "a\u200bb",
        "a\ud800b",
        "12 34",
        "see https://example.org",
        "see WWW.example",
        "see example.org/x",
        "see उदाहरण.भारत",
        "verify your place at win7.com/x now",
        "go mitra24.in",
        "see evil\uff0ecom",
        "see evil\u3002com",
        "see evil\uff61com",
        "call 10.0.0.1",
        "write to a@b",
    ],
)
def test_a_text_that_is_not_one_plain_line_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(UnfitText) as refused:
        clean_text(text)
    assert refused.value.expected


@pytest.mark.parametrize(
    "text",
    [
        "Open on Sunday. Bring Rs. 10.50!",
        "क्ष\u200dत्र में शिविर",
        "\u06a9\u06cc\u0645\u067e\u200c\u06c1\u06d2\u06d4",
        "a" * 300,
    ],
)
def test_plain_words_of_every_script_pass_as_they_are(text: str) -> None:
    assert clean_text(f" {text} ") == text


def test_night_reaches_over_midnight() -> None:
    night = time(20), time(9)
    for clock, expected in (
        (time(19, 59, 59), False),
        (time(20), True),
        (time(0), True),
        (time(8, 59, 59), True),
        (time(9), False),
    ):
        assert is_quiet(datetime.combine(NOON.date(), clock), *night) is expected
    assert is_quiet(NOON, time(12), time(13))
    assert first_loud(NOON, *night) == NOON
    assert first_loud(NOON.replace(hour=21), *night) == (NOON + timedelta(days=1)).replace(hour=9)
    assert first_loud(NOON.replace(hour=3), *night) == NOON.replace(hour=9)


@given(st.integers(1, 5_000), st.lists(st.tuples(st.floats(0, 40), st.integers(0, 5_000)), max_size=40))
def test_no_minute_ever_sees_more_than_the_limit(a_minute: int, asked: list[tuple[float, int]]) -> None:
    pace, now = Pace(float(burst(a_minute)), NOON), NOON
    went: list[tuple[datetime, int]] = []
    for seconds, wanted in asked:
        now += timedelta(seconds=seconds)
        pace = refilled(pace, a_minute, now)
        number = min(wanted, int(pace.tokens))
        pace = pace._replace(tokens=pace.tokens - number)
        went.append((now, number))
    for begins, _ in went:
        assert sum(number for at, number in went if begins <= at < begins + MINUTE) <= a_minute


@pytest.mark.parametrize("a_minute", [1, 20, 59, 60, 61, 600, 60_000])
def test_whoever_takes_all_there_is_every_second_comes_near_the_limit(a_minute: int) -> None:
    pace, went = Pace(0.0, NOON), 0
    for second in range(1, 601):
        pace = refilled(pace, a_minute, NOON + timedelta(seconds=second))
        went += int(pace.tokens)
        pace = pace._replace(tokens=pace.tokens - int(pace.tokens))
    assert went >= 0.9 * a_minute * 10


def test_a_clock_that_is_behind_fills_nothing_twice() -> None:
    ahead = refilled(Pace(0.0, NOON), 60, NOON + timedelta(seconds=0.5))
    behind = refilled(ahead, 60, NOON)
    assert behind == ahead
    assert refilled(behind, 60, NOON + timedelta(seconds=0.5)) == ahead


def test_how_many_it_reaches_at_most_is_told_in_tens() -> None:
    assert [at_most(number) for number in (0, 1, 10, 11)] == [0, 10, 10, 20]


CHANCES = [sha256(str(number).encode()).digest() for number in range(20_000)]


def test_a_figure_is_in_whole_tens_near_the_count_and_the_same_each_time() -> None:
    told = Counter(shown(1_000, chance) for chance in CHANCES)
    assert {figure for figure in told if figure is not None and figure % 10} == set()
    assert told[1_000] > 0.9 * len(CHANCES)
    assert min(figure or 0 for figure in told) > 960
    assert [shown(1_000, chance) for chance in CHANCES] == [shown(1_000, chance) for chance in CHANCES]
    assert Counter(shown(0, chance) for chance in CHANCES)[None] > 0.99 * len(CHANCES)


@pytest.mark.parametrize("people", range(1, 32))
def test_no_figure_tells_one_person_more_from_one_fewer(people: int) -> None:
    without, with_one = (
        Counter(shown(number, chance) for chance in CHANCES) for number in (people - 1, people)
    )
    often = {figure for figure, times in (without + with_one).items() if times > 1_000}
    assert often
    for figure in often:
        # A little beyond what is promised: these are draws, not the probabilities.
        assert 1 / 1.9 < without[figure] / with_one[figure] < 1.9


@given(room=st.integers(0, 50), wanted=st.lists(st.integers(0, 60), max_size=12))
def test_nobody_has_less_than_another_unless_wanting_no_more_and_nothing_is_wasted(
    room: int, wanted: list[int]
) -> None:
    given_ = shares(room, wanted)
    assert sum(given_) == min(room, sum(wanted))
    for have, want in zip(given_, wanted, strict=True):
        assert have <= want
        assert have == want or have >= max(given_) - 1

"""How screens speak: the same words in every language, numbers and days as they are written in India."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import reporting.pages
from mitra_shared.campaign.definition import Names
from mitra_shared.campaign.numerals import indian
from mitra_shared.pages.words import LANGUAGES, day
from reporting.pages.preferences import preferences_of
from reporting.pages.words import clock, percent, rate, words_of

TEMPLATES = Path(reporting.pages.__file__).parent / "templates"


@pytest.mark.parametrize("language", ["hi", "ur"])
def test_every_language_has_the_same_words_with_the_same_places(language: str) -> None:
    english, other = words_of("en").texts, words_of("hi" if language == "hi" else "ur").texts
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert set(re.findall(r"{(\w+)}", other[key])) == set(re.findall(r"{(\w+)}", text)), key


def test_every_word_that_a_template_asks_for_is_there() -> None:
    asked = {
        key
        for template in TEMPLATES.iterdir()
        for key in re.findall(r'words\("(\w+)"[,)]', template.read_text("utf-8"))
    }
    assert len(asked) > 50
    assert asked <= words_of("en").texts.keys()


def test_urdu_runs_from_right_to_left() -> None:
    assert [words_of(language).direction for language in LANGUAGES] == ["ltr", "ltr", "rtl"]


def test_dates_and_numbers_keep_their_order_among_urdu_words() -> None:
    assert "\u206831-12-2028\u2069" in words_of("ur")("target_on", day="31-12-2028")
    assert words_of("en")("target_on", day="31-12-2028") == "Target date 31-12-2028"


def test_a_name_that_is_missing_in_a_language_is_told_in_english() -> None:
    names = Names(en="Wayanad", hi="वयनाड")
    assert [words_of(language).name(names) for language in LANGUAGES] == ["Wayanad", "वयनाड", "Wayanad"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (5_000, "5,000"), (99_999, "99,999"), (325_000, "3,25,000"),
     (-12_345, "-12,345"), (24_75_000, "24,75,000"), (12_34_56_789, "12,34,56,789")],
)  # fmt: skip
def test_numbers_are_grouped_the_indian_way(number: int, text: str) -> None:
    assert indian(number) == text


@pytest.mark.parametrize(("part", "text"), [(0, "0 %"), (30, "0.6 %"), (1_203, "24 %"), (5_200, "104 %")])
def test_shares_have_a_decimal_while_they_are_small(part: int, text: str) -> None:
    assert percent(part, 5_000) == text


def test_days_times_and_rates_are_written_as_in_india() -> None:
    assert day(date(2026, 11, 3)) == "03-11-2026"
    assert clock(datetime(2026, 11, 2, 19, 30, tzinfo=UTC)) == "01:00:00 IST"
    assert [rate(number) for number in (0.25, 9.96, 1_234.5)] == ["0.2", "10.0", "1,234"]
    assert rate(0) == "0"


@pytest.mark.parametrize(
    ("cookie", "header", "language"),
    [
        (None, "hi-IN,hi;q=0.9,en;q=0.8", "hi"),
        (None, "fr-FR, ur;q=0.4", "ur"),
        (None, "fr", "en"),
        (None, "", "en"),
        ("ur", "hi", "ur"),
        ("klingon", "hi", "hi"),
    ],
)
def test_the_language_is_the_one_chosen_or_else_the_browsers(
    cookie: str | None, header: str, language: str
) -> None:
    cookies = {} if cookie is None else {"mitra_language": cookie}
    assert preferences_of(cookies, header).language == language

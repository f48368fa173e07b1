import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.rendering.names import NothingToShow, shown_name

OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


@pytest.mark.parametrize(
    ("name", "language", "right_to_left"),
    [
        ("Amina Beegum", "en", False),
        ("राजेश्वरी क्षत्रिय", "hi", False),
        ("محمد یوسف خان", "ur", True),
        ("Dr. محمد یوسف خان", "ur", False),
        ("०१ Amina", "en", False),
        ("...", "en", False),
    ],
)
def test_a_name_is_set_in_the_script_and_direction_of_its_letters(
    name: str, language: str, *, right_to_left: bool
) -> None:
    shown = shown_name(name)
    assert (shown.text, shown.language, shown.right_to_left) == (name, language, right_to_left)


@pytest.mark.parametrize("override", OVERRIDES)
def test_what_reorders_words_is_not_shown(override: str) -> None:
    assert shown_name(f"Amina{override}Beegum").text == "AminaBeegum"


def test_joiners_are_spelling_and_stay() -> None:
    assert shown_name("क्\u200dष में\u200cगल").text == "क्\u200dष में\u200cगल"


def test_line_breaks_and_tabs_become_single_spaces() -> None:
    assert shown_name(" Amina\n\t\u2028 Beegum\u00a0 ").text == "Amina Beegum"


@pytest.mark.parametrize("name", ["\u202e", " \n", "\u200d\u200c", "\ufeff\u00ad"])
def test_a_name_without_anything_visible_is_refused(name: str) -> None:
    with pytest.raises(NothingToShow, match="no visible character"):
        shown_name(name)


def test_marks_upon_marks_are_counted() -> None:
    assert shown_name("Ami\u0301\u0302\u0303na\u0301").stacked_marks == 3


@given(st.text(min_size=1, max_size=120))
def test_every_visible_character_of_a_name_is_shown_in_its_place(name: str) -> None:
    visible = [character for character in name if unicodedata.category(character)[0] not in "CZ"]
    try:
        shown = shown_name(name).text
    except NothingToShow:
        assert all(
            unicodedata.category(character)[0] == "M"
            or not character.isprintable()
            or unicodedata.category(character)[0] == "C"
            for character in visible
        )
        return
    assert [character for character in shown if unicodedata.category(character)[0] not in "CZ"] == visible
    assert "\n" not in shown
    assert not set(shown) & set(OVERRIDES)

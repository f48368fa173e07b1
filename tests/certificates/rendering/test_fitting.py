"""Names of any length and script stay within their box: seen by the ink."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates.rendering.names import NothingToShow
from certificates.rendering.page import Page
from certificates.rendering.sample import sample_page
from certificates.rendering.typesetter import Typesetter
from mitra_shared.typesetting.compiling import NotSet
from mitra_shared.typesetting.fonts import NASTALIQ
from tests.certificates.rendering.looking import NAME_BOX_MILLIMETRES, Ink, ink_of_name

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzÀÉÎÕÜñçşžāī"
DEVANAGARI = "अआइईउऊऋएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसहक़ज़ािीुूृेैोौंःँ़्०१२"
URDU = "ابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہھءیےئؤآۓًٌٍَُِّْ"
MARKS = "\u0300\u0301\u0308\u0323\u0331"
JOINERS = "\u200c\u200d"
CONTROLS = "\u202a\u202b\u202d\u202e\u202c\u2066\u2067\u2069\u200e\u200f"

LETTERS = st.sampled_from(LATIN + DEVANAGARI + URDU + MARKS + JOINERS + CONTROLS)
SPACES = st.sampled_from(" -'")
WORDS = st.one_of(
    st.text(st.sampled_from(LATIN + MARKS), min_size=1, max_size=40),
    st.text(st.sampled_from(DEVANAGARI + JOINERS), min_size=1, max_size=40),
    st.text(st.sampled_from(URDU + JOINERS), min_size=1, max_size=40),
)
NAMES = st.one_of(
    st.text(st.one_of(LETTERS, SPACES), min_size=1, max_size=120),
    st.lists(WORDS, min_size=1, max_size=8).map(" ".join).map(lambda name: name[:120]),
)
BARE = sample_page("en", ".")


def ink(typesetter: Typesetter, name: str) -> Ink | None:
    page = Page(BARE.facts.model_copy(update={"holder_name": name}), BARE.qr, BARE.jwt)
    return ink_of_name(typesetter, page, BARE, "en")


@pytest.fixture(scope="session")
def box(typesetter: Typesetter) -> Ink:
    """The box of the name: as wide as the template says, 40 mm high, about where short names stand."""
    short = ink(typesetter, "W")
    assert short
    middle = (short.top + short.bottom) / 2
    left, right = NAME_BOX_MILLIMETRES
    return Ink(left, middle - 20, right, middle + 20)


def within(box: Ink, found: Ink, tolerance: float = 0.5) -> bool:
    return (
        found.left >= box.left - tolerance
        and found.top >= box.top - tolerance
        and found.right <= box.right + tolerance
        and found.bottom <= box.bottom + tolerance
    )


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES)
def test_no_name_leaves_its_box(typesetter: Typesetter, box: Ink, name: str) -> None:
    try:
        found = ink(typesetter, name)
    except NothingToShow:
        return
    assert found is None or within(box, found)


@pytest.mark.parametrize("letter", ["W", "i", "ङ", "ص"])
@pytest.mark.parametrize("length", [1, 40, 120])
def test_a_word_without_a_place_to_break_is_kept_in_its_box_and_legible(
    typesetter: Typesetter, box: Ink, letter: str, length: int
) -> None:
    found = ink(typesetter, letter * length)
    assert found
    assert within(box, found)
    # Three lines of 9 points are about 9 mm; a single letter is larger.
    assert found.bottom - found.top > 2.5


def test_a_long_name_shrinks_before_it_wraps(typesetter: Typesetter) -> None:
    usual, long, longer = (
        ink(typesetter, name)
        for name in ("Amina Beegum", "Muhammad Abdul Rahman bin Yusuf Khan", "Muhammad Abdul Rahman " * 5)
    )
    assert usual
    assert long
    assert longer
    assert long.right - long.left > usual.right - usual.left
    assert long.bottom - long.top < usual.bottom - usual.top
    assert longer.bottom - longer.top > 1.5 * (long.bottom - long.top)


def test_towers_of_marks_do_not_reach_other_words(typesetter: Typesetter, box: Ink) -> None:
    found = ink(typesetter, "Z" + "\u0323" * 40 + "a" + "\u0301" * 40 + "lgo")
    assert found
    assert within(box, found)


def test_nastaliq_climbs_within_its_headroom(box: Ink) -> None:
    typesetter = Typesetter()
    if NASTALIQ not in typesetter.fonts.families:
        pytest.skip("Noto Nastaliq Urdu is not installed")
    for name in ("نستعلیقیت پسند", "محمد مصطفیٰ خان محتسبین", "محمد یوسف خان " * 8):
        found = ink(typesetter, name[:120])
        assert found
        assert within(box, found)


def test_a_name_is_refused_or_set_but_never_set_with_boxes_for_letters(typesetter: Typesetter) -> None:
    with pytest.raises(NotSet):
        typesetter.pdf(sample_page("en", "\U00012031"), "en")

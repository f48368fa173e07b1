"""Names, phones and the release of opinions, as properties."""

from collections import Counter
from random import Random
from unicodedata import category, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrolment.domain.opinions import FEWEST_TOGETHER, WaitingSheet, plan_release
from enrolment.phones import _CANONICAL, normalise_by_library, normalise_phone
from mitra_shared.ids import AreaCode
from mitra_shared.person_names import LONGEST_NAME, UnacceptableName, clean_name, clean_person_name


@pytest.mark.parametrize(
    "name",
    [
        "Asha",
        "आयशा बेगम",
        "عائشہ بیگم",
        "ആയിഷ ബീഗം",
        "O'Brien-Khan",
        "Dr. A. P. J.",
        "శ్రీ",
        "क्\u200dष",
        "न\u200cदीम",
    ],
)
def test_names_of_every_script_are_taken_as_they_are(name: str) -> None:
    assert clean_name(name) == clean_person_name(name) == normalize("NFC", name)


@pytest.mark.parametrize("between", [" ", "-", ".", ". ", " \u00b7 "])
def test_a_name_of_eight_words_is_taken_and_one_of_nine_is_a_sentence(between: str) -> None:
    words = ["Tekkalakotte", "Sri", "Venkata", "Satya", "Naga", "Lakshmi", "Durga", "Prasad", "Rao"]
    assert clean_person_name(between.join(words[:8])) == between.join(words[:8])
    with pytest.raises(UnacceptableName, match="more than 8 words"):
        clean_person_name(between.join(words))


@given(st.text(max_size=60))
def test_the_name_of_a_person_has_letters_and_nothing_to_list_things_with(raw: str) -> None:
    try:
        name = clean_person_name(raw)
    except UnacceptableName:
        return
    assert {category(character)[0] for character in name} <= {"L", "M", "P", "Z", "C"}
    assert not any(character.isdigit() or character in ",;:/()[]{}<>#@&+=*_|" for character in name)


@given(st.text(max_size=200))
def test_a_clean_name_holds_nothing_that_deceives_the_eye(raw: str) -> None:
    try:
        name = clean_name(raw)
    except UnacceptableName as error:
        assert len(raw) < 4 or raw not in str(error)  # noqa: PT017 - both outcomes are fine
        return
    assert name == normalize("NFC", name) == name.strip()
    assert 1 <= len(name) <= LONGEST_NAME
    kinds = {category(character) for character in name if character not in "\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert clean_name(name) == name


CANONICAL = st.one_of(
    st.from_regex(r"\+91[0-9]{8,13}", fullmatch=True),
    st.from_regex(r"\+91[6-9][0-9]{9}", fullmatch=True),
    st.from_regex(r"\+91(140|160|1800|1860|186[12]|000800)[0-9]{6,9}", fullmatch=True),
)


@given(CANONICAL)
def test_the_fast_way_with_canonical_numbers_has_the_verdict_of_the_library(raw: str) -> None:
    assert normalise_phone(raw) == normalise_by_library(raw)
    assert (_CANONICAL.fullmatch(raw) is not None) == (normalise_by_library(raw) == raw)


@given(st.text(max_size=60))
def test_whatever_is_sent_as_a_phone_has_one_verdict(raw: str) -> None:
    verdict = normalise_phone(raw)
    assert verdict == normalise_by_library(raw)
    if verdict is not None:
        assert normalise_phone(verdict) == verdict


@pytest.mark.parametrize(
    "written",
    [
        "9876543210",
        "09876543210",
        "+91 98765 43210",
        "+91-98765-43210",
        "0091 9876543210",
        "(+91) 98765.43210",
    ],
)
def test_a_number_has_one_form(written: str) -> None:
    assert normalise_phone(written) == "+919876543210"


@pytest.mark.parametrize(
    "written", ["+442079460958", "011 2345 6789", "1800 11 4000", "9876543210 ext. 5", "+91"]
)
def test_landlines_service_numbers_and_extensions_are_no_mobile_numbers(written: str) -> None:
    assert normalise_phone(written) is None


def test_a_mobile_number_of_another_country_is_taken() -> None:
    assert normalise_phone("+971 50 123 4567") == "+971501234567"


SHEETS = st.lists(
    st.tuples(
        st.sampled_from(["open", "closed"]),
        st.sampled_from([("S1-PC01", "S1-AC001"), ("S1-PC01", "S1-AC002"), ("S1-PC02", "S1-AC003")]),
    ),
    max_size=80,
).map(
    lambda drawn: [
        WaitingSheet(round_id, AreaCode(constituency), AreaCode(segment), {"q": number})
        for number, (round_id, (constituency, segment)) in enumerate(drawn)
    ]
)


@given(SHEETS, st.randoms(use_true_random=False))
def test_no_release_is_of_fewer_than_ten_and_no_sheet_is_lost(
    sheets: list[WaitingSheet], rng: Random
) -> None:
    plan = plan_release(sheets, is_closed=lambda round_id: round_id == "closed", shuffle=rng.shuffle)
    told = Counter((release.sheet.round, release.area) for release in plan.releases)
    assert all(number >= FEWEST_TOGETHER for number in told.values())
    numbers = [release.sheet.answers["q"] for release in plan.releases]
    assert len(numbers) == len(set(numbers))
    of_closed = sum(sheet.round == "closed" for sheet in sheets)
    released_closed = sum(release.sheet.round == "closed" for release in plan.releases)
    assert of_closed == released_closed + sum(plan.dropped.values())
    assert all(0 < number < FEWEST_TOGETHER for number in plan.dropped.values())
    for release in plan.releases:
        assert release.area in {release.sheet.segment, release.sheet.constituency}
        assert release.sheet.round == "closed" or release.area == release.sheet.segment

"""Names in three scripts: the same ones sound the same, and brothers and sisters do not."""

import pytest

from enrolment.domain.alike import (
    Commonness,
    Grounds,
    Thresholds,
    name_sound,
    pair_codes,
    phone_evidence,
    segment_evidence,
)
from enrolment.domain.sounds import sound_of
from mitra_shared.ids import AreaCode
from mitra_shared.ops.simulate.doubles import Enrolment, enrolments

SAME = [
    "Ayesha Aisha आयशा عائشہ",
    "Salma सलमा سلمیٰ",
    "Farhan फ़रहान فرحان",
    "Nasreen Nasrin नसरीन نسرین",
    "Rukhsana रुख़साना رخسانہ",
    "Yusuf Yousuf यूसुफ़ یوسف",
    "Hussain Husain हुसैन حسین",
    "Siddiqui Siddiqi सिद्दीक़ी صدیقی",
    "Qureshi क़ुरैशी قریشی",
    "Lakshmi Laxmi लक्ष्मी لکشمی",
    "Krishna कृष्ण کرشنا",
    "Rahman Rehman रहमान رحمان",
    "Abdullah Abdulla अब्दुल्लाह عبداللہ",
    "Nizamuddin निज़ामुद्दीन نظام‌الدین",
    "Singh सिंह سنگھ",
    "Gurpreet गुरप्रीत گرپریت",
]
WHOLE = [
    ("Abdul Rahman", "عبدالرحمان"),
    ("Noor Jahan", "नूरजहाँ"),
    ("Mohd. Imran", "محمد عمران"),
    ("Smt. Sunita Devi", "सुनीता देवी"),
    ("Mary D'Souza", "Dsouza Mary"),
    ("राम कुमार", "Ramkumar"),
]
FAMILY = [
    ("Farhan Khan", "Farhana Khan"),
    ("Hasan Ali", "Husain Ali"),
    ("Nasir Ansari", "Nisar Ansari"),
    ("Javed Khan", "Zaid Khan"),
    ("Imran Khan", "सलमा ख़ान"),
    ("Rajprakash Malik", "Brijprakash Malik"),
    ("Khan", "Imran Khan"),
]
LIMITS = Thresholds()


@pytest.mark.parametrize("spellings", SAME, ids=lambda spellings: spellings.split()[0])
def test_spellings_of_a_word_in_three_scripts_have_one_code(spellings: str) -> None:
    assert len({sound_of(word).code for word in spellings.split()}) == 1
    first, *others = (name_sound(word) for word in spellings.split())
    assert {phone_evidence(first, other, LIMITS) for other in others} == {Grounds.PHONE_AND_NAME}


@pytest.mark.parametrize(("one", "other"), WHOLE)
def test_a_name_is_the_same_however_its_words_are_written(one: str, other: str) -> None:
    assert phone_evidence(name_sound(one), name_sound(other), LIMITS) is Grounds.PHONE_AND_NAME


@pytest.mark.parametrize(("one", "other"), FAMILY)
def test_members_of_a_family_on_one_phone_are_not_held_for_one(one: str, other: str) -> None:
    assert phone_evidence(name_sound(one), name_sound(other), LIMITS) is None


def test_a_word_left_out_makes_the_evidence_weaker() -> None:
    similar = phone_evidence(name_sound("Imran Khan"), name_sound("इमरान"), LIMITS)
    assert similar is Grounds.PHONE_AND_SIMILAR_NAME


def test_a_name_that_is_common_in_the_constituency_says_nothing_without_a_phone() -> None:
    one, other = name_sound("Wangchuk Namgyal"), name_sound("वांगचुक नामग्याल")
    rare = Commonness(5_000, {})
    common = Commonness(5_000, {word.sound.code: 400 for word in one.words})
    assert segment_evidence(one, other, rare, LIMITS) is Grounds.SEGMENT_AND_NAME
    assert segment_evidence(one, other, common, LIMITS) is None


@pytest.mark.parametrize("name", ["ആയിഷ", "A.", "Ñ", "؟ا", "ः", "M", "د"])
def test_names_of_other_scripts_and_of_one_letter_are_taken_without_a_fault(name: str) -> None:
    assert phone_evidence(name_sound(name), name_sound("Imran Khan"), LIMITS) is None
    pair_codes(name_sound(name))


def test_of_doubles_on_one_phone_nine_in_ten_are_found_and_nine_in_ten_found_are_doubles() -> None:
    segments = [(AreaCode(f"S{n:02}"), AreaCode(f"PC{n // 5}")) for n in range(20)]
    by_phone: dict[str, list[Enrolment]] = {}
    for entry in enrolments(segments, 12_000, seed=7):
        by_phone.setdefault(entry.phone, []).append(entry)
    found = right = truth = 0
    for sharing in by_phone.values():
        for at, one in enumerate(sharing):
            for other in sharing[:at]:
                is_found = phone_evidence(name_sound(one.name), name_sound(other.name), LIMITS) is not None
                found += is_found
                truth += one.person == other.person
                right += is_found and one.person == other.person
    assert truth > 100
    assert right / truth > 0.9
    assert right / found > 0.9


def test_the_made_up_list_follows_from_its_seed() -> None:
    segments = [(AreaCode("S1"), AreaCode("PC1"))]
    once, again, other = (list(enrolments(segments, 300, seed)) for seed in (1, 1, 2))
    assert once == again != other
    assert len({entry.script for entry in once}) == 3

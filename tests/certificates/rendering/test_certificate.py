"""A single certificate: what it says, to the eye and to programs."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from certificates.rendering.names import NothingToShow
from certificates.rendering.sample import NAMES, sample_page
from certificates.rendering.typesetter import Typesetter
from mitra_shared.campaign.definition import Language
from mitra_shared.typesetting.compiling import NotSet
from tests.certificates.rendering.looking import metadata, objects, pages_of, picture, text_of

LANGUAGES: tuple[Language, ...] = ("en", "hi", "ur")
LONG: dict[Language, str] = {
    "en": "Muhammad Abdul Rahman bin Yusuf Khan Sahib of Kalpetta and his whole family",
    "hi": "श्रीमती राजेश्वरी क्षत्रिय द्विवेदी कृष्णमूर्ति वेंकटेश्वरन",
    "ur": "محمد یوسف خان محمد مصطفیٰ خان محتسبین عبدالرحمٰن",
}
SHORT: dict[Language, str] = {"en": "Om", "hi": "ओम", "ur": "علی"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pdf_says_of_itself_that_it_is_archival_and_accessible(
    typesetter: Typesetter, language: Language
) -> None:
    pdf = typesetter.pdf(sample_page(language), language)
    xmp = metadata(pdf)
    assert pages_of(pdf) == 1
    assert re.search(r"pdfaid:part\W+3\b", xmp)
    assert re.search(r"pdfaid:conformance\W+A\b", xmp)
    assert re.search(r"pdfuaid:part\W+1\b", xmp)
    inside = objects(pdf)
    assert re.search(rb"/Marked true", inside)
    assert re.search(rb"/Lang\s*\(%s" % language.encode(), inside)
    assert b"/DisplayDocTitle true" in inside
    assert b"/OutputIntents" in inside
    assert b"/StructTreeRoot" in inside
    assert b"/H1" in inside
    assert b"/Alt" in inside


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_title_of_the_document_has_the_name_exactly(typesetter: Typesetter, language: Language) -> None:
    page = sample_page(language, "D\u2019Souza-Núñez राजेश्वरी محمد یوسف")
    assert "D\u2019Souza-Núñez राजेश्वरी محمد یوسف" in metadata(typesetter.pdf(page, language))


@pytest.mark.parametrize(
    "name",
    ["Amina Beegum", "राजेश्वरी क्षत्रिय", "मो० ज़ुबैर ख़ालिद", "क्\u200dष न्\u200cम", "Āmina D\u2019Souza-Núñez"],
)
def test_the_text_of_a_page_has_the_name_exactly(typesetter: Typesetter, name: str) -> None:
    assert name in text_of(typesetter.pdf(sample_page("en", name), "en"))


def test_all_facts_are_on_the_page(typesetter: Typesetter) -> None:
    text = text_of(typesetter.pdf(sample_page("en"), "en"))
    for fact in ("Kalpetta", "Wayanad, Kerala", "S11-AC019-0007", "24-11-2026", "mitra.example.org/v"):
        assert fact in text


def test_the_day_is_that_of_india(typesetter: Typesetter) -> None:
    page = sample_page("en")
    late = page.facts.model_copy(update={"issued_at": page.facts.issued_at.replace(hour=19)})
    assert "25-11-2026" in text_of(typesetter.pdf(replace(page, facts=late), "en"))


def test_the_token_is_attached(typesetter: Typesetter) -> None:
    page = sample_page("en")
    inside = objects(typesetter.pdf(page, "en"))
    assert page.jwt.encode() in inside
    assert re.search(rb"/AFRelationship ?/Data", inside)
    assert re.search(rb"application(/|#2F)vc(\+|#2B)jwt", inside)


def test_the_same_page_gives_the_same_bytes(typesetter: Typesetter) -> None:
    page = sample_page("hi")
    first = typesetter.pdf(page, "hi")
    typesetter.pdf(sample_page("ur"), "ur")
    assert typesetter.pdf(page, "hi") == first


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("names", [SHORT, NAMES, LONG], ids=["short", "usual", "long"])
def test_the_code_is_read_back_from_a_print_that_is_turned_and_blurred(
    typesetter: Typesetter, language: Language, names: dict[Language, str]
) -> None:
    page = sample_page(language, names[language])
    scanned = (
        picture(typesetter.pdf(page, language), dots_per_inch=150)
        .rotate(2.5, resample=Image.Resampling.BICUBIC, expand=True, fillcolor="white")
        .filter(ImageFilter.GaussianBlur(0.7))
    )
    read = zxingcpp.read_barcodes(scanned)
    assert [code.text for code in read] == [page.qr]


def test_a_code_of_the_greatest_length_is_read_back_and_leaves_one_page(typesetter: Typesetter) -> None:
    page = replace(sample_page("ur", LONG["ur"]), qr="https://mitra.example.org/v#" + "A2B7C" * 240)
    pdf = typesetter.pdf(page, "ur")
    assert pages_of(pdf) == 1
    read = zxingcpp.read_barcodes(picture(pdf, dots_per_inch=200))
    assert [code.text for code in read] == [page.qr]


def test_a_character_without_a_font_is_named_by_its_number_and_the_name_is_not_told(
    typesetter: Typesetter,
) -> None:
    with pytest.raises(NotSet, match=r"no font has U\+12031, U\+12032") as refusal:
        typesetter.pdf(sample_page("en", "Amina \U00012031\U00012032"), "en")
    assert "Amina" not in str(refusal.value)
    assert "fonts-noto-core" in str(refusal.value)


@pytest.mark.parametrize("name", ["A\U000f0000", "A\ue000"])
def test_characters_for_private_use_are_refused(typesetter: Typesetter, name: str) -> None:
    with pytest.raises(NotSet, match=r"(?i)U\+F0000|\{e000\}"):
        typesetter.pdf(sample_page("en", name), "en")


def test_a_name_of_nothing_but_controls_is_refused(typesetter: Typesetter) -> None:
    with pytest.raises(NothingToShow):
        typesetter.pdf(sample_page("en", "\u202e\u200f"), "en")


def test_a_picture_has_the_width_that_was_asked_for(typesetter: Typesetter) -> None:
    with Image.open(BytesIO(typesetter.png(sample_page("en"), "en", 1200))) as image:
        assert image.width == 1200
        assert abs(image.height - 1200 * 210 / 297) <= 1

"""Sheets and their lists."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest

from certificates.rendering.manifest import Manifest, ManifestRow, manifest_csv, manifest_data
from certificates.rendering.page import certificate_data
from certificates.rendering.sample import NAMES, sample_page
from certificates.rendering.typesetter import Typesetter
from mitra_shared.campaign.definition import Language
from tests.certificates.rendering.looking import metadata, objects, pages_of, text_of

MADE_AT = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
LANGUAGES: tuple[Language, ...] = ("en", "hi", "ur")


def manifest(*rows: ManifestRow, language: Language = "en") -> Manifest:
    return Manifest("Modi Mitra", "Kalpetta, Wayanad", language, MADE_AT, rows)


def test_a_sheet_has_its_certificates_in_the_given_order_each_in_its_language(
    typesetter: Typesetter,
) -> None:
    pages = [(sample_page(language, number=number), language) for number, language in enumerate(LANGUAGES, 1)]
    sheet = typesetter.sheet(
        [certificate_data(page, language) for page, language in pages], title="Sheet 7", made_at=MADE_AT
    )
    assert pages_of(sheet) == 3
    for place, (page, _) in enumerate(pages):
        assert page.facts.number in text_of(sheet, place)
    assert NAMES["hi"] in text_of(sheet, 1)
    xmp = metadata(sheet)
    assert "Sheet 7" in xmp
    assert re.search(r"pdfaid:part\W+2\b", xmp)
    assert re.search(r"pdfuaid:part\W+1\b", xmp)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_is_paged_with_its_header_on_every_page_and_tagged_as_a_table(
    typesetter: Typesetter, language: Language
) -> None:
    rows = [ManifestRow(f"S11-AC019-{place:04}", NAMES["hi"], "S11-PC04/01") for place in range(1, 101)]
    pdf = typesetter.manifest(manifest_data(manifest(*rows, language=language)), made_at=MADE_AT)
    pages = pages_of(pdf)
    assert pages > 2
    # In the Urdu list pdfium returns the pieces of a number in the order in which it would print Urdu.
    if language != "ur":
        assert "S11-AC019-0001" in text_of(pdf, 0)
        assert "S11-AC019-0100" in text_of(pdf, pages - 1)
    if language == "en":
        assert all("Co-in-charge" in text_of(pdf, page) for page in range(pages))
        assert f"Page 2 of {pages}" in text_of(pdf, 1)
    inside = objects(pdf)
    assert b"/Table" in inside
    assert b"/TH" in inside
    assert re.search(r"pdfuaid:part\W+1\b", metadata(pdf))


def test_a_csv_is_utf_8_with_a_mark_and_reads_back() -> None:
    rows = [ManifestRow("S11-AC019-0001", 'Amina "A", Beegum', "S11-PC04/01")]
    rows += [ManifestRow(f"S11-AC019-000{place}", name, "x") for place, name in enumerate(NAMES.values(), 2)]
    made = manifest_csv(manifest(*rows))
    assert made.startswith(b"\xef\xbb\xbf")
    header, *read = csv.reader(io.StringIO(made.decode("utf-8-sig"), newline=""))
    assert header == ["number", "name", "co_in_charge", "signature"]
    assert [row[:3] for row in read] == [[row.number, row.name, row.co_in_charge] for row in rows]


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\tx", "\rx", "  =1", "\uff1d1"])
def test_no_cell_of_a_csv_is_a_formula(name: str) -> None:
    made = manifest_csv(manifest(ManifestRow("1", name, name))).decode("utf-8-sig")
    _, row = csv.reader(io.StringIO(made, newline=""))
    assert row[1] == f"'{name}"
    assert row[2] == f"'{name}"


def test_a_name_with_a_hyphen_inside_is_no_formula() -> None:
    assert ",Al-Amin," in manifest_csv(manifest(ManifestRow("1", "Al-Amin", "x"))).decode()

"""Mistakes in templates are found at the start, and said where they are."""

from pathlib import Path
from shutil import copytree

import pytest

from certificates.rendering.template_check import TemplateMistake, check_templates
from certificates.rendering.typesetter import TEMPLATES
from mitra_shared.typesetting.fonts import FontsAtHand, fonts_at_hand


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return copytree(TEMPLATES, tmp_path / "templates")


def change(directory: Path, file: str, old: str, new: str) -> tuple[int, int]:
    """Replace the first `old`; where it begins, as line and column."""
    text = (directory / file).read_text(encoding="utf-8")
    before, found, after = text.partition(old)
    assert found
    (directory / file).write_text(before + new + after, encoding="utf-8")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def test_our_own_templates_are_sound() -> None:
    (remark,) = check_templates(system_fonts=False).remarks
    assert "'noto nastaliq urdu' is missing" in remark
    assert "fonts-noto-core" in remark


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("certificate.typ", "center)", "centre)", "unknown variable: centre"),
        ("certificate.typ", "said.before", "said.bfore", 'dictionary does not contain key "bfore"'),
        ("ornaments.typ", "calc.round(x", "calc.rund(x", "does not contain"),
        ("manifest.typ", "row.number", "row.numbr", 'dictionary does not contain key "numbr"'),
        ("letters.typ", "json(bytes", "jsn(bytes", "unknown variable: jsn"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_column(
    copied: Path, file: str, old: str, new: str, what: str
) -> None:
    line, column = change(copied, file, old, new)
    with pytest.raises(TemplateMistake, match=f"^{file}, line {line}, column ") as mistake:
        check_templates(copied, system_fonts=False)
    assert what in mistake.value.what
    assert (mistake.value.file, mistake.value.line) == (file, line)
    assert column <= mistake.value.column <= column + len(new)


def test_broken_words_are_told_with_line_and_column(copied: Path) -> None:
    line, column = change(copied, "words.json", '"title": "', '"title" "')
    with pytest.raises(TemplateMistake, match=f"^words.json, line {line}, column {column + 8}: no JSON"):
        check_templates(copied, system_fonts=False)


def test_missing_words_are_named(copied: Path) -> None:
    change(copied, "words.json", '"issuer": "', '"issued": "')
    with pytest.raises(TemplateMistake, match=r"^words.json: the words en.issuer are missing"):
        check_templates(copied, system_fonts=False)


def test_a_missing_file_is_named(copied: Path) -> None:
    (copied / "manifest.typ").unlink()
    with pytest.raises(TemplateMistake, match=r"^manifest.typ: the directory .* has no such file"):
        check_templates(copied, system_fonts=False)


def test_a_certificate_that_became_longer_than_a_page_is_refused(copied: Path) -> None:
    change(copied, "certificate.typ", "v(1.3fr)", "v(100mm)")
    with pytest.raises(TemplateMistake, match="several pages"):
        check_templates(copied, system_fonts=False)


def test_a_picture_without_a_description_is_refused(copied: Path) -> None:
    change(copied, "certificate.typ", "alt: filled", "fit: filled")
    with pytest.raises(TemplateMistake, match=r"certificate.typ, line \d+"):
        check_templates(copied, system_fonts=False)


def test_a_template_without_its_function_is_refused(copied: Path) -> None:
    change(copied, "certificate.typ", "#let certificates(", "#let something(")
    with pytest.raises(TemplateMistake, match="has to define `certificates`"):
        check_templates(copied, system_fonts=False)


def test_a_font_that_is_not_at_hand_is_remarked_and_another_is_used(copied: Path) -> None:
    change(copied, "certificate.typ", "set align(center)", 'set align(center)\n  set text(font: "Garamond")')
    assert any(
        "unknown font family: garamond" in r for r in check_templates(copied, system_fonts=False).remarks
    )


def test_a_changed_text_is_no_mistake(copied: Path) -> None:
    change(copied, "words.json", "Certificate of Recognition", "Certificate of Friendship")
    change(copied, "ornaments.typ", "#d97b1f", "#aa3311")
    check_templates(copied, system_fonts=False)


def test_a_missing_wheel_is_named_with_its_package() -> None:
    none = FontsAtHand(fonts_at_hand(system_fonts=False).fonts, ("noto sans", "noto nastaliq urdu"))
    assert none.missing() == [
        "the font 'noto sans devanagari' is missing: reinstall the package fontpkg-noto-sans-devanagari",
        "the font 'noto sans arabic' is missing: reinstall the package fontpkg-noto-sans-arabic",
    ]

"""Files as people make them, also those who mean ill: told apart, never harmful, never guessed."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import xlsxwriter

from enrolment.domain.importing import Field
from enrolment.imports.cells import FileUnreadable, Unreadable
from enrolment.imports.child_limits import ReadingLimits
from enrolment.imports.file_reader import read_file
from enrolment.imports.template import HEADINGS
from tests.enrolment.imports.import_world import (
    COLUMNS,
    LIMITS,
    ImportWorld,
    csv_file,
    line,
    table,
    workbook,
)
from tests.enrolment.intake_api import count

HINDI = ["नाम", "मोबाइल नंबर", "विधानसभा क्षेत्र", "नामांकन का आधार", "योजनाएँ", "भाषा", "वयस्क",
         "पार्टी सदस्य", "सहमति", "सूचना संस्करण", "सहमति की भाषा", "दिनांक", "कार्यकर्ता"]  # fmt: skip
URDU = ["نام", "موبائل نمبر", "اسمبلی حلقہ", "شمولیت کی بنیاد", "اسکیم", "زبان", "بالغ",
        "پارٹی رکن", "رضامندی", "نوٹس ورژن", "نوٹس کی زبان", "تاریخ", "جمع کنندہ"]  # fmt: skip

ONE = table([line(1)])


@pytest.mark.parametrize(
    "file",
    [
        csv_file(ONE, encoding="utf-8-sig"),
        csv_file(ONE, encoding="utf-16"),
        csv_file(ONE, encoding="utf-16-le"),
        csv_file(ONE, encoding="utf-16-be"),
        csv_file(ONE, delimiter=";"),
        csv_file(ONE, delimiter="\t"),
        csv_file(ONE, delimiter="|"),
        csv_file([["The list of our ward"], [], *ONE]),
        csv_file(table([line(1)], HINDI)),
        csv_file(table([line(1)], URDU)),
        workbook(("One", ONE)),
    ],
)
async def test_sheets_are_read_as_they_are_made(world: ImportWorld, file: bytes) -> None:
    told = await world.preview(file)
    assert (told["state"], told["rows"], told["problems"], told["unmapped"]) == ("previewed", 1, [], [])


def _zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def _damaged() -> bytes:
    whole = workbook(("One", ONE))
    return whole[: len(whole) // 2]


def _bomb() -> bytes:
    """A small workbook whose sheet unpacks to more than there is memory for."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(("One", ONE)))) as whole,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for part in whole.namelist():
            with made.open(part, "w", force_zip64=True) as written:
                content = whole.read(part)
                if part.endswith("sheet1.xml"):
                    content = content.replace(b"</sheetData>", b"")
                    written.write(content)
                    for _ in range(96):
                        written.write(b" " * (1 << 20))
                    written.write(b"</sheetData></worksheet>")
                else:
                    written.write(content)
    return out.getvalue()


def _far_cell() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write(0, 16_383, "far")
    sheet.write(1_048_575, 0, "deep")
    book.close()
    return out.getvalue()


UNREADABLE: list[tuple[str, Callable[[], bytes], ReadingLimits]] = [
    ("file-empty", lambda: b"", LIMITS),
    ("file-empty", lambda: b"\xef\xbb\xbf\r\n \n", LIMITS),
    ("no-rows", lambda: csv_file([list(HEADINGS.values())]), LIMITS),
    ("no-headings", lambda: csv_file([line(1), line(2)]), LIMITS),
    ("no-headings", lambda: b"one word\nanother\n", LIMITS),
    ("old-workbook", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), LIMITS),
    ("not-a-sheet", lambda: _zipped(letter=b"no workbook"), LIMITS),
    ("broken-workbook", _damaged, LIMITS),
    ("broken-workbook", lambda: _zipped(xl__workbook_xml=b"<", **{"xl__workbook.xml": b"<broken"}), LIMITS),
    ("unknown-encoding", lambda: "नाम".encode() + b"\xe9,\xff\n", LIMITS),
    ("too-heavy", _bomb, replace(LIMITS, unpacked=64 << 20)),
    ("too-heavy", _bomb, replace(LIMITS, memory=200 << 20)),
    ("too-heavy", _far_cell, LIMITS),
    ("too-many-columns", lambda: b"Name,Phone" + b"," * 1_000_000 + b"\nA,9800000001\n", LIMITS),
    ("too-many-rows", lambda: csv_file(table([line(1)] * 30)), replace(LIMITS, rows=5)),
]


@pytest.mark.parametrize(
    ("why", "file", "limits"), [each for each in UNREADABLE if each[0] not in {"no-headings", "no-rows"}]
)
async def test_a_file_that_cannot_be_read_says_why_and_harms_nothing(
    why: str, file: Callable[[], bytes], limits: ReadingLimits
) -> None:
    async def read_all() -> None:
        async with read_file(file(), None, limits) as read:
            async for _ in read.batches:
                pass

    with pytest.raises(FileUnreadable) as told:
        await read_all()
    assert told.value.why is Unreadable(why)


async def test_nothing_is_kept_of_a_file_that_cannot_be_read(world: ImportWorld) -> None:
    for why, file in {why: file for why, file, limits in UNREADABLE if limits is LIMITS}.items():
        told = await world.preview(file())
        assert (told["state"], told["why"]) == ("unreadable", why)
        assert told["message"]
        assert told["expected"]
    assert await count(world.api.engine, "sheet_import_file") == 0
    assert await count(world.api.engine, "sheet_import_row") == 0


async def test_what_a_spreadsheet_does_to_cells_is_mended_or_told(world: ImportWorld) -> None:
    phone, day, name = map(COLUMNS.index, (Field.PHONE, Field.COLLECTED_ON, Field.NAME))

    def paint(book: Any, sheets: dict[str, Any]) -> None:
        sheet = sheets["One"]
        dated = book.add_format({"num_format": "dd-mm-yyyy"})
        sheet.write_datetime(1, day, date(2026, 11, 3), dated)
        sheet.write_number(1, phone, 9_800_000_001)
        sheet.write_number(2, phone, 9.80000e9 + 0.5)
        sheet.write_formula(3, name, '="Meera"&" Nair"', None, "Meera Nair")
        sheet.write_formula(4, name, '="Meera"&" Nair"', None, "")
        sheet.write_formula(5, name, "=1/0", None, "#DIV/0!")
        sheet.merge_range(6, name, 7, name, "Meera Nair")

    file = workbook(("One", table(line(number) for number in range(1, 8))), paint=paint)
    told = await world.preview(file)
    assert await world.problems(told) == [
        (3, "phone", "digits-lost"),
        (5, "name", "formula-without-value"),
        (6, "name", "cell-error"),
        (8, "name", "merged-cell"),
    ]


PHONES = {
    "९८००००००९९": None,
    "٩٨٠٠٠٠٠١٩٩": None,
    "۹۸۰۰۰۰۰۲۹۹": None,
    "9.800000399E+09": None,
    "9800000499.0": None,
    "'+91 98000-00599": None,
    "9.8E+09": "digits-lost",
    "9,80E9": "digits-lost",
    "98000\x0000099": "control-characters",
    "98000": "invalid-phone",
}


async def test_phones_are_mended_where_no_digit_is_lost(world: ImportWorld) -> None:
    told = await world.preview(csv_file(table([line(1, phone=phone) for phone in PHONES])))
    assert await world.problems(told) == [
        (row, "phone", code) for row, code in enumerate(PHONES.values(), start=2) if code is not None
    ]


WRONG = [
    ("collected_on", "03/11/26", "ambiguous-date"),
    ("collected_on", "46329", "ambiguous-date"),
    ("collected_on", "31-11-2026", "not-understood"),
    ("collected_on", "01-01-2036", "date-in-future"),
    ("collected_on", "01-01-2020", "date-before-notice"),
    ("collected_by", "", "missing"),
    ("collected_by", "who votes for the party and lives near the temple", "invalid-name"),
    ("consent", "", "missing"),
    ("consent", "perhaps", "not-understood"),
    ("consent", "no", "consent-missing"),
    ("adult", "no", "minor"),
    ("party_member", "yes", "party-member"),
    ("notice_version", "2025-01", "outdated-notice"),
    ("schemes", "NO-SUCH", "unknown-scheme"),
    ("basis", "friend", "not-understood"),
    ("segment", "Nowhere", "unknown-segment"),
    ("segment", "S24-AC037", "segment-outside-area"),
    ("name", "Meera 9800000001", "invalid-name"),
    ("name", "x" * 1_001, "too-long"),
]


async def test_every_problem_names_row_field_and_cure_and_repeats_no_value(world: ImportWorld) -> None:
    wrong = [line(number, **{field: value}) for number, (field, value, _) in enumerate(WRONG)]
    told = await world.preview(csv_file(table(wrong)))
    assert await world.problems(told) == [
        (row, field, code) for row, (field, _, code) in enumerate(WRONG, start=2)
    ]
    rows = await world.rows(told)
    for row in rows:
        (problem,) = row["problems"]
        assert problem["message"]
        assert problem["column"]
        assert problem["expected"]
        assert "{" not in problem["expected"]
    for value in ("Meera", "9800000001", "xxxx", "perhaps", "Nowhere"):
        assert value not in str(rows) + str(told)
    again = await world.map(told, columns=told["mapping"]["columns"], values={})
    assert (again["preview"], again["problems"]) == (2, told["problems"])


async def test_hidden_sheets_are_named_and_read_only_if_chosen(world: ImportWorld) -> None:
    file = workbook(("Open", table([line(3)])), ("Secret", table([line(1), line(2)])), hidden=["Secret"])
    told = await world.preview(file)
    hidden = [(sheet["name"], sheet["hidden"]) for sheet in told["sheets"]]
    assert hidden == [("Open", False), ("Secret", True)]
    assert (told["sheet"], told["rows"]) == (0, 1)
    chosen = await world.map(told, sheet=1)
    assert (chosen["sheet"], chosen["rows"], chosen["preview"]) == (1, 2, 2)
    done = await world.accept(chosen)
    assert done["outcomes"] == {"enrolled": 2}


async def test_columns_that_nobody_is_asked_for_are_not_taken(world: ImportWorld) -> None:
    headings = [*HEADINGS.values(), "जाति", "Voter ID"]
    told = await world.preview(csv_file(table([[*line(1, consent="no"), "Kurmi", "XYZ1234567"]], headings)))
    assert [column["heading"] for column in told["columns"] if column["never_read"]] == ["जाति", "Voter ID"]
    result = await world.result(await world.accept(told))
    assert "Kurmi" not in str(result)
    assert "XYZ1234567" not in str(result)

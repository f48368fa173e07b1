from pathlib import Path

import pytest

from mitra_shared.campaign.check import CampaignMistakes, UnreadableCampaign, load_definition
from mitra_shared.campaign.check.sources import LARGEST_FILE
from tests.campaign.files import MAIN, Files, checked, line_of, mistakes_after, only, small

STATES, SEATS, SEGMENTS, SCHEMES = "states.csv", "constituencies.csv", "segments.csv", "schemes.csv"


def without(name: str) -> Files:
    files = small()
    del files[name]
    return files


def test_a_file_that_is_not_there_is_told_where_it_is_named() -> None:
    mistake = only(checked(without(SEGMENTS))[1])
    assert (mistake.file, mistake.line, mistake.where) == (MAIN, line_of("segments ="), "areas.segments")
    assert "there is no such file" in mistake.wrong


def test_a_folder_in_the_place_of_a_file_is_a_mistake(tmp_path: Path) -> None:
    for name, content in small(("states.csv", "notices")).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CampaignMistakes) as raised:
        load_definition(tmp_path / MAIN)
    assert "'notices' cannot be read" in raised.value.mistakes[0].wrong


def test_a_definition_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableCampaign, match="No such file"):
        load_definition(tmp_path / MAIN)


@pytest.mark.parametrize("name", ["../states.csv", "/etc/passwd", "a/../../states.csv", "..\\\\states.csv"])
def test_a_file_outside_of_the_campaign_is_not_read(name: str) -> None:
    mistake = only(mistakes_after(('"states.csv"', f'"{name}"')))
    assert "leads out of the campaign's folder" in mistake.wrong


def test_a_csv_that_is_not_utf8_is_told_with_its_line() -> None:
    files = small()
    files[SEATS] = files[SEATS].replace("रामपुर".encode(), "रामपुर".encode("utf-16"))
    mistake = next(m for m in checked(files)[1] if m.file == SEATS)
    assert (mistake.line, mistake.right) == (line_of("Rampur", SEATS), "save it as UTF-8")


def test_a_csv_with_a_byte_order_mark_is_told_and_read_on() -> None:
    files = small(("S11,17,S11-PC04", "S11,17,S11-PC05"), file=SEGMENTS)
    files[SEGMENTS] = b"\xef\xbb\xbf" + files[SEGMENTS]
    first, second = checked(files)[1]
    assert "byte order mark" in first.wrong
    assert second.where == "constituency"


def test_a_nul_character_is_told_with_its_line() -> None:
    mistake = next(m for m in mistakes_after(("Wayanad", "Way\0nad"), file=SEATS) if m.file == SEATS)
    assert (mistake.line, mistake.wrong) == (line_of("Wayanad", SEATS), "the file holds a NUL character")


def test_a_file_beyond_reason_is_not_read() -> None:
    files = small()
    files[SCHEMES] += b"#" * LARGEST_FILE
    assert "larger than 8 MB" in only(checked(files)[1]).wrong


def test_an_empty_csv_is_told_with_the_columns_it_needs() -> None:
    files = small()
    files[SEGMENTS] = b""
    mistake = only(checked(files)[1])
    assert mistake.right == "state,number,constituency,name_en,name_hi,name_ur (separated by commas)"


def test_a_csv_without_rows_is_a_mistake() -> None:
    files = small()
    files[STATES] = b"code,name_en\n"
    assert "there are no rows" in [m.wrong for m in checked(files)[1] if m.file == STATES]


def test_semicolons_between_the_cells_are_told() -> None:
    files = small()
    files[SEGMENTS] = files[SEGMENTS].replace(b",", b";")
    assert "separated by commas" in checked(files)[1][0].right


def test_a_missing_column_is_told_once_and_not_for_every_row() -> None:
    mistake = only(mistakes_after((",evidence,", ",evidance,"), file=SEATS)[1:])
    first = mistakes_after((",evidence,", ",evidance,"), file=SEATS)[0]
    assert (first.line, first.where, first.right) == (1, "evidance", "did you mean 'evidence'?")
    assert (mistake.line, mistake.wrong) == (1, "the column 'evidence' is missing")


def test_a_column_given_twice_is_a_mistake() -> None:
    assert "2 times" in mistakes_after(("name_en,name_hi", "name_en,name_en"), file=SEATS)[0].wrong


@pytest.mark.parametrize("column", ["religion", "Caste", "voter_id", "voteIntent", "EPIC", "score"])
def test_a_column_about_a_forbidden_subject_is_refused_with_the_reason(column: str) -> None:
    files = small()
    lines = files[SEGMENTS].decode().splitlines()
    files[SEGMENTS] = "\n".join([f"{lines[0]},{column}", *(f"{line},x" for line in lines[1:])]).encode()
    mistake = only(checked(files)[1])
    assert (mistake.line, mistake.where) == (1, column)
    assert "is about" in mistake.wrong
    assert mistake.right.startswith("Mitra keeps nothing about")


def test_a_short_row_is_told_with_its_line() -> None:
    mistake = only(mistakes_after(("S24,37,S24-PC07,Rampur", "S24,37,S24-PC07"), file=SEGMENTS))
    assert (mistake.line, mistake.wrong) == (line_of("Rampur", SEGMENTS), "the row has 3 cells")


def test_a_long_row_is_told_with_its_line() -> None:
    mistake = only(mistakes_after(("PC07,Rampur", "PC07,Rampur,City"), file=SEGMENTS))
    assert "a comma inside a name needs quotes" in mistake.right


def test_a_quote_that_is_never_closed_is_told_with_the_line_where_it_opens() -> None:
    mistake = next(m for m in mistakes_after(("PC07,Rampur", 'PC07,"Rampur'), file=SEGMENTS))
    assert (mistake.line, mistake.right) == (line_of("Rampur", SEGMENTS), "close every quote in its own row")


def test_blank_lines_and_windows_line_ends_are_fine() -> None:
    files = small()
    for name in (SEGMENTS, SEATS, MAIN):
        files[name] = files[name].replace(b"\n", b"\r\n")
    files[SEGMENTS] = files[SEGMENTS].replace(b"S11,33", b"\r\n\r\nS11,33")
    assert checked(files)[1] == []


def test_lines_are_counted_through_names_with_line_breaks() -> None:
    mistakes = mistakes_after(("Kalpetta", '"Kal\npetta"'), ("S24,38,", "S24,x,"), file=SEGMENTS)
    assert [(m.line, m.where) for m in mistakes] == [(4, "name_en"), (10, "number")]

import pytest

from tests.campaign.files import MAIN, Files, checked, line_of, mistakes_after, only, small

STATES, SEATS, SEGMENTS, SCHEMES = "states.csv", "constituencies.csv", "segments.csv", "schemes.csv"


def without(name: str) -> Files:
    files = small()
    del files[name]
    return files


def test_an_empty_name_is_a_mistake() -> None:
    mistake = only(mistakes_after((",Milak", ","), file=SEGMENTS))
    assert (mistake.where, mistake.wrong) == ("name_en", "it is missing")


@pytest.mark.parametrize("number", ["seventeen", "0", "1000", "-3", "१७", "1.5", "17a", "9" * 5000])
def test_a_number_that_is_none_is_told_at_its_row(number: str) -> None:
    mistake = only(mistakes_after(("S11,17,", f"S11,{number},"), file=SEGMENTS))
    assert (mistake.line, mistake.where) == (line_of("S11,17,", SEGMENTS), "number")


def test_an_unknown_evidence_mark_is_told_with_the_near_one() -> None:
    mistake = only(mistakes_after(("state-report", "state report"), file=SEATS))
    assert (mistake.where, mistake.right) == ("evidence", "did you mean 'state-report'?")


def test_an_unknown_state_is_told_with_the_near_one() -> None:
    mistakes = mistakes_after(("S24,7,Rampur", "S25,7,Rampur"), file=SEATS)
    mistake = next(m for m in mistakes if m.file == SEATS)
    assert (mistake.line, mistake.where) == (line_of("Rampur", SEATS), "state")
    assert "'S24'" in mistake.right


def test_an_unknown_constituency_is_told_with_the_near_one() -> None:
    mistake = only(mistakes_after(("S11,17,S11-PC04", "S11,17,S11-PC40"), file=SEGMENTS))
    assert (mistake.line, mistake.where) == (line_of("S11,17,", SEGMENTS), "constituency")
    assert "S11-PC04" in mistake.right


def test_a_segment_in_a_constituency_of_another_state_is_a_mistake() -> None:
    mistake = only(mistakes_after(("S11,17,S11-PC04", "S11,17,S24-PC07"), file=SEGMENTS))
    assert mistake.wrong == "S11-AC017 (Mananthavady) is in the state S11, and S24-PC07 is not"


def test_the_children_of_a_broken_row_are_not_mistakes_too() -> None:
    mistake = only(mistakes_after(("Wayanad,वयनाड,named", "Wayanad,वयनाड,rumoured"), file=SEATS))
    assert mistake.where == "evidence"


@pytest.mark.parametrize("name", [STATES, SEATS, SEGMENTS])
def test_what_stands_in_an_unreadable_file_is_not_said_to_be_missing(name: str) -> None:
    files = without(name)
    goal = 'level = "segment"\nmetric = "certificates"\nnumber = 9\narea = "S11-AC017"\nsource = "x"\n'
    files[MAIN] = files[MAIN].replace(b"[staff]", f"[[goals]]\n{goal}\n[staff]".encode())
    assert only(checked(files)[1]).file == MAIN


def test_what_stands_behind_an_open_quote_is_not_said_to_be_missing() -> None:
    mistake = only(mistakes_after(("S11,6,Malappuram", 'S11,6,"Malappuram'), file=SEATS))
    assert mistake.line == line_of("Malappuram", SEATS)


def test_a_state_given_twice_is_a_mistake() -> None:
    files = small()
    files[STATES] += b"S11,Kerala again,,\n"
    mistake = only(checked(files)[1])
    assert (mistake.line, mistake.where) == (4, "code")
    assert "line 2" in mistake.wrong


def test_a_constituency_number_given_twice_in_a_state_is_a_mistake() -> None:
    mistakes = mistakes_after(("S11,6,Malappuram", "S11,4,Malappuram"), file=SEATS)
    assert "S11-PC04 is there already (line 2)" in [m.wrong for m in mistakes]


def test_a_segment_number_given_twice_in_a_state_is_a_mistake_even_in_two_constituencies() -> None:
    mistake = only(mistakes_after(("S11,33,", "S11,19,"), file=SEGMENTS))
    assert (mistake.where, mistake.wrong) == ("number", "S11-AC019 is there already (line 4)")


def test_the_same_segment_number_in_two_states_is_fine() -> None:
    definition, _ = checked(small())
    assert definition is not None
    assert {"S11-AC037", "S24-AC037"} <= {area.code for area in definition.areas}


def test_a_name_given_twice_in_a_constituency_is_a_mistake() -> None:
    mistake = only(mistakes_after(("Kalpetta", "MANANTHAVADY"), file=SEGMENTS))
    assert mistake.where == "name_en"


def test_two_constituencies_on_one_tile_are_told_with_a_free_one() -> None:
    mistake = only(mistakes_after(("state-report,3,12", "state-report,4,12"), file=SEATS))
    assert (mistake.line, mistake.where) == (line_of("Malappuram", SEATS), "tile_column")
    assert mistake.wrong == "column 4, row 12 is taken by Wayanad"
    assert mistake.right == "a free tile, e.g. column 3, row 12"


def test_a_tile_outside_of_the_map_is_a_mistake() -> None:
    mistake = only(mistakes_after(("state-report,3,12", "state-report,3,100"), file=SEATS))
    assert (mistake.where, mistake.right) == ("tile_row", "at most 99")


def test_a_constituency_without_segments_is_a_mistake() -> None:
    files = small()
    files[SEATS] += b"S24,1,Saharanpur,,assumed,5,1\n"
    mistake = only(checked(files)[1])
    assert (mistake.line, mistake.wrong) == (5, "Saharanpur (S24-PC01) has no segment")


def test_a_state_without_constituencies_is_a_mistake() -> None:
    files = small()
    files[STATES] += b"U06,Lakshadweep,,\n"
    assert only(checked(files)[1]).wrong == "Lakshadweep (U06) has no constituency"


def test_a_scheme_given_twice_is_a_mistake() -> None:
    files = small()
    files[SCHEMES] += b"PMUY,Ujjwala,\nPMUY-2,pradhan mantri ujjwala yojana,\n"
    assert [(m.line, m.where) for m in checked(files)[1]] == [(5, "code"), (6, "name_en")]


def test_a_campaign_may_have_no_schemes() -> None:
    assert mistakes_after(('schemes = "schemes.csv"\n', "")) == []

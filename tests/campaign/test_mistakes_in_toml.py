import pytest

from tests.campaign.files import MAIN, checked, line_of, mistakes_after, only, small


def test_the_small_campaign_has_no_mistakes() -> None:
    definition, mistakes = checked(small())
    assert mistakes == []
    assert definition is not None


def test_a_syntax_error_is_told_with_its_line() -> None:
    mistake = only(mistakes_after(('id = "small"', "id = small")))
    assert (mistake.file, mistake.line) == (MAIN, line_of('id = "small"'))
    assert "not TOML" in mistake.wrong


def test_a_key_given_twice_is_told_with_its_line() -> None:
    mistake = only(mistakes_after(("version = 1\n", "version = 1\nversion = 2\n")))
    assert mistake.line == line_of("version = 1") + 1


def test_nesting_without_end_is_a_mistake_and_not_a_crash() -> None:
    mistake = only(mistakes_after(("version = 1\n", f"version = {'[' * 5000}\n")))
    assert "nested too deep" in mistake.wrong


def test_a_number_of_five_thousand_digits_is_a_mistake_and_not_a_crash() -> None:
    assert mistakes_after(("version = 1\n", f"version = {'9' * 5000}\n"))


def test_a_file_that_is_not_utf8_is_told_with_the_line_of_the_byte() -> None:
    files = small()
    files[MAIN] = files[MAIN].replace("छोटा".encode(), b"\xff\xfe")
    mistake = only(checked(files)[1])
    assert mistake.line == line_of("छोटा")
    assert mistake.right == "save it as UTF-8"


def test_a_byte_order_mark_is_told_and_reading_goes_on() -> None:
    files = small(('id = "small"', 'id = "Small"'))
    files[MAIN] = b"\xef\xbb\xbf" + files[MAIN]
    assert ["byte order mark" in m.wrong for m in checked(files)[1]] == [True, False]


def test_an_unknown_key_is_told_with_the_key_that_was_meant() -> None:
    mistake = only(mistakes_after(("schemes = ", "shcemes = ")))
    assert (mistake.line, mistake.where) == (line_of("schemes = "), "shcemes")
    assert mistake.right == "did you mean 'schemes'?"


def test_an_unknown_key_in_a_table_in_a_list_is_told_at_its_own_line() -> None:
    mistakes = mistakes_after(('id = "water"', 'idd = "water"'))
    assert {(m.line, m.where.rpartition(".")[2]) for m in mistakes} == {
        (line_of('id = "water"'), "idd"),
        (line_of('id = "water"'), "id"),
    }
    assert "did you mean 'id'?" in {m.right for m in mistakes}


def test_a_missing_key_is_told_at_its_table_with_an_example() -> None:
    mistake = only(mistakes_after(('version = "2008"\n', "")))
    assert (mistake.line, mistake.where) == (line_of("[boundaries]"), "boundaries.version")
    assert mistake.right.startswith("add version, e.g. ")


@pytest.mark.parametrize(
    ("old", "new", "where", "right"),
    [
        ("version = 1\n", 'version = "1"\n', "version", "whole number"),
        ("version = 1\n", "version = 0\n", "version", "more than 0"),
        ("version = 1\n", "version = true\n", "version", "whole number"),
        ("number = 30\n", "number = 30.5\n", "goals.#1.number", "whole number"),
        ("number = 30\n", "number = -1\n", "goals.#1.number", "at least 0"),
        ("starts_on = 2026-01-01", "starts_on = 2026", "starts_on", "2026-12-31"),
        ("starts_on = 2026-01-01", 'starts_on = "soon"', "starts_on", "2026-12-31"),
        ('id = "small"', 'id = "Small Campaign"', "id", "lower-case"),
        ("version = 1\n", "version = 1\nissuing = true\n", "issuing", "a table"),
        ('en = "Small Campaign"', "en = 5", "name.en", "a text in quotes"),
        ('en = "Small Campaign"', 'en = ""', "name.en", "at least 1"),
        ('en = "Small Campaign"', r'en = "Small\nCampaign"', "name.en", "one line of text"),
        ('ur = "چھوٹی مہم"', 'ue = "چھوٹی مہم"', "name.ue", "one of: en, hi, ur"),
        (
            'metric = "certificates"',
            'metric = "certificate"',
            "goals.#3.metric",
            "did you mean 'certificates'?",
        ),
        (
            'kind = "scale"',
            'kind = "scales"',
            "rounds.round-1.questions.office-help.kind",
            "did you mean 'scale'",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_what_would_be_right(
    old: str, new: str, where: str, right: str
) -> None:
    mistakes = {m.where: m for m in mistakes_after((old, new))}
    assert right in mistakes[where].right
    assert mistakes[where].line is not None


def test_a_list_where_a_table_is_due_is_a_mistake() -> None:
    files = small()
    files[MAIN] = b"goals = 5\nareas = 3\nnotices = [1]\nrounds = [[]]\n"
    where = {m.where: m.right for m in checked(files)[1]}
    assert "[[goals]]" in where["goals"]
    assert "[areas]" in where["areas"]
    assert "[[notices]]" in where["notices.#1"]
    assert "[[rounds]]" in where["rounds.#1"]


def test_an_empty_file_lacks_everything_that_is_needed() -> None:
    files = small()
    files[MAIN] = b""
    missing = {m.where for m in checked(files)[1] if m.wrong == "it is missing"}
    assert missing >= {
        "id",
        "version",
        "name",
        "starts_on",
        "target_date",
        "boundaries",
        "areas",
        "goals",
        "notices",
    }


@pytest.mark.parametrize(
    "key", ["religion", "caste", "voter_id", "voteIntent", "person-score", "community", "epic"]
)
def test_a_key_about_a_forbidden_subject_is_refused_with_the_reason(key: str) -> None:
    mistake = only(mistakes_after(("[staff]\n", f'[eligibility]\n{key} = "any"\n\n[staff]\n')))
    assert mistake.where == f"eligibility.{key}"
    assert "is about" in mistake.wrong
    assert mistake.right.startswith("Mitra keeps nothing about religion, caste")


def test_party_members_cannot_be_made_eligible() -> None:
    mistake = only(mistakes_after(("[staff]\n", "[eligibility]\nparty_members = true\n\n[staff]\n")))
    assert (mistake.where, mistake.right) == ("eligibility.party_members", "one of: false")


def test_minors_cannot_be_made_eligible() -> None:
    mistake = only(mistakes_after(("[staff]\n", "[eligibility]\nminimum_age = 16\n\n[staff]\n")))
    assert mistake.right == "at least 18"


def test_a_target_date_before_the_start_is_a_mistake() -> None:
    mistake = mistakes_after(("target_date = 2036-12-31", "target_date = 2025-12-31"))[0]
    assert (mistake.line, mistake.right) == (line_of("target_date"), "a day after 2026-01-01")


def test_boundaries_that_come_into_force_after_the_start_are_a_mistake() -> None:
    mistake = only(mistakes_after(("in_force_from = 2008-02-19", "in_force_from = 2028-02-19")))
    assert (mistake.line, mistake.where) == (line_of("2008-02-19"), "boundaries.in_force_from")


def test_every_mistake_of_every_file_is_told_at_once_in_the_order_of_the_lines() -> None:
    files = small(
        ("version = 1\n", "version = -1\n"),
        ('level = "segment"', 'level = "state"'),
        ("closes_on = 2036-12-31", "closes_on = 2025-12-31"),
        ('kind = "scale"', 'kind = "single"'),
    )
    files["states.csv"] = files["states.csv"].replace(b"S24,Uttar Pradesh,", b"S24,,")
    files["segments.csv"] = files["segments.csv"].replace(b"S11,17,", b"S11,seventeen,")
    files["notices/2026-11.ur.txt"] = b" \n"
    _, mistakes = checked(files)
    places = [(m.file, m.where) for m in mistakes]
    assert places == [
        (MAIN, "version"),
        (MAIN, "goals.#3.level"),
        (MAIN, "notices.#1.ur"),
        (MAIN, "rounds.round-1.closes_on"),
        (MAIN, "rounds.round-1.questions.office-help"),
        ("states.csv", "name_en"),
        ("segments.csv", "number"),
    ]

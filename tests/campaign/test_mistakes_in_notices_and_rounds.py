import pytest

from tests.campaign.files import MAIN, checked, line_of, mistakes_after, only, small

ROUND = '[[rounds]]\nid = "round-1"'
SCALE = 'kind = "scale"\ntext = { en = "How helpful are public offices near you?" }'


def another_round(opens: str, closes: str, name: str = "round-2") -> tuple[str, str]:
    question = '[[rounds.questions]]\nid = "more"\nkind = "scale"\ntext = { en = "And now?" }\n\n'
    text = (
        f'[[rounds]]\nid = "{name}"\nname = {{ en = "Second" }}\nopens_on = {opens}\ncloses_on = {closes}\n'
    )
    return ROUND, f"{text}{question}{ROUND}"


@pytest.mark.parametrize("language", ["en", "hi", "ur"])
def test_a_notice_that_lacks_a_language_is_a_mistake(language: str) -> None:
    mistake = only(mistakes_after((f'{language} = "notices/2026-11.{language}.txt"\n', "")))
    assert (mistake.line, mistake.where) == (line_of("[[notices]]"), f"notices.#1.{language}")


def test_a_notice_whose_file_is_not_there_is_told_at_its_line() -> None:
    mistake = only(mistakes_after(("2026-11.ur.txt", "2026-12.ur.txt")))
    assert (mistake.line, mistake.where) == (line_of("2026-11.ur.txt"), "notices.#1.ur")


def test_an_empty_notice_is_a_mistake() -> None:
    files = small()
    files["notices/2026-11.hi.txt"] = b" \n\n"
    mistake = only(checked(files)[1])
    assert (mistake.where, mistake.wrong) == ("notices.#1.hi", "the text of the notice is empty")


def test_a_campaign_without_notices_is_a_mistake() -> None:
    text = small()[MAIN].decode()
    notices = text[text.index("[[notices]]") : text.index("[[rounds]]")]
    mistake = only(mistakes_after((notices, "")))
    assert (mistake.where, mistake.right) == ("notices", "at least one table [[notices]]")


def test_no_notice_in_force_at_the_start_is_a_mistake() -> None:
    mistake = only(mistakes_after(("in_force_from = 2026-01-01", "in_force_from = 2026-11-01")))
    assert mistake.wrong == "no consent notice is in force when the campaign starts (2026-01-01)"


def notice_like_the_first(version: str, in_force_from: str) -> tuple[str, str]:
    files = "\n".join(f'{language} = "notices/2026-11.{language}.txt"' for language in ("en", "hi", "ur"))
    text = f'[[notices]]\nversion = "{version}"\nin_force_from = {in_force_from}\n{files}\n\n'
    return ROUND, text + ROUND


def test_a_notice_version_given_twice_is_a_mistake() -> None:
    mistake = only(mistakes_after(notice_like_the_first("2026-11", "2026-12-01")))
    assert (mistake.where, mistake.wrong) == ("notices.#2.version", "the version '2026-11' is there already")


def test_two_notices_in_force_from_the_same_day_are_a_mistake() -> None:
    mistake = only(mistakes_after(notice_like_the_first("2026-12", "2026-01-01")))
    assert mistake.where == "notices.#2.in_force_from"


def test_a_newer_notice_is_fine() -> None:
    assert mistakes_after(notice_like_the_first("2026-12", "2026-12-01")) == []


@pytest.mark.parametrize(
    ("days", "wrong", "right"),
    [
        ("31", "31 is too large", "at most 30"),
        ("-1", "-1 is too small", "at least 0"),
        ('"7"', "'7' is of the wrong kind", "a whole number without quotes, e.g. 5000"),
    ],
)
def test_a_grace_of_notices_is_0_to_30_days(days: str, wrong: str, right: str) -> None:
    mistake = only(mistakes_after((ROUND, f"[consent]\ngrace_days = {days}\n\n{ROUND}")))
    assert (mistake.where, mistake.wrong, mistake.right) == ("consent.grace_days", wrong, right)


def test_a_campaign_may_have_no_rounds() -> None:
    text = small()[MAIN].decode()
    assert mistakes_after((text[text.index("[[rounds]]") :], "")) == []


def test_a_round_that_closes_before_it_opens_is_a_mistake() -> None:
    mistakes = mistakes_after(
        ("opens_on = 2026-01-01", "opens_on = 2036-12-31"),
        ("closes_on = 2036-12-31", "closes_on = 2026-06-01"),
    )
    assert only(mistakes).wrong == "it closes on 2026-06-01, before it opens on 2036-12-31"


def test_a_round_outside_of_the_campaign_is_a_mistake() -> None:
    mistakes = mistakes_after(
        ("opens_on = 2026-01-01", "opens_on = 2025-12-31"),
        ("closes_on = 2036-12-31", "closes_on = 2037-01-01"),
    )
    assert [m.where for m in mistakes] == ["rounds.round-1.opens_on", "rounds.round-1.closes_on"]


def test_rounds_that_overlap_are_a_mistake() -> None:
    mistake = only(mistakes_after(another_round("2036-12-01", "2036-12-31")))
    assert mistake.where == "rounds.round-2.opens_on"
    assert "'round-1' is open until 2036-12-31" in mistake.wrong


def test_rounds_that_share_one_day_are_a_mistake() -> None:
    shorter = ("closes_on = 2036-12-31", "closes_on = 2026-06-30")
    assert len(mistakes_after(shorter, another_round("2026-06-30", "2026-12-31"))) == 1
    assert mistakes_after(shorter, another_round("2026-07-01", "2026-12-31")) == []


def test_a_round_given_twice_is_a_mistake() -> None:
    shorter = ("closes_on = 2036-12-31", "closes_on = 2026-06-30")
    mistake = only(mistakes_after(shorter, another_round("2026-07-01", "2026-12-31", "round-1")))
    assert mistake.wrong == "the round 'round-1' is there already"


def test_a_round_without_questions_is_a_mistake() -> None:
    text = small()[MAIN].decode()
    mistake = only(mistakes_after((text[text.index("[[rounds.questions]]") :], "")))
    assert (mistake.where, mistake.right) == (
        "rounds.round-1.questions",
        "at least one table [[rounds.questions]]",
    )


def test_a_question_without_choices_is_a_mistake() -> None:
    mistake = only(mistakes_after(('kind = "scale"', 'kind = "multiple"')))
    assert mistake.wrong == "a question of kind 'multiple' with no choice(s)"
    assert mistake.where == "rounds.round-1.questions.office-help"


def test_a_question_with_one_choice_is_a_mistake() -> None:
    choice = 'choices = [{ id = "yes", label = { en = "Yes" } }]'
    single = SCALE.replace("scale", "single")
    mistake = only(mistakes_after((SCALE, f"{single}\n{choice}")))
    assert mistake.right == "at least 2 choices, or kind 'scale'"


def test_a_scale_with_choices_is_a_mistake() -> None:
    mistake = only(mistakes_after(('kind = "single"', 'kind = "scale"')))
    assert mistake.where == "rounds.round-1.questions.scheme-useful.choices"


def test_a_question_given_twice_is_a_mistake() -> None:
    mistake = only(mistakes_after(('id = "office-help"', 'id = "local-issues"')))
    assert mistake.wrong == "the question 'local-issues' is there already"


def test_a_choice_given_twice_is_told_at_its_line() -> None:
    mistake = only(mistakes_after(('id = "roads"', 'id = "water"')))
    assert (mistake.line, mistake.wrong) == (line_of('id = "roads"'), "the choice 'water' is there already")


def test_a_round_translated_in_part_is_a_mistake() -> None:
    mistakes = mistakes_after(
        ('name = { en = "First round" }', 'name = { en = "First round", hi = "पहला दौर" }')
    )
    assert len(mistakes) == 9
    assert {m.right for m in mistakes} == {"add hi"}


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Which party will you vote for?", "votes"),
        ("What is your religion?", "religion"),
        ("Which caste is your household?", "caste"),
        ("आपका धर्म क्या है?", "religion"),
        ("आप किसे वोट देंगे?", "votes"),
        ("آپ کا مذہب کیا ہے؟", "religion"),
        ("Are you on the voter list?", "identity numbers"),
    ],
)
def test_a_question_about_a_forbidden_subject_is_refused(text: str, subject: str) -> None:
    mistake = only(mistakes_after(("How helpful are public offices near you?", text)))
    assert f"the question is about {subject}" in mistake.wrong
    assert mistake.right.startswith("Mitra keeps nothing about")


@pytest.mark.parametrize(
    "text", ["Is the electricity supply good?", "How is the community hall?", "ذاتی رائے؟"]
)
def test_a_question_about_a_local_issue_is_not_taken_for_a_forbidden_one(text: str) -> None:
    assert mistakes_after(("How helpful are public offices near you?", text)) == []


def test_a_choice_about_a_forbidden_subject_is_refused() -> None:
    mistake = only(
        mistakes_after(
            ('id = "water", label = { en = "Drinking water" }', 'id = "vote", label = { en = "Other" }')
        )
    )
    assert mistake.wrong == "'vote' is about votes"

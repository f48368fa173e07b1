import pytest

from tests.campaign.files import line_of, mistakes_after, only

LAST_GOAL = 'level = "segment"\nmetric = "certificates"\nnumber = 3\nsource = "a number for tests"\n'


def goal(**keys: object) -> str:
    written = {k: str(v).lower() if isinstance(v, bool) else repr(v) for k, v in keys.items()}
    lines = [f"{key} = {value}" for key, value in {"source": '"press"', **written}.items()]
    return "\n[[goals]]\n" + "\n".join(lines).replace("'", '"') + "\n"


def with_goal(**keys: object) -> tuple[str, str]:
    return LAST_GOAL, LAST_GOAL + goal(**keys)


@pytest.mark.parametrize("level", ["state", "nation"])
def test_a_quota_of_certificates_sits_at_constituencies_or_segments(level: str) -> None:
    mistake = only(mistakes_after(('level = "segment"', f'level = "{level}"')))
    assert (mistake.line, mistake.where) == (line_of('level = "segment"'), "goals.#3.level")
    assert "'constituency' or 'segment'" in mistake.right


def test_an_unknown_level_is_told_with_the_near_one() -> None:
    mistake = only(mistakes_after(('level = "segment"', 'level = "segments"')))
    assert mistake.right == "did you mean 'segment'?"


def test_active_quotas_at_two_levels_are_a_mistake() -> None:
    mistake = only(mistakes_after(with_goal(level="constituency", metric="certificates", number=9)))
    assert "per segment" in mistake.wrong
    assert "per constituency" in mistake.wrong
    assert mistake.right == "one level of quotas; active = false for the other"


def test_a_reading_of_another_level_may_be_kept_inactive() -> None:
    assert (
        mistakes_after(with_goal(level="constituency", metric="certificates", number=9, active=False)) == []
    )


def test_two_active_readings_of_one_goal_are_a_mistake() -> None:
    mistake = only(mistakes_after(with_goal(level="constituency", metric="enrolled", number=20)))
    assert mistake.where == "goals.#4"
    assert mistake.right == "active = false for all but one"
    assert f"line {line_of('number = 10') - 3}" in mistake.wrong


def test_the_same_reading_twice_is_a_mistake_even_if_inactive() -> None:
    mistake = only(
        mistakes_after(with_goal(level="constituency", metric="enrolled", number=10, active=False))
    )
    assert "given already" in mistake.wrong


def test_a_goal_of_an_unknown_area_is_told_with_the_near_one() -> None:
    mistake = only(
        mistakes_after(with_goal(level="segment", metric="certificates", number=5, area="S11-AC17"))
    )
    assert (mistake.where, mistake.right) == ("goals.#4.area", "did you mean 'S11-AC017' or 'S11-AC037'?")


def test_a_goal_of_an_area_at_another_level_is_a_mistake() -> None:
    mistake = only(
        mistakes_after(with_goal(level="segment", metric="certificates", number=5, area="S11-PC04"))
    )
    assert mistake.wrong == "S11-PC04 is a constituency, not a segment"


def test_an_area_may_have_a_quota_of_its_own() -> None:
    assert mistakes_after(with_goal(level="segment", metric="certificates", number=5, area="S11-AC017")) == []


def test_a_campaign_without_an_active_quota_is_a_mistake() -> None:
    mistake = only(mistakes_after((LAST_GOAL, LAST_GOAL + "active = false\n")))
    assert mistake.wrong == "no quota of certificates is active"


def test_segments_without_a_quota_are_named() -> None:
    mistake = only(mistakes_after((LAST_GOAL, LAST_GOAL + 'area = "S11-AC017"\n')))
    assert mistake.wrong.startswith("7 segment(s) have no quota: S11-AC018, ")


def test_targets_that_do_not_add_up_are_a_mistake() -> None:
    mistake = only(mistakes_after(("number = 30\n", "number = 40\n")))
    assert (mistake.line, mistake.where) == (line_of("number = 30"), "goals.#1.number")
    assert mistake.wrong == "the target is 40, but its targets per constituency add up to 30"


def test_five_thousand_in_each_assembly_cannot_be_five_thousand_in_each_constituency() -> None:
    mistakes = mistakes_after(with_goal(level="segment", metric="enrolled", number=10))
    assert {m.where for m in mistakes} == {"goals.#2.number"}
    assert "the target of S11-PC04 is 10, but its targets per segment add up to 30" in {
        m.wrong for m in mistakes
    }


def test_a_target_of_one_constituency_counts_in_the_sum() -> None:
    own = with_goal(level="constituency", metric="enrolled", number=20, area="S11-PC04")
    assert only(mistakes_after(own)).where == "goals.#1.number"
    assert mistakes_after(own, ("number = 30\n", "number = 40\n")) == []

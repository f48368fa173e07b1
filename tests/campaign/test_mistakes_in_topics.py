import pytest

from tests.campaign.files import checked, mistakes_after, only, small

ROUND = '[[rounds]]\nid = "round-1"'


def topics(*written: tuple[str, str]) -> tuple[str, str]:
    tables = "".join(f'[[topics]]\nid = "{code}"\nname = {{ en = "{name}" }}\n\n' for code, name in written)
    return ROUND, tables + ROUND


def test_topics_and_limits_of_messages_are_read() -> None:
    files = small()
    text = files["campaign.toml"].decode()
    limits = "[messages]\nquiet_from = 21:30:00\nquiet_until = 10:00:00\na_minute = 60\ndays_between = 3\n\n"
    files["campaign.toml"] = (
        text.replace(*topics(("housing", "Housing"))).replace(ROUND, limits + ROUND, 1).encode()
    )
    definition, mistakes = checked(files)
    assert definition is not None
    assert not mistakes
    assert [topic.id for topic in definition.topics] == ["housing"]
    assert (str(definition.messages.quiet_from), definition.messages.a_minute) == ("21:30:00", 60)


def test_a_topic_given_twice_is_a_mistake() -> None:
    mistake = only(mistakes_after(topics(("housing", "Housing"), ("housing", "Homes"))))
    assert (mistake.where, mistake.wrong) == ("topics.housing.id", "the topic 'housing' is there already")


@pytest.mark.parametrize(("code", "name"), [("caste", "Groups"), ("groups", "Religion and school")])
def test_a_topic_that_must_not_be_counted_is_a_mistake(code: str, name: str) -> None:
    mistake = only(mistakes_after(topics((code, name))))
    assert "Mitra keeps nothing about religion" in mistake.right

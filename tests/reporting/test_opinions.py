"""Opinions from sheets to answers over HTTP: released in blocks, hidden with a reason, never changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from reporting.domain.releases import STRAGGLING, Due, Rounding, due_release, may_be_shown
from reporting.releaser import Releaser
from tests.reporting.field import Field
from tests.reporting.opinion_world import asking_campaign
from tests.reporting.reporting_api import ReportingApi

HOUR = timedelta(hours=1)
SEGMENT, SISTER, SEAT = "S11-AC017", "S11-AC018", "S11-PC04"


class Asked:
    """A field with questions, its releaser and the api."""

    def __init__(self, field: Field, api: ReportingApi) -> None:
        assert field.engine is not None
        self.field = Field(field.engine, campaign=asking_campaign())
        self.api = api
        self.engine = field.engine
        self.releaser = Releaser(
            field.engine, lambda: [self.field.campaign], every=HOUR, mechanism=Rounding(lambda _: 1)
        )

    async def begin(self) -> None:
        await self.field.apply(self.field.defined())
        await self.api.caught_up()

    async def sheets(self, area: str, housing: int, health: int, scale: int = 3) -> None:
        answers: list[dict[str, Any]] = [{"most-useful": "housing", "office-help": scale}] * housing
        answers += [{"most-useful": "health", "obstacles": ("health", "none")}] * health
        await self.field.apply([self.field.opinion(area, answers=each) for each in answers])
        await self.api.caught_up()

    async def release(self) -> int:
        """Make the next release, as if an hour had gone by."""
        async with self.engine.begin() as connection:
            await connection.execute(
                text("update opinion_release set made_at = made_at - interval '2 hours'")
            )
        return await self.releaser.release()

    async def read(self, query: str) -> dict[str, Any]:
        answer = await self.api.get(f"/v1/opinions/round-1?{query}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def asked(field: Field, api: ReportingApi) -> Asked:
    made = Asked(field, api)
    await made.begin()
    return made


def areas_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (question,) = document["questions"]
    return {each["area"]: each for each in question["areas"]}


async def test_answers_show_once_they_are_released(asked: Asked) -> None:
    await asked.sheets(SEGMENT, 9, 9)
    before = areas_of(await asked.read(f"area={SEAT}&question=most-useful"))
    assert before[SEGMENT]["answers"] is None
    assert await asked.release() > 0
    after = areas_of(await asked.read(f"area={SEAT}&question=most-useful"))
    assert after[SEGMENT]["answers"] == after[SEAT]["answers"]
    assert after[SEGMENT]["answered"] == 18
    shares = {each["answer"]: each["share"] for each in after[SEGMENT]["answers"]}
    assert shares == {"housing": 0.5, "health": 0.5, "none": 0.0}
    assert after[SISTER]["answers"] is None
    assert after[SISTER]["reason"] == "fewer than 10 new answers, or too much alike"


async def test_everybody_of_one_mind_stays_hidden_until_others_join(asked: Asked) -> None:
    await asked.sheets(SEGMENT, 12, 0)
    await asked.release()
    assert areas_of(await asked.read(f"area={SEGMENT}&question=most-useful"))[SEGMENT]["answers"] is None
    await asked.sheets(SEGMENT, 0, 12)
    await asked.release()
    shown = areas_of(await asked.read(f"area={SEGMENT}&question=most-useful"))[SEGMENT]
    assert shown["answered"] == 24


async def test_a_few_new_answers_change_nothing(asked: Asked) -> None:
    await asked.sheets(SEGMENT, 9, 9)
    await asked.release()
    first = await asked.read(f"area={SEGMENT}")
    await asked.sheets(SEGMENT, 4, 5)
    await asked.release()
    second = await asked.read(f"area={SEGMENT}")
    assert first["questions"] == second["questions"]
    assert second["release"]["number"] == 2


async def test_an_earlier_release_can_be_read_as_it_was(asked: Asked) -> None:
    await asked.sheets(SEGMENT, 9, 9)
    await asked.release()
    first = await asked.read(f"area={SEGMENT}")
    await asked.sheets(SEGMENT, 9, 9)
    await asked.release()
    again = await asked.read(f"area={SEGMENT}&release=1")
    assert again["questions"] == first["questions"]
    assert again["release"]["number"] == 1
    newest = areas_of(await asked.read(f"area={SEGMENT}&question=most-useful"))
    assert newest[SEGMENT]["answered"] == 36


async def test_a_mean_needs_twenty_answers(asked: Asked) -> None:
    for scale in (2, 4):
        await asked.sheets(SEGMENT, 9, 0, scale=scale)
    await asked.release()
    few = areas_of(await asked.read(f"area={SEGMENT}&question=office-help"))[SEGMENT]
    assert few["mean"] == {"value": None, "reason": "a mean needs 20 answers"}
    for scale in (2, 4):
        await asked.sheets(SEGMENT, 9, 0, scale=scale)
    await asked.release()
    enough = areas_of(await asked.read(f"area={SEGMENT}&question=office-help"))[SEGMENT]
    assert enough["mean"] == {"value": 3.0, "reason": None}


async def test_what_is_left_of_a_round_goes_up_and_shows_there(asked: Asked) -> None:
    over = asked.field.campaign.rounds[0].model_copy(
        update={
            "opens_on": datetime.now(UTC).date() - 60 * 24 * HOUR,
            "closes_on": (datetime.now(UTC) - STRAGGLING - 48 * HOUR).date(),
        }
    )
    asked.field.campaign = asked.field.campaign.model_copy(update={"rounds": (over,)})
    await asked.sheets(SEGMENT, 12, 0)
    await asked.sheets(SISTER, 0, 12)
    await asked.release()
    areas = areas_of(await asked.read(f"area={SEAT}&question=most-useful"))
    assert areas[SEGMENT]["answers"] is None
    assert areas[SEAT]["answered"] == 24
    assert await asked.release() == 0, "the closing release was not the last one"


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/v1/opinions/round-9", 404, "round-1"),
        ("/v1/opinions/round-1?question=votes", 422, "one of most-useful"),
        ("/v1/opinions/round-1?release=7", 422, "none has been made yet"),
        ("/v1/opinions/round-1?release=0", 422, ""),
        ("/v1/opinions/round-1?area=S99", 404, ""),
    ],
)
async def test_bad_questions_are_answered_with_what_there_is(
    asked: Asked, path: str, status: int, told: str
) -> None:
    refused = await asked.api.get(path)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    assert told in refused.text


async def test_rounds_tell_questions_rules_and_releases(asked: Asked) -> None:
    await asked.release()
    document = (await asked.api.get("/v1/opinions")).json()
    assert [each["question"] for each in document["rounds"][0]["questions"]] == [
        "most-useful", "obstacles", "office-help",
    ]  # fmt: skip
    assert [each["number"] for each in document["rounds"][0]["releases"]] == [1]
    assert document["rules"]["rounded_to"] == 3


async def test_the_same_answer_is_not_sent_again(asked: Asked) -> None:
    first = await asked.api.get("/v1/opinions")
    again = await asked.api.get("/v1/opinions", **{"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


async def test_answers_that_a_log_took_back_wait(asked: Asked) -> None:
    await asked.sheets(SEGMENT, 9, 9)
    await asked.release()
    shown = await asked.read(f"area={SEGMENT}")
    async with asked.engine.begin() as connection:
        await connection.execute(text("update rollup_answer set count = count - 1 where count > 0"))
    await asked.release()
    assert (await asked.read(f"area={SEGMENT}"))["questions"] == shown["questions"]


def test_releases_are_due_at_multiples_of_their_time_and_end_after_the_round() -> None:
    opinion_round = asking_campaign().rounds[0]
    begun = datetime.combine(opinion_round.opens_on, datetime.min.time(), UTC) + 12 * HOUR
    day = timedelta(days=1)
    assert due_release(opinion_round, begun - 5 * day, None, day) is None
    assert due_release(opinion_round, begun, None, day) == Due(closing=False)
    assert due_release(opinion_round, begun, begun, day) is None
    assert due_release(opinion_round, begun + day, begun, day) == Due(closing=False)
    late = datetime.combine(opinion_round.closes_on, datetime.min.time(), UTC) + STRAGGLING + 2 * day
    assert due_release(opinion_round, late, begun, day) == Due(closing=True)


def test_rounding_is_unbiased_and_keeps_within_its_base() -> None:
    for count in range(12):
        drawn = [Rounding(lambda _, draw=draw: draw)({"a": count})["a"] for draw in range(3)]  # type: ignore[misc]
        assert sum(drawn) == 3 * count
        assert all(shown % 3 == 0 and abs(shown - count) < 3 for shown in drawn)


@pytest.mark.parametrize(
    ("shown", "answered", "may"),
    [
        ({"": 12, "a": 6, "b": 6}, 12, True),
        ({"": 9, "a": 6, "b": 6}, 9, False),
        ({"": 24, "a": 24, "b": 0}, 24, False),
        ({"": 24, "a": 21, "b": 3}, 24, False),
        ({"": 12, "a": 9, "b": 6}, 11, False),
        ({"": 12}, 12, False),
    ],
)
def test_what_may_be_shown(shown: dict[str, int], answered: int, may: bool) -> None:  # noqa: FBT001
    assert may_be_shown(shown, answered, one_each=True) is may

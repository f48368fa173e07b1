"""What the answers about opinions look like, for the OpenAPI document; `opinion_queries` fills them."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from mitra_shared.campaign.definition import Level, Names
from mitra_shared.ids import AreaCode, CampaignId
from reporting.schemas import Answer


class ReleaseRules(Answer):
    """What a block of answers needs to be let out, and what its counts are rounded to."""

    fewest_answers: int
    fewest_others: int
    fewest_for_mean: int
    rounded_to: int


class ReleaseShown(Answer):
    """A release of a round. After the closing one there is no other."""

    number: int
    made_at: AwareDatetime
    closing: bool


class AnswerAllowed(Answer):
    """An answer that a question allows; the numbers of a scale have no label."""

    answer: str
    label: Names | None


class QuestionShown(Answer):
    """A question as it was asked."""

    question: str
    kind: Literal["single", "multiple", "scale"]
    text: Names
    answers: list[AnswerAllowed]


class RoundShown(Answer):
    """A round with its questions and releases."""

    round: str
    name: Names
    opens_on: date
    closes_on: date
    questions: list[QuestionShown]
    releases: list[ReleaseShown]


class RoundsAnswer(Answer):
    """All rounds of a campaign."""

    campaign: CampaignId
    rules: ReleaseRules
    rounds: list[RoundShown]


class AnswerCounted(Answer):
    """How many gave an answer, rounded, and their share (0 to 1) of those who answered."""

    answer: str
    count: int
    share: float


class MeanShown(Answer):
    """Mean of a scale from 1 to 5; null and why where too few answered."""

    value: float | None
    reason: str | None


class AreaOpinions(Answer):
    """Released answers of an area to one question. All null: nothing is shown, see `reason`."""

    area: AreaCode
    level: Level
    answered: int | None
    reason: str | None
    answers: list[AnswerCounted] | None
    mean: MeanShown | None


class QuestionOpinions(QuestionShown):
    """A question with the answers of an area and of those directly below it."""

    areas: list[AreaOpinions]


class OpinionsAnswer(Answer):
    """Released answers of a round; `release` is null until there is one."""

    campaign: CampaignId
    round: str
    release: ReleaseShown | None
    area: AreaCode
    questions: list[QuestionOpinions]

"""A campaign whose people answer, release after release; and what is published of it."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mitra_shared.campaign.definition import CampaignDefinition, Level, Question, Round
from mitra_shared.ids import AreaCode
from reporting.domain.cells import ANSWERED
from reporting.domain.disclosure import AreaTree
from reporting.domain.releases import Block, Mechanism, blocks_of
from reporting.opinion_queries import labels_of, released_figures
from tests.factories import small_campaign

CHOICES = ("housing", "health", "none")


def questions() -> list[dict[str, object]]:
    choices = [{"id": choice, "label": {"en": choice}} for choice in CHOICES]
    return [
        {"id": "most-useful", "kind": "single", "text": {"en": "Which?"}, "choices": choices},
        {"id": "obstacles", "kind": "multiple", "text": {"en": "What?"}, "choices": choices},
        {"id": "office-help", "kind": "scale", "text": {"en": "How?"}},
    ]


def asking_campaign() -> CampaignDefinition:
    """The small campaign with a question of each kind."""
    base = small_campaign()
    first = base.rounds[0].model_dump() | {"questions": questions()}
    return small_campaign(rounds=[Round.model_validate(first).model_dump()])


Chunk = tuple[AreaCode, int]
"""Sheets let out for an area before one release."""


@dataclass
class OpinionWorld:
    """Sheets come in chunks of ten and more; a release follows each wave."""

    seed: int
    waves: int = 4
    campaign: CampaignDefinition = field(default_factory=asking_campaign)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - to be played again
        self.tree = AreaTree(self.campaign)
        self.sheets: dict[Chunk, int] = {}
        self.given: dict[tuple[Chunk, str], Counter[str]] = {}
        for wave in range(self.waves):
            for area in self.campaign.areas:
                is_late = wave == self.waves - 1 and area.level is Level.CONSTITUENCY
                if (area.level is Level.SEGMENT and self.random.random() < 0.6) or is_late:
                    self._chunk((area.code, wave))

    @property
    def questions(self) -> Sequence[Question]:
        return self.campaign.rounds[0].questions

    def _chunk(self, chunk: Chunk) -> None:
        self.sheets[chunk] = self.random.randrange(10, 24)
        for question in self.questions:
            answers = list(labels_of(question))
            liking = [self.random.choice((0.0, 0.05, 1.0, 8.0)) + 0.01 for _ in answers]
            answering = self.random.choice((0.3, 0.9, 1.0))
            counts: Counter[str] = Counter()
            for _ in range(self.sheets[chunk]):
                if self.random.random() < answering:
                    counts[ANSWERED] += 1
                    times = 1 if question.kind != "multiple" else self.random.randrange(1, 3)
                    counts.update(set(self.random.choices(answers, liking, k=times)))
            self.given[chunk, question.id] = counts

    def published(self, mechanism: Mechanism) -> list[dict[str, dict[AreaCode, Mapping[str, int] | None]]]:
        """What every release shows of each question and area, at all levels; None: nothing."""
        waiting: dict[str, dict[AreaCode, Counter[str]]] = {q.id: {} for q in self.questions}
        shown: dict[str, dict[AreaCode, Counter[str]]] = {q.id: {} for q in self.questions}
        told = []
        for wave in range(self.waves):
            for area, came in self.sheets:
                if came == wave:
                    for question in self.questions:
                        waiting[question.id].setdefault(area, Counter()).update(
                            self.given[(area, wave), question.id]
                        )
            for question in self.questions:
                self._let_out(question, waiting[question.id], shown[question.id], mechanism, wave)
            told.append({q.id: self._documents(q, shown[q.id]) for q in self.questions})
        return told

    def _let_out(
        self,
        question: Question,
        waiting: dict[AreaCode, Counter[str]],
        shown: dict[AreaCode, Counter[str]],
        mechanism: Mechanism,
        wave: int,
    ) -> None:
        blocks: list[Block] = list(
            blocks_of(self.campaign, question, waiting, mechanism, closing=wave == self.waves - 1)
        )
        for block in blocks:
            waiting.pop(block.area, None)
            shown.setdefault(block.area, Counter()).update(block.shown)

    def _documents(
        self, question: Question, shown: Mapping[AreaCode, Mapping[str, int]]
    ) -> dict[AreaCode, Mapping[str, int] | None]:
        codes = list(self.tree.level)
        return {
            figures["area"]: None
            if figures["answers"] is None
            else {each["answer"]: each["count"] for each in figures["answers"]}
            for figures in released_figures(self.tree, question, codes, shown)
        }

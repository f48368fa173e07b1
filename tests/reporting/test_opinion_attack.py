"""An attack on the releases of opinions: linear programming over all that is known of them must not succeed.

The attacker knows every release at every level, how many sheets came for each area before each release (live
counts and days tell that), the rules by which blocks are made, and how far rounding goes. For each answer of
each group of sheets that can be told apart, the least and the most that fits is computed.
"""

import random
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pytest
from scipy.optimize import linprog

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from reporting.domain.releases import BASE, FEWEST_ANSWERS, Rounding
from reporting.opinion_queries import labels_of
from tests.reporting.opinion_world import Chunk, OpinionWorld

SEEDS = range(6)
Told = list[dict[AreaCode, Mapping[str, int] | None]]
"""One question, release by release."""


class Range(NamedTuple):
    """What a count can be, by all that is known."""

    least: float
    most: float


class Attacker:
    """Knows what is published of one question with one answer to a sheet, and the number of sheets."""

    def __init__(self, world: OpinionWorld, question: str) -> None:
        asked = next(each for each in world.questions if each.id == question)
        self.answers = list(labels_of(asked))
        self.world = world
        self.chunks = list(world.sheets)
        self._column = {
            (chunk, answer): number
            for number, (chunk, answer) in enumerate(
                (chunk, answer) for chunk in self.chunks for answer in self.answers
            )
        }
        self._rows: list[np.ndarray] = []
        self._bounds: list[float] = []
        for chunk in self.chunks:
            self._at_most([(chunk, answer) for answer in self.answers], world.sheets[chunk])
        self.blocks: list[tuple[list[Chunk], Mapping[str, int]]] = []

    def learn_blocks(self, told: Told) -> None:
        """Take our releases apart, and hold their rules against them."""
        self.blocks = list(self._found_blocks(told))
        for chunks, shown in self.blocks:
            everything = [(chunk, answer) for chunk in chunks for answer in self.answers]
            for answer, count in shown.items():
                cells = [(chunk, answer) for chunk in chunks]
                self._at_most(cells, count + BASE - 1)
                self._at_most(cells, count - BASE + 1, sign=-1)
            self._at_most(everything, FEWEST_ANSWERS, sign=-1)

    def learn_sums(self, told: Told) -> None:
        """Take figures for what they are: exact sums of all that came for an area until then."""
        for release, documents in enumerate(told):
            for area, figures in documents.items():
                chunks = [c for c in self.chunks if c[1] <= release and self._below(c[0], area)]
                for answer, count in (figures or {}).items():
                    cells = [(chunk, answer) for chunk in chunks]
                    self._at_most(cells, count)
                    self._at_most(cells, count, sign=-1)

    def _at_most(self, cells: list[tuple[Chunk, str]], most: float, sign: int = 1) -> None:
        row = np.zeros(len(self._column))
        for cell in cells:
            row[self._column[cell]] += sign
        self._rows.append(row)
        self._bounds.append(sign * most)

    def _found_blocks(self, told: Told) -> Iterator[tuple[list[Chunk], Mapping[str, int]]]:
        """Blocks are where the figures of an area grew by more than those of its parts."""
        spent: set[Chunk] = set()
        before: dict[AreaCode, dict[str, int]] = {}
        for release, documents in enumerate(told):
            own = {area: self._own(area, documents) for area in documents}
            for level in reversed(Level):
                for area in self.world.campaign.at_level(level):
                    grown = {a: n - before.get(area.code, {}).get(a, 0) for a, n in own[area.code].items()}
                    if any(grown.values()):
                        chunks = [
                            chunk
                            for chunk in self.chunks
                            if chunk[1] <= release and chunk not in spent and self._below(chunk[0], area.code)
                        ]
                        spent.update(chunks)
                        yield chunks, grown
            before = own

    def _own(self, area: AreaCode, documents: Mapping[AreaCode, Mapping[str, int] | None]) -> dict[str, int]:
        figures = dict(documents[area] or dict.fromkeys(self.answers, 0))
        for part in self.world.tree.children[area]:
            for answer, count in (documents[part] or {}).items():
                figures[answer] -= count
        return figures

    def _below(self, area: AreaCode, top: AreaCode) -> bool:
        at: AreaCode | None = area
        while at is not None and at != top:
            at = self.world.campaign.by_code[at].parent
        return at is not None

    def range_of(self, cells: list[tuple[Chunk, str]]) -> Range:
        """The least and the most that these cells can add up to."""
        aim = np.zeros(len(self._column))
        for cell in cells:
            aim[self._column[cell]] += 1
        ends = []
        for sign in (1, -1):
            found = linprog(sign * aim, A_ub=np.array(self._rows), b_ub=self._bounds, method="highs")
            assert found.status == 0, found.message
            ends.append(sign * found.fun)
        return Range(round(ends[0], 6), round(ends[1], 6))


def told_of(world: OpinionWorld, question: str, mechanism: Rounding) -> Told:
    return [release[question] for release in world.published(mechanism)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("question", ["most-useful", "office-help"])
def test_no_answer_of_any_group_can_be_computed(seed: int, question: str) -> None:
    world = OpinionWorld(seed)
    rounding = Rounding(random.Random(seed).randrange)  # noqa: S311 - to be played again
    attacker = Attacker(world, question)
    attacker.learn_blocks(told_of(world, question, rounding))
    assert attacker.blocks, "nothing is published: the attack would show nothing"
    in_blocks = {chunk for chunks, _ in attacker.blocks for chunk in chunks}
    for chunk in attacker.chunks:
        ranges = {answer: attacker.range_of([(chunk, answer)]) for answer in attacker.answers}
        true = world.given[chunk, question]
        for answer, (least, most) in ranges.items():
            assert least <= true[answer] <= most, "the attacker believes what is not so"
            assert most - least >= 1, "a count is known exactly"
            assert least < world.sheets[chunk], "everybody is known to have said the same"
        if chunk not in in_blocks:
            assert all(each == (0, world.sheets[chunk]) for each in ranges.values()), "what is hidden shows"


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_are_never_smaller_than_ten_and_never_of_one_mind(seed: int) -> None:
    world = OpinionWorld(seed)
    told = world.published(Rounding(random.Random(seed).randrange))  # noqa: S311 - to be played again
    for question in world.questions:
        attacker = Attacker(world, question.id)
        attacker.learn_blocks([release[question.id] for release in told])
        for chunks, _ in attacker.blocks:
            true = [world.given[chunk, question.id] for chunk in chunks]
            answered = sum(each[""] for each in true)
            assert answered >= 10
            assert all(answered > sum(each[answer] for each in true) for answer in attacker.answers)


def plainly_told(world: OpinionWorld, question: str) -> Told:
    """What a naive publication tells: exact sums, and of areas with fewer than 25 answers nothing."""
    told: Told = []
    for release in range(world.waves):
        leaves: dict[AreaCode, dict[str, int]] = {}
        for area, wave in world.sheets:
            if wave <= release:
                kept = leaves.setdefault(area, {})
                for answer, count in world.given[(area, wave), question].items():
                    kept[answer] = kept.get(answer, 0) + count
        answers = [a for a in {a for each in leaves.values() for a in each} if a]
        sums = {
            answer: world.tree.sums({c: of.get(answer, 0) for c, of in leaves.items()}) for answer in answers
        }
        told.append(
            {
                code: None
                if 0 < sum(of[code] for of in sums.values()) < 25
                else {answer: of[code] for answer, of in sums.items()}
                for code in world.tree.level
            }
        )
    return told


def test_the_same_attack_succeeds_on_sums_that_are_only_hidden_where_they_are_small() -> None:
    """Otherwise the attack would prove nothing."""
    pinned = 0
    for seed in SEEDS:
        world = OpinionWorld(seed)
        attacker = Attacker(world, "most-useful")
        attacker.learn_sums(plainly_told(world, "most-useful"))
        hidden = [chunk for chunk in attacker.chunks if world.sheets[chunk] < 25]
        for chunk in hidden:
            for answer in attacker.answers:
                least, most = attacker.range_of([(chunk, answer)])
                pinned += least == most
    assert pinned > 20

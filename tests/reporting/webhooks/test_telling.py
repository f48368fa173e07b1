"""What is told next: whatever changes between messages, a receiver ends with what the board shows."""

import random

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from reporting.domain.board import Board, Leaf, Rollup
from reporting.domain.leaf_counts import NOTHING
from reporting.domain.telling import next_portion
from reporting.domain.webhooks import Told
from reporting.storage.changes import BEFORE_ALL
from tests.factories import SEGMENTS, small_campaign

NEW = Told(BEFORE_ALL)


class World:
    """A board that changes, and a receiver that takes messages of at most `most` areas."""

    def __init__(self, most: int) -> None:
        self.version = 10
        self.board = Board(small_campaign(), 10, ())
        self.codes = self.board.select()
        self.most = most
        self.told = NEW
        self.held: dict[AreaCode, Rollup] = {}

    def enrol(self, segment: str) -> None:
        self.version += 1
        more = NOTHING._replace(enrolled=1)
        self.board.add(AreaCode(segment), more, self.version)

    def define(self) -> None:
        self.version += 1
        leaves = [
            Leaf(
                self.board.definition.id,
                code,
                NOTHING._replace(enrolled=self.board.rollup(code).counts.enrolled),
                5,
            )
            for code in self.board.select(levels=(Level.SEGMENT,))
        ]
        self.board = Board(small_campaign(self.board.definition.version + 1), self.version, leaves)

    def take(self) -> bool:
        portion = next_portion(self.board, self.version, self.codes, self.told, most=self.most)
        if portion is None:
            return False
        assert len(portion.rollups) <= self.most
        if portion.begins:
            self.held = {}
        for rollup in portion.rollups:
            had = self.held.get(rollup.area.code)
            assert had is None or had.version <= rollup.version
            self.held[rollup.area.code] = rollup
        self.told = portion.then
        return True

    @property
    def shown(self) -> dict[AreaCode, Rollup]:
        return {code: self.board.rollup(code) for code in self.codes}


def test_a_new_endpoint_gets_a_snapshot_in_messages_of_bounded_size() -> None:
    world = World(most=4)
    first = next_portion(world.board, world.version, world.codes, NEW, most=4)
    assert first is not None
    assert (first.is_snapshot, first.begins, first.more, len(first.rollups)) == (True, True, True, 4)
    messages = 0
    while world.take():
        messages += 1
    assert messages == 4, "14 areas, 4 at a time"
    assert world.held == world.shown


def test_any_interleaving_of_changes_and_messages_ends_with_what_the_board_shows(seed: int) -> None:
    for each in range(40):
        chance = random.Random(seed + each)  # noqa: S311 - to be played again
        world = World(most=chance.choice((1, 2, 5, 50)))
        for _ in range(120):
            match chance.randrange(12):
                case 0:
                    world.define() if chance.random() < 0.2 else None
                case 1 | 2 | 3 | 4 | 5:
                    world.enrol(chance.choice(sorted(SEGMENTS)))
                case _:
                    world.take()
        left = 0
        while world.take():
            left += 1
            assert left <= 200, "it comes to an end once nothing changes"
        assert world.held == world.shown, f"seed {seed + each}"


def test_areas_that_change_all_the_time_do_not_hold_up_others() -> None:
    world = World(most=2)
    while world.take():
        pass
    world.enrol("S24-AC037")
    told: list[AreaCode] = []
    for _ in range(8):
        world.enrol("S11-AC017")
        portion = next_portion(world.board, world.version, world.codes, world.told, most=2)
        assert portion is not None
        told += [rollup.area.code for rollup in portion.rollups]
        world.take()
    assert "S24-AC037" in told[:4]


def test_changes_in_between_are_left_out() -> None:
    world = World(most=50)
    world.take()
    for _ in range(100):
        world.enrol("S11-AC017")
    portion = next_portion(world.board, world.version, world.codes, world.told, most=50)
    assert portion is not None
    assert not portion.is_snapshot
    assert {r.area.code: r.counts.enrolled for r in portion.rollups} == dict.fromkeys(
        ("IN", "S11", "S11-PC04", "S11-AC017"), 100
    )


def test_who_was_told_more_than_the_database_holds_gets_a_snapshot() -> None:
    world = World(most=50)
    ahead = Told(world.version + 1000)
    portion = next_portion(world.board, world.version, world.codes, ahead, most=50)
    assert portion is not None
    assert portion.begins
    assert portion.then == Told(world.version)

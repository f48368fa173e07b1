"""What a service keeps of the log `staff`: the last of each person, whatever is played how often."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.consume.feeding import Feed
from mitra_shared.contracts.events import EndedSession, StaffPost, StaffStandingV1
from mitra_shared.contracts.topics import STAFF
from mitra_shared.ids import AreaCode, CampaignId, Epoch, Partition, Position, StaffId, new_event_id
from mitra_shared.log import Place, unit_of_work
from mitra_shared.security.tokens import Caller, Role
from mitra_shared.staff_standing.consuming import expect_again, keep_standings
from mitra_shared.staff_standing.reading import StandingTable
from mitra_shared.staff_standing.revocations import Revocations

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HERE = StaffPost(role="in_charge", area=AreaCode("S11-PC04"))
BEFORE = StaffPost(role="co_in_charge", area=AreaCode("S11-PC04"))
NATION = StaffPost(role="headquarters", area=AreaCode("IN"))
PLACES = st.lists(st.integers(1, 6), min_size=1, max_size=12)


def told(who: str = "asha", **changes: Any) -> StaffStandingV1:
    said = {
        "event_id": new_event_id(),
        "campaign": CampaignId("small"),
        "occurred_at": NOW,
        "staff": StaffId(who),
        "state": "active",
        "post": HERE,
        "name": None,
    }
    return StaffStandingV1.model_validate(said | changes)


def place(position: int, epoch: int = 1) -> Place:
    return Place(Partition(3), Epoch(epoch), Position(position))


async def play(
    engine: AsyncEngine, *events: tuple[int, StaffStandingV1], epoch: int = 1, with_names: bool = True
) -> None:
    async with unit_of_work(engine) as unit:
        feed = Feed(unit, [place(position, epoch) for position, _ in events])
        await keep_standings([event for _, event in events], feed, with_names=with_names)


async def begin_again(engine: AsyncEngine) -> None:
    async with unit_of_work(engine) as unit:
        await expect_again(unit, STAFF, Partition(3))


async def kept(engine: AsyncEngine) -> dict[str, tuple[str, str | None, int]]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("select staff, state, name, position from staff_standing"))
        return {row.staff: (row.state, row.name, row.position) for row in rows}


async def asked(engine: AsyncEngine, revocations: Revocations, callers: Sequence[Caller]) -> list[bool]:
    async with engine.connect() as connection:
        await revocations.refresh(connection)
    return [revocations.revoked(caller) for caller in callers]


def caller(role: Role, area: str | None, *, who: str = "asha", session: UUID | None = None) -> Caller:
    return Caller(
        StaffId(who),
        role,
        CampaignId("small"),
        None if area is None else AreaCode(area),
        session=None if session is None else str(session),
    )


async def test_a_token_counts_as_long_as_person_session_and_post_do(certificates_engine: AsyncEngine) -> None:
    revocations, session, old = Revocations(StandingTable()), uuid4(), uuid4()
    callers = [
        caller(Role.IN_CHARGE, "S11-PC04", session=session),
        caller(Role.CO_IN_CHARGE, "S11-PC04", session=session),
        caller(Role.HEADQUARTERS, None),
        caller(Role.IN_CHARGE, "S11-PC04", session=old),
        caller(Role.OPERATOR, None, who="an operator without account"),
    ]
    assert await asked(certificates_engine, revocations, callers) == [False] * 5
    later, past = datetime.now(UTC) + timedelta(minutes=5), datetime.now(UTC) - timedelta(seconds=1)
    await play(certificates_engine, (1, told(former=[BEFORE, NATION])))
    assert await asked(certificates_engine, revocations, callers) == [False, True, True, False, False]
    await play(certificates_engine, (2, told(ended=[EndedSession(session=old, until=later)])))
    assert await asked(certificates_engine, revocations, callers) == [False, False, False, True, False]
    await play(certificates_engine, (3, told(ended=[EndedSession(session=old, until=past)])))
    assert await asked(certificates_engine, revocations, callers) == [False] * 5
    await play(certificates_engine, (4, told(state="suspended")))
    assert await asked(certificates_engine, revocations, callers) == [True, True, True, True, False]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=PLACES, again=PLACES)
async def test_whatever_is_played_how_often_the_last_of_each_person_is_kept(
    certificates_engine: AsyncEngine, first: list[int], again: list[int]
) -> None:
    async with certificates_engine.begin() as connection:
        await connection.execute(text("delete from staff_standing"))
    states = ("active", "suspended")
    for position in [*first, *again]:
        who = f"person {position % 2}"
        await play(
            certificates_engine, (position, told(who, state=states[position % 3 % 2], name=str(position)))
        )
    last = {f"person {position % 2}": position for position in sorted({*first, *again})}
    assert await kept(certificates_engine) == {
        who: (states[position % 3 % 2], str(position), position) for who, position in last.items()
    }


async def test_a_suspension_holds_while_the_log_is_replayed(certificates_engine: AsyncEngine) -> None:
    revocations, suspended = Revocations(StandingTable()), caller(Role.IN_CHARGE, "S11-PC04")
    await play(certificates_engine, (1, told()), (2, told(state="suspended")), (3, told("lost")))
    await begin_again(certificates_engine)
    assert await asked(certificates_engine, revocations, [suspended]) == [True]
    # On the branch that a restored database is on there was no suspension, nor somebody lost.
    await play(certificates_engine, (1, told()), epoch=2)
    assert await asked(certificates_engine, revocations, [suspended]) == [False]
    assert set(await kept(certificates_engine)) == {"asha", "lost"}
    await begin_again(certificates_engine)
    assert set(await kept(certificates_engine)) == {"asha"}


async def test_who_shows_no_names_keeps_none(certificates_engine: AsyncEngine) -> None:
    await play(certificates_engine, (1, told(name="sealed")), with_names=False)
    assert await kept(certificates_engine) == {"asha": ("active", None, 1)}


async def test_who_holds_answers_open_is_told_of_every_change(certificates_engine: AsyncEngine) -> None:
    changes: list[int] = []
    revocations = Revocations(StandingTable(), lambda: changes.append(1))
    for position in (1, 2):
        await play(certificates_engine, (position, told()))
        for _ in range(2):
            await asked(certificates_engine, revocations, [])
    assert len(changes) == 2


async def put_away(engine: AsyncEngine, position: int, payload: str) -> None:
    """A dead letter of the log `staff`."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                """
                insert into dead_letter ("group", topic, partition, epoch, position, event_id, type, payload,
                                         state, error, attempts)
                values ('certificates-staff', 'staff', 3, 1, :position, :event_id, 'StaffStandingV1',
                        :payload, 'poison', 'made by a test', 1)
                """
            ),
            {"position": position, "event_id": uuid4(), "payload": payload},
        )


async def letters(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("select payload from dead_letter order by position")))


async def test_letters_of_a_person_without_a_name_lose_it_and_those_of_others_keep_theirs(
    certificates_engine: AsyncEngine,
) -> None:
    # Whoever is registered from elsewhere may have a word for an id that entries of others hold.
    for position, who in enumerate(('a "quoted" one', "active", "another active", "asha"), start=1):
        await put_away(certificates_engine, position, told(who, name=f"sealed {who}").model_dump_json())
    await put_away(certificates_engine, 5, '{"staff": "active", "name": "sealed')
    await put_away(certificates_engine, 6, '{"staff": "asha", "name": "sealed')
    before = await letters(certificates_engine)
    await play(certificates_engine, (7, told("active")), (8, told('a "quoted" one')))
    after = await letters(certificates_engine)
    assert [StaffStandingV1.model_validate_json(letter).name for letter in after[:2]] == [None, None]
    assert after[4] == "{}"
    assert [after[2:4], after[5]] == [before[2:4], before[5]]
    await play(certificates_engine, (9, told("active", name="sealed anew")))
    assert await letters(certificates_engine) == after

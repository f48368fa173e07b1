"""What docs/data-protection.md keeps for a time is there a second before its end, and gone one after."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import INDIA
from enrolment.storage.row_security import Work, work_as
from enrolment.upkeep import Upkeep
from tests.enrolment.intake_api import TestClock, count, rows

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Kept:
    """A row of a table, for how long it is there after the moment `:at`, and what the rest of it is."""

    table: str
    period: timedelta
    columns: str
    values: str

    def __str__(self) -> str:
        return self.table


SHEET = "id, campaign, constituency, staff, role, uploaded_at, state"
OF_SHEET = "gen_random_uuid(), 'small', 'S11-PC04', 'somebody', 'in_charge', :at"
MESSAGE = "id, recipient, kind, facts, send_after, next_at"
TO_SOMEBODY = "gen_random_uuid(), gen_random_uuid(), 'receipt', '{}', :at, :at"
SESSION = (
    "id, staff, device, device_name, generation, token_hash, salt, retried, began_at, rotated_at, expires_at"
)
OF_STAFF = "gen_random_uuid(), 'somebody', gen_random_uuid(), 'a phone', 1, 'x', 'x', false, :at, :at"

KEPT = [
    Kept(
        "outcome",
        60 * DAY,
        "caller, idempotency_key, digest, status, body, created_at",
        "'somebody', 'a key', 'x', 422, '{}', :at",
    ),
    Kept(
        "duplicate_record",
        60 * DAY,
        "id, caller, campaign, idempotency_key, answered_at",
        "gen_random_uuid(), 'somebody', 'small', 'a key', :at",
    ),
    Kept(
        "one_time_code",
        DAY,
        "id, receipt_hash, asked_at, expires_at",
        "gen_random_uuid(), 'x', :at, :at",
    ),
    Kept(
        "message",
        30 * DAY,
        f"{MESSAGE}, state, ended_at",
        f"{TO_SOMEBODY}, 'sent', :at",
    ),
    Kept(
        "broadcast",
        366 * DAY,
        "id, campaign, author, idempotency_key, area, texts, digest, ever_enrolled, state, created_at,"
        " finished_at, outcome",
        "gen_random_uuid(), 'small', 'somebody', 'a key', 'S11-PC04', '{}', 'x', '{}', 'cancelled', :at,"
        " :at, '{}'",
    ),
    Kept(
        "person_request",
        366 * DAY,
        "id, mitra, campaign, constituency, kind, asked_at, due_at, asked_through, state, answered_at",
        "gen_random_uuid(), gen_random_uuid(), 'small', 'S11-PC04', 'grievance', :at, :at, 'page',"
        " 'answered', :at",
    ),
    Kept(
        "erasure",
        366 * DAY,
        "mitra, campaign, partition, why, erased_at, event_id, written_anew_at, completed_at",
        "gen_random_uuid(), 'small', 1, 'asked', :at, gen_random_uuid(), :at, :at",
    ),
    Kept("sheet_import", 366 * DAY, f"{SHEET}, finished_at", f"{OF_SHEET}, 'done', :at"),
    Kept(
        "staff_session",
        30 * DAY,
        f"{SESSION}, ended_at, ended_why",
        f"{OF_STAFF}, cast(:at as timestamptz) + interval '60 days', :at, 'signed-out'",
    ),
    Kept(
        "sign_in_failure",
        DAY,
        "scope, key, failures, last_at, locked_until",
        "'login', 'x', 1, :at, :at",
    ),
    Kept(
        "staff_invitation",
        365 * DAY,
        "id, campaign, role, area, secret_hash, invited_by, invited_at, expires_at, logins_refused",
        "gen_random_uuid(), 'small', 'in_charge', 'S11-PC04', 'x', 'hq', :at, :at, 0",
    ),
    Kept("staff_record", 365 * DAY, "id, at, what, facts", "gen_random_uuid(), :at, 'signed-in', '{}'"),
]


async def put(engine: AsyncEngine, statement: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await work_as(connection, Work.OWN_DATA if "person_request" in statement else Work.UPKEEP)
        await connection.execute(text(statement), values)


async def seen_to(engine: AsyncEngine, at: datetime) -> None:
    await Upkeep(engine, TestClock(at)).work()


@pytest.mark.parametrize("kept", KEPT, ids=str)
async def test_it_is_kept_for_its_time_and_gone_a_second_later(
    campaign_engine: AsyncEngine, kept: Kept
) -> None:
    if kept.table == "staff_session":
        await put(
            campaign_engine,
            "insert into staff (id, campaign, state, created_at)"
            " values ('somebody', 'small', 'active', now())",
        )
    at = TestClock().now
    await put(
        campaign_engine,
        f"insert into {kept.table} ({kept.columns}) values ({kept.values})",  # noqa: S608 - tables of ours
        at=at,
    )
    await seen_to(campaign_engine, at + kept.period - SECOND)
    assert await count(campaign_engine, kept.table) == 1
    await seen_to(campaign_engine, at + kept.period + SECOND)
    assert await count(campaign_engine, kept.table) == 0


@pytest.mark.parametrize(
    ("table", "values"),
    [("duplicate_answer", "'somebody', :day, 1, 0"), ("opinion_submission", "gen_random_uuid(), :day")],
)
async def test_what_is_kept_by_the_day_goes_with_the_midnight_in_india(
    campaign_engine: AsyncEngine, table: str, values: str
) -> None:
    day = date(2026, 11, 2)
    await put(campaign_engine, f"insert into {table} values ({values})", day=day)  # noqa: S608 - ours
    sixty_days = datetime(2027, 1, 1, 23, 59, 59, tzinfo=INDIA)
    assert (sixty_days.date() - day).days == 60
    await seen_to(campaign_engine, sixty_days)
    assert await count(campaign_engine, table) == 1
    await seen_to(campaign_engine, sixty_days + SECOND)
    assert await count(campaign_engine, table) == 0


async def test_sessions_of_people_end_with_their_time_and_messages_that_wait_stay(
    campaign_engine: AsyncEngine,
) -> None:
    at = TestClock().now
    await put(
        campaign_engine,
        "insert into person_session values ('x', gen_random_uuid(), 'x', :at)",
        at=at,
    )
    await put(campaign_engine, f"insert into message ({MESSAGE}) values ({TO_SOMEBODY})", at=at)  # noqa: S608
    await seen_to(campaign_engine, at - SECOND)
    assert await count(campaign_engine, "person_session") == 1
    await seen_to(campaign_engine, at)
    assert await count(campaign_engine, "person_session") == 0
    await seen_to(campaign_engine, at + 400 * DAY)
    assert await count(campaign_engine, "message") == 1


async def test_a_sheet_is_kept_a_day_until_accepted_and_cells_a_week_after_its_end(
    campaign_engine: AsyncEngine,
) -> None:
    at = TestClock().now
    for state, finished in (("previewed", "null"), ("done", ":at")):
        await put(
            campaign_engine,
            f"insert into sheet_import ({SHEET}, finished_at) values ({OF_SHEET}, '{state}', {finished})",  # noqa: S608
            at=at,
        )
    await put(
        campaign_engine,
        "insert into sheet_import_row (import, row, sealed, outcome)"
        " select id, 2, 'sealed', case state when 'done' then 'refused' end from sheet_import",
    )
    await put(
        campaign_engine,
        "insert into sheet_import_file select id, 1, 'x' from sheet_import where state = 'previewed'",
    )

    async def left() -> tuple[int, dict[str, str | None]]:
        cells = await rows(
            campaign_engine,
            "select state, sealed from sheet_import_row join sheet_import on sheet_import.id = import",
        )
        return await count(campaign_engine, "sheet_import_file"), {row.state: row.sealed for row in cells}

    await seen_to(campaign_engine, at + DAY - SECOND)
    assert await left() == (1, {"previewed": "sealed", "done": "sealed"})
    await seen_to(campaign_engine, at + DAY + SECOND)
    assert await left() == (0, {"done": "sealed"})
    await seen_to(campaign_engine, at + 7 * DAY - SECOND)
    assert await left() == (0, {"done": "sealed"})
    await seen_to(campaign_engine, at + 7 * DAY + SECOND)
    assert await left() == (0, {"done": None})

"""What reporting keeps, counted again from the events the slow and obvious way, and read from its tables."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.event import Event, MitraEvent
from mitra_shared.contracts.events import (
    CertificateHandedOverV1,
    CertificateIssuedV1,
    CertificateRevokedV1,
    CertificatesDispatchedV1,
    CertificatesPrintedV1,
    CertificateWaitlistedV1,
    MitraCorrectedV1,
    MitraEnrolledV1,
    MitraWithdrawnV1,
    OpinionReleasedV1,
    ProgrammeDiscussedV1,
    ProgrammeReportedV1,
)
from mitra_shared.contracts.field_events import ContactsCountedV1, OutreachReportedV1
from mitra_shared.contracts.topics import CUSTODY
from reporting.storage.tables import TOTAL_COLUMNS
from tests.factories import SCHEMES

Paper = CertificatesPrintedV1 | CertificatesDispatchedV1 | CertificateHandedOverV1
Days = dict[tuple[str, date, str, str], int]


def recount_custody(days: Counter[tuple[str, date, str, str]], event: Event) -> None:
    if isinstance(event, ProgrammeDiscussedV1):
        at = (event.campaign, event.held_on, event.constituency)
        for sign, told in ((1, event.figures), (-1, event.previous)):
            if told is not None:
                days[*at, "programmes:attendance"] += sign * told.attendance
                for topic, people in told.topics.items():
                    days[*at, f"topic:{topic}"] += sign * people
        return
    if isinstance(event, ProgrammeReportedV1):
        at = (event.campaign, event.held_on, event.constituency)
        days[*at, "programmes:held"] += event.previous is None
        for figure in ("presented", "beneficiaries"):
            days[*at, f"programmes:{figure}"] += getattr(event.figures, figure)
            days[*at, f"programmes:{figure}"] -= getattr(event.previous, figure, 0)
        return
    assert isinstance(event, Paper)
    day = (event.occurred_at + timedelta(hours=5, minutes=30)).date()
    step = type(event).__name__.removeprefix("Certificate").removeprefix("s").removesuffix("V1")
    name = {"Printed": "printed", "Dispatched": "dispatched", "HandedOver": "handed_over"}[step]
    days[event.campaign, day, event.segment, f"custody:{name}"] += getattr(event, "count", 1)


Done = ContactsCountedV1 | OutreachReportedV1


def counts_of(event: Done) -> dict[str, int]:
    """What an event of field work adds, by metric."""
    if isinstance(event, ContactsCountedV1):
        return {"contacts:attempted": event.attempts, "contacts:reached": event.reached}
    now, before = event.figures, event.previous
    return {
        "outreach:meetings": now.meetings - (before.meetings if before else 0),
        "outreach:people_met": now.people_met - (before.people_met if before else 0),
    }


def add_done(days: Counter[tuple[str, date, str, str]], event: Done) -> None:
    for metric, count in counts_of(event).items():
        days[event.campaign, event.day, event.segment, metric] += count


def recount_correction(event: Event, day: date) -> Iterable[tuple[str, date, str, str]]:
    if not isinstance(event, MitraCorrectedV1) or event.schemes is None:
        return
    for scheme in SCHEMES:
        moved = (scheme in event.schemes.schemes) - (scheme in event.schemes.previous)
        if moved:
            name = "scheme_added" if moved > 0 else "scheme_removed"
            yield event.campaign, day, event.constituency, f"{name}:{scheme}"


def recount_person(days: Counter[tuple[str, date, str, str]], event: MitraEvent) -> None:
    day = (event.occurred_at + timedelta(hours=5, minutes=30)).date()
    at = (event.campaign, day, event.segment)
    if isinstance(event, MitraEnrolledV1):
        days[*at, "enrolled"] += 1
        days[*at, f"basis:{event.basis}"] += 1
        for scheme in event.schemes:
            days[event.campaign, day, event.constituency, f"scheme:{scheme}"] += 1
    days.update(recount_correction(event, day))
    if isinstance(event, MitraWithdrawnV1):
        days[*at, "withdrawn"] += 1
    if isinstance(event, CertificateIssuedV1) and event.previous == "waitlisted":
        days[*at, "certificates:promoted"] += 1
    elif isinstance(event, CertificateIssuedV1 | CertificateWaitlistedV1):
        days[*at, "certificates:decided"] += 1
    if isinstance(event, CertificateRevokedV1):
        days[*at, "certificates:revoked"] += 1
        days[*at, "certificates:never_decided"] += event.previous == "held"


def recount(events: Iterable[Event]) -> Days:
    """The daily counts, the slow and obvious way."""
    days: Counter[tuple[str, date, str, str]] = Counter()
    for event in events:
        if isinstance(event, OpinionReleasedV1):
            days[event.campaign, event.day, event.area, "opinions"] += 1
        elif isinstance(event, Done):
            add_done(days, event)
        elif event.topic == CUSTODY:
            recount_custody(days, event)
        else:
            assert isinstance(event, MitraEvent)
            recount_person(days, event)
    return {cell: count for cell, count in days.items() if count}


async def stored_days(engine: AsyncEngine) -> Days:
    async with engine.connect() as connection:
        rows = await connection.execute(
            text("select campaign, day, area, metric, sum(count)::bigint from rollup_day group by 1, 2, 3, 4")
        )
        return {tuple(row[:4]): row[4] for row in rows if row[4]}


async def stored_totals(engine: AsyncEngine) -> dict[tuple[str, str, str], int]:
    columns = ", ".join(TOTAL_COLUMNS.values())
    async with engine.connect() as connection:
        rows = (await connection.execute(text(f"select campaign, area, {columns} from rollup_total"))).all()  # noqa: S608
    totals: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        for metric, column in TOTAL_COLUMNS.items():
            totals[row.campaign, row.area, str(metric)] += getattr(row, column)
    return {cell: count for cell, count in totals.items() if count}


def totals_of(days: Days) -> dict[tuple[str, str, str], int]:
    totals: Counter[tuple[str, str, str]] = Counter()
    for (campaign, _, area, metric), count in days.items():
        if not metric.startswith(("scheme", "topic:", "contacts:")):
            totals[campaign, area, metric] += count
    return {cell: count for cell, count in totals.items() if count}


def recount_recruiters(events: Iterable[Event]) -> dict[tuple[str, str, str, date, int], int]:
    """Enrolments by recruiter and hour, the slow and obvious way."""
    counts: Counter[tuple[str, str, str, date, int]] = Counter()
    for event in events:
        if isinstance(event, MitraEnrolledV1):
            at = event.occurred_at + timedelta(hours=5, minutes=30)
            counts[event.campaign, event.segment, event.recruiter, at.date(), at.hour] += 1
    return dict(counts)


def recount_answers(events: Iterable[Event]) -> dict[tuple[str, str, str, str, str], int]:
    """Answers by question, the slow and obvious way; '' are all sheets that answer it."""
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for event in events:
        if isinstance(event, OpinionReleasedV1):
            for question, answer in event.answers.items():
                at = (event.campaign, event.round, event.area, question)
                counts[*at, ""] += 1
                for each in answer if isinstance(answer, tuple) else [answer]:
                    counts[*at, str(each)] += 1
    return dict(counts)


def recount_fieldwork(events: Iterable[Event]) -> dict[tuple[str, str, str, date, str], int]:
    """Contacts and outreach by member of staff and day, the slow and obvious way."""
    counts: Counter[tuple[str, str, str, date, str]] = Counter()
    for event in events:
        if isinstance(event, Done):
            for metric, count in counts_of(event).items():
                counts[event.campaign, event.segment, event.staff, event.day, metric] += count
    return {cell: count for cell, count in counts.items() if count}


def recount_rounds(events: Iterable[Event]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Attempts and people reached by round, the slow and obvious way."""
    counts: dict[tuple[str, str, str], tuple[int, int]] = {}
    for event in events:
        if isinstance(event, ContactsCountedV1):
            at = (event.campaign, event.round, event.segment)
            attempted, reached = counts.get(at, (0, 0))
            counts[at] = (attempted + event.attempts, reached + event.reached)
    return counts


async def stored_rounds(engine: AsyncEngine) -> dict[tuple[str, str, str], tuple[int, int]]:
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(
                "select campaign, round, area, sum(attempted)::bigint, sum(reached)::bigint from rollup_round"
                " group by campaign, round, area having sum(attempted) <> 0"
            )
        )
        return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}


async def stored(engine: AsyncEngine, table: str, *key: str) -> dict[tuple[Any, ...], int]:
    """Counts of a table by these columns."""
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(f"select {', '.join(key)}, sum(count)::bigint from {table} group by {', '.join(key)}")  # noqa: S608
        )
        return {tuple(row[:-1]): row[-1] for row in rows if row[-1]}


async def assert_cells(engine: AsyncEngine, events: Sequence[Event]) -> None:
    """Recruiters, field work, rounds and answers are what a recount gives."""
    recruiters = await stored(engine, "rollup_recruiter", "campaign", "area", "recruiter", "day", "hour")
    assert recruiters == recount_recruiters(events)
    fieldwork = await stored(engine, "rollup_fieldwork", "campaign", "area", "staff", "day", "metric")
    assert fieldwork == recount_fieldwork(events)
    assert await stored_rounds(engine) == recount_rounds(events)
    answers = await stored(engine, "rollup_answer", "campaign", "round", "area", "question", "answer")
    assert answers == recount_answers(events)

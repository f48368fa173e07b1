"""What a field day looks like in a terminal: a bar while it goes on, a table when it is over."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from mitra_shared.campaign.numerals import indian
from mitra_shared.ops.demo_recruiter import Recruiter
from mitra_shared.ops.field_day import Counted, Result, Watch
from mitra_shared.ops.screen import progress, results, tell
from mitra_shared.ops.simulate.plan import Summary

TELL_SECONDS: Final = 10.0
"""How often a line is told where there is no terminal to draw on."""


@contextmanager
def day_bar(people: int) -> Iterator[Watch]:
    """A bar of the people enrolled, with what reporting has counted of them beside it."""
    columns = (
        TextColumn("Enrolled"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    drawn = progress.is_terminal
    told_at = time.monotonic()
    with Progress(*columns, console=progress, disable=not drawn) as bar:
        task = bar.add_task("", total=people)

        def watch(sent: Summary, counted: Counted) -> None:
            nonlocal told_at
            bar.update(task, completed=sent.enrolled, description=_counted(counted))
            if not drawn and time.monotonic() - told_at > TELL_SECONDS:
                told_at = time.monotonic()
                tell(f"Enrolled {indian(sent.enrolled)} of {indian(people)}; {_counted(counted)}")

        yield watch


def _counted(counted: Counted) -> str:
    return (
        f"rollup: {indian(counted.enrolled)} enrolled, {indian(counted.issued)} certificates, "
        f"{indian(counted.waitlisted)} waiting"
    )


def show_result(result: Result) -> None:
    """What the day came to."""
    summary, outcome = result.summary, result.outcome
    share = 100 * summary.withdrawn / max(1, summary.enrolled)
    rate = summary.enrolled / max(0.001, summary.seconds)
    rows = [
        (
            "enrolled",
            f"{indian(summary.enrolled)} in {summary.seconds:.1f} s ({indian(round(rate))} a second)",
        ),
        ("withdrawn", f"{indian(summary.withdrawn)} ({share:.1f} %)"),
        ("phones refused as enrolled already", indian(summary.doubles)),
        ("sent twice, answered the same", indian(summary.repeated)),
        ("answer sheets", indian(summary.opinions)),
        ("requests sent again", indian(summary.retries)),
        ("certificates issued", indian(outcome.issued)),
        ("certificates revoked", indian(outcome.revoked)),
        ("segments beyond their quota", indian(outcome.overflowed)),
        ("on waitlists now", indian(outcome.waiting)),
        ("promoted from a waitlist", indian(outcome.promoted)),
        ("settled after", f"{result.settling_seconds:.1f} s"),
    ]
    rows += [(f"refused: {kind}", indian(count)) for kind, count in summary.refused.items()]
    if summary.repeats_differing:
        rows.append(("sent twice, answered differently", indian(summary.repeats_differing)))
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="left")
    for name, text in rows:
        table.add_row(name, text)
    results.print(table)


def show_recruiter(recruiter: Recruiter, enrolment_url: str) -> None:
    """Where the field app is, and who can sign in there."""
    results.print(f"[bold]field app[/bold]  {enrolment_url}/field/")
    who = f"           sign in as {recruiter.login}, password {recruiter.password}: {recruiter.constituency}"
    results.print(who, markup=False)


def result_as_json(result: Result) -> dict[str, Any]:
    """The same for a program."""
    summary, outcome = result.summary, result.outcome
    return {
        "enrolled": summary.enrolled,
        "withdrawn": summary.withdrawn,
        "doubles": summary.doubles,
        "repeated": summary.repeated,
        "repeats_differing": summary.repeats_differing,
        "opinions": summary.opinions,
        "retries": summary.retries,
        "refused": summary.refused,
        "seconds": summary.seconds,
        "settling_seconds": result.settling_seconds,
        "certificates_issued": outcome.issued,
        "certificates_revoked": outcome.revoked,
        "waiting": outcome.waiting,
        "promoted": outcome.promoted,
        "overflowed_segments": outcome.overflowed,
    }

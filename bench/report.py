"""The figures as a table and as docs/benchmarks.md."""

from collections.abc import Sequence

from bench.measuring import Figure, machine

NOTES = """\
# Benchmarks

Written by `make bench`. Every figure is the median of its rounds (spread in brackets), taken on one machine
that ran the load, the services, Postgres and Redis at the same time; ratios are taken round by round.
Commits are durable (`fsync` on). Peers run on the same Postgres in the same run: `pgbench` writes the same
rows (person, outcome, log entry, head) one transaction each; *the usual way* (`bench/usual_way.py`) is
FastAPI with the SQLAlchemy ORM, one transaction a request with an outbox row.
"""

TITLES = {
    "intake": "Intake",
    "replicas": "Scaling the intake, and independence of certificates",
    "spine": "Relay and consumers",
    "signing": "Signing, proving and verifying certificates",
    "typesetting": "Certificates on paper",
    "live": "From the 201 to the live feed",
    "campaign": "The whole campaign, batches as field apps sync",
    "one-by-one": "The whole campaign, one POST per person",
}


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _row(figure: Figure) -> str:
    spread = (
        f" ({_number(min(figure.values))} to {_number(max(figure.values))})" if len(figure.values) > 1 else ""
    )
    goal = (
        "" if figure.goal is None else f"{'at most' if figure.at_most else 'at least'} {_number(figure.goal)}"
    )
    verdict = {True: "reached", False: "**not reached**", None: ""}[figure.is_reached]
    cells = (figure.name, _number(figure.middle) + spread, figure.unit, goal, verdict, _remark(figure))
    return f"| {' | '.join(cells)} |"


def _remark(figure: Figure) -> str:
    return figure.why if figure.is_reached is False and figure.why else figure.note


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table."""
    head = "| what | median (spread) | unit | goal | | note |\n| --- | ---: | --- | --- | --- | --- |"
    return "\n".join([head, *map(_row, figures)])


def document(results: dict[str, list[Figure]]) -> str:
    """The whole document."""
    parts = [NOTES, f"Machine: {machine()}.\n"]
    parts += [f"## {TITLES[name]}\n\n{table(figures)}\n" for name, figures in results.items()]
    left_out = [title for name, title in TITLES.items() if name not in results]
    if left_out:
        parts.append(f"Not measured in this run: {'; '.join(left_out)}.\n")
    return "\n".join(parts)

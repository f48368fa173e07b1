"""The figures as a table and as docs/benchmarks.md."""

from collections.abc import Sequence

from bench.measuring import Figure, machine

NOTES = """\
# Benchmarks

Written by `make bench`. Every figure is the median of its rounds (spread in brackets), taken on one machine
that ran the load, the services, Postgres and Redis at the same time; ratios are taken round by round.
Parts can be measured by themselves (`make bench ARGS="--write signing"`), each then replaces its own section.
Commits are durable (`fsync` on). Peers run on the same Postgres in the same run: `pgbench` writes the same
rows (person, outcome, log entry, head) one transaction each; *the usual way* (`bench/usual_way.py`) is
FastAPI with the SQLAlchemy ORM, one transaction a request with an outbox row; `bench/group_by.py` counts the
people of the enrolment table by constituency, for each request or in a view.
"""

_LEFT_OUT = "Not measured yet: "

TITLES = {
    "intake": "Intake",
    "replicas": "Scaling the intake, and independence of certificates",
    "spine": "Relay and consumers",
    "signing": "Signing, proving and verifying certificates",
    "typesetting": "Certificates on paper",
    "verifying": "Verification in the browser",
    "live": "From the 201 to the live feed",
    "reading": "Reading rollups",
    "rebuilding": "Reporting counted again from the logs",
    "staff": "Signing in and checking tokens",
    "erasing": "Erasing people",
    "matcher": "People who are enrolled twice",
    "field": "A phone that syncs over a slow link",
    "import": "Sheets of people",
    "messages": "Messages in bulk",
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


def document(results: dict[str, list[Figure]], earlier: str = "") -> str:
    """The whole document; a part that was not measured now keeps its section of the `earlier` one."""
    kept = dict(section.partition("\n\n")[::2] for section in earlier.split("\n## ")[1:])
    parts = [NOTES, f"Machine: {machine()}.\n"]
    left_out = []
    for name, title in TITLES.items():
        if name in results:
            parts.append(f"## {title}\n\n{table(results[name])}\n")
        elif title in kept:
            parts.append(f"## {title}\n\n{kept[title].partition(_LEFT_OUT)[0].strip()}\n")
        else:
            left_out.append(title)
    if left_out:
        parts.append(f"{_LEFT_OUT}{'; '.join(left_out)}.\n")
    return "\n".join(parts)

"""`python -m reporting rebuild`: what `mitra rebuild reporting` starts, and what a container has without it.

    python -m reporting rebuild [--verify] [--partition N]... [--timeout SECONDS] [--json] [--progress]

The outcome goes to stdout. With `--progress` a JSON object a line goes to stderr: events counted, and all.
Exit codes: 0 as the logs say, 1 something was found or refused, 2 it cannot be done.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Any, Final, NoReturn

import uvloop
from sqlalchemy.exc import SQLAlchemyError

from mitra_shared.campaign.numerals import indian
from mitra_shared.consume.applying import in_words
from mitra_shared.consume.replay import LogClient, LogUnreachable
from mitra_shared.consume.running import log_urls
from mitra_shared.contracts.topics import PARTITIONS, all_partitions
from mitra_shared.database import create_engine
from mitra_shared.ids import Partition
from mitra_shared.process import spare_the_collector
from mitra_shared.settings import settings_or_exit
from mitra_shared.telemetry.logs import configure_logs
from reporting.rebuilding.replay import CannotCount, LostBranch, Progress
from reporting.rebuilding.rounds import Outcome, Refused, rebuild, verify
from reporting.settings import RebuildSettings

EXIT_FOUND: Final = 1
EXIT_CANNOT: Final = 2
EXIT_INTERRUPTED: Final = 130
DEFAULT_TIMEOUT: Final = 600.0
BETWEEN_NEWS: Final = 0.2
"""Seconds between two lines of progress."""


class NotInTime(Exception):
    """It took longer than it was given."""


def rebuild_command(arguments: Sequence[str]) -> None:
    """Rebuild or verify, and tell; exits with what came of it."""
    parser = argparse.ArgumentParser(prog="python -m reporting rebuild")
    parser.add_argument("--verify", action="store_true", help="compare only; nothing is changed")
    parser.add_argument("--partition", type=int, action="append", choices=range(PARTITIONS), metavar="N")
    parser.add_argument("--timeout", type=float, default=DEFAULT_TIMEOUT, help="seconds, then it is given up")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.add_argument("--progress", action="store_true", help="print progress as JSON lines on stderr")
    given = parser.parse_args(arguments)
    settings = settings_or_exit(RebuildSettings)
    configure_logs(service="reporting", process="rebuild", level="warning", stream=sys.stderr)
    wanted = sorted(set(given.partition)) if given.partition else list(all_partitions())
    began = monotonic()
    spare_the_collector()
    try:
        partitions, told = [Partition(number) for number in wanted], _news(wanted=given.progress)
        outcome = uvloop.run(_work(settings, given.timeout, partitions, told, only_verify=given.verify))
    except KeyboardInterrupt:
        raise SystemExit(EXIT_INTERRUPTED) from None
    except (Refused, LostBranch) as error:
        _end(str(error), EXIT_FOUND, as_json=given.json)
    except (CannotCount, LogUnreachable, NotInTime) as error:
        _end(str(error), EXIT_CANNOT, as_json=given.json)
    except (SQLAlchemyError, OSError) as error:
        _end(f"the database cannot be worked with: {in_words(error)}", EXIT_CANNOT, as_json=given.json)
    done = {
        "finished": True,
        "verified" if given.verify else "rebuilt": "reporting",
        "partitions": wanted,
        "entries": outcome.events,
        "seconds": round(monotonic() - began, 1),
        "differing": outcome.figures,
        "figures": [figure._asdict() for figure in outcome.cells],
        "released_beyond_counts": [answer._asdict() for answer in outcome.overdrawn],
    }
    sys.stdout.write(f"{json.dumps(done)}\n" if given.json else "".join(_in_words(outcome, done)))
    if outcome.overdrawn or (given.verify and outcome.figures):
        raise SystemExit(EXIT_FOUND)


async def _work(
    settings: RebuildSettings,
    seconds: float,
    partitions: list[Partition],
    progress: Progress,
    *,
    only_verify: bool,
) -> Outcome:
    engine = create_engine(
        settings.database_url.get_secret_value(), application="reporting rebuild", pool_size=1
    )
    logs = LogClient(log_urls(settings), settings.service_token.get_secret_value())
    try:
        async with asyncio.timeout(seconds) as limit:
            return await (verify if only_verify else rebuild)(engine, logs, partitions, progress)
    except TimeoutError:
        if not limit.expired():
            raise
        raise NotInTime(f"not done within {seconds:g} s; what was not put right is as it was") from None
    finally:
        await logs.close()
        await engine.dispose()


def _news(*, wanted: bool) -> Progress:
    if not wanted:
        return lambda _done, _total: None
    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        if done == total or monotonic() - last > BETWEEN_NEWS:
            last = monotonic()
            sys.stderr.write(json.dumps({"done": done, "total": total}) + "\n")
            sys.stderr.flush()

    return tell


def _end(why: str, code: int, *, as_json: bool) -> NoReturn:
    if as_json:
        sys.stdout.write(json.dumps({"finished": False, "why": why}) + "\n")
    else:
        sys.stderr.write(f"{why}\n")
    raise SystemExit(code)


def _in_words(outcome: Outcome, done: Mapping[str, Any]) -> Iterator[str]:
    verb = "Verified" if "verified" in done else "Rebuilt"
    yield f"{verb} reporting: {indian(outcome.events)} entries in {done['seconds']} s\n"
    if not outcome.figures:
        yield "Live figures are what the logs give\n"
    for table, figures in outcome.figures.items():
        yield f"{indian(figures)} figures of {table} {'differ' if 'verified' in done else 'were put right'}\n"
    for cell in outcome.cells:
        key = " ".join(f"{name}={value}" for name, value in cell.key.items())
        yield f"  {cell.table} {key} {cell.figure}: live {cell.live}, replayed {cell.replayed}\n"
    for answer in outcome.overdrawn:
        what = f"{answer.answer or 'any answer'} to {answer.question} of {answer.round} ({answer.campaign})"
        yield f"More was released than the logs hold: {what}, {answer.released} of {answer.counted}\n"

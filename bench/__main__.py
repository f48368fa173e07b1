"""`python -m bench [--write] [PART ...]`: measures, prints; --write or no part writes docs/benchmarks.md."""

import asyncio
import json
import sys
import time
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from bench import (
    campaign,
    erasing,
    field,
    importing,
    intake,
    live,
    matching,
    reading,
    rebuilding,
    signing,
    spine,
    staff,
    telling,
    typesetting,
    verifying,
)
from bench.measuring import Figure, Told
from bench.report import document, table

PARTS: dict[str, Callable[[Told], Coroutine[Any, Any, list[Figure]]]] = {
    "intake": intake.measure,
    "replicas": intake.replicas,
    "spine": spine.measure,
    "signing": signing.measure,
    "typesetting": typesetting.measure,
    "verifying": verifying.measure,
    "live": live.measure,
    "reading": reading.measure,
    "rebuilding": rebuilding.measure,
    "staff": staff.measure,
    "erasing": erasing.measure,
    "field": field.measure,
    "import": importing.measure,
    "matcher": matching.measure,
    "messages": telling.measure,
    "campaign": campaign.measure,
    "one-by-one": campaign.one_by_one,
}
DOCUMENT = Path("docs/benchmarks.md")


def tell(line: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def main(names: list[str]) -> None:
    """Run parts; all of them when none is named."""
    write = not names or "--write" in names
    names = [name for name in names if name != "--write"]
    unknown = set(names) - set(PARTS)
    if unknown:
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    results: dict[str, list[Figure]] = {}
    failed: list[str] = []
    for name in names or PARTS:
        try:
            results[name] = asyncio.run(PARTS[name](tell))
        except Exception:  # noqa: BLE001 - the figures of the others are worth keeping; told at the end
            traceback.print_exc()
            failed.append(name)
            continue
        sys.stdout.write(table(results[name]) + "\n")
        sys.stdout.flush()
    if write:
        earlier = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
        DOCUMENT.write_text(document(results, earlier), encoding="utf-8")
        sys.stdout.write(f"{DOCUMENT}\n")
    missed = [figure.name for figures in results.values() for figure in figures if figure.is_reached is False]
    sys.stdout.write(json.dumps({"goals not reached": missed, "parts failed": failed}) + "\n")
    if failed:
        raise SystemExit(1)


main(sys.argv[1:])

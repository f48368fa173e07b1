"""Figures: medians of several rounds, and the machine they were taken on."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil


@dataclass
class Figure:
    """One measured thing: `values` are the rounds, `goal` what the product promises (None: no promise)."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    goal: float | None = None
    at_most: bool = False
    note: str = ""
    why: str = ""
    """Where a goal is hard to reach, what stands in the way; told if it is not reached."""

    @property
    def middle(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.middle <= self.goal if self.at_most else self.middle >= self.goal


def ratio(name: str, ours: Figure, peer: Figure, goal: float | None = None, note: str = "") -> Figure:
    """Ours over the peer's, round by round, so that a machine that drifts does not show."""
    values = [a / b for a, b in zip(ours.values, peer.values, strict=True)]
    return Figure(name, "x", values, goal, note=note)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> str:
    """Processor, cores, memory and versions, in one line."""
    cpu = platform.processor() or "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        cpu = names[0] if names else cpu
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}"
    )


def proportional_memory(pid: int) -> float:
    """Proportional set size (PSS) of a process in MiB."""
    return psutil.Process(pid).memory_full_info().pss / 2**20


Told = Callable[[str], None]

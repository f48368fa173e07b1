"""Bounds on the reading of one file, told to the child that reads it."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What reading one file may cost, and how large a sheet may be."""

    memory: int = 768 << 20
    """Bytes of address space."""
    seconds: int = 60
    """Of processor time; the parent waits twice as long."""
    unpacked: int = 512 << 20
    """Bytes of all parts of a workbook, as its directory announces them."""
    rows: int = 200_000
    columns: int = 200
    cell: int = 1_000
    """Characters."""

    def to_json(self) -> str:
        """For the command line of the child."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What the parent said."""
        return cls(**json.loads(text))

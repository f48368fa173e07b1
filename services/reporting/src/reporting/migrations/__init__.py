"""Alembic steps of the reporting database."""

from pathlib import Path
from typing import Final

STEPS: Final = Path(__file__).parent

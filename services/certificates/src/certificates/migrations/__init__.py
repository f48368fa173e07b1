"""Alembic steps of the certificates database."""

from pathlib import Path
from typing import Final

STEPS: Final = Path(__file__).parent

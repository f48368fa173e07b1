"""What can be asked about certificates on paper: sheets, hand-overs, programmes."""

from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.hand_overs import hand_over_router
from certificates.api.programmes import programme_router
from certificates.api.sheets import sheet_router
from certificates.issuer import Issuer
from certificates.press.store import SheetStore


def paper_routers(engine: AsyncEngine, issuer: Issuer, files: SheetStore) -> Sequence[APIRouter]:
    """The routers of all of it; `files` are what the press makes."""
    return (sheet_router(engine, files), hand_over_router(engine, issuer), programme_router(engine))

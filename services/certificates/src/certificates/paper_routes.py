"""What can be asked about certificates on paper: sheets, hand-overs, programmes."""

from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.hand_over_routes import hand_over_router
from certificates.issuer import Issuer
from certificates.programme_routes import programme_router
from certificates.sheet_routes import sheet_router
from certificates.sheet_store import SheetStore


def paper_routers(engine: AsyncEngine, issuer: Issuer, files: SheetStore) -> Sequence[APIRouter]:
    """The routers of all of it; `files` are what the press makes."""
    return (sheet_router(engine, files), hand_over_router(engine, issuer), programme_router(engine))

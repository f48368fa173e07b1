"""Figures asked of a database: `GROUP BY` over the people for each request, or a view refreshed every second.

Kept as the peer of `GET /v1/rollups`: the same token and, by constituency, some of the same counts (it knows
nothing of certificates, papers, programmes, sums upwards and positions). Run by `uvicorn`, one worker.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic_core import to_json
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.responses import Response

from mitra_shared.security.tokens import Caller, TokenVerifier

REFRESH_SECONDS = 1.0
GROUP_BY = """
    select constituency as area, count(*) as enrolled, count(withdrawn_at) as withdrawn,
           count(*) filter (where basis = 'beneficiary') as beneficiaries
    from mitra where campaign = 'modi-mitra' group by constituency
"""
engine = create_async_engine(
    os.environ["GROUP_BY_URL"],
    pool_size=8,
    max_overflow=0,
    # Postgres shows people to whoever says what for.
    connect_args={"server_settings": {"mitra.work": "audit"}},
)
verifier = TokenVerifier(os.environ["GROUP_BY_JWKS"])
bearer = HTTPBearer()


async def _refresh() -> None:
    while True:
        async with engine.begin() as connection:
            await connection.execute(text("refresh materialized view rollups_view"))
        await asyncio.sleep(REFRESH_SECONDS)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Keep the view fresh."""
    async with engine.begin() as connection:
        await connection.execute(text("drop materialized view if exists rollups_view"))
        await connection.execute(text(f"create materialized view rollups_view as {GROUP_BY}"))
    refreshing = asyncio.create_task(_refresh())
    yield
    refreshing.cancel()
    await asyncio.wait({refreshing})
    async with engine.begin() as connection:
        await connection.execute(text("drop materialized view rollups_view"))
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


def caller(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> Caller:
    """The caller behind the token."""
    return verifier.verify(credentials.credentials)


async def _answer(query: TextClause) -> Response:
    async with engine.connect() as connection:
        rows: list[dict[str, Any]] = [dict(row) for row in (await connection.execute(query)).mappings()]
    return Response(to_json({"areas": rows}), media_type="application/json")


@app.get("/group-by")
async def group_by(_caller: Annotated[Caller, Depends(caller)]) -> Response:
    """Counted anew."""
    return await _answer(text(f"{GROUP_BY} order by area"))


@app.get("/view")
async def view(_caller: Annotated[Caller, Depends(caller)]) -> Response:
    """From the materialized view."""
    return await _answer(text("select * from rollups_view order by area"))

"""The logs of both producers behind one application, as consumers and a rebuild read them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.consume.replay import LogClient
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, STAFF
from mitra_shared.http.answers import install_problem_handlers
from mitra_shared.http.server import serve
from mitra_shared.ids import StaffId
from mitra_shared.log.endpoint import log_router
from mitra_shared.process import ShutdownSignal
from mitra_shared.security.tokens import Caller, Role, TokenVerifier, mint, new_signing_key, public_jwks

_SIGNING_KEY = new_signing_key()
SERVICE_TOKEN = mint(_SIGNING_KEY, Caller(StaffId("reporting"), Role.SERVICE), lifetime=timedelta(days=1))
OF_CERTIFICATES = "/certificates"


def log_app(enrolment: AsyncEngine, certificates: AsyncEngine) -> FastAPI:
    """Serves the logs of enrolment, and below `OF_CERTIFICATES` those of certificates."""
    app = FastAPI()
    app.state.tokens = TokenVerifier(public_jwks(_SIGNING_KEY))
    install_problem_handlers(app)
    app.include_router(log_router(enrolment, ENROLMENT, OPINIONS, STAFF))
    app.include_router(log_router(certificates, CERTIFICATES, CUSTODY), prefix=OF_CERTIFICATES)
    return app


def log_client(app: FastAPI) -> LogClient:
    """Asks the application itself, past the network."""
    urls = {topic.name: "http://logs" for topic in (ENROLMENT, OPINIONS, STAFF)}
    urls |= {topic.name: f"http://logs{OF_CERTIFICATES}" for topic in (CERTIFICATES, CUSTODY)}
    return LogClient(urls, SERVICE_TOKEN, httpx.ASGITransport(app))


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a port of its own; its base URL."""
    shutdown = ShutdownSignal()
    with tempfile.TemporaryDirectory() as directory:
        port_file = Path(directory) / "port"
        serving = asyncio.create_task(
            serve(app, host="127.0.0.1", port=0, shutdown=shutdown, port_file=port_file)
        )
        async with asyncio.timeout(60):
            while not port_file.exists():  # noqa: ASYNC110 - the server tells in a file alone
                await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port_file.read_text().strip()}"
        finally:
            shutdown.request("the test is over")
            await serving

"""The page on a real port, beside an issuer whose documents a test may change."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from certificates.verification.pages import verification_pages
from mitra_shared.http.answers import install_problem_handlers
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal
from tests.certificates.verification.issuer import Issuer

DID_DOCUMENT = "/.well-known/did.json"


@dataclass
class Site:
    """What the site serves, and who asked for what.

    Attributes:
        documents: text by path; a path without one is answered 404.
        asked: method, path with query, and body of every request, in order.
    """

    url: str
    issuer: Issuer
    documents: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)

    def publish(self, *lists: str) -> None:
        """The issuer's keys, and status lists from number 0 on."""
        self.documents[DID_DOCUMENT] = json.dumps(self.issuer.did_document())
        for number, text in enumerate(lists):
            self.documents[f"/v1/status-lists/{number}"] = text

    def asked_for(self, path: str) -> int:
        return sum(place == path for _, place, _ in self.asked)


def app_of(site: Site) -> ASGIApp:
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    install_problem_handlers(app)
    app.include_router(verification_pages())

    @app.get(DID_DOCUMENT)
    @app.get("/v1/status-lists/{number}")
    async def document(request: Request) -> Response:
        text = site.documents.get(request.url.path)
        return Response(status_code=404) if text is None else Response(text, media_type="application/json")

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            body = await request.body()
            query = f"?{request.url.query}" if request.url.query else ""
            site.asked.append((request.method, request.url.path + query, body))
        await app(scope, receive, send)

    return watched


@asynccontextmanager
async def running_site() -> AsyncIterator[Site]:
    site = Site("", Issuer(""))
    shutdown = ShutdownSignal()
    with tempfile.TemporaryDirectory() as directory:
        port_file = Path(directory) / "port"
        serving = asyncio.create_task(
            serve(app_of(site), host="127.0.0.1", port=0, shutdown=shutdown, port_file=port_file)
        )
        async with asyncio.timeout(60):
            while not port_file.exists():  # noqa: ASYNC110 - a file does not call
                await asyncio.sleep(0.01)
        site.url = site.issuer.url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        site.publish(site.issuer.status_list())
        yield site
        shutdown.request("the test is over")
        await serving

"""Makes the FastAPI application of a service, with everything at its edge in place.

No `BaseHTTPMiddleware` (it costs a task per request): from the outside in there are CORS, the edge
(`http.edge`), lean routes (`http.lean`), and FastAPI itself.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRouter
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mitra_shared.http.answers import install_problem_handlers
from mitra_shared.http.edge import Edge, EdgeSettings, Upload
from mitra_shared.http.lean import LeanRoute, LeanRoutes, RememberedRoute
from mitra_shared.http.probes import Readiness, probe_routes
from mitra_shared.http.problems import problem_responses
from mitra_shared.security.tokens import Caller, TokenVerifier, public_jwks
from mitra_shared.settings import ServiceSettings
from mitra_shared.telemetry.access import AccessLog
from mitra_shared.telemetry.metrics import ProcessMetrics

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]

JWKS_PATH: Final = "/.well-known/jwks.json"

_PROBLEM_SCHEMA: Final = {
    "title": "Problem",
    "description": "RFC 9457 problem document; `type` is stable, see docs/problems.md.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:mitra:problem:invalid-request"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "The wrong fields, with what would be right.",
            "items": {
                "type": "object",
                "required": ["field", "message", "expected"],
                "properties": {name: {"type": "string"} for name in ("field", "message", "expected")},
            },
        },
        "retry_after": {"type": "integer", "description": "Seconds, as in the header Retry-After."},
    },
    "additionalProperties": True,
}


class Api(FastAPI):
    """FastAPI behind the edge and the lean routes, with the schema `Problem` in its document."""

    front: ASGIApp | None = None
    """The outermost layer, set by `create_api`; what it lets through arrives at FastAPI itself."""

    access: AccessLog | None = None
    """Set by `create_api`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, or the life of the application."""
        if self.front is None or scope["type"] != "http":
            await super().__call__(scope, receive, send)
            if self.access is not None:
                # The end of the application's life: no answer comes after it.
                self.access.flush()
            return
        scope["app"] = self
        await self.front(scope, receive, send)

    async def inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        """FastAPI without what is in front of it."""
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
        return document


def create_api(
    *,
    title: str,
    version: str,
    settings: ServiceSettings,
    readiness: Readiness,
    metrics: ProcessMetrics,
    service: str,
    process: str = "api",
    description: str = "",
    lifespan: Lifespan | None = None,
    anonymous_paths: AbstractSet[str] = frozenset(),
    routers: Sequence[APIRouter] = (),
    revoked: Callable[[Caller], bool] | None = None,
    published_keys: Sequence[str] = (),
    uploads: Mapping[str, Upload] | None = None,
) -> Api:
    """An application with limits, problems, callers, probes, metrics, access log and CORS.

    Args:
        title: of the OpenAPI document.
        version: of the API.
        settings: gives the keys of tokens, the origins for CORS and the log level.
        readiness: the checks behind /ready.
        metrics: where requests are counted, and what /metrics shows.
        service: name in the logs, e.g. `enrolment`.
        process: name in the logs.
        description: of the OpenAPI document.
        lifespan: what lives as long as the application, as for FastAPI.
        anonymous_paths: exact paths whose callers must not be traceable (opinions).
        routers: the service's own routes.
        revoked: whether a token that is valid otherwise is no longer accepted.
        published_keys: JWKSs (JSON) of further public keys that are served beside those of tokens; they
            verify something else, and no token.
        uploads: paths that files are sent to, with bounds of their own; `{…}` stands for one segment.

    Raises:
        BadTokenKeys: `settings.token_keys` is no JWKS of public keys.
    """
    lean: dict[tuple[str, str], LeanRoute | RememberedRoute] = {}
    access = AccessLog(service=service, process=process, level=settings.log_level)
    edge = EdgeSettings(
        metrics=metrics.http,
        access=access,
        anonymous=anonymous_paths,
        uploads=uploads or {},
    )
    app = Api(
        title=title,
        version=version,
        description=description,
        lifespan=lifespan,
        responses=problem_responses(400, 422, 500, 503),
        # The pages of FastAPI load scripts from a third party; the document itself is enough.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        # Spans of FastAPI would record addresses and bodies.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.access = access
    app.front = Edge(LeanRoutes(app.inner, lean), edge)
    if settings.cors_origins:
        app.front = _with_cors(app.front, settings.cors_origins)
    app.state.lean_routes = lean
    app.state.inner = app.inner
    app.state.tokens = TokenVerifier(settings.token_keys, revoked)
    app.state.published_keys = public_jwks(app.state.tokens.jwks_json, *published_keys)
    install_problem_handlers(app)
    app.router.routes.extend(probe_routes(readiness, metrics.registry))
    app.add_api_route(
        JWKS_PATH,
        public_keys,
        response_model=PublicKeys,
        response_class=_JwkSet,
        summary="The keys that verify tokens and receipts"
        if published_keys
        else "The keys that verify tokens",
        tags=["keys"],
    )
    for router in routers:
        app.include_router(router)
    return app


def _with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "traceparent"],
        expose_headers=["Retry-After", "Location", "ETag", "Content-Disposition"],
        max_age=600,
    )


class PublicKeys(BaseModel):
    """JWKS (RFC 7517)."""

    keys: list[dict[str, str]]


class _JwkSet(JSONResponse):
    media_type = "application/jwk-set+json"


async def public_keys(request: Request) -> Response:
    """Everybody may read them."""
    keys: str = request.app.state.published_keys
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(keys, headers=headers, media_type=_JwkSet.media_type)

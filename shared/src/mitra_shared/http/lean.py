"""Lean routes: raw handlers for the busiest paths, still in the OpenAPI document; and answers from memory.

FastAPI documents a lean route from its models as it does any other, but neither solves dependencies for it
nor validates its answer: the handler reads the body with `body_of`, the caller with `caller_of`, and gives
back a response. A path without parameters is found by one dictionary look-up before FastAPI's router.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, TypeVar

from fastapi import Body, Depends, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from mitra_shared.http.answers import problem_of_body
from mitra_shared.http.problems import BAD_REQUEST, problem_responses, wrong_content_type
from mitra_shared.http.tokens import bearer

Handler = Callable[[Request], Awaitable[ASGIApp]]
"""Reads the request and gives an answer: a `JsonAnswer`, or any response of Starlette."""
Model = TypeVar("Model", bound=BaseModel)

_JSON: Final = b"application/json"


class JsonAnswer:
    """A JSON answer without the parts of a general response that cost (6 microseconds less than those)."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, body: bytes, status: int = 200, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Answer with `body`, JSON as it is; header names in small letters."""
        self.body = body
        self.status = status
        self.headers = [(b"content-type", _JSON), (b"content-length", b"%d" % len(body)), *headers]

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


class LeanRoute(APIRoute):
    """A route that is documented by one function and handled by another."""

    def __init__(
        self, path: str, documented: Callable[..., Any], handler: Handler, **documentation: Any
    ) -> None:
        super().__init__(path, documented, **documentation)
        self.handler = handler
        self.app = self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        scope["route"] = self
        response = await self.handler(Request(scope, receive))
        await response(scope, receive, send)


class RememberedRoute:
    """Answers a path from memory where it can, and leaves every other request to the route proper."""

    def __init__(self, path: str, remembered: Callable[[Request], ASGIApp | None], route: ASGIApp) -> None:
        self.path = path
        self.remembered = remembered
        self.route = route

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        response = self.remembered(Request(scope, receive))
        if response is None:
            await self.route(scope, receive, send)
        else:
            scope["route"] = self
            await response(scope, receive, send)


class LeanRoutes:
    """Finds lean routes without parameters before the router is asked."""

    def __init__(self, app: ASGIApp, table: Mapping[tuple[str, str], LeanRoute | RememberedRoute]) -> None:
        self.app = app
        self.table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        route = self.table.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self.app(scope, receive, send)
        else:
            await route.answer(scope, receive, send)


def remember(app: FastAPI, path: str, remembered: Callable[[Request], ASGIApp | None]) -> None:
    """Let `remembered` answer `GET path` where it can; it raises `Problem` as a handler does.

    Args:
        app: from `create_api`; it has the route for what is not remembered.
        path: without parameters.
        remembered: gives the answer, or None for the route to make it.
    """
    table: dict[tuple[str, str], LeanRoute | RememberedRoute] = app.state.lean_routes
    table["GET", path] = RememberedRoute(path, remembered, app.state.inner)


def lean_post(
    app: FastAPI,
    path: str,
    handler: Handler,
    *,
    request_model: type[BaseModel],
    response_model: type[BaseModel] | None = None,
    status_code: int = 200,
    responses: Mapping[int | str, dict[str, Any]] | None = None,
    examples: Mapping[str, Any] | None = None,
    parameters: Sequence[Mapping[str, Any]] = (),
    secured: bool = True,
    summary: str | None = None,
    description: str | None = None,
    tags: Sequence[str] = (),
) -> None:
    """Add `POST path`, handled by `handler` and documented by the rest.

    Args:
        app: from `create_api`.
        path: may hold parameters; those are documented through `parameters` and read from
            `request.path_params`.
        handler: reads the request, gives the answer, raises `Problem`.
        request_model: what `handler` reads with `body_of`.
        response_model: what the body of the answer is; None if undocumented or empty.
        status_code: of the usual answer.
        responses: further answers; `problem_responses(401, 403, 409)`. Those every body can provoke
            (400, 413, 415, 422) are added.
        examples: OpenAPI examples of the body by name, each `{"summary": ..., "value": ...}`.
        parameters: OpenAPI parameter objects (headers, path, query).
        secured: whether the document shows the bearer scheme.
        summary: one line.
        description: defaults to the docstring of `handler`.
        tags: groups of the document.
    """
    table: dict[tuple[str, str], LeanRoute | RememberedRoute] = app.state.lean_routes
    arguments = [
        Parameter("body", Parameter.KEYWORD_ONLY, annotation=_documented_body(request_model, examples))
    ]
    if secured:
        arguments.append(
            Parameter("_scheme", Parameter.KEYWORD_ONLY, annotation=Annotated[object, Depends(bearer)])
        )

    def documented(**_arguments: object) -> None:
        raise NotImplementedError("only documents the route")

    documented.__name__ = handler.__name__
    documented.__doc__ = handler.__doc__
    documented.__signature__ = Signature(arguments)  # type: ignore[attr-defined]  # inspect reads it from any function
    route = LeanRoute(
        path,
        documented,
        handler,
        methods=["POST"],
        response_model=response_model,
        status_code=status_code,
        responses={**problem_responses(400, 413, 415, 422, 500, 503), **(responses or {})},
        openapi_extra={"parameters": list(parameters)} if parameters else None,
        summary=summary,
        description=description,
        tags=list(tags),
    )
    app.router.routes.append(route)
    if "{" not in path:
        table["POST", path] = route


def _documented_body(model: type[BaseModel], examples: Mapping[str, Any] | None) -> Any:
    return Annotated[model, Body(openapi_examples=dict(examples))] if examples else Annotated[model, Body()]


async def body_bytes(request: Request) -> bytes:
    """The body of a request that should be JSON.

    Raises:
        Problem: 415 for another content type, 413 beyond the bound.
        ClientDisconnect: the caller hung up.
    """
    for name, value in request.scope["headers"]:
        if name == b"content-type":
            if value != _JSON and value.partition(b";")[0].strip().lower() != _JSON:
                raise wrong_content_type()
            break
    else:
        raise wrong_content_type()
    parts: list[bytes] = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)


def parsed(body: bytes, model: type[Model]) -> Model:
    """`body` as a `model`.

    Raises:
        Problem: 400 for text that is not JSON (with its place) or holds NUL, 422 for fields that do not fit.
    """
    if b"\\u0000" in body:
        raise BAD_REQUEST("The body holds a NUL character (\\u0000)")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        # The cause would repeat the values.
        raise problem_of_body(error) from None


async def body_of(request: Request, model: type[Model]) -> Model:
    """The body of a request as a `model`; raises as `body_bytes` and `parsed` do."""
    return parsed(await body_bytes(request), model)

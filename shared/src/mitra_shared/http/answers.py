"""Turns whatever leaves a route into the problem document that the caller sees; the one place that does."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mitra_shared.database import is_infrastructure
from mitra_shared.http.field_errors import field_errors, place_in_message, place_in_text
from mitra_shared.http.problems import (
    BAD_REQUEST,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    CONFLICT,
    CONTENT_TYPE,
    FORBIDDEN,
    INTERNAL,
    INVALID_REQUEST,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_MANY_REQUESTS,
    UNAVAILABLE,
    Problem,
    ProblemKind,
    invalid_fields,
    unauthorized,
    unavailable,
    wrong_content_type,
)
from mitra_shared.telemetry.trace import current_trace

_BY_STATUS: Final = {
    kind.status: kind
    for kind in (
        BAD_REQUEST, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, CONFLICT, BODY_TOO_LARGE, CONTENT_TYPE,
        INVALID_REQUEST, TOO_MANY_REQUESTS, INTERNAL, UNAVAILABLE,
    )
}  # fmt: skip


def problem_of(error: Exception) -> Problem:
    """How the caller is to see `error`; one nobody foresaw is `internal` and names the trace to ask for."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException():
            return _of_status(error)
        case _ if is_infrastructure(error):
            return unavailable("The service cannot reach what it needs; try again")
    step = current_trace.get()
    known = {} if step is None else {"trace_id": step.trace_id}
    return INTERNAL("The fault is ours and is in our log", headers=None, **known)


def problem_of_body(error: ValidationError) -> Problem:
    """How the caller is to see that a body is not JSON, or not of its model."""
    errors = error.errors(include_url=False, include_input=False)
    if errors and errors[0]["type"] == "json_invalid":
        return _broken_json(*place_in_message(str(errors[0].get("ctx", {}).get("error", ""))))
    return invalid_fields(field_errors(errors))


def _of_validation(error: RequestValidationError) -> Problem:
    errors = error.errors()
    first = errors[0] if errors else {}
    if first.get("type") == "json_invalid":
        offset = first["loc"][-1]
        place = (
            place_in_text(error.body, offset)
            if isinstance(error.body, str) and isinstance(offset, int)
            else None
        )
        return _broken_json(str(first.get("ctx", {}).get("error", "")), place)
    about_body = any(entry["loc"][:1] == ("body",) for entry in errors)
    # FastAPI hands on a body of another content type as bytes, and a bytes value never fits a model.
    if about_body and isinstance(error.body, bytes):
        return wrong_content_type()
    return invalid_fields(field_errors(errors, inside_request=True))


def _broken_json(fault: str, place: tuple[int, int] | None) -> Problem:
    if place is None:
        return BROKEN_JSON(fault or "The body is not JSON in UTF-8")
    line, column = place
    return BROKEN_JSON(f"{fault} at line {line}, column {column}", line=line, column=column)


def _of_status(error: HTTPException) -> Problem:
    kind = _BY_STATUS.get(error.status_code)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        return unauthorized()
    if kind is BAD_REQUEST:
        return BROKEN_JSON("The body is not JSON in UTF-8")
    if kind is None:
        phrase = HTTPStatus(error.status_code).phrase
        return Problem("http-error", phrase, error.status_code, phrase, headers=headers)
    return kind(_details(kind, error, headers), headers=headers)


def _details(kind: ProblemKind, error: HTTPException, headers: Mapping[str, str]) -> str:
    standard = HTTPStatus(error.status_code).phrase
    if isinstance(error.detail, str) and error.detail != standard:
        return error.detail
    if kind is METHOD_NOT_ALLOWED and "Allow" in headers:
        return f"Allowed here: {headers['Allow']}"
    if kind is NOT_FOUND:
        return "No such path; see /openapi.json for those there are"
    return kind.title


async def _answer(_request: Request, error: Exception) -> Response:
    return problem_of(error).response()


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error that leaves a route with a problem document.

    Starlette raises unforeseen ones again once they are answered; the layer `http.edge` logs and ends them.
    """
    for kind in (Problem, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _answer)

"""Errors at the HTTP edge: every one is an `application/problem+json` document (RFC 9457).

Commands raise errors of the domain; a service's `api.py` turns those into a `Problem`; everything else (a
body that does not fit, an unknown path, a database that is down, a bug) becomes one in `http.answers`. The
slugs are listed in `docs/problems.md`, which a test compares with the code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from pydantic_core import to_json
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
URN: Final = "urn:mitra:problem:"
RETRY_SECONDS: Final = 2
"""How long a caller is asked to wait while the database is away."""


_KINDS: dict[str, "ProblemKind"] = {}


class Problem(Exception):
    """An error as the caller is to see it.

    Attributes:
        type_slug: stable name; the document's `type` is `urn:mitra:problem:<slug>`.
        title: the same for every occurrence.
        status: HTTP status code.
        detail: what was wrong this time and what would be right; never a name, a phone or a token.
        headers: further headers of the answer.
        extensions: further members of the document.
    """

    def __init__(
        self,
        type_slug: str,
        title: str,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(type_slug, detail)
        self.type_slug = type_slug
        self.title = title
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.extensions = extensions

    def document(self) -> dict[str, Any]:
        """The members of the problem document."""
        return {
            "type": URN + self.type_slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extensions,
        }

    def response(self) -> Response:
        """The answer that carries the document."""
        return Response(to_json(self.document()), self.status, self.headers, MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A problem without its occasion: `raise QUOTA_USED_UP("Segment S11-AC032 has no place left")`.

    Each slug is declared once, or alike; declaring makes it known to `declared_kinds`.
    """

    slug: str
    title: str
    status: int

    def __post_init__(self) -> None:
        """Declare the kind."""
        if _KINDS.setdefault(self.slug, self) != self:
            raise ValueError(f"the problem {self.slug!r} is declared with two meanings")

    def __call__(
        self, detail: str, *, headers: Mapping[str, str] | None = None, **extensions: Any
    ) -> Problem:
        """The problem with what was wrong this time."""
        return Problem(self.slug, self.title, self.status, detail, headers=headers, **extensions)


def declared_kinds() -> Mapping[str, ProblemKind]:
    """Every kind that the modules imported so far declare, by slug."""
    return _KINDS


BROKEN_JSON: Final = ProblemKind("broken-json", "The body is not JSON", 400)
BAD_REQUEST: Final = ProblemKind("bad-request", "The request cannot be read", 400)
TOKEN_MISSING: Final = ProblemKind("token-missing", "A bearer token is needed", 401)
TOKEN_REFUSED: Final = ProblemKind("token-refused", "The bearer token is not accepted", 401)
FORBIDDEN: Final = ProblemKind("forbidden", "Not allowed for this caller", 403)
NOT_FOUND: Final = ProblemKind("not-found", "There is nothing here", 404)
METHOD_NOT_ALLOWED: Final = ProblemKind("method-not-allowed", "The path does not take this method", 405)
NOT_ACCEPTABLE: Final = ProblemKind("not-acceptable", "Not to be had in a form that is asked for", 406)
CONFLICT: Final = ProblemKind("conflict", "The request conflicts with what is there", 409)
BODY_TOO_LARGE: Final = ProblemKind("body-too-large", "The body is too large", 413)
CONTENT_TYPE: Final = ProblemKind("content-type", "The content type is not accepted", 415)
INVALID_REQUEST: Final = ProblemKind("invalid-request", "Some fields are not right", 422)
TOO_MANY_REQUESTS: Final = ProblemKind("too-many-requests", "Too many requests", 429)
INTERNAL: Final = ProblemKind("internal", "Something went wrong here", 500)
UNAVAILABLE: Final = ProblemKind("unavailable", "Not available for the moment", 503)
TIMED_OUT: Final = ProblemKind("timed-out", "The request took too long", 503)
IDEMPOTENCY_KEY_MISSING: Final = ProblemKind("idempotency-key-missing", "An idempotency key is needed", 400)
IDEMPOTENCY_KEY_INVALID: Final = ProblemKind(
    "idempotency-key-invalid", "The idempotency key is not valid", 400
)
IDEMPOTENCY_KEY_REUSED: Final = ProblemKind(
    "idempotency-key-reused", "The idempotency key belongs to another request", 422
)


def unauthorized(reason: str | None = None) -> Problem:
    """401 with `WWW-Authenticate` (RFC 6750): no token, or one refused for `reason` (see `InvalidToken`)."""
    if reason is None:
        return TOKEN_MISSING(
            "Send the header 'Authorization: Bearer <token>'",
            headers={"WWW-Authenticate": 'Bearer realm="mitra"'},
        )
    challenge = f'Bearer realm="mitra", error="invalid_token", error_description="{reason}"'
    headers = {"WWW-Authenticate": challenge}
    return TOKEN_REFUSED(f"The token was refused: {reason}", headers=headers, reason=reason)


def too_many_requests(detail: str, *, retry_after: int) -> Problem:
    """429; `retry_after` in seconds."""
    return TOO_MANY_REQUESTS(detail, headers={"Retry-After": str(retry_after)}, retry_after=retry_after)


def unavailable(detail: str, *, retry_after: int = RETRY_SECONDS) -> Problem:
    """503; `retry_after` in seconds."""
    return UNAVAILABLE(detail, headers={"Retry-After": str(retry_after)}, retry_after=retry_after)


def wrong_content_type(accepted: str = "application/json") -> Problem:
    """415 naming what is accepted."""
    return CONTENT_TYPE(f"Send the body as {accepted}", headers={"Accept": accepted}, accepted=[accepted])


def invalid_fields(errors: list[dict[str, str]]) -> Problem:
    """422 with one `{field, message, expected}` for each wrong field."""
    named = ", ".join(dict.fromkeys(error["field"] for error in errors if error["field"]))
    return INVALID_REQUEST(f"Look at: {named}" if named else "Look at the body as a whole", errors=errors)


def wrong_field(field: str, message: str, expected: str) -> Problem:
    """422 for one field or parameter."""
    return invalid_fields([{"field": field, "message": message, "expected": expected}])


def timed_out(seconds: float) -> Problem:
    """503 for a request that was given up after `seconds`."""
    return TIMED_OUT(
        f"No answer within {seconds:g} seconds; the request may or may not have taken effect",
        headers={"Retry-After": str(RETRY_SECONDS)},
        retry_after=RETRY_SECONDS,
    )


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route in the OpenAPI document: a problem document for each status."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }

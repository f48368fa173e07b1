"""Validation errors of pydantic in plain words: which field, what is wrong, what would be right.

Values are never repeated: they may be names and phones. A validator of our own says what would be right by
raising `PydanticCustomError(type, message, {"expected": ...})`, or a `ValueError` whose text is fit to show.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_LONGEST_FIELD: Final = 200

_PLAIN: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("is missing", "a value"),
    "extra_forbidden": ("is not a field of this request", "only the documented fields"),
    "none_required": ("must be left out or null", "null"),
    "string_type": ("is not text", "text"),
    "string_unicode": ("is not valid Unicode", "text in UTF-8"),
    "string_too_short": ("is too short", "at least {min_length} characters"),
    "string_too_long": ("is too long", "at most {max_length} characters"),
    "string_pattern_mismatch": ("does not have the right form", "text matching {pattern}"),
    "too_short": ("has too few entries", "at least {min_length} entries"),
    "too_long": ("has too many entries", "at most {max_length} entries"),
    "greater_than": ("is too small", "more than {gt}"),
    "greater_than_equal": ("is too small", "at least {ge}"),
    "less_than": ("is too large", "less than {lt}"),
    "less_than_equal": ("is too large", "at most {le}"),
    "multiple_of": ("is not a multiple", "a multiple of {multiple_of}"),
    "finite_number": ("is not a finite number", "a finite number"),
    "literal_error": ("is not one of the choices", "{expected}"),
    "enum": ("is not one of the choices", "{expected}"),
    "union_tag_invalid": ("is of an unknown kind", "{discriminator} one of {expected_tags}"),
    "union_tag_not_found": ("does not say its kind", "a field {discriminator}"),
    "timezone_aware": (
        "has no offset from UTC",
        "a date and time with offset, as in 2026-11-01T09:30:00+05:30",
    ),
    "url_scheme": ("has the wrong scheme", "a URL starting with {expected_schemes}"),
}
_FAMILIES: Final = (
    (("int",), ("is not a whole number", "a whole number")),
    (("float", "decimal", "complex"), ("is not a number", "a number")),
    (("bool",), ("is neither true nor false", "true or false")),
    (("uuid",), ("is not a UUID", "a UUID, as in 0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b")),
    (("datetime",), ("is not a date and time", "a date and time, as in 2026-11-01T09:30:00+05:30")),
    (("date",), ("is not a date", "a date, as in 2026-11-01")),
    (("time_delta",), ("is not a duration", "a duration, as in PT15M")),
    (("time",), ("is not a time of day", "a time of day, as in 09:30:00")),
    (("list", "tuple", "set", "frozen_set"), ("is not a list", "a list")),
    (("dict", "model", "mapping", "dataclass", "typed_dict"), ("is not an object", "a JSON object")),
    (("url",), ("is not a URL", "a URL")),
    (("string", "bytes"), ("is not text", "text")),
)
_PLACE: Final = re.compile(r"(.*?) at line (\d+) column (\d+)", re.DOTALL)
_OWN: Final = {"value_error", "assertion_error"}
_OF_REQUEST: Final = {"body", "query", "path", "header", "cookie"}


def field_errors(
    errors: Iterable[Mapping[str, Any]], *, inside_request: bool = False
) -> list[dict[str, str]]:
    """One `{field, message, expected}` for each error, in the order given, without repeats.

    Args:
        errors: what `ValidationError.errors()` gives.
        inside_request: places start with the part of the request (`body`, `query`, ...), as FastAPI has it.
    """
    told: list[dict[str, str]] = []
    for error in errors:
        place = list(error["loc"])
        if inside_request and place and place[0] in _OF_REQUEST:
            del place[0]
        message, expected = _in_words(error)
        entry = {"field": _path(place), "message": message, "expected": expected}
        if entry not in told:
            told.append(entry)
    return told


def _path(place: Sequence[int | str]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")
    return text if len(text) <= _LONGEST_FIELD else text[:_LONGEST_FIELD] + "..."


def _in_words(error: Mapping[str, Any]) -> tuple[str, str]:
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind in _OWN:
        text = str(context.get("error", "is not right"))
        return text, str(getattr(context.get("error"), "expected", text))
    if kind in _PLAIN:
        message, expected = _PLAIN[kind]
        return message, expected.format_map(_Known(context))
    for starts, words in _FAMILIES:
        if any(kind == start or kind.startswith(f"{start}_") for start in starts):
            return words
    if "expected" in context:
        return str(error["msg"]), str(context["expected"])
    return "is not right", "what the API document says"


class _Known(dict[str, Any]):
    """Values for a template; one that pydantic did not give stays readable."""

    def __missing__(self, key: str) -> str:
        return key.replace("_", " ")


def place_in_text(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of the character at `offset`."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def place_in_message(message: str) -> tuple[str, tuple[int, int] | None]:
    """What pydantic says of a text that is not JSON, split into the fault and its line and column from 1."""
    match = _PLACE.fullmatch(message)
    return (message, None) if match is None else (match[1], (int(match[2]), int(match[3])))

"""Fields against their model: what Pydantic finds, said in the words of the author's file."""

import json
import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import ErrorDetails

from mitra_shared.campaign.check.mistakes import Findings, one_of, quoted
from mitra_shared.campaign.check.origins import Origin
from mitra_shared.campaign.check.subjects import WHY, forbidden_field

Model = TypeVar("Model", bound=BaseModel)

_EXAMPLES = {
    "id": '"modi-mitra"',
    "version": '1 (or "2026-11" for a notice or a boundary version)',
    "name": '{ en = "...", hi = "...", ur = "..." }',
    "text": '{ en = "...", hi = "...", ur = "..." }',
    "label": '{ en = "...", hi = "...", ur = "..." }',
    "starts_on": "2026-12-01",
    "target_date": "2027-11-30",
    "in_force_from": "2026-11-01",
    "opens_on": "2026-12-01",
    "closes_on": "2026-12-31",
    "nation": '{ code = "IN", name = { ... } }',
    "states": '"states.csv"',
    "constituencies": '"constituencies.csv"',
    "segments": '"segments.csv"',
    "level": '"constituency"',
    "metric": '"enrolled"',
    "number": "5000",
    "source": '"who said so, and when"',
    "kind": '"single"',
}
_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]{0,62}$": "lower-case letters, digits and hyphens, e.g. 'round-1'",
    r"^[A-Z0-9][A-Z0-9-]{0,31}$": "capital letters, digits and hyphens, e.g. 'PM-KISAN'",
    r"^[A-Z][0-9]{2}$": "the code of a state, e.g. 'S11'",
    r"^[A-Z]{2}$": "two capital letters, e.g. 'IN'",
    r"^[A-Z][0-9]{2}-PC[0-9]{2}$": "the code of a constituency, e.g. 'S11-PC04'",
    r"^[^\x00-\x1f\x7f]+$": "one line of text without control characters",
}
_KINDS = {
    "int": "a whole number without quotes, e.g. 5000",
    "string": "a text in quotes",
    "bool": "true or false, without quotes",
    "date": "a date as YYYY-MM-DD without quotes, e.g. 2026-12-31",
    "tuple": "a list in square brackets",
    "model": "a table",
}
_LIMITS = {
    "greater_than_equal": ("too small", "at least", "ge", ""),
    "greater_than": ("too small", "more than", "gt", ""),
    "less_than_equal": ("too large", "at most", "le", ""),
    "string_too_short": ("too short", "at least", "min_length", " character(s)"),
    "string_too_long": ("too long", "at most", "max_length", " characters"),
    "too_short": ("too short", "at least", "min_length", " of them"),
}


def fits(model: type[Model], raw: object, origin: Origin, findings: Findings) -> Model | None:
    """`raw` as the model; None, and every mistake noted, if it does not fit."""
    try:
        return model.model_validate_json(_as_json(raw), strict=True)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            findings.add(origin.place(*found["loc"]), *_in_words(model, found))
        return None


def fitting_fields(
    model: type[BaseModel], raw: Mapping[str, object], origin: Origin, findings: Findings
) -> dict[str, Any]:
    """The fields of `raw` that fit the model, defaults included; every mistake in the others is noted."""
    try:
        return dict(model.model_validate_json(_as_json(raw), strict=True))
    except ValidationError as error:
        wrong = {found["loc"][0] for found in error.errors(include_url=False) if found["loc"]}
    fits(model, raw, origin, findings)
    sound: dict[str, Any] = {
        name: (field.annotation, field) for name, field in model.model_fields.items() if name not in wrong
    }
    narrower = create_model(model.__name__, __config__=model.model_config, **sound)
    return dict(narrower.model_validate_json(_as_json({k: raw[k] for k in raw if k in sound}), strict=True))


def _as_json(raw: object) -> str:
    def spelled(value: object) -> str:
        return value.isoformat() if isinstance(value, date | time) else str(value)

    return json.dumps(raw, default=spelled)


def _in_words(model: type[BaseModel], error: ErrorDetails) -> tuple[str, str]:
    kind, given = error["type"], quoted(error["input"])
    about = error.get("ctx", {})
    key = str(error["loc"][-1]) if error["loc"] else ""
    said = f"{given} does not fit", error["msg"]
    match kind:
        case "missing":
            said = "it is missing", f"add {key}, e.g. {_EXAMPLES[key]}" if key in _EXAMPLES else f"add {key}"
        case "extra_forbidden":
            said = unknown_name(key, _fields_beside(model, error["loc"]), kind="key")
        case "enum" | "literal_error":
            known = re.findall(r"'([^']*)'", about["expected"]) or [about["expected"].lower()]
            said = f"{given} is not known here", one_of(error["input"], known)
        case "string_pattern_mismatch":
            said = f"{given} does not fit", _PATTERNS.get(about["pattern"], f"text like {about['pattern']}")
        case _ if kind in _LIMITS:
            wrong, limit, name, unit = _LIMITS[kind]
            said = f"{given} is {wrong}", f"{limit} {about[name]}{unit}"
        case _:
            for prefix, expected in _KINDS.items():
                if kind.startswith(prefix):
                    said = f"{given} is of the wrong kind", expected
    return said


def unknown_name(name: str, known: list[str], *, kind: str) -> tuple[str, str]:
    """What is wrong with a key or column that does not exist, and what was probably meant."""
    if subject := forbidden_field(name):
        return f"{name!r} is about {subject}", WHY
    return f"there is no {kind} {name!r}", one_of(name, known)


def _fields_beside(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    inner: type[BaseModel] | None = model
    for part in loc[:-1]:
        if inner is not None and isinstance(part, str):
            inner = _model_in(inner.model_fields[part].annotation)
    return [] if inner is None else list(inner.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(inner) for inner in get_args(annotation))
    return next((inner for inner in found if inner is not None), None)

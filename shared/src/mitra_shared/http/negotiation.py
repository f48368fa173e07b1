"""Content negotiation (RFC 9110, section 12.5.1): which of the media types on offer a caller likes best."""

from collections.abc import Sequence
from typing import Final

_LONGEST_ACCEPT: Final = 2_000
_ANY: Final = "*/*"


def preferred(accept: str | None, offered: Sequence[str]) -> str | None:
    """The media type of `offered` that an `Accept` header weighs highest; the first if it says nothing.

    Of equal weights the one that is offered first wins. None: the header excludes all of them.
    """
    if accept is None or not accept.strip() or len(accept) > _LONGEST_ACCEPT:
        return offered[0]
    weights = dict(_range(part) for part in accept.split(","))
    weighed = [(_weight(media_type, weights), media_type) for media_type in offered]
    best = max(weight for weight, _ in weighed)
    return next(media_type for weight, media_type in weighed if weight == best) if best > 0 else None


def _range(part: str) -> tuple[str, float]:
    media_range, *parameters = (each.strip() for each in part.lower().split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media_range, min(1.0, max(0.0, float(value)))
            except ValueError:
                return media_range, 0.0
    return media_range, 1.0


def _weight(media_type: str, weights: dict[str, float]) -> float:
    """The weight of the most specific range that fits."""
    whole_type = f"{media_type.partition('/')[0]}/*"
    return weights.get(media_type, weights.get(whole_type, weights.get(_ANY, 0.0)))

"""The problems of reporting's own, beside those of `mitra_shared.http.problems`."""

from typing import Final

from mitra_shared.http.problems import Problem, ProblemKind, invalid_fields

CAMPAIGN_UNKNOWN: Final = ProblemKind("campaign-unknown", "No such campaign is known here", 404)
AREA_UNKNOWN: Final = ProblemKind("area-unknown", "No such area in the campaign", 404)
ROUND_UNKNOWN: Final = ProblemKind("round-unknown", "No such round in the campaign", 404)
NOT_REACHED: Final = ProblemKind("positions-not-reached", "The place of the log is not included yet", 503)
FEED_FULL: Final = ProblemKind("feed-full", "No more live subscribers for the moment", 503)


def wrong_field(field: str, message: str, expected: str) -> Problem:
    """422 for one parameter."""
    return invalid_fields([{"field": field, "message": message, "expected": expected}])

"""The problems of this service's own, beside those of `mitra_shared.http.problems`."""

from typing import Final

from mitra_shared.http.problems import ProblemKind

CERTIFICATE_UNKNOWN: Final = ProblemKind("certificate-unknown", "There is no such certificate", 404)
AREA_UNKNOWN: Final = ProblemKind("area-unknown", "No such area in the campaign", 404)
SEGMENT_UNKNOWN: Final = ProblemKind("segment-unknown", "There is no such segment in the campaign", 404)

AREA_WITHOUT_QUOTA: Final = ProblemKind("area-without-quota", "The area holds no quota of its own", 409)
NOT_ENOUGH_PLACES: Final = ProblemKind("not-enough-places", "There are not so many places", 409)
NOTHING_RESERVED: Final = ProblemKind("nothing-reserved", "No place is kept for the programme", 409)
CERTIFICATE_NOT_WAITING: Final = ProblemKind(
    "certificate-not-waiting", "The certificate no longer waits for a place", 409
)
NUMBER_VOID: Final = ProblemKind("number-void", "The number is void", 409)
ISSUING_FROZEN: Final = ProblemKind("issuing-frozen", "Issuing is frozen", 409)
DESK_KEY_REUSED: Final = ProblemKind("desk-key-reused", "The key belongs to another decision", 409)

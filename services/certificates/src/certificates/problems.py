"""The problems of this service's own, beside those of `mitra_shared.http.problems`."""

from typing import Final

from mitra_shared.http.problems import ProblemKind

CERTIFICATE_UNKNOWN: Final = ProblemKind("certificate-unknown", "There is no such certificate", 404)
CERTIFICATE_NOT_ISSUED: Final = ProblemKind("certificate-not-issued", "The certificate is not issued", 409)
CERTIFICATE_REVOKED: Final = ProblemKind("certificate-revoked", "The certificate is no longer valid", 410)
CERTIFICATE_UNSIGNED: Final = ProblemKind(
    "certificate-unsigned", "The certificate is still being signed", 503
)
RENDERING_FAILED: Final = ProblemKind("rendering-failed", "The certificate cannot be set", 500)
SEGMENT_UNKNOWN: Final = ProblemKind("segment-unknown", "There is no such segment in the campaign", 404)
STATUS_LIST_UNKNOWN: Final = ProblemKind("status-list-unknown", "There is no such status list", 404)

SHEET_UNKNOWN: Final = ProblemKind("sheet-unknown", "There is no such print sheet", 404)
NOTHING_TO_PRINT: Final = ProblemKind("nothing-to-print", "Everything is on a print sheet", 409)
SHEET_NOT_READY: Final = ProblemKind("sheet-not-ready", "The print sheet is not ready", 409)
SHEET_NOT_RENDERED: Final = ProblemKind(
    "sheet-not-rendered", "The print sheet was never ready to be printed", 409
)
SHEET_NOT_PRINTED: Final = ProblemKind("sheet-not-printed", "The print sheet is not marked as printed", 409)
SHEET_EMPTY: Final = ProblemKind("sheet-empty", "Nothing on the print sheet can be printed", 410)
SHEET_FAILED: Final = ProblemKind("sheet-failed", "The print sheet cannot be made", 500)
PROGRAMME_UNKNOWN: Final = ProblemKind("programme-unknown", "There is no such programme", 404)
PROGRAMME_NOT_HELD: Final = ProblemKind("programme-not-held", "The programme is still to come", 409)

AREA_UNKNOWN: Final = ProblemKind("area-unknown", "No such area in the campaign", 404)

AREA_WITHOUT_QUOTA: Final = ProblemKind("area-without-quota", "The area holds no quota of its own", 409)
NOT_ENOUGH_PLACES: Final = ProblemKind("not-enough-places", "There are not so many places", 409)
NOTHING_RESERVED: Final = ProblemKind("nothing-reserved", "No place is kept for the programme", 409)
CERTIFICATE_NOT_WAITING: Final = ProblemKind(
    "certificate-not-waiting", "The certificate no longer waits for a place", 409
)
NUMBER_VOID: Final = ProblemKind("number-void", "The number is void", 409)
ISSUING_FROZEN: Final = ProblemKind("issuing-frozen", "Issuing is frozen", 409)

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

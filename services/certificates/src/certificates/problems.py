"""The problems of this service's own, beside those of `mitra_shared.http.problems`."""

from typing import Final

from mitra_shared.http.problems import ProblemKind

CERTIFICATE_UNKNOWN: Final = ProblemKind("certificate-unknown", "There is no such certificate", 404)
SEGMENT_UNKNOWN: Final = ProblemKind("segment-unknown", "There is no such segment in the campaign", 404)

"""How refusals of the domain look at the HTTP edge: one problem for each, with its status."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic_core import to_json

from enrolment.domain.refusals import Reason, Refusal
from mitra_shared.http.problems import Problem, ProblemKind

OF_REASON: Final[Mapping[Reason, ProblemKind]] = {
    reason: ProblemKind(reason.value, title, status)
    for reason, title, status in (
        (Reason.SEGMENT_OUTSIDE_AREA, "The segment is not in your constituency", 403),
        (Reason.UNKNOWN_SEGMENT, "There is no such segment", 422),
        (Reason.INVALID_PHONE, "The phone number is not valid", 422),
        (Reason.INVALID_NAME, "The name is not valid", 422),
        (Reason.CONSENT_MISSING, "Consent is missing", 422),
        (Reason.OUTDATED_NOTICE, "The consent notice is not the one in force", 422),
        (Reason.NOTICE_DIFFERS, "The text that was shown is not that of the notice", 422),
        (Reason.UNKNOWN_LANGUAGE, "The notice does not exist in that language", 422),
        (Reason.MINOR, "The person is not declared to be of age", 422),
        (Reason.PARTY_MEMBER, "The person belongs to a party", 422),
        (Reason.UNSUPPORTED_BASIS, "The campaign does not enrol on this basis", 422),
        (Reason.UNKNOWN_SCHEME, "There is no such scheme", 422),
        (Reason.DUPLICATE_PERSON, "Somebody is enrolled with this phone already", 409),
        (Reason.UNKNOWN_ROUND, "There is no such round", 422),
        (Reason.ROUND_NOT_OPEN, "The round is not open today", 422),
        (Reason.INVALID_ANSWER, "An answer is not valid", 422),
        (Reason.DAY_NOT_REPORTED, "The day cannot be reported today", 422),
        (Reason.NOTHING_TO_REPORT, "There is nothing to report", 422),
        (Reason.INVALID_CONTACT, "The contact is not valid", 422),
    )
}

ERASED_SINCE: Final = ProblemKind("erased", "The person has been erased", 410)
DUPLICATE_ANSWERS_USED_UP: Final = ProblemKind(
    "duplicate-answers-used-up", "Too many duplicate people for one day", 429
)
ROLE_ENDED: Final = ProblemKind("role-ended", "Your role in this constituency has ended", 403)
MITRA_WITHDRAWN: Final = ProblemKind("mitra-withdrawn", "The person has withdrawn", 409)
LOOKS_USED_UP: Final = ProblemKind("looks-used-up", "Too many people looked at in one day", 429)
CONTACT_ID_TAKEN: Final = ProblemKind("contact-id-taken", "The id belongs to another contact", 409)
CARE_NOT_TAKEN: Final = ProblemKind("care-not-taken", "Nobody can be handed over like this", 409)
PERSON_SESSION: Final = ProblemKind("person-session", "The person's session is missing or has ended", 401)
WRONG_CODE: Final = ProblemKind("wrong-code", "The code is not right, or not valid any more", 403)
TOO_MANY_OPEN: Final = ProblemKind("too-many-open-requests", "Too many requests wait for an answer", 409)
ANSWERED_ALREADY: Final = ProblemKind("answered-already", "The request was answered otherwise", 409)
DUPLICATE_DECIDED: Final = ProblemKind("duplicate-decided", "The likely duplicate was decided otherwise", 409)
NOT_YOURS_TO_WITHDRAW: Final = ProblemKind(
    "not-yours-to-withdraw", "The other one is not yours to withdraw", 409
)
NO_CAMPAIGN: Final = ProblemKind("no-campaign", "The campaign is not loaded", 409)
CAMPAIGN_CONFLICT: Final = ProblemKind("campaign-conflict", "The campaign cannot be changed like this", 409)

DEVICE_OF_ANOTHER: Final = ProblemKind("device-of-another", "The device belongs to somebody else", 403)
DEVICES_FULL: Final = ProblemKind("devices-full", "There are too many devices of one person", 409)
RECORD_NUMBER_TAKEN: Final = ProblemKind(
    "record-number-taken", "The number belongs to another record of the device", 409
)
RECORD_SETTLED: Final = ProblemKind("record-settled", "The record was enrolled long ago", 410)

NO_SIGNED_PAPER: Final = ProblemKind("no-signed-paper", "The person signed no paper", 409)
PAPER_PHOTO_KEPT: Final = ProblemKind("paper-photo-kept", "Another photo of the paper is there", 409)
UNFIT_PHOTO: Final = ProblemKind("unfit-photo", "The photo cannot be taken", 422)

TOO_MANY_IMPORTS: Final = ProblemKind("too-many-imports", "Too many imports are not at their end", 409)
IMPORT_NOT_READY: Final = ProblemKind("import-not-ready", "The import is in another state", 409)
IMPORT_PREVIEW_CHANGED: Final = ProblemKind(
    "import-preview-changed", "Another preview is there than was seen", 409
)
IMPORT_FILE_GONE: Final = ProblemKind("import-file-gone", "The file of the import is no longer kept", 409)
IMPORT_UNAFFIRMED: Final = ProblemKind("import-unaffirmed", "That papers are signed is not affirmed", 422)

TOO_MANY_BROADCASTS: Final = ProblemKind(
    "too-many-broadcasts", "Too many broadcasts are not at their end", 409
)
BROADCAST_NOT_READY: Final = ProblemKind("broadcast-not-ready", "The broadcast is in another state", 409)
BROADCAST_DIFFERS: Final = ProblemKind("broadcast-differs", "Another broadcast is there than was seen", 409)


def refused(refusals: Sequence[Refusal]) -> Problem:
    """The problem for at least one refusal: typed by the first, with an entry for each."""
    first = refusals[0]
    return OF_REASON[first.reason](
        first.message,
        errors=[
            {"field": refusal.field, "message": refusal.message, "expected": refusal.expected}
            for refusal in refusals
        ],
    )


def as_text(problem: Problem) -> str:
    """The document of `problem` as JSON."""
    return to_json(problem.document()).decode()

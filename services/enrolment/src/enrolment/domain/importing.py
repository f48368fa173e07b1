"""The import of sheets: what a sheet says of a person, what states an import has, how long it is kept."""

from datetime import timedelta
from enum import StrEnum
from typing import Final


class Field(StrEnum):
    """What a column can hold, or one value for the whole sheet can say."""

    NAME = "name"
    PHONE = "phone"
    SEGMENT = "segment"
    BASIS = "basis"
    SCHEMES = "schemes"
    LANGUAGE = "language"
    ADULT = "adult"
    PARTY_MEMBER = "party_member"
    CONSENT = "consent"
    NOTICE_VERSION = "notice_version"
    NOTICE_LANGUAGE = "notice_language"
    COLLECTED_ON = "collected_on"
    COLLECTED_BY = "collected_by"


OPTIONAL: Final = frozenset({Field.SCHEMES, Field.LANGUAGE})
"""All others must be said of every person: nothing about consent or eligibility is taken for granted."""
OF_EACH_PERSON: Final = frozenset({Field.NAME, Field.PHONE})
"""Cannot be said once for the whole sheet."""


class State(StrEnum):
    """How far an import is."""

    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    """Waits to be read."""
    MAPPED = "mapped"
    """Was read, and waits to be judged by other columns."""
    PREVIEWED = "previewed"
    """Waits for its acceptance."""
    ACCEPTED = "accepted"
    """Rows go to the intake."""
    DONE = "done"
    STOPPED = "stopped"
    """Ended before all rows were tried."""
    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    """Was not accepted in time; nothing of it is kept."""


class Outcome(StrEnum):
    """What became of a row."""

    ENROLLED = "enrolled"
    ENROLLED_BEFORE = "enrolled_before"
    """By the same row of the same file, in an earlier import."""
    REFUSED = "refused"
    NOT_TRIED = "not_tried"


ACCEPT_WITHIN: Final = timedelta(hours=24)
"""From the upload; then file and rows are deleted."""
UPLOAD_WITHIN: Final = timedelta(minutes=15)
FINISH_WITHIN: Final = timedelta(days=7)
"""From the acceptance; a pause until the next day is no end."""
ROWS_KEPT: Final = timedelta(days=7)
"""Cells of rows that enrolled nobody, from the end of the import."""
MOST_OPEN: Final = 5
"""Imports of one member of staff that are not at their end."""

"""What is told of a row and of a file: what is wrong and what would be right, never the value itself."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from enrolment.domain.importing import Field
from enrolment.domain.rules import Notice, Rules
from enrolment.imports.cells import Fault, Unreadable


class Wording(NamedTuple):
    """In English; `{...}` are filled from the rules in force."""

    message: str
    cure: str


KIND_OF_VALUE: Final[Mapping[Field, str]] = {
    Field.NAME: "name of a person",
    Field.PHONE: "mobile number",
    Field.SEGMENT: "code or name of an assembly segment",
    Field.BASIS: "beneficiary or admirer",
    Field.SCHEMES: "codes or names of schemes",
    Field.LANGUAGE: "language",
    Field.ADULT: "yes or no",
    Field.PARTY_MEMBER: "yes or no",
    Field.CONSENT: "yes or no",
    Field.NOTICE_VERSION: "version of the consent notice",
    Field.NOTICE_LANGUAGE: "language of the notice",
    Field.COLLECTED_ON: "date",
    Field.COLLECTED_BY: "name of who took the paper",
}

WORDING: Final[Mapping[str, Wording]] = {
    "missing": Wording(
        "The cell is empty, and no value was given for the whole sheet.",
        "fill it; or give one value for the sheet, where it is the same for everybody",
    ),
    "not-understood": Wording(
        "This is not a value of that kind.", "one of the kind named; see docs/imports.md"
    ),
    "digits-lost": Wording(
        "The number was rounded, so digits are lost for good.",
        "format the column as text and type the number again from the paper",
    ),
    "ambiguous-date": Wording(
        "Which day this is cannot be told.", "a cell of type date, or a text such as 03-11-2026 or 2026-11-03"
    ),
    "date-in-future": Wording("The day has not come yet.", "the day on which the paper was signed"),
    "date-before-notice": Wording(
        "The day is before the notice existed that the row names.",
        "papers signed under notice {notice}; whoever signed an older one has to be asked again",
    ),
    "ambiguous-segment": Wording("Two segments have this name.", "the code of the segment"),
    "duplicate-in-file": Wording(
        "The same phone stands further up in this sheet.",
        "each person once; at most {people_per_phone} with one phone",
    ),
    Fault.MERGED: Wording("The cell is part of merged cells.", "unmerge them and fill in each cell"),
    Fault.FORMULA: Wording(
        "The cell holds a formula without a calculated value.",
        "open the file in the spreadsheet program, save it, or paste the values",
    ),
    Fault.ERROR: Wording("The formula in the cell failed.", "put right the formula, or type the value"),
    Fault.TOO_LONG: Wording("The text is too long.", "at most 1,000 characters"),
    Fault.CONTROL: Wording("The text holds control characters.", "type it anew"),
    "invalid-name": Wording(
        "This is not a name.",
        "1 to 120 letters of any script in at most 8 words, with points, hyphens and apostrophes",
    ),
    "invalid-phone": Wording(
        "This is not a valid mobile number.", "a mobile number, such as +919876543210 or 9876543210"
    ),
    "unknown-segment": Wording(
        "The campaign has no such segment.", "the code or the name of a segment of your constituency"
    ),
    "segment-outside-area": Wording(
        "The segment is not in your constituency.", "leave the row to those of that constituency"
    ),
    "unknown-scheme": Wording(
        "A scheme is not one of this campaign.", "codes among {schemes}, or their names"
    ),
    "unsupported-basis": Wording("This campaign does not enrol on this basis.", "one of {bases}"),
    "consent-missing": Wording(
        "Nobody is enrolled without consent.", "yes, for who signed the paper; leave out everybody else"
    ),
    "outdated-notice": Wording("The person did not agree to the notice in force.", "{notice}"),
    "notice-differs": Wording("The person was shown another notice.", "the notice {notice}"),
    "unknown-language": Wording("The notice does not exist in this language.", "one of {languages}"),
    "minor": Wording(
        "Only people who declare that they are of age can be enrolled.",
        "yes, for who declared to be at least {minimum_age} years old; leave out everybody else",
    ),
    "party-member": Wording(
        "Members of a political party cannot be enrolled.",
        "no, for who belongs to none; leave out everybody else",
    ),
    # What only the intake can say.
    "duplicate-person": Wording(
        "Somebody is enrolled with this phone number already.",
        "the number of a person who is not enrolled yet",
    ),
    "idempotency-key-reused": Wording(
        "This row of this file was sent before and read otherwise.",
        "a new file with the rows that are right now",
    ),
    "erased": Wording("Somebody was enrolled by this row and was erased since.", "leave the row out"),
    "role-ended": Wording("Your role in this constituency has ended.", "nothing; ask your in-charge"),
    "internal": Wording("The row could not be stored; it was logged.", "send the row again in a new file"),
    "out-of-time": Wording("The import took too long, and this row was not tried.", "send the file again"),
    "cells-gone": Wording(
        "The cells of this row are no longer kept.", "send the row again, if it may be sent"
    ),
}
"""By the code of a complaint. `docs/imports.md` lists the same."""

OF_FILE: Final[Mapping[str, Wording]] = {
    Unreadable.EMPTY: Wording(
        "The file is empty.", "a file with a row of headings and a row for each person"
    ),
    Unreadable.NO_ROWS: Wording("There is nobody below the headings.", "a row for each person"),
    Unreadable.NO_HEADINGS: Wording(
        "The sheet has no row of headings.", "headings in one of the first ten rows; see the template"
    ),
    Unreadable.NOT_A_SHEET: Wording("This is no CSV and no XLSX file.", "CSV (UTF-8) or XLSX"),
    Unreadable.OLD_WORKBOOK: Wording(
        "This is an old Excel file (XLS), or one with a password.", "save it as XLSX without a password"
    ),
    Unreadable.BROKEN_WORKBOOK: Wording(
        "The workbook is damaged.", "open it, repair it, and save it as XLSX"
    ),
    Unreadable.ENCODING: Wording(
        "The characters of the text cannot be told for certain.", "save it as 'CSV UTF-8', or as XLSX"
    ),
    Unreadable.TOO_MANY_ROWS: Wording("The sheet has too many rows.", "at most 200,000; divide the file"),
    Unreadable.TOO_MANY_COLUMNS: Wording("The sheet has too many columns.", "at most 200"),
    Unreadable.TOO_HEAVY: Wording(
        "Reading the file took more memory or time than there is for one.",
        "copy the rows and columns that are needed to a new workbook",
    ),
    Unreadable.NO_SUCH_SHEET: Wording("There is no such sheet to read.", "the index of one of `sheets`"),
    "file-gone": Wording("The file is no longer kept.", "send it again"),
}
"""By why a file cannot be read."""


def filled(wording: Wording, rules: Rules, notice: Notice) -> Wording:
    """The wording with what the campaign says."""
    facts = {
        "notice": notice.version,
        "languages": ", ".join(sorted(notice.hashes)),
        "schemes": ", ".join(sorted(rules.schemes)),
        "bases": ", ".join(sorted(rules.bases)),
        "minimum_age": rules.minimum_age,
        "people_per_phone": rules.people_per_phone,
    }
    return Wording(wording.message, wording.cure.format_map(facts))


def letters_of(column: int) -> str:
    """The letters of a column as spreadsheets show them: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters

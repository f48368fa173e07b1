"""Consent notices: every version in every language, and one in force when the campaign starts."""

from collections.abc import Sequence
from datetime import date

from mitra_shared.campaign.check.mistakes import Findings, Place
from mitra_shared.campaign.check.origins import Written
from mitra_shared.campaign.definition import ConsentNotice, Language

LANGUAGES: tuple[Language, ...] = ("en", "hi", "ur")


def check_notices(notices: Sequence[Written[ConsentNotice]], findings: Findings) -> None:
    """Notes what is wrong with the notices among themselves; one notice is one language of one version."""
    seen: dict[tuple[str, Language], Written[ConsentNotice]] = {}
    in_force: dict[date, str] = {}
    for notice in notices:
        value = notice.value
        if seen.setdefault((value.version, value.language), notice) is not notice:
            findings.add(
                notice.origin.place("version"),
                f"the version {value.version!r} is there already",
                "each version once; a changed text is a new version",
            )
        elif in_force.setdefault(value.in_force_from, value.version) != value.version:
            findings.add(
                notice.origin.place("in_force_from"),
                f"{in_force[value.in_force_from]!r} is in force from the same day",
                "a day of its own for each version",
            )
        if not value.text.strip():
            note_empty(notice.origin.place(value.language), findings)


def note_empty(place: Place, findings: Findings) -> None:
    """Notes a notice that says nothing."""
    findings.add(place, "the text of the notice is empty", "the whole notice, as people read it")


def check_languages(notices: Sequence[Written[ConsentNotice]], findings: Findings) -> None:
    """Notes versions that lack a language."""
    given: dict[str, set[Language]] = {}
    for notice in notices:
        given.setdefault(notice.value.version, set()).add(notice.value.language)
    for notice in notices:
        for language in LANGUAGES:
            if language not in given[notice.value.version]:
                findings.add(
                    notice.origin.place("language"),
                    f"the version {notice.value.version!r} has no text in {language!r}",
                    "one in each of: en, hi, ur",
                )


def check_in_force(
    notices: Sequence[Written[ConsentNotice]], starts_on: date, whole_file: Place, findings: Findings
) -> None:
    """Notes that nobody could consent on the first day."""
    if not any(notice.value.in_force_from <= starts_on for notice in notices):
        first = min(notices, key=lambda notice: notice.value.in_force_from, default=None)
        findings.add(
            first.origin.place("in_force_from") if first else whole_file,
            f"no consent notice is in force when the campaign starts ({starts_on})",
            f"a notice with in_force_from = {starts_on} or earlier",
        )

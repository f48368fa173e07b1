"""The table of areas: live counts against targets and quotas, and how sure each seat is."""

from collections.abc import Iterable
from typing import Final

from mitra_shared.campaign.definition import Level
from reporting.domain.board import Board, Rollup
from reporting.exports.table import Column, Kind, Row
from reporting.queries import progress, rollup_document

NAMED: Final = (
    Column("area", "Area", Kind.TEXT),
    Column("level", "Level", Kind.TEXT),
    Column("name_en", "Name", Kind.TEXT),
)
"""What every table of areas begins with."""
COLUMNS: Final = (
    *NAMED,
    Column("name_hi", "Name in Hindi", Kind.TEXT),
    Column("name_ur", "Name in Urdu", Kind.TEXT),
    Column("parent", "Within", Kind.TEXT),
    Column("parent_name_en", "Within (name)", Kind.TEXT),
    Column("evidence", "How sure the seat is", Kind.TEXT),
    Column("enrolled", "Enrolled (gross)"),
    Column("target", "Target"),
    Column("progress", "Progress", Kind.SHARE),
    Column("target_level", "Target stated for each", Kind.TEXT),
    Column("target_parts", "Targets added up"),
    Column("target_source", "Source of the target", Kind.TEXT),
    Column("certificates_issued", "Certificates issued"),
    Column("certificates_waitlisted", "Certificates waitlisted"),
    Column("quota", "Quota"),
    Column("quota_level", "Quota stated for each", Kind.TEXT),
    Column("quota_parts", "Quotas added up"),
    Column("quota_source", "Source of the quota", Kind.TEXT),
    Column("certificates_printed", "Certificates printed"),
    Column("certificates_dispatched", "Certificates dispatched"),
    Column("certificates_handed_over", "Certificates handed over"),
    Column("opinions", "Opinions let out"),
    Column("programmes_held", "Programmes held"),
    Column("programmes_presented", "Certificates presented at programmes"),
    Column("programmes_beneficiaries", "Beneficiaries at programmes"),
    Column("why_hidden", "Why cells are empty", Kind.TEXT),
    Column("version", "Version"),
    Column("programmes_attendance", "Attendance of programmes"),
    Column("meetings_held", "Meetings of outreach"),
    Column("people_met", "People met"),
    Column("contacts_round", "Round of contact that is open", Kind.TEXT),
    Column("contacts_attempted", "Contacts attempted in it"),
    Column("contacts_reached", "People reached in it"),
    Column("contacts_due", "People due in it (gross)"),
)
NO_PAPERS: Final = "papers are shown for the area that holds the quota, and above"
NO_PROGRAMMES: Final = "programmes are those of constituencies"
NO_ROUND: Final = "no round of contact is open"
NO_TARGET: Final = "no target is stated at this level"


def area_rows(board: Board, rollups: Iterable[Rollup]) -> list[Row]:
    """One row for each area."""
    return [_row(board, rollup) for rollup in rollups]


def _row(board: Board, rollup: Rollup) -> Row:
    shown = rollup_document(rollup)
    parent, target, quota = shown["parent"], shown["target"] or {}, shown["quota"] or {}
    share = progress(rollup)
    flat = {
        **shown,
        **{f"name_{language}": name for language, name in shown["name"].items()},
        "parent_name_en": board.definition.by_code[parent].name.en if parent else None,
        "progress": round(share, 4) if share >= 0 else None,
        "target": target.get("number"),
        "quota": quota.get("number"),
        **{f"target_{part}": target.get(part) for part in ("level", "parts", "source")},
        **{f"quota_{part}": quota.get(part) for part in ("level", "parts", "source")},
        "why_hidden": "; ".join(_why(rollup)) or None,
    }
    return tuple(flat[column.name] for column in COLUMNS)


def _why(rollup: Rollup) -> list[str]:
    missing = {
        NO_TARGET: rollup.target is None,
        NO_PAPERS: rollup.counts.certificates_printed is None,
        NO_PROGRAMMES: rollup.area.level is Level.SEGMENT,
        NO_ROUND: rollup.counts.contacts_round is None,
    }
    return [why for why, is_so in missing.items() if is_so]

"""The list of a print sheet, as PDF and as CSV: number, name, co-in-charge, and room to sign."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from certificates.rendering.names import shown_name
from certificates.rendering.page import INDIA, issued_on
from mitra_shared.campaign.definition import Language
from mitra_shared.formulas import harmless

CSV_TYPE: Final = "text/csv; charset=utf-8"
_HEADER: Final = ("number", "name", "co_in_charge", "signature")


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One certificate of a sheet; `co_in_charge` is who hands it over."""

    number: str
    name: str
    co_in_charge: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The list of one sheet.

    Attributes:
        campaign: its name, in `language`.
        area: where the certificates belong, in `language`, e.g. `Kalpetta, Wayanad`.
        language: of the words around the rows.
        made_at: when the sheet was made.
        rows: in the order of the pages of the sheet.
    """

    campaign: str
    area: str
    language: Language
    made_at: datetime
    rows: tuple[ManifestRow, ...]


def manifest_data(manifest: Manifest) -> dict[str, Any]:
    """What `manifest` of the template is called with.

    Raises:
        NothingToShow: a name has no visible character.
    """
    day = manifest.made_at.astimezone(INDIA)
    return {
        "title": f"{manifest.campaign}: {manifest.area}",
        "campaign": manifest.campaign,
        "area": manifest.area,
        "language": manifest.language,
        "date": [day.year, day.month, day.day],
        "made_on": issued_on(manifest.made_at),
        "rows": [_row(row) for row in manifest.rows],
    }


def manifest_csv(manifest: Manifest) -> bytes:
    """The list for spreadsheet programs: UTF-8 with a byte order mark, commas, CRLF.

    A cell that such a program would take for a formula begins with an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADER)
    for row in manifest.rows:
        writer.writerow(harmless(cell) for cell in (row.number, row.name, row.co_in_charge, ""))
    return text.getvalue().encode("utf-8-sig")


def _row(row: ManifestRow) -> dict[str, Any]:
    name = shown_name(row.name)
    return {
        "number": row.number,
        "name": name.text,
        "name_language": name.language,
        "name_right_to_left": name.right_to_left,
        "co_in_charge": row.co_in_charge,
    }

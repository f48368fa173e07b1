"""Schemes: each once, by code and by name."""

from collections.abc import Sequence

from mitra_shared.campaign.check.csv_rows import Row
from mitra_shared.campaign.check.mistakes import Findings
from mitra_shared.campaign.check.origins import RowOrigin, Written
from mitra_shared.campaign.check.written import SchemeRow
from mitra_shared.campaign.definition import Names, Scheme


def written_schemes(file: str, rows: Sequence[Row[SchemeRow]]) -> list[Written[Scheme]]:
    """The sound rows of the schemes file as schemes."""
    return [
        Written(
            Scheme(code=value.code, name=Names(en=value.name_en, hi=value.name_hi, ur=value.name_ur)),
            RowOrigin(file, row.line, {}),
        )
        for row in rows
        if (value := row.value)
    ]


def check_schemes(schemes: Sequence[Written[Scheme]], findings: Findings) -> None:
    """Notes schemes that are there twice."""
    codes: set[str] = set()
    names: set[str] = set()
    for scheme in schemes:
        code, name = scheme.value.code, scheme.value.name.en
        if code in codes:
            findings.add(
                scheme.origin.place("code"), f"the scheme {code!r} is there already", "each scheme once"
            )
        elif name.casefold() in names:
            findings.add(scheme.origin.place("name", "en"), f"{name!r} is there already", "each scheme once")
        codes.add(code)
        names.add(name.casefold())

"""The template: headings that are understood, and a row that shows what stands below them."""

import csv
import io
from datetime import date
from typing import Final

from enrolment.domain.importing import Field
from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.ids import AreaCode

HEADINGS: Final = {
    Field.NAME: "Name",
    Field.PHONE: "Phone",
    Field.SEGMENT: "Assembly segment",
    Field.BASIS: "Basis",
    Field.SCHEMES: "Schemes",
    Field.LANGUAGE: "Language",
    Field.ADULT: "Declared adult",
    Field.PARTY_MEMBER: "Party member",
    Field.CONSENT: "Consent signed",
    Field.NOTICE_VERSION: "Notice version",
    Field.NOTICE_LANGUAGE: "Notice language",
    Field.COLLECTED_ON: "Date of consent",
    Field.COLLECTED_BY: "Collected by",
}


def template_file(definition: CampaignDefinition, area: AreaCode | None, today: date) -> bytes:
    """CSV in UTF-8 with a byte order mark. The example cannot be enrolled: its phone is none."""
    segments = [
        segment.code
        for segment in definition.at_level(Level.SEGMENT)
        if definition.ancestor(segment.code, Level.CONSTITUENCY).code == area
    ]
    notices = [notice for notice in definition.notices if notice.in_force_from <= today]
    notice = max(notices or definition.notices, key=lambda each: each.in_force_from)
    example = {
        Field.NAME: "आयशा बेगम",
        Field.PHONE: "00000 00000",
        Field.SEGMENT: segments[0] if segments else "",
        Field.BASIS: "beneficiary",
        Field.SCHEMES: ", ".join(scheme.code for scheme in definition.schemes[:2]),
        Field.LANGUAGE: "hi",
        Field.ADULT: "yes",
        Field.PARTY_MEMBER: "no",
        Field.CONSENT: "yes",
        Field.NOTICE_VERSION: notice.version,
        Field.NOTICE_LANGUAGE: notice.language,
        Field.COLLECTED_ON: today.strftime("%d-%m-%Y"),
        Field.COLLECTED_BY: "",
    }
    out = io.StringIO(newline="")
    csv.writer(out).writerows([list(HEADINGS.values()), [example[field] for field in HEADINGS]])
    return b"\xef\xbb\xbf" + out.getvalue().encode()

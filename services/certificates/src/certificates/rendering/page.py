"""A certificate as the template is given it: facts, QR text and token -> plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from certificates.rendering.code import code_picture
from certificates.rendering.names import shown_name
from mitra_shared.campaign.definition import Language
from mitra_shared.credential.facts import Facts

INDIA: Final = ZoneInfo("Asia/Kolkata")


@dataclass(frozen=True, slots=True)
class Page:
    """One certificate to be rendered.

    Attributes:
        facts: what it says.
        qr: text of its QR code.
        jwt: the same certificate as a VC-JWT, attached to its PDF.
    """

    facts: Facts
    qr: str
    jwt: str

    def to_data(self) -> dict[str, str]:
        """As it travels to a worker."""
        return {"facts": self.facts.to_json(), "qr": self.qr, "jwt": self.jwt}

    @classmethod
    def from_data(cls, data: dict[str, str]) -> "Page":
        """What `to_data` made."""
        return cls(Facts.from_json(data["facts"]), data["qr"], data["jwt"])


def certificate_data(page: Page, language: Language) -> dict[str, Any]:
    """One element of `certificates`, as `docs/templates.md` lists its fields.

    Raises:
        NothingToShow: the name has no visible character.
        TooMuchForACode: the QR text is too long.
    """
    facts = page.facts
    name = shown_name(facts.holder_name)
    code = code_picture(page.qr)
    return {
        "language": language,
        "name": name.text,
        "name_language": name.language,
        "name_right_to_left": name.right_to_left,
        "name_stacked_marks": name.stacked_marks,
        "campaign": facts.campaign_name.in_language(language),
        "segment": facts.segment_name.in_language(language),
        "constituency": facts.constituency_name.in_language(language),
        "state": facts.state_name.in_language(language),
        "number": facts.number,
        "date": issued_on(facts.issued_at),
        "verify": f"{facts.issuer.removeprefix('https://').rstrip('/')}/v",
        "qr": {"picture": code.svg, "modules": code.modules, "millimetres": code.millimetres},
    }


def issued_on(instant: datetime) -> str:
    """The day in India, as it is written there: DD-MM-YYYY."""
    return instant.astimezone(INDIA).strftime("%d-%m-%Y")


def document_data(
    certificates: Sequence[dict[str, Any]],
    *,
    title: str,
    author: str,
    made_at: datetime,
    jwt: str | None,
) -> dict[str, Any]:
    """What `certificates` of the template is called with: the document's own data and its pages."""
    day = made_at.astimezone(INDIA)
    return {
        "title": title,
        "author": author,
        "date": [day.year, day.month, day.day],
        "language": certificates[0]["language"],
        "jwt": jwt,
        "certificates": list(certificates),
    }

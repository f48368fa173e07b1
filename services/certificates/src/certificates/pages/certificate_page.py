"""The page of one certificate: what it says, its picture, and links to its other forms. No script."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from certificates.issuer import Opened
from certificates.pages.words import WORDS
from mitra_shared.campaign.definition import Language
from mitra_shared.pages.templates import page_templates
from mitra_shared.pages.words import day

_HERE: Final = Path(__file__).parent
_STYLE: Final = (_HERE / "static" / "certificate.css").read_text(encoding="utf-8")
_INDIA: Final = ZoneInfo("Asia/Kolkata")
_DIGEST: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

_templates: Final = page_templates(_HERE / "templates", filters={}, names={})


def html(opened: Opened, language: Language) -> str:
    """The page in `language`; names of areas and campaign too, as far as they were given."""
    facts = opened.facts
    return _templates.get_template("certificate.html").render(
        facts=facts,
        language=language,
        direction="rtl" if language == "ur" else "ltr",
        words=WORDS[language],
        campaign=facts.campaign_name.in_language(language),
        constituency=facts.constituency_name.in_language(language),
        segment=facts.segment_name.in_language(language),
        state=facts.state_name.in_language(language),
        issued_on=day(facts.issued_at.astimezone(_INDIA).date()),
        verify=opened.qr,
        style=_STYLE,
    )

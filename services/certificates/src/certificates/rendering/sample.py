"""A certificate that was never issued: for previews, for the check of templates and for measuring."""

from base64 import b32encode
from datetime import UTC, datetime
from hashlib import shake_128
from typing import Final
from uuid import UUID

from certificates.rendering.page import Page
from mitra_shared.campaign.definition import Language, Names
from mitra_shared.credential.facts import Facts, StatusPlace
from mitra_shared.ids import AreaCode, CampaignId

NAMES: Final[dict[Language, str]] = {
    "en": "Amina Beegum",
    "hi": "राजेश्वरी क्षत्रिय",
    "ur": "محمد یوسف خان",
}
_ISSUER: Final = "https://mitra.example.org"
_CODE_BYTES: Final = 250
"""About what a signed certificate takes."""


def sample_page(language: Language, name: str | None = None, number: int = 7) -> Page:
    """A page with everything on it; its code and token have the usual length and prove nothing."""
    facts = Facts(
        credential_id=UUID(int=number),
        issuer=_ISSUER,
        campaign=CampaignId("modi-mitra"),
        campaign_name=Names(en="Modi Mitra", hi="मोदी मित्र", ur="مودی متر"),
        holder_name=name or NAMES[language],
        language=language,
        number=f"S11-AC019-{number:04}",
        state_name=Names(en="Kerala", hi="केरल", ur="کیرالہ"),
        constituency=AreaCode("S11-PC04"),
        constituency_name=Names(en="Wayanad", hi="वयनाड", ur="وائناڈ"),
        segment=AreaCode("S11-AC019"),
        segment_name=Names(en="Kalpetta", hi="कलपेट्टा", ur="کلپٹہ"),
        issued_at=datetime(2026, 11, 24, 6, 30, tzinfo=UTC),
        status=StatusPlace(number=0, index=number),
    )
    noise = shake_128(str(number).encode()).digest(_CODE_BYTES + 1_200)
    code = b32encode(noise[:_CODE_BYTES]).decode().rstrip("=")
    return Page(facts=facts, qr=f"{_ISSUER}/v#{code}", jwt=noise[_CODE_BYTES:].hex())

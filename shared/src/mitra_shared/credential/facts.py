"""What one certificate says: the only input of every document, signature and rendering of it.

Facts are fixed when the certificate is issued, names of areas and all, and are kept sealed. So a document can
be made again at any time, byte for byte, and a later campaign definition changes no certificate.
"""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, Field

from mitra_shared.campaign.definition import Frozen, Language, Name, Names
from mitra_shared.ids import AreaCode, CampaignId

LONGEST_NAME: Final = 120


class StatusPlace(Frozen):
    """Where the certificate stands in the status lists: bit `index` of list `number`."""

    number: Annotated[int, Field(ge=0)]
    index: Annotated[int, Field(ge=0)]


class Facts(Frozen):
    """The facts of one certificate. Nothing about phone, recruiter, basis or schemes.

    Attributes:
        credential_id: random to look at, in no event, and different for every version of a certificate.
        issuer: public base address of the certificates service, e.g. `https://mitra.example.org`.
        holder_name: exactly as given, in its script.
        language: the one the holder is addressed in; renderings use it unless another is asked for.
        number: as printed, e.g. `S11-AC032-0007`.
        issued_at: in whole seconds.
    """

    credential_id: UUID
    issuer: str
    campaign: CampaignId
    campaign_name: Names
    holder_name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    language: Language
    number: Name
    state_name: Names
    constituency: AreaCode
    constituency_name: Names
    segment: AreaCode
    segment_name: Names
    issued_at: AwareDatetime
    status: StatusPlace

    def to_json(self) -> str:
        """The text that is sealed and stored."""
        return self.model_dump_json(exclude_none=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The facts in a stored text.

        Raises:
            pydantic.ValidationError: it is none.
        """
        return cls.model_validate_json(text)


def whole_seconds(instant: datetime) -> datetime:
    """An instant as facts carry it."""
    return instant.replace(microsecond=0)

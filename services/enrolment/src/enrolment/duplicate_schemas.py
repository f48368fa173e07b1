"""What the in-charge asks and is told about likely duplicates: the models behind the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from enrolment.domain.alike import Grounds
from enrolment.domain.duplicates import DifferentBecause, PairId
from enrolment.schemas import Body
from mitra_shared.ids import AreaCode, MitraId


class LikelyDuplicate(BaseModel):
    """Two people who are likely one, without names. The in-charge of the later one decides."""

    id: PairId
    evidence: Grounds
    earlier: MitraId
    later: MitraId
    constituency: AreaCode
    other_constituency: AreaCode = Field(
        description="Of the earlier one. Where it is another, that one is not shown, and is kept in a merge."
    )
    state: Literal["open", "merged", "different"]
    opened_at: datetime
    decided_at: datetime | None
    reason: DifferentBecause | None
    kept: MitraId | None


class LikelyDuplicates(BaseModel):
    """At most 200 pairs, those that wait longest first."""

    pairs: list[LikelyDuplicate]


class SideSeen(BaseModel):
    """One of the two. Null: of another constituency, or gone."""

    id: MitraId
    name: str | None
    phone: str | None = Field(description="The last three digits.", examples=["••••••••••210"])


class SideBySide(BaseModel):
    """Both, as they were enrolled."""

    earlier: SideSeen
    later: SideSeen


class Merge(Body):
    """They are one person: one enrolment is kept, the other is withdrawn. This is not taken back."""

    decision: Literal["merge"]
    keep: MitraId


class Different(Body):
    """They are two people."""

    decision: Literal["different"]
    reason: DifferentBecause


class Reopen(Body):
    """They were called different, and are to be looked at again."""

    decision: Literal["reopen"]


DuplicateDecision = Annotated[Merge | Different | Reopen, Field(discriminator="decision")]

"""The written form of a campaign: the tables of campaign.toml and the columns of its CSV files.

Field names here are the keys and columns that authors write; what they mean is said in
`mitra_shared.campaign.definition`, into which `mitra_shared.campaign.check` turns them.
"""

from datetime import date
from typing import Annotated

from pydantic import Field, PositiveInt

from mitra_shared.campaign.definition import (
    Boundaries,
    Consents,
    Eligibility,
    Evidence,
    Frozen,
    Issuing,
    Messaging,
    Name,
    Names,
    Retention,
    Rights,
    SchemeCode,
    Slug,
    StaffPlan,
)
from mitra_shared.ids import AreaCode, CampaignId

FileName = Annotated[str, Field(min_length=1, max_length=200)]
"""A path below the folder of campaign.toml, with forward slashes."""
StateCode = Annotated[str, Field(pattern=r"^[A-Z][0-9]{2}$")]


class AllNames(Frozen):
    """A name that must be given in all three languages."""

    en: Name
    hi: Name
    ur: Name


class Nation(Frozen):
    """`[areas.nation]`: the top of the area tree."""

    code: Annotated[AreaCode, Field(pattern=r"^[A-Z]{2}$")]
    name: AllNames


class AreaFiles(Frozen):
    """`[areas]`: the nation, and the files with the levels below it."""

    nation: Nation
    states: FileName
    constituencies: FileName
    segments: FileName


class Header(Frozen):
    """The top of campaign.toml: everything but the areas and the repeated tables."""

    id: Annotated[CampaignId, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: PositiveInt
    name: AllNames
    starts_on: date
    target_date: date
    boundaries: Boundaries
    schemes: FileName | None = None
    staff: StaffPlan = StaffPlan()
    eligibility: Eligibility = Eligibility()
    issuing: Issuing = Issuing()
    retention: Retention | None = None
    rights: Rights = Rights()
    consent: Consents = Consents()
    messages: Messaging = Messaging()


class NoticeFiles(Frozen):
    """`[[notices]]`: one version of the consent notice and the files that hold its text."""

    version: Slug
    in_force_from: date
    en: FileName
    hi: FileName
    ur: FileName


class RoundHeader(Frozen):
    """`[[rounds]]` without its questions."""

    id: Slug
    name: Names
    opens_on: date
    closes_on: date


class StateRow(Frozen):
    """A row of the states file."""

    code: StateCode
    name_en: Name
    name_hi: Name | None = None
    name_ur: Name | None = None


class ConstituencyRow(Frozen):
    """A row of the constituencies file. `number` is the official one within the state."""

    state: StateCode
    number: Annotated[int, Field(ge=1, le=99)]
    name_en: Name
    name_hi: Name | None = None
    name_ur: Name | None = None
    evidence: Evidence
    tile_column: Annotated[int, Field(ge=0, le=99)]
    tile_row: Annotated[int, Field(ge=0, le=99)]


class SegmentRow(Frozen):
    """A row of the segments file. `constituency` is its code, e.g. `S11-PC04`."""

    state: StateCode
    number: Annotated[int, Field(ge=1, le=999)]
    constituency: Annotated[str, Field(pattern=r"^[A-Z][0-9]{2}-PC[0-9]{2}$")]
    name_en: Name
    name_hi: Name | None = None
    name_ur: Name | None = None


class SchemeRow(Frozen):
    """A row of the schemes file."""

    code: SchemeCode
    name_en: Name
    name_hi: Name | None = None
    name_ur: Name | None = None

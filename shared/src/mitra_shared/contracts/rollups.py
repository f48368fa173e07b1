"""The `rollups` stream: the newest counts of every area, for machine subscribers. A cache, not a log.

Each entry is one area as it stands now, so of two entries for an area the later one says everything. Updates
are coalesced, old entries are trimmed (MAXLEN), and after a loss of Redis everything is published again.

Ids are `<version>-<n>`. The version grows with every commit of the reporting database and everything up to it
is included, so `XREAD STREAMS rollups <last id seen>` resumes. A subscriber that was away for long reads from
`0`: within the stream every area of the campaign stands at least once.

An entry has flat fields, readable with `XREAD` and `redis-cli`, and `__data__`, the same `RollupV1` in
FastStream's binary message: `@broker.subscriber(stream="rollups")` with a `RollupV1` parameter reads it.
"""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import AwareDatetime, NonNegativeInt, PositiveInt

from mitra_shared.campaign.definition import Evidence, Frozen, Level
from mitra_shared.ids import AreaCode, CampaignId

DATA_FIELD: Final = "__data__"


class RollupV1(Frozen):
    """The counts of one area that may be known live, against its target and quota.

    All of it follows from gross counts and the quota in force, so that no withdrawal shows: `enrolled` is
    everybody ever enrolled; of the certificates decided, as many as there are places are
    `certificates_issued` and the others `certificates_waitlisted`, as if nobody had withdrawn.
    `target` (people to enrol) and `quota` (certificates) are those of the campaign's active readings, summed
    up from the parts where the area has none of its own; None where there is no such number.
    """

    type: Literal["RollupV1"] = "RollupV1"
    campaign: CampaignId
    area: AreaCode
    level: Level
    parent: AreaCode | None
    name: str
    """English name."""
    evidence: Evidence | None
    """How sure it is that a constituency belongs to the campaign; never show an `assumed` one as reported."""
    enrolled: NonNegativeInt
    certificates_issued: NonNegativeInt
    certificates_waitlisted: NonNegativeInt
    opinions: NonNegativeInt
    target: NonNegativeInt | None
    quota: NonNegativeInt | None
    version: PositiveInt
    """The commit that last changed this area."""
    as_of: AwareDatetime
    """When the counts were read."""
    certificates_printed: NonNegativeInt | None = None
    """Papers, no higher than `certificates_issued`; None below the area that holds the quota, and in entries
    of before there was such a count. So are the next two."""
    certificates_dispatched: NonNegativeInt | None = None
    certificates_handed_over: NonNegativeInt | None = None
    programmes_held: NonNegativeInt | None = None
    """Launch and discussion meetings; None for a segment. So are the next two."""
    programmes_presented: NonNegativeInt | None = None
    """Certificates handed over there, as reported."""
    programmes_beneficiaries: NonNegativeInt | None = None
    """Beneficiaries who joined the discussions, as reported."""
    programmes_attendance: NonNegativeInt | None = None
    """Everybody who came, as reported; None for a segment."""
    meetings_held: NonNegativeInt | None = None
    """Outreach besides programmes, as staff report it. None in entries of before; so is the next."""
    people_met: NonNegativeInt | None = None
    contacts_round: str | None = None
    """The round of contact that is open; None while none is. So are the next three, which are its own."""
    contacts_attempted: NonNegativeInt | None = None
    """Outcomes recorded; counted the day after, never live."""
    contacts_reached: NonNegativeInt | None = None
    """People reached, each once."""
    contacts_due: NonNegativeInt | None = None
    """People to reach: everybody ever enrolled, as if nobody had withdrawn."""


FLAT_FIELDS: Final = ("whole", *(name for name in RollupV1.model_fields if name != "as_of"))
"""Fields of an entry beside `__data__`, as text; empty for None.

`whole` is the id at which everything was last published: from there on, entries cover every area.
"""


def flat_fields(rollup: RollupV1, whole: str) -> Mapping[str, str]:
    """The flat fields of the entry for `rollup`, in the order of `FLAT_FIELDS`."""
    values = {"whole": whole} | rollup.model_dump(mode="json", exclude={"as_of"})
    return {name: "" if values[name] is None else str(values[name]) for name in FLAT_FIELDS}

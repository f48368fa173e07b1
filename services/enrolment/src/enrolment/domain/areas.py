"""Where a caller may write: segments of the own constituency, and nowhere else."""

from enrolment.domain.refusals import Reason, Refusal
from enrolment.domain.rules import Rules
from mitra_shared.ids import AreaCode


def constituency_of(rules: Rules, segment: str, *, area: AreaCode | None) -> AreaCode | Refusal:
    """The constituency of `segment`, or why a caller whose token names `area` may not write there."""
    constituency = rules.segments.get(AreaCode(segment))
    if constituency is None:
        return Refusal(
            Reason.UNKNOWN_SEGMENT,
            "segment",
            "The campaign has no segment of this code.",
            "the code of an assembly segment of the campaign, such as S11-AC032",
        )
    if constituency != area:
        return Refusal(
            Reason.SEGMENT_OUTSIDE_AREA,
            "segment",
            "The segment lies outside the constituency of your token.",
            "a segment of your own constituency",
        )
    return constituency

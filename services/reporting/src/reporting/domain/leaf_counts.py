"""What is stored of one leaf, in the parts that `domain.board` shows or holds back together."""

from typing import Final, NamedTuple


class PaperCounts(NamedTuple):
    """Certificates on paper, by how far they have come.

    They are shown no higher than the certificates that count as issued: one who came in the place of another
    who withdrew has a paper of their own, which would show. Below the area that holds the quota they are not
    shown at all.
    """

    printed: int
    dispatched: int
    handed_over: int

    def plus(self, other: "PaperCounts") -> "PaperCounts":
        """The sum, count by count."""
        return PaperCounts(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: "PaperCounts") -> "PaperCounts":
        """The difference, count by count."""
        return PaperCounts(*(a - b for a, b in zip(self, other, strict=True)))

    def at_most(self, most: int) -> "PaperCounts":
        """As far as it may show beside `most` certificates that count as issued."""
        return PaperCounts(*(min(count, most) for count in self))


class ProgrammeCounts(NamedTuple):
    """Programmes of constituencies: held, certificates handed over, beneficiaries in them, all who came."""

    held: int
    presented: int
    beneficiaries: int
    attendance: int

    def plus(self, other: "ProgrammeCounts") -> "ProgrammeCounts":
        """The sum, count by count."""
        return ProgrammeCounts(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: "ProgrammeCounts") -> "ProgrammeCounts":
        """The difference, count by count."""
        return ProgrammeCounts(*(a - b for a, b in zip(self, other, strict=True)))

    def from_0(self) -> "ProgrammeCounts":
        """As it is shown: a correction whose report was put away would leave counts below 0."""
        return ProgrammeCounts(*(max(0, count) for count in self))


class OutreachCounts(NamedTuple):
    """Meetings that staff held besides, and people they met."""

    meetings: int
    met: int

    def plus(self, other: "OutreachCounts") -> "OutreachCounts":
        """The sum, count by count."""
        return OutreachCounts(self.meetings + other.meetings, self.met + other.met)

    def minus(self, other: "OutreachCounts") -> "OutreachCounts":
        """The difference, count by count."""
        return OutreachCounts(self.meetings - other.meetings, self.met - other.met)

    def from_0(self) -> "OutreachCounts":
        """As it is shown: a correction whose report was put away would leave counts below 0."""
        return OutreachCounts(*(max(0, count) for count in self))


class LeafCounts(NamedTuple):
    """The counts of a leaf that `LiveCounts` follow from (see `domain.cells.Counted`)."""

    enrolled: int
    decided: int
    never_decided: int
    opinions: int
    papers: PaperCounts
    programmes: ProgrammeCounts
    outreach: OutreachCounts

    def plus(self, other: "LeafCounts") -> "LeafCounts":
        """The sum, count by count."""
        return LeafCounts(
            self.enrolled + other.enrolled,
            self.decided + other.decided,
            self.never_decided + other.never_decided,
            self.opinions + other.opinions,
            self.papers.plus(other.papers),
            self.programmes.plus(other.programmes),
            self.outreach.plus(other.outreach),
        )

    def minus(self, other: "LeafCounts") -> "LeafCounts":
        """The difference, count by count."""
        return LeafCounts(
            self.enrolled - other.enrolled,
            self.decided - other.decided,
            self.never_decided - other.never_decided,
            self.opinions - other.opinions,
            self.papers.minus(other.papers),
            self.programmes.minus(other.programmes),
            self.outreach.minus(other.outreach),
        )


NO_PAPERS: Final = PaperCounts(0, 0, 0)
NOTHING: Final = LeafCounts(0, 0, 0, 0, NO_PAPERS, ProgrammeCounts(0, 0, 0, 0), OutreachCounts(0, 0))

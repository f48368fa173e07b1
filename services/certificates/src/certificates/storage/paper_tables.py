"""The tables of printed certificates: sheets, the press, custody, programmes. The migration creates them.

None of it follows from a log, so a rebuild of certificates leaves it as it is: it is about paper.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from certificates.storage.tables import metadata

print_sheet: Final = Table(
    "print_sheet",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("constituency", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("reason", Text),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("count", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("printed_at", DateTime(timezone=True)),
    Column("printed_by", Text),
    Column("printed", Integer),
    Column("dispatched_at", DateTime(timezone=True)),
    Column("dispatched_by", Text),
    Column("dispatched", Integer),
    UniqueConstraint("made_by", "idempotency_key", name="print_sheet_request"),
    Index("print_sheet_of_segment", "campaign", "segment", "made_at"),
)
"""A sheet, for ever the same members. With a `reason` it is a reprint. `printed` and `dispatched` are how
many papers its events told of: those that no earlier sheet had told of."""

sheet_member: Final = Table(
    "sheet_member",
    metadata,
    Column("sheet", Uuid, ForeignKey("print_sheet.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("credential", Uuid, ForeignKey("credential.id"), nullable=False),
    Column("reprint", Boolean, nullable=False),
    Column("rendered", Boolean, nullable=False, server_default="false"),
    Column("failed", Text),
    UniqueConstraint("sheet", "credential", name="sheet_member_of_sheet"),
    Index(
        "sheet_member_once",
        "credential",
        unique=True,
        postgresql_where=text("not reprint and failed is null"),
    ),
    Index("sheet_member_of_credential", "credential"),
)
"""The pages of sheets, in their order. `rendered`: it was on one that could be printed; `failed`: why it
cannot be rendered, so that a later sheet may take it."""

press_job: Final = Table(
    "press_job",
    metadata,
    Column("sheet", Uuid, ForeignKey("print_sheet.id"), primary_key=True),
    Column("stage", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("prepared", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("worker", Uuid),
    Column("lease_until", DateTime(timezone=True)),
    Column("rendering", Uuid),
    Column("sealed_key", Text),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    Column("expires_at", DateTime(timezone=True)),
    Column("trouble", Text),
    Index(
        "press_job_to_do",
        "asked_at",
        postgresql_where=text("stage in ('waiting', 'opening', 'typesetting')"),
    ),
)
"""What the press has to do and has done for each sheet. The files of a rendering can be read with the key of
its row only; a trigger on `credential` drops the keys of all renderings that a revoked one is in."""

custody: Final = Table(
    "custody",
    metadata,
    Column("credential", Uuid, ForeignKey("credential.id"), primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("printed_at", DateTime(timezone=True), nullable=False),
    Column("printed_sheet", Uuid, ForeignKey("print_sheet.id"), nullable=False),
    Column("dispatched_at", DateTime(timezone=True)),
    Column("dispatched_sheet", Uuid, ForeignKey("print_sheet.id")),
    Index("custody_of_segment", "campaign", "segment"),
    Index("custody_printed_sheet", "printed_sheet"),
    Index("custody_dispatched_sheet", "dispatched_sheet"),
)
"""When a paper was first printed and sent, and on which sheet."""

programme: Final = Table(
    "programme",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("constituency", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("held_on", Date, nullable=False),
    Column("planned_by", Text, nullable=False),
    Column("planned_at", DateTime(timezone=True), nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("reports", Integer, nullable=False, server_default="0"),
    Column("presented", Integer),
    Column("beneficiaries", Integer),
    Column("reported_by", Text),
    Column("reported_at", DateTime(timezone=True)),
    Column("discussions", Integer, nullable=False, server_default="0"),
    Column("attendance", Integer),
    Column("topics", JSONB),
    Column("discussed_by", Text),
    Column("discussed_at", DateTime(timezone=True)),
    UniqueConstraint("planned_by", "idempotency_key", name="programme_request"),
    Index("programme_of_constituency", "campaign", "constituency", "held_on"),
)
"""A launch or discussion meeting. The figures are those of the last of its `reports`, attendance and topics
those of the last of its `discussions`, as the log tells of each."""

hand_over: Final = Table(
    "hand_over",
    metadata,
    Column("record", Uuid, primary_key=True),
    Column("credential", Uuid, ForeignKey("credential.id"), nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("programme", Uuid, ForeignKey("programme.id")),
    Column("handed_by", Text, nullable=False),
    Column("device_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("scanned", Boolean, nullable=False),
    Column("was_printed", Boolean, nullable=False),
    UniqueConstraint("credential", name="hand_over_once"),
    Index("hand_over_of_segment", "campaign", "segment"),
    Index("hand_over_at_programme", "programme", postgresql_where=text("programme is not null")),
)
"""A paper in the hands of its holder, under the id that the device gave the record. `device_at` is what the
device's clock said, `recorded_at` when it was committed here."""

"""Tables of the enrolment database. Migrations create them; a test holds both together."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from enrolment.storage.broadcast_tables import add_broadcast_tables
from enrolment.storage.contact_tables import add_contact_tables
from enrolment.storage.device_tables import add_device_tables
from enrolment.storage.import_tables import add_import_tables
from enrolment.storage.matching_tables import add_matching_tables
from enrolment.storage.outreach_tables import add_outreach_tables
from enrolment.storage.paper_photo_tables import add_paper_photo_tables
from enrolment.storage.staff_tables import add_staff_tables
from mitra_shared.access_record.tables import access_record_tables
from mitra_shared.contracts.topics import ENROLMENT, OPINIONS, STAFF
from mitra_shared.log import log_tables

METADATA = MetaData()

ENROLMENT_LOG = log_tables(METADATA, ENROLMENT)
OPINIONS_LOG = log_tables(METADATA, OPINIONS)
STAFF_LOG = log_tables(METADATA, STAFF)
add_staff_tables(METADATA)
add_device_tables(METADATA)
add_import_tables(METADATA)
add_matching_tables(METADATA)
add_outreach_tables(METADATA)
add_paper_photo_tables(METADATA)
add_contact_tables(METADATA)
add_broadcast_tables(METADATA)

CAMPAIGN = Table(
    "campaign",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("definition", JSON, nullable=False),
    Column("defined_at", DateTime(timezone=True), nullable=False),
    Column("current", Boolean, nullable=False),
    Index("campaign_one_current", "id", unique=True, postgresql_where=text("current")),
)

MITRA = Table(
    "mitra",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("constituency", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("recruiter", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("schemes", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("name", Text, comment="sealed, context 'name:' and the id; null once erased"),
    Column("phone", Text, comment="sealed, context 'phone:' and the id; null once erased"),
    Column("phone_hash", LargeBinary, comment="keyed hash of campaign and phone"),
    Column("slot", SmallInteger, comment="place on the phone; null once withdrawn, so that it is free again"),
    Column("notice_version", Text, nullable=False),
    Column("notice_language", Text, nullable=False),
    Column("notice_hash", LargeBinary, comment="SHA-256 of the text that was shown"),
    Column("recruiter_role", Text),
    Column("consent_manner", Text, nullable=False, server_default=text("'read'")),
    Column(
        "receipt_hash",
        LargeBinary,
        comment="keyed hash of the receipt, which follows from the id by a key",
    ),
    Column(
        "corrected_at",
        DateTime(timezone=True),
        comment="of the last MitraCorrected in the log",
    ),
    Column("enrolled_at", DateTime(timezone=True), nullable=False),
    Column(
        "messages_off_at",
        DateTime(timezone=True),
        comment="since when the person wants no messages in bulk",
    ),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("withdrawal_epoch", Integer),
    Column("withdrawal_position", BigInteger),
    Column("erase_at", DateTime(timezone=True), comment="not before this, and 48 hours after the notice"),
    Column("erasure_why", Text),
    Column("erasure_noticed_at", DateTime(timezone=True)),
    Column("erased_at", DateTime(timezone=True)),
    Column("merged_into", Uuid, comment="the enrolment of the same person that stays instead"),
    UniqueConstraint("campaign", "phone_hash", "slot", name="mitra_one_person_per_slot"),
    Index(
        "mitra_to_erase",
        "erase_at",
        postgresql_where=text("erase_at is not null and erased_at is null"),
    ),
    Index("mitra_receipt", "receipt_hash", unique=True),
    Index("mitra_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
    Index(
        "mitra_of_recruiter",
        "campaign",
        "constituency",
        "recruiter",
        postgresql_where=text("withdrawn_at is null"),
    ),
)

OUTCOME = Table(
    "outcome",
    METADATA,
    Column("caller", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("outcome_created_at", "created_at", postgresql_using="brin"),
)

DUPLICATE_ANSWER = Table(
    "duplicate_answer",
    METADATA,
    Column("caller", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("answered", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)

DUPLICATE_RECORD = Table(
    "duplicate_record",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("caller", Text, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("answered_at", DateTime(timezone=True), nullable=False),
    Column("phone_hash", LargeBinary, comment="keyed hash of campaign and phone; null once erased"),
    Index("duplicate_record_answered_at", "answered_at", postgresql_using="brin"),
    Index("duplicate_record_of_phone", "phone_hash", postgresql_where=text("phone_hash is not null")),
)

ERASURE = Table(
    "erasure",
    METADATA,
    Column("mitra", Uuid, primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("noticed_at", DateTime(timezone=True)),
    Column("erased_at", DateTime(timezone=True), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("filed_at", DateTime(timezone=True)),
    Column("written_anew_at", DateTime(timezone=True)),
    Column("completed_at", DateTime(timezone=True)),
    Index("erasure_unfinished", "partition", postgresql_where=text("completed_at is null")),
    Index("erasure_erased_at", "erased_at"),
)
"""The ledger: who was erased and when, by id alone. `filed_at`: it stands in the file apart from backups too;
`written_anew_at`: the stream holds nothing any more; `completed_at`: neither does Redis' file, and the
database was asked to give the space free."""

OPINION_POOL = Table(
    "opinion_pool",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("round", Text, nullable=False),
    Column("constituency", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("answers", JSON, nullable=False),
    Index("opinion_pool_waiting", "campaign", "round", "segment"),
)

OPINION_SUBMISSION = Table(
    "opinion_submission",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("day", Date, nullable=False),
    Index("opinion_submission_day", "day", postgresql_using="brin"),
)

OPINION_DROPPED = Table(
    "opinion_dropped",
    METADATA,
    Column("campaign", Text, primary_key=True),
    Column("round", Text, primary_key=True),
    Column("constituency", Text, primary_key=True),
    Column("sheets", Integer, nullable=False),
)

TOKEN_GRANT = Table(
    "token_grant",
    METADATA,
    Column("staff", Text, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    comment="areas that tokens minted by operators were seen to allow",
)

access_record_tables(METADATA)

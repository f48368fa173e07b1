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

from enrolment.storage.device_tables import add_device_tables
from enrolment.storage.staff_tables import add_staff_tables
from mitra_shared.access_record.tables import access_record_tables
from mitra_shared.contracts.topics import ENROLMENT, OPINIONS
from mitra_shared.log import log_tables

METADATA = MetaData()

ENROLMENT_LOG = log_tables(METADATA, ENROLMENT)
OPINIONS_LOG = log_tables(METADATA, OPINIONS)
add_staff_tables(METADATA)
add_device_tables(METADATA)

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
    Column("enrolled_at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("withdrawal_epoch", Integer),
    Column("withdrawal_position", BigInteger),
    UniqueConstraint("campaign", "phone_hash", "slot", name="mitra_one_person_per_slot"),
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
    Index("duplicate_record_answered_at", "answered_at", postgresql_using="brin"),
)

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

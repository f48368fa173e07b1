"""The devices of the field app, and which of their numbered records have an outcome."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table device (
        id uuid primary key,
        campaign text not null,
        constituency text not null,
        staff text not null,
        registered_at timestamptz not null,
        synced_at timestamptz not null,
        highest bigint not null check (highest >= 0),
        gapless bigint not null default 0,
        received bigint not null default 0,
        constraint device_gapless_within_highest check (gapless >= 0 and gapless <= highest),
        constraint device_received_within_highest check (received >= gapless and received <= highest)
    )
    """,
    "create index device_of_constituency on device (campaign, constituency)",
    "create index device_of_staff on device (staff)",
    "comment on column device.highest is 'highest number that the device says it ever gave'",
    "comment on column device.gapless is 'up to here every number has an outcome'",
    "comment on column device.received is 'how many numbers have an outcome'",
    """
    create table device_record (
        device uuid not null,
        number bigint not null check (number > 0),
        idempotency_key text not null,
        status smallint,
        answered_at timestamptz,
        primary key (device, number),
        constraint device_record_answered_as_a_whole check ((status is null) = (answered_at is null))
    )
    """,
    "comment on column device_record.status is 'of the outcome, once that is durable; null before'",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")

"""Former staff: when name, login and secrets were erased, and when nothing carried them any more."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table staff
        add column erased_at timestamptz,
        add column erasure_completed_at timestamptz,
        add constraint staff_erased_has_nothing_left check (
            erased_at is null or num_nonnulls(name, shown_name, phone, email, login_hash, issuer, subject,
                                              password, password_set_at, totp, totp_confirmed_at) = 0),
        add constraint staff_erasure_in_order check (
            erasure_completed_at is null or erased_at is not null)
    """,
    """
    create index staff_erasure_unfinished on staff (id)
        where erased_at is not null and erasure_completed_at is null
    """,
    "comment on column staff.erasure_completed_at is 'neither streams nor the file of Redis hold anything'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")

"""Staff: accounts, what each may do where, invitations, sign-ins, and the record of all of it."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table staff (
        id text primary key,
        campaign text not null,
        name text,
        phone text,
        email text,
        login_hash bytea constraint staff_login unique,
        issuer text,
        subject text,
        password text,
        password_set_at timestamptz,
        totp text,
        totp_confirmed_at timestamptz,
        totp_step bigint,
        state text not null check (state in ('active', 'suspended')),
        created_at timestamptz not null,
        suspended_at timestamptz,
        suspended_by text,
        constraint staff_identity unique (issuer, subject),
        constraint staff_identity_whole check ((issuer is null) = (subject is null)),
        constraint staff_suspended_since check ((state = 'suspended') = (suspended_at is not null))
    )
    """,
    "comment on column staff.name is 'sealed, context ''staff-name:'' and the id'",
    "comment on column staff.phone is 'sealed, context ''staff-phone:'' and the id'",
    "comment on column staff.email is 'sealed, context ''staff-email:'' and the id'",
    "comment on column staff.login_hash is 'keyed hash of the phone or e-mail that signs in'",
    "comment on column staff.issuer is 'who vouches for the login; null: no login'",
    "comment on column staff.subject is 'what the issuer calls the person'",
    "comment on column staff.password is 'argon2id'",
    "comment on column staff.totp is 'sealed secret, context ''staff-totp:'' and the id'",
    "comment on column staff.totp_step is 'time step of the last code that was taken'",
    """
    create table staff_grant (
        id uuid primary key,
        staff text not null references staff (id),
        campaign text not null,
        role text not null check (role in ('co_in_charge', 'in_charge', 'state_coordinator', 'headquarters')),
        area text not null,
        since timestamptz not null,
        until timestamptz check (until >= since),
        granted_by text not null,
        ended_by text
    )
    """,
    "create unique index staff_grant_one_at_a_time on staff_grant (staff) where until is null",
    "create index staff_grant_posts on staff_grant (campaign, area, role) where until is null",
    "create index staff_grant_history on staff_grant (staff)",
    """
    create table staff_invitation (
        id uuid primary key,
        campaign text not null,
        role text not null,
        area text not null,
        replaces text references staff (id),
        secret_hash bytea not null constraint staff_invitation_secret unique,
        invited_by text not null,
        invited_at timestamptz not null,
        expires_at timestamptz not null,
        logins_refused smallint not null,
        withdrawn_at timestamptz,
        accepted_at timestamptz,
        accepted_by text references staff (id)
    )
    """,
    """
    create index staff_invitation_open on staff_invitation (campaign, area, role)
    where accepted_at is null and withdrawn_at is null
    """,
    """
    create table staff_session (
        id uuid primary key,
        staff text not null references staff (id),
        device uuid not null,
        device_name text not null,
        generation integer not null,
        token_hash bytea not null,
        salt bytea not null,
        retried boolean not null,
        began_at timestamptz not null,
        rotated_at timestamptz not null,
        expires_at timestamptz not null,
        ended_at timestamptz,
        ended_why text,
        constraint staff_session_end check ((ended_at is null) = (ended_why is null))
    )
    """,
    "comment on column staff_session.salt is 'what the refresh token of this generation was derived with'",
    "comment on column staff_session.retried is 'the token before it was used once more, in time'",
    "create unique index staff_session_one_on_device on staff_session (staff, device) where ended_at is null",
    "create index staff_session_ended on staff_session (ended_at) where ended_at is not null",
    "create index staff_session_expires on staff_session (expires_at)",
    """
    create table staff_recovery_code (
        staff text not null references staff (id),
        hash bytea not null,
        primary key (staff, hash)
    )
    """,
    """
    create table sign_in_failure (
        scope text not null check (scope in ('login', 'address')),
        key bytea not null,
        failures integer not null check (failures >= 0),
        last_at timestamptz not null,
        locked_until timestamptz not null,
        primary key (scope, key)
    )
    """,
    "create index sign_in_failure_last_at on sign_in_failure (last_at)",
    """
    create table staff_change (
        id integer primary key check (id = 1),
        version bigint not null
    )
    """,
    "comment on table staff_change is 'rises whenever a token that was given may no longer be accepted'",
    "insert into staff_change (id, version) values (1, 0)",
    """
    create table staff_record (
        id uuid primary key,
        at timestamptz not null,
        what text not null,
        actor text,
        staff text,
        campaign text,
        facts json not null
    )
    """,
    "create index staff_record_at on staff_record using brin (at)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")

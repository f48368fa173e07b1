"""Rounds of contact: contacts by day, people who were handed over, and whose rows are seen by whom."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table contact (
        id uuid primary key,
        mitra uuid not null,
        campaign text not null,
        constituency text not null,
        segment text not null,
        round text not null,
        staff text not null,
        role text not null,
        day date not null,
        recorded_on date not null,
        outcome text not null
            constraint contact_outcome
            check (outcome in ('reached', 'not_reached', 'call_later', 'wrong_number', 'asked_to_stop')),
        call_on date,
        preferred_time text
            constraint contact_preferred_time check (preferred_time in ('morning', 'afternoon', 'evening')),
        counted_as text
            constraint contact_counted_as check (counted_as in ('attempt', 'reached')),
        constraint contact_promise check ((outcome = 'call_later') = (call_on is not null)),
        constraint contact_id_is_random check (substr(id::text, 15, 1) = '4'),
        constraint contact_reached check (
            counted_as is distinct from 'reached' or outcome in ('reached', 'asked_to_stop'))
    )
    """,
    "create index contact_of_person on contact (mitra, day)",
    "create index contact_of_round on contact (campaign, constituency, round)",
    "create index contact_uncounted on contact (day, id) where counted_as is null",
    "create unique index contact_reached_once on contact (mitra, round) where counted_as = 'reached'",
    "comment on column contact.id is 'random, made by the device'",
    "comment on column contact.staff is 'who made the contact'",
    "comment on column contact.role is 'what that member of staff was then'",
    "comment on column contact.day is 'of the contact, in India'",
    "comment on column contact.recorded_on is 'the day it arrived here, in India'",
    "comment on column contact.call_on is 'the day that was promised with the outcome call_later'",
    "comment on column contact.preferred_time is 'when the person said to like to be called'",
    """
    comment on column contact.counted_as is
        'null until its day is counted; reached: the first time the person was, in the round'
    """,
    """
    create table person_care (
        mitra uuid primary key,
        campaign text not null,
        constituency text not null,
        staff text not null
    )
    """,
    "create index person_care_of on person_care (campaign, constituency, staff)",
    "comment on table person_care is 'people who were handed over'",
    "comment on column person_care.staff is 'who has the person in care instead of the recruiter'",
    "create index mitra_of_recruiter on mitra (campaign, constituency, recruiter) where withdrawn_at is null",
)

_BY_STAFF = """(
    exists (
        select from staff_grant as held
        where held.staff = current_setting('mitra.staff', true) and held.campaign = {table}.campaign
            and held.area = {table}.constituency and held.role in ('in_charge', 'co_in_charge')
            and held.until is null
    )
    or exists (
        select from token_grant as held
        where held.staff = current_setting('mitra.staff', true) and held.campaign = {table}.campaign
            and held.area = {table}.constituency
    )
)"""
_OF_CONTACT = _BY_STAFF.format(table="contact")
_OF_CARE = _BY_STAFF.format(table="person_care")
_READING = "current_setting('mitra.work', true) in ('own-data', 'upkeep', 'audit')"
_UPKEEP = "current_setting('mitra.work', true) = 'upkeep'"
_IN_OWN_NAME = "contact.staff = current_setting('mitra.staff', true)"

ROWS = (
    "alter table contact enable row level security",
    "alter table contact force row level security",
    f"create policy contact_is_seen on contact for select using ({_READING} or {_OF_CONTACT})",
    f"""
    create policy contact_is_told on contact for insert
        with check ({_UPKEEP} or ({_IN_OWN_NAME} and {_OF_CONTACT}))
    """,
    f"create policy contact_is_forgotten on contact for delete using ({_UPKEEP})",
    "alter table person_care enable row level security",
    "alter table person_care force row level security",
    f"create policy care_is_seen on person_care for select using ({_READING} or {_OF_CARE})",
    f"create policy care_is_given on person_care for insert with check ({_OF_CARE})",
    f"create policy care_is_changed on person_care for update using ({_OF_CARE}) with check ({_OF_CARE})",
    f"create policy care_is_forgotten on person_care for delete using ({_UPKEEP})",
)


def upgrade() -> None:
    for statement in (*TABLES, *ROWS):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")

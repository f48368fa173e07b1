"""Photos of signed papers, seen by staff who see the person, by the person, and by what erases."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table paper_photo (
        mitra uuid primary key references mitra (id),
        sealed bytea not null,
        digest bytea not null,
        taken_on date not null,
        kept_by text not null,
        kept_at timestamptz not null
    )
    """,
    "comment on table paper_photo is 'photos of papers that people signed, deleted once they are erased'",
    "comment on column paper_photo.sealed is 'a JPEG, context ''paper-photo:'' and the id'",
    "comment on column paper_photo.digest is 'keyed hash of the bytes that were sent'",
    # What is sealed is as random as it gets: compressing it again would be work for nothing.
    "alter table paper_photo alter column sealed set storage external",
    "alter table paper_photo enable row level security",
    "alter table paper_photo force row level security",
    # Which people staff see is the rule of the table mitra; of the machinery, what needs a photo sees it.
    """
    create policy paper_photo_is_seen on paper_photo using (
        current_setting('mitra.work', true) in ('own-data', 'upkeep', 'audit')
        or (current_setting('mitra.staff', true) <> ''
            and exists (select from mitra where mitra.id = paper_photo.mitra)))
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")

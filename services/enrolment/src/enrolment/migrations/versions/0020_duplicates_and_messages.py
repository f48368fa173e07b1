"""Row security of likely duplicates and messages.

Who decides about a pair sees it; what the matcher finds people by is its own. A message names a person and
tells of no area: staff note one for a person whom they see, and read none.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_AT_WORK = "current_setting('mitra.work', true) in ({works})"
_MATCHER = _AT_WORK.format(works="'matcher'")
_UPKEEP = _AT_WORK.format(works="'upkeep'")
_MATCHING = _AT_WORK.format(works="'matcher', 'upkeep'")
_SEEING_PAIRS = _AT_WORK.format(works="'matcher', 'upkeep', 'audit'")
_SENDING = _AT_WORK.format(works="'messages', 'upkeep'")
_SEEING_MESSAGES = _AT_WORK.format(works="'messages', 'upkeep', 'audit'")
_NOTING = _AT_WORK.format(works="'intake', 'own-data', 'messages', 'upkeep'")
_BY_WHO_DECIDES = """(
    exists (
        select from staff_grant as held
        where held.staff = current_setting('mitra.staff', true)
            and held.campaign = likely_duplicate.campaign and held.area = likely_duplicate.constituency
            and held.role = 'in_charge' and held.until is null
    )
    or exists (
        select from token_grant as held
        where held.staff = current_setting('mitra.staff', true)
            and held.campaign = likely_duplicate.campaign and held.area = likely_duplicate.constituency
    )
)"""
# Which pairs are seen is the rule of their own table.
_OF_A_PAIR = """(
    current_setting('mitra.staff', true) <> ''
    and exists (select from likely_duplicate as pair where pair.id = duplicate_decision.pair)
)"""
_OF_SOMEBODY_SEEN = """(
    current_setting('mitra.staff', true) <> ''
    and exists (select from mitra where mitra.id = message.recipient)
)"""

RULES = {
    "matching_key": (
        f"key_is_seen on matching_key for select using ({_SEEING_PAIRS})",
        f"key_is_made on matching_key for insert with check ({_MATCHER})",
        f"key_is_forgotten on matching_key for delete using ({_MATCHING})",
    ),
    "examined": (
        f"examined_is_seen on examined for select using ({_SEEING_PAIRS})",
        f"examined_is_noted on examined for insert with check ({_MATCHER})",
        f"examined_is_cleared on examined for update using ({_MATCHER}) with check ({_MATCHER})",
        f"examined_is_forgotten on examined for delete using ({_MATCHING})",
    ),
    "likely_duplicate": (
        f"pair_is_seen on likely_duplicate for select using ({_SEEING_PAIRS} or {_BY_WHO_DECIDES})",
        f"pair_is_opened on likely_duplicate for insert with check ({_MATCHER})",
        f"""pair_is_decided on likely_duplicate for update
            using ({_MATCHING} or {_BY_WHO_DECIDES}) with check ({_MATCHING} or {_BY_WHO_DECIDES})""",
        f"pair_is_forgotten on likely_duplicate for delete using ({_UPKEEP})",
    ),
    "duplicate_decision": (
        f"decision_is_seen on duplicate_decision for select using ({_SEEING_PAIRS} or {_OF_A_PAIR})",
        f"""decision_is_made on duplicate_decision for insert
            with check (decided_by = current_setting('mitra.staff', true) and {_OF_A_PAIR})""",
        f"decision_is_forgotten on duplicate_decision for delete using ({_UPKEEP})",
    ),
    "message": (
        f"message_is_seen on message for select using ({_SEEING_MESSAGES})",
        f"message_is_noted on message for insert with check ({_NOTING} or {_OF_SOMEBODY_SEEN})",
        f"message_is_sent on message for update using ({_SENDING}) with check ({_SENDING})",
        f"message_is_forgotten on message for delete using ({_UPKEEP})",
    ),
}


def upgrade() -> None:
    for table, policies in RULES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        for policy in policies:
            op.execute(f"create policy {policy}")


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")

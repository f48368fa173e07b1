"""The drill: back up, go on, restore, go on."""

from pathlib import Path

import httpx

from mitra_shared.security.tokens import Role
from tests.compose.field_work import SEGMENTS, FieldWork
from tests.compose.settled import missing, people, until_settled
from tests.compose.stack import ComposeStack


def test_a_restored_backup_goes_on_from_where_it_was_taken(
    stack: ComposeStack, field_work: FieldWork, tmp_path: Path
) -> None:
    kept = field_work.enrol(30)
    until_settled(stack)
    before = people(stack)
    stack.script("backup.sh", str(tmp_path / "backup"))
    lost = field_work.enrol(30)
    until_settled(stack)

    stack.script("restore.sh", "--yes", str(tmp_path / "backup"))

    assert people(stack) == before
    assert missing(stack, kept) == []
    assert set(missing(stack, lost)) == set(lost)
    assert _answer_for(stack, lost[0]) == httpx.codes.NOT_FOUND
    assert "a new epoch begins" in stack.compose("logs", "--no-log-prefix", "enrolment-relay")

    field_work.enrol(30)
    until_settled(stack)


def _answer_for(stack: ComposeStack, mitra: str) -> int:
    area = next(iter(SEGMENTS))
    with stack.client("enrolment-api", Role.CO_IN_CHARGE, area) as client:
        return client.get(f"/v1/mitras/{mitra}").status_code

"""`mitra audit` for people and for programs: what it prints and how it exits."""

from pathlib import Path

from tests.ops.broken import Breakable
from tests.ops.commands import mitra
from tests.ops.operating import Operator, settings_of


async def test_a_clean_audit_exits_with_0_and_a_line_for_each_check(
    breakable: Breakable, tmp_path: Path
) -> None:
    done = await Operator(breakable, tmp_path).runs("audit", "--deep")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("logs", "streams", "positions", "dead letters", "people", "quotas", "rollups", "opinions"):
        assert f"✓  {name} " in done.stdout
    assert "Clean: every claim holds." in done.stdout
    assert done.stderr == ""


async def test_what_is_found_exits_with_1_and_is_named(breakable: Breakable, tmp_path: Path) -> None:
    await breakable.run(
        "reporting", "update rollup_total set enrolled = enrolled + 1 where area = 'S11-AC017'"
    )
    operator = Operator(breakable, tmp_path)
    done = await operator.runs("audit")
    assert done.returncode == 1
    assert "✗  rollups " in done.stdout
    assert "rollups: a total is not that of the logs (1)" in done.stdout
    assert "enrolled of S11-AC017 (small, partition 10): 7 instead of 6" in done.stdout
    report = await operator.asks("audit", exit_code=1)
    assert report["clean"] is False
    (rollups,) = [check for check in report["checks"] if check["findings"]]
    assert rollups["name"] == "rollups"
    assert rollups["findings"][0]["count"] == 1


async def test_what_a_lost_branch_had_issued_is_noted_and_is_no_mistake(
    breakable: Breakable, tmp_path: Path
) -> None:
    await breakable.run(
        "certificates",
        "insert into lost_branch (certificate_id, campaign, segment, serial, partition, issued_at)"
        " select gen_random_uuid(), 'small', 'S11-AC018', serial, 10, now()"
        " from unnest(array[2, 3, 4, 7]) as serial",
    )
    await breakable.run(
        "certificates",
        "insert into lost_branch (certificate_id, campaign, segment, serial, partition, issued_at)"
        " select id, campaign, segment, serial, partition, issued_at from certificate"
        " where serial is not null",
    )
    operator = Operator(breakable, tmp_path)
    done = await operator.runs("audit")
    noted = (
        "a lost branch of the log had issued certificates that were not issued again and may be on paper: "
        "S11-AC018 (small) 2 to 4, 7"
    )
    assert f"note {noted}\n" in done.stdout
    assert done.returncode == 0
    report = await operator.asks("audit")
    assert report["clean"]
    (rows,) = [check for check in report["checks"] if check["name"] == "certificate rows"]
    assert rows["notes"] == [noted]
    assert rows["numbers"] == {"given on a lost branch only": 4}


async def test_what_cannot_be_audited_exits_with_2_and_the_reason(
    breakable: Breakable, tmp_path: Path
) -> None:
    operator = Operator(breakable, tmp_path)
    answer = await operator.asks("audit", "--redis", "redis://127.0.0.1:1/0", exit_code=2)
    assert answer["clean"] is None
    assert "the audit stopped at the scene" in answer["cannot_audit"]
    nowhere = "postgresql://audit:secret@127.0.0.1:1/enrolment"
    done = await operator.runs("audit", "--enrolment-database", nowhere)
    assert done.returncode == 2
    assert done.stderr.startswith("mitra: the enrolment database cannot be opened: ")
    assert "secret" not in done.stdout + done.stderr
    swapped = settings_of(breakable)["MITRA_REPORTING_DATABASE_URL"]
    done = await operator.runs("audit", "--enrolment-database", swapped)
    assert done.returncode == 2
    assert "the database was not migrated, or by another version" in done.stderr


def test_without_a_stack_it_says_what_to_do(tmp_path: Path) -> None:
    done = mitra("audit", directory=tmp_path)
    assert done.returncode == 2
    assert "no stack runs on .mitra; start one with: mitra up, or name a deployment" in done.stderr

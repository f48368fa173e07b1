"""A sheet from the upload to the result: previewed, mapped, accepted, enrolled once, forgotten."""

import asyncio
import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.erase_mitras import erase_mitras
from enrolment.commands.forget_imports import forget_imports
from enrolment.domain.importing import Field
from mitra_shared.security.tokens import Role
from tests.enrolment.imports.import_world import (
    COLUMNS,
    ImportWorld,
    csv_file,
    import_world,
    line,
    people,
    table,
    workbook,
)
from tests.enrolment.intake_api import CONSTITUENCY, SEALS, TestClock, count, person, rows, token
from tests.enrolment.people import Browser, Person


async def test_nobody_is_enrolled_before_the_preview_is_accepted(world: ImportWorld) -> None:
    told = await world.preview(people(3))
    assert (told["state"], told["rows"], told["faulty"], told["unmapped"]) == ("previewed", 3, 0, [])
    assert await count(world.api.engine, "mitra") == 0
    done = await world.accept(told)
    assert (done["state"], done["outcomes"], done["remaining"]) == ("done", {"enrolled": 3}, 0)
    told_later = await rows(world.api.engine, "select kind, of_many from message")
    assert [tuple(row) for row in told_later] == [("receipt", True)] * 3
    enrolled = await rows(
        world.api.engine, "select consent_manner, notice_version, segment, basis from mitra"
    )
    assert {tuple(row) for row in enrolled} == {("signed_paper", "2026-11", "S11-AC019", "beneficiary")}


async def test_rows_that_something_stands_against_are_left_out_and_told(world: ImportWorld) -> None:
    told = await world.preview(
        csv_file(table([line(1), line(2, phone="12345"), line(3, consent="no"), line(4, segment="Rampur")]))
    )
    assert (told["rows"], told["faulty"]) == (4, 3)
    assert await world.problems(told) == [
        (3, "phone", "invalid-phone"),
        (4, "consent", "consent-missing"),
        (5, "segment", "segment-outside-area"),
    ]
    done = await world.accept(told)
    assert done["outcomes"] == {"enrolled": 1, "refused": 3}
    result = await world.result(done)
    assert [row[0] for row in result[1:]] == ["3", "4", "5"]


async def test_the_same_file_again_enrols_nobody_and_says_so(world: ImportWorld) -> None:
    first = await world.accept(await world.preview(people(3)))
    told = await world.preview(people(3))
    assert told["same_file"] == [first["id"]]
    again = await world.accept(told)
    assert again["outcomes"] == {"enrolled_before": 3}
    assert await count(world.api.engine, "mitra") == 3


async def test_what_is_the_same_for_everybody_is_said_once_and_nothing_is_taken_for_granted(
    world: ImportWorld,
) -> None:
    columns = ["name", "phone", "segment"]
    bare = [[line(number)[COLUMNS.index(Field(name))] for name in columns] for number in (1, 2)]
    told = await world.preview(csv_file([["Person", "Mobile", "Vidhan Sabha"], *bare]))
    assert told["mapping"]["columns"] == {"phone": 1, "segment": 2}
    assert {problem["code"] for problem in told["problems"]} == {"missing"}
    assert "consent" in told["unmapped"]
    values = {
        name: str(line()[COLUMNS.index(Field(name))])
        for name in (field.value for field in COLUMNS)
        if name not in {*columns, "schemes", "language"}
    }
    mapped = await world.map(told, columns={"name": 0, "phone": 1, "segment": 2}, values=values)
    assert (mapped["unmapped"], mapped["faulty"], mapped["preview"]) == ([], 0, 2)
    assert mapped["mapping"]["values"] == values
    async with world.api.engine.begin() as connection:
        await connection.execute(text("select set_config('mitra.work', 'upkeep', true)"))
        kept = await connection.scalar(text("select cast(mapping as text) from sheet_import"))
    assert '"columns"' in kept
    assert not any(said in kept for said in values.values() if len(said) > 3)
    refused = await world.ask("POST", f"/{told['id']}/accept", json={"preview": 1, "papers_are_signed": True})
    assert (refused.status_code, refused.json()["preview"]) == (409, 2)
    unaffirmed = await world.ask(
        "POST", f"/{told['id']}/accept", json={"preview": 2, "papers_are_signed": False}
    )
    assert unaffirmed.json()["type"] == "urn:mitra:problem:import-unaffirmed"
    assert await count(world.api.engine, "mitra") == 0
    assert (await world.accept(mapped))["outcomes"] == {"enrolled": 2}


async def test_a_cancelled_import_leaves_nothing(world: ImportWorld) -> None:
    told = await world.preview(workbook(("One", table([line(1)])), ("Two", table([line(2)]))))
    assert await count(world.api.engine, "sheet_import_file") == 1
    cancelled = await world.ask("DELETE", f"/{told['id']}")
    assert cancelled.status_code == 204
    for name in ("sheet_import", "sheet_import_file", "sheet_import_row"):
        assert await count(world.api.engine, name) == 0
    assert (await world.ask("GET", f"/{told['id']}")).status_code == 404
    accepted = await world.accept(await world.preview(people(1)))
    late = await world.ask("DELETE", f"/{accepted['id']}")
    assert (late.status_code, late.json()["type"]) == (409, "urn:mitra:problem:import-not-ready")


async def test_an_import_is_seen_by_who_sent_it_alone(world: ImportWorld) -> None:
    told = await world.preview(people(1))
    for other in (
        token(f"{CONSTITUENCY}/co-in-charge-08"),
        token("S24-PC07/in-charge", Role.IN_CHARGE, "S24-PC07"),
    ):
        for method, path in (("GET", ""), ("GET", "/rows"), ("GET", "/result.csv"), ("DELETE", "")):
            answer = await world.ask(method, f"/{told['id']}{path}", bearer=other)
            assert answer.status_code == 404, (method, path)
        assert (await world.ask("GET", "", bearer=other)).json() == {"imports": []}
    # Not only by the code: a transaction of somebody else sees no row of it.
    async with world.api.engine.connect() as connection:
        for name in ("sheet_import", "sheet_import_row"):
            found = await connection.execute(text(f"select count(*) from {name}"))  # noqa: S608
            assert found.scalar_one() == 0


async def test_a_colleague_who_sends_the_same_file_enrols_nobody_twice(world: ImportWorld) -> None:
    await world.accept(await world.preview(people(30)))
    colleague = token(f"{CONSTITUENCY}/co-in-charge-08")
    told = await world.preview(people(30), bearer=colleague)
    assert told["same_file"] == []
    again = await world.accept(told, bearer=colleague)
    assert again["outcomes"] == {"enrolled_before": 30}
    assert await count(world.api.engine, "duplicate_record") == 0


async def test_duplicates_of_an_import_use_up_the_ration_and_the_rest_waits_for_the_next_day(
    campaign_engine: AsyncEngine,
) -> None:
    clock = TestClock()
    async with import_world(campaign_engine, ration=2, clock=clock, at_once=1) as world:
        for number in range(3):
            await world.api.enrol(person(number))
        told = await world.preview(csv_file(table([line(number) for number in range(6)])))
        waits = await world.accept(told)
        assert (waits["state"], waits["outcomes"], waits["remaining"]) == ("accepted", {"refused": 2}, 4)
        assert waits["continues_at"]
        clock.now += timedelta(days=1)
        done = await world.worked(told["id"])
        assert (done["state"], done["outcomes"]) == ("done", {"refused": 3, "enrolled": 3})
        assert await world.problems(done) == [(row, "phone", "duplicate-person") for row in (2, 3, 4)]


async def test_a_formula_in_a_cell_is_harmless_in_the_result_and_the_look_is_on_record(
    world: ImportWorld,
) -> None:
    evil = ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2+3", "\uff1d1+1"]
    told = await world.preview(csv_file(table([line(number, name=name) for number, name in enumerate(evil)])))
    early = await world.ask("GET", f"/{told['id']}/result.csv")
    assert early.status_code == 409
    result = await world.result(await world.accept(told))
    assert [row[3] for row in result[1:]] == [f"'{name}" for name in evil]
    assert all(row[4].startswith("98") for row in result[1:])
    looks = await rows(world.api.engine, "select purpose, subject from access_record")
    assert [(look.purpose, str(look.subject)) for look in looks] == [("import", told["id"])]


async def test_a_role_that_ended_stops_the_import(world: ImportWorld) -> None:
    told = await world.preview(people(3))
    async with world.api.engine.begin() as connection:
        await connection.execute(text("select set_config('mitra.work', 'imports', true)"))
        await connection.execute(text("update sheet_import set session = 'ended'"))
        await connection.execute(text("delete from token_grant"))
    answer = await world.ask("POST", f"/{told['id']}/accept", json={"preview": 1, "papers_are_signed": True})
    assert answer.status_code == 202
    async with world.api.engine.begin() as connection:
        await connection.execute(text("delete from token_grant"))
    while await world.worker.turn():
        pass
    (row,) = await rows(world.api.engine, "select state, why, outcomes from sheet_import")
    assert (row.state, row.why, row.outcomes) == ("stopped", "role-ended", {"not_tried": 3})
    assert await count(world.api.engine, "mitra") == 0


async def test_two_imports_at_once_that_share_people_enrol_each_once(world: ImportWorld) -> None:
    first, second = await world.preview(people(40)), await world.preview(people(40, first=30))
    for told in (first, second):
        body = {"preview": told["preview"], "papers_are_signed": True}
        assert (await world.ask("POST", f"/{told['id']}/accept", json=body)).status_code == 202
    assert all(await asyncio.gather(world.worker.turn(), world.worker.turn()))
    ends = [await world.worked(told["id"]) for told in (first, second)]
    assert [end["state"] for end in ends] == ["done", "done"]
    assert sum(end["outcomes"]["enrolled"] for end in ends) == await count(world.api.engine, "mitra") == 70


async def test_what_was_not_accepted_in_time_is_forgotten_and_results_after_a_week(
    campaign_engine: AsyncEngine,
) -> None:
    async with import_world(campaign_engine) as world:
        done = await world.accept(await world.preview(csv_file(table([line(1), line(2, phone="1")]))))
        left = await world.preview(people(2, first=10))
        now = datetime.now(UTC)

        async def upkeep(after: timedelta) -> None:
            while await forget_imports(campaign_engine, now + after):
                pass

        await upkeep(timedelta(hours=23))
        assert (await world.worked(left["id"]))["state"] == "previewed"
        await upkeep(timedelta(hours=25))
        told = await world.worked(left["id"])
        assert (told["state"], told["columns"]) == ("expired", [])
        sealed = "select count(*) from sheet_import_row where sealed is not null"
        assert [tuple(row) for row in await rows(campaign_engine, sealed)] == [(1,)]
        await upkeep(timedelta(days=8))
        assert [tuple(row) for row in await rows(campaign_engine, sealed)] == [(0,)]
        result = await world.result(done)
        assert [len(row) for row in result] == [3, 3]
        assert (await world.accept(await world.preview(csv_file(table([line(1)])))))["outcomes"] != {}


async def test_an_erased_person_is_taken_out_of_rows_files_and_papers(world: ImportWorld) -> None:
    accepted = await world.accept(await world.preview(people(2)))
    book = workbook(("One", table([line(0), line(1), line(2)])), ("Two", table([line(3)])))
    previewed = await world.preview(book)
    unread = await world.send(people(2, first=50))
    (gone, _) = await rows(world.api.engine, "select id from mitra order by id")
    async with world.api.engine.begin() as connection:
        await connection.execute(text("select set_config('mitra.work', 'upkeep', true)"))
        await connection.execute(
            text(
                "update mitra set erase_at = now(), erasure_why = 'asked',"
                " erasure_noticed_at = now() - interval '49 hours' where id = :id"
            ),
            {"id": gone.id},
        )
    assert await erase_mitras(world.api.engine, datetime.now(UTC) + timedelta(seconds=5)) == 1
    assert accepted["outcomes"] == {"enrolled": 2}
    assert await count(world.api.engine, "paper_consent") == 1
    assert await count(world.api.engine, "sheet_import_file") == 0
    left = await rows(world.api.engine, "select row from sheet_import_row where sealed is not null")
    assert len(left) == 2
    refused = await world.ask("PUT", f"/{previewed['id']}/mapping", json={"sheet": 1})
    assert refused.json()["type"] == "urn:mitra:problem:import-file-gone"
    told = await world.worked(unread["id"])
    assert (told["state"], told["why"]) == ("unreadable", "file-gone")
    done = await world.accept(previewed)
    assert done["outcomes"]["not_tried"] == 1


async def test_who_was_enrolled_from_paper_is_told_of_it_at_the_own_page(world: ImportWorld) -> None:
    await world.accept(await world.preview(people(1)))
    (row,) = await rows(world.api.engine, "select id from mitra")
    somebody = Person(world.api, str(row.id), SEALS.receipt(row.id))
    told = await somebody.ask("GET", "", await somebody.session())
    assert told.json()["consent"]["paper"] == {"signed_on": "2026-11-03", "collected_by": "Ravi"}
    page = await Browser(world.api).sign_in(somebody)
    assert "You signed the paper on 03-11-2026; Ravi took it." in page.text


KINDS: dict[str, dict[str, Any]] = {
    "good": {},
    "again": {"phone": "9800099999"},
    "no-phone": {"phone": ""},
    "no-consent": {"consent": "no"},
    "elsewhere": {"segment": "Rampur"},
    "blank": {},
}


async def test_every_row_of_any_sheet_has_exactly_one_outcome(campaign_engine: AsyncEngine) -> None:
    chance, numbers = random.Random(20261129), itertools.count()  # noqa: S311 - the same sheets each time
    async with import_world(campaign_engine, at_once=3, ration=10_000) as world:
        for _ in range(12):
            kinds = ["good", *chance.choices(list(KINDS), k=chance.randint(0, 14))]
            chance.shuffle(kinds)
            lines = [[] if kind == "blank" else line(next(numbers), **KINDS[kind]) for kind in kinds]
            before = await count(campaign_engine, "mitra")
            done = await world.accept(await world.preview(csv_file(table(lines))))
            told = await world.rows(done, faulty=False)
            assert [row["row"] for row in told] == [
                row for row, kind in enumerate(kinds, start=2) if kind != "blank"
            ]
            assert all(row["outcome"] for row in told)
            assert sum(done["outcomes"].values()) == done["rows"] == len(told)
            assert done["remaining"] == 0
            enrolled = done["outcomes"]["enrolled"]
            assert await count(campaign_engine, "mitra") - before == enrolled
            assert kinds.count("good") <= enrolled <= kinds.count("good") + ("again" in kinds)

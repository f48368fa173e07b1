"""Exports read back by other programs: the figures of the JSON answers, for the same eyes, in every form."""

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook
from starlette.requests import ClientDisconnect
from starlette.types import Message

from mitra_shared.security.tokens import Role
from reporting.api import exports
from reporting.api.download import Download
from reporting.exports import areas
from reporting.exports.desk import ExportDesk
from reporting.exports.forms import Form
from reporting.exports.table import Column, Kind, Row, Table
from tests.factories import small_campaign
from tests.reporting.field import DAY, START, Field
from tests.reporting.opinion_world import asking_campaign
from tests.reporting.reporting_api import ReportingApi, eventually, token
from tests.reporting.test_opinions import Asked

IN_CHARGE = token(Role.IN_CHARGE, "S11-PC04")
FORMS = tuple(Form)
RANGE = f"from={DAY}&to={DAY + timedelta(days=2)}"


class Read(NamedTuple):
    """An export as another program reads it."""

    rows: list[dict[str, Any]]
    about: dict[str, str]


def read_back(form: Form, content: bytes) -> Read:
    match form:
        case Form.CSV:
            return Read(list(csv.DictReader(io.StringIO(content.decode(), newline=""))), {})
        case Form.XLSX:
            book = CalamineWorkbook.from_filelike(io.BytesIO(content))
            told = book.get_sheet_by_name("about").to_python()
            names = {str(heading): str(name) for heading, name in told}
            head, *rows = book.get_sheet_by_name("data").to_python()
            columns = [names[str(heading)] for heading in head]
            return Read([dict(zip(columns, row, strict=True)) for row in rows], names)
        case Form.PARQUET:
            table = pq.read_table(io.BytesIO(content))
            return Read(table.to_pylist(), json.loads(table.schema.metadata[b"mitra"]))


def as_written(form: Form, value: Any) -> Any:
    """How a value of a JSON answer looks when it is read back from a form."""
    match form, value:
        case Form.PARQUET, _:
            return value
        case _, None:
            return ""
        case Form.CSV, bool():
            return str(value).lower()
        case Form.CSV, _:
            return str(value)
        case _:
            return value


async def taken(api: ReportingApi, address: str, form: Form, as_token: str | None = None) -> Read:
    path, _, query = address.partition("?")
    answer = await api.get(f"/v1/exports/{path}.{form}?{query}", as_token=as_token)
    assert answer.status_code == 200, answer.text
    assert f'.{form}"' in answer.headers["content-disposition"]
    read = read_back(form, answer.content)
    if read.about:
        assert read.about["positions"] == answer.headers["mitra-positions"]
        assert read.about["as_of"] == answer.headers["mitra-as-of"]
    return read


async def filled(field: Field, api: ReportingApi) -> None:
    people = [
        field.enrolled(
            "S11-AC017", START + timedelta(days=n % 3), "beneficiary", ("PMUY",), recruiter=n % 2 + 1
        )
        for n in range(40)
    ]
    people += [field.enrolled("S24-AC036", START) for _ in range(3)]
    certificates = [field.issued("S11-AC017") for _ in range(5)]
    left = [field.withdrawn("S11-AC017", START, "beneficiary") for _ in range(4)]
    await field.apply([*field.defined(), *people, *certificates, *left])
    await api.caught_up()


def comes_to(shown: list[dict[str, Any]], form: Form, wanted: Sequence[dict[str, Any]]) -> None:
    """Every value of `wanted` stands in its row."""
    assert len(shown) == len(wanted)
    for row, want in zip(shown, wanted, strict=True):
        assert {name: row[name] for name in want} == {name: as_written(form, want[name]) for name in want}


@pytest.mark.parametrize("form", FORMS)
async def test_areas_are_those_of_the_rollups(field: Field, api: ReportingApi, form: Form) -> None:
    await filled(field, api)
    plain = (
        "area", "level", "parent", "evidence", "enrolled", "certificates_issued", "certificates_waitlisted",
        "certificates_printed", "opinions", "programmes_held", "version",
    )  # fmt: skip
    for query in ("level=constituency", "level=segment&parent=S11-PC04", "level=nation"):
        answer = (await api.get(f"/v1/rollups?{query}")).json()
        read = await taken(api, f"areas?{query}", form)
        wanted = [
            {name: area[name] for name in plain}
            | {"name_en": area["name"]["en"], "target": area["target"] and area["target"]["number"]}
            | {"quota": area["quota"]["number"]}
            for area in answer["areas"]
        ]
        comes_to(read.rows, form, wanted)
    segment = (await taken(api, "areas?level=segment", form)).rows[0]
    assert segment["why_hidden"] == f"{areas.NO_TARGET}; {areas.NO_PROGRAMMES}; {areas.NO_ROUND}"


@pytest.mark.parametrize("form", FORMS)
async def test_days_are_those_of_each_area_with_why_figures_are_hidden(
    field: Field, api: ReportingApi, form: Form
) -> None:
    await filled(field, api)
    read = await taken(api, f"days?level=constituency&{RANGE}", form)
    shown = {(row["area"], str(row["day"])[:10]): row for row in read.rows}
    assert len(shown) == 9
    hidden = 0
    for area in ("S11-PC04", "S11-PC06", "S24-PC07"):
        for day in (await api.get(f"/v1/rollups/{area}/days?{RANGE}")).json()["days"]:
            row = shown[area, day["day"]]
            figures = {name: day[name] for name in ("enrolled", "withdrawn", "beneficiaries", "opinions")}
            figures |= {f"scheme_{name}": figure for name, figure in day["schemes"].items()}
            for field_of, of in (("schemes_added", "scheme_added"), ("schemes_removed", "scheme_removed")):
                figures |= {f"{of}_{name}": figure for name, figure in day[field_of].items()}
            for name, figure in figures.items():
                assert row[name] == as_written(form, figure["value"])
                assert row[f"{name}_why_hidden"] == as_written(form, figure["reason"])
                hidden += figure["value"] is None
    assert hidden > 3


async def test_segments_have_no_columns_for_schemes(field: Field, api: ReportingApi) -> None:
    await filled(field, api)
    read = await taken(api, f"days?level=segment&{RANGE}", Form.PARQUET)
    assert not [name for name in read.rows[0] if name.startswith("scheme_")]
    assert read.about["from"] == str(DAY)


@pytest.mark.parametrize("form", FORMS)
async def test_recruiters_are_named_for_their_in_charge_alone(
    field: Field, api: ReportingApi, form: Form
) -> None:
    await filled(field, api)
    answer = (await api.get(f"/v1/recruiters?{RANGE}", as_token=IN_CHARGE)).json()["recruiters"]
    by_segment = [
        {"recruiter": each["recruiter"], "segment": segment, "enrolled": people}
        for each in answer
        for segment, people in each["segments"].items()
    ]
    comes_to((await taken(api, "recruiters", form, IN_CHARGE)).rows, form, by_segment)
    by_day = [
        {"recruiter": each["recruiter"], "enrolled": day["enrolled"]}
        for each in answer
        for day in each["days"]
    ]
    comes_to((await taken(api, f"recruiter-days?{RANGE}", form, IN_CHARGE)).rows, form, by_day)
    for what in ("recruiters", "recruiter-days"):
        assert (await api.get(f"/v1/exports/{what}.{form}")).status_code == 403


@pytest.mark.parametrize("form", FORMS)
async def test_pace_and_flags_are_those_of_the_answers(field: Field, api: ReportingApi, form: Form) -> None:
    await filled(field, api)
    answer = (await api.get("/v1/pace?level=constituency")).json()
    names = ("area", "target", "enrolled", "remaining", "days_left", "needed_per_day", "standing")
    wanted = [
        {name: area[name] for name in names} | {"forecast_why_none": area["forecast"]["reason"]}
        for area in answer["areas"]
    ]
    comes_to((await taken(api, "pace", form)).rows, form, wanted)
    flags = (await api.get("/v1/flags")).json()
    read = await taken(api, "flags", form)
    assert len(read.rows) == len(flags["areas"]) + len(flags["busy_hours"])


@pytest.mark.parametrize("form", FORMS)
async def test_opinions_are_those_released_and_hidden_ones_say_why(
    field: Field, api: ReportingApi, form: Form
) -> None:
    asked = Asked(field, api)
    await asked.begin()
    await asked.sheets("S11-AC017", 9, 9)
    await asked.release()
    document = await asked.read("area=S11-PC04")
    wanted = [
        {"question": question["question"], "area": area["area"], "why_hidden": area["reason"], **each}
        for question in document["questions"]
        for area in question["areas"]
        for each in area["answers"] or [{"answer": None, "count": None, "share": None}]
    ]
    read = await taken(api, "opinions?round=round-1&area=S11-PC04", form)
    comes_to(read.rows, form, wanted)
    assert any(want["why_hidden"] for want in wanted)
    assert any(want["count"] for want in wanted)
    of_segments = await taken(api, "opinions?round=round-1&level=segment", form)
    assert {row["area"] for row in of_segments.rows} == {
        "IN", *(each.code for each in asking_campaign().areas if each.level == "segment")
    }  # fmt: skip


@pytest.mark.parametrize("what", ["areas", "days", "pace", "flags"])
async def test_an_export_shows_nobody_more_than_the_answers(
    field: Field, api: ReportingApi, what: str
) -> None:
    await filled(field, api)
    assert (await api.client.get(f"/v1/exports/{what}.csv")).status_code == 401
    co_in_charge = token(Role.CO_IN_CHARGE, "S11-PC04")
    assert (await api.get(f"/v1/exports/{what}.csv", as_token=co_in_charge)).status_code == 403
    of_kerala = token(Role.STATE_COORDINATOR, "S11")
    outside = await api.get(f"/v1/exports/{what}.csv?parent=S24-PC07", as_token=of_kerala)
    assert outside.status_code == 403
    own = await api.get(f"/v1/exports/{what}.csv", as_token=of_kerala)
    assert own.status_code == 200
    assert "S24" not in own.text


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("areas.pdf", 422, "'csv', 'xlsx' or 'parquet'"),
        ("people.csv", 404, "Exports are areas, days"),
        ("areas.csv?level=village", 422, "level"),
        ("areas.csv?parent=S99", 404, "area-unknown"),
        ("days.csv?from=1999-01-01", 422, "from"),
        ("days.csv?to=2999-01-01", 422, "today in India"),
        (f"days.csv?from={DAY}&to={DAY - timedelta(days=1)}", 422, "from"),
        ("days.csv?from=2024-01-01", 422, "at most 366 days"),
        ("opinions.csv", 422, "round"),
        ("opinions.csv?round=round-9", 404, "round-1"),
        ("opinions.csv?round=round-1&release=7", 422, "none has been made yet"),
    ],
)
async def test_what_cannot_be_had_is_told_with_what_can(
    field: Field, api: ReportingApi, path: str, status: int, told: str
) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    refused = await api.get(f"/v1/exports/{path}")
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert told in refused.text


async def test_a_workbook_has_only_so_many_cells(
    field: Field, api: ReportingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(field, api)
    monkeypatch.setattr(exports, "MOST_CELLS", 20)
    refused = await api.get("/v1/exports/areas.xlsx")
    assert refused.status_code == 422
    assert "csv or parquet" in refused.text
    assert (await api.get("/v1/exports/areas.csv")).status_code == 200


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\uff1d1")


async def test_no_name_becomes_a_formula(api: ReportingApi, field: Field) -> None:
    areas_written = [area.model_dump() for area in small_campaign().areas]
    for area, name in zip([a for a in areas_written if a["level"] == "segment"], FORMULAS, strict=False):
        area["name"] = {"en": name}
    field.campaign = small_campaign(areas=areas_written)
    await field.apply(field.defined())
    await api.caught_up()
    answers = {form: await api.get(f"/v1/exports/areas.{form}?level=segment") for form in FORMS}
    names = {
        form: [row["name_en"] for row in read_back(form, answer.content).rows][: len(FORMULAS)]
        for form, answer in answers.items()
    }
    assert names[Form.CSV] == [f"'{name}" for name in FORMULAS]
    assert names[Form.XLSX] == names[Form.PARQUET] == list(FORMULAS)
    with zipfile.ZipFile(io.BytesIO(answers[Form.XLSX].content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert 'state="frozen"' in sheet
        assert 'quotePrefix="1"' in book.read("xl/styles.xml").decode()


async def test_csv_is_as_rfc_4180_has_it_and_has_a_mark_where_it_is_asked_for(
    field: Field, api: ReportingApi
) -> None:
    await filled(field, api)
    plain = (await api.get("/v1/exports/areas.csv")).content
    marked = await api.get("/v1/exports/areas.csv?bom=true")
    assert marked.content == b"\xef\xbb\xbf" + plain
    assert marked.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert plain.count(b"\r\n") == plain.count(b"\n") == 4
    assert "वयनाड" in plain.decode()


async def test_when_all_places_are_taken_an_export_is_put_off(field: Field, api: ReportingApi) -> None:
    await filled(field, api)
    desk = api.reading.exports
    with desk.place(), desk.place(), desk.place(), desk.place():
        refused = await api.get("/v1/exports/areas.csv")
    assert refused.status_code == 503
    assert refused.json()["type"].endswith("exports-full")
    assert refused.headers["retry-after"] == "5"
    assert (await api.get("/v1/exports/areas.csv")).status_code == 200
    await eventually(lambda: desk.busy == 0)


class Unfinished:
    """A table whose second batch never comes."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.ended = False

    async def batches(self) -> AsyncGenerator[Sequence[Row], None]:
        try:
            yield [(date(2026, 11, 2), "x")] * 1_000
            self.waiting.set()
            await asyncio.Event().wait()
        finally:
            self.ended = True

    def table(self) -> Table:
        about = dict.fromkeys(("as_of", "definition", "version", "lag_events", "positions"), "")
        columns = (Column("day", "Day", Kind.DAY), Column("text", "Text", Kind.TEXT))
        return Table(
            "t", "t", columns, self.batches(), 1_000, tuple(about.items()), datetime(2026, 11, 2, tzinfo=UTC)
        )


@pytest.mark.parametrize("form", FORMS)
async def test_a_reader_that_goes_away_leaves_nothing_behind(tmp_path: Path, form: Form) -> None:
    desk, unfinished = ExportDesk(tmp_path), Unfinished()
    gone = asyncio.Event()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        return

    download = Download(unfinished.table(), form, desk, bom=False)
    sending = asyncio.ensure_future(download({"type": "http"}, receive, send))
    await unfinished.waiting.wait()
    assert desk.busy == 1
    assert bool(list(desk.directory.iterdir())) is (form is Form.XLSX)
    gone.set()
    with pytest.raises(ClientDisconnect):
        await sending
    assert unfinished.ended
    assert desk.busy == 0
    assert not list(desk.directory.iterdir())


def test_what_a_killed_process_left_is_wiped(tmp_path: Path) -> None:
    left = ExportDesk(tmp_path).directory / "workbook-x"
    left.mkdir()
    ExportDesk(tmp_path)
    assert not left.exists()

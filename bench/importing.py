"""Imports: a workbook of 100,000 people through preview and commit, beside COPY and beside reading alone."""

import asyncio
import io
import time
from dataclasses import replace
from random import randrange
from typing import Any

import asyncpg
import httpx
import xlsxwriter
from python_calamine import CalamineWorkbook

from bench import stacks
from bench.measuring import Figure, Told, ratio
from mitra_shared.campaign.definition import Level
from mitra_shared.ops.simulate.day import staff_tokens
from mitra_shared.ops.stack import Stack
from mitra_shared.ops.stack_plan import StackPlan

ROWS = 100_000
ROUNDS = 3
ONLY_IMPORTS: StackPlan = replace(stacks.ONLY_INTAKE, enrolment_imports=1)
HEADINGS = (
    "Name", "Phone", "Assembly segment", "Basis", "Schemes", "Language", "Declared adult", "Party member",
    "Consent signed", "Notice version", "Notice language", "Date of consent", "Collected by",
)  # fmt: skip
NAMES = ("आयशा बेगम", "Joseph Kurian", "محمد عرفان", "Lakshmi Devi", "सुनीता कुमारी")
_PHONES_IN_A_ROUND = 1_000_000


def people_of(made: Stack, first: int) -> tuple[str, list[tuple[Any, ...]]]:
    """A token of staff, and rows of people of that constituency."""
    definition = stacks.definition()
    segment = definition.at_level(Level.SEGMENT)[0]
    constituency = definition.ancestor(segment.code, Level.CONSTITUENCY).code
    bearer = next(
        token for staff, token in staff_tokens(stacks.target(made)).items() if constituency in staff
    )
    notice = definition.notices[0]
    day = notice.in_force_from.isoformat()
    rows = [
        (
            NAMES[number % len(NAMES)], 9_800_000_000 + first + number, segment.name.en, "beneficiary",
            definition.schemes[0].code, "hi", "yes", "no", "yes", notice.version, notice.language, day,
            "Ravi",
        )
        for number in range(ROWS)
    ]  # fmt: skip
    return bearer, rows


def workbook(rows: list[tuple[Any, ...]]) -> bytes:
    """The rows below their headings, as XLSX."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate((HEADINGS, *rows)):
        sheet.write_row(number, 0, row)
    book.close()
    return out.getvalue()


def read_alone(file: bytes) -> float:
    """Seconds that calamine takes for all cells."""
    begun = time.perf_counter()
    for _ in CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).iter_rows():
        pass
    return time.perf_counter() - begun


async def copied(made: Stack, rows: list[tuple[Any, ...]]) -> float:
    """Seconds that COPY takes for the same rows into a table without an index."""
    connection = await asyncpg.connect(made.state().databases["enrolment"])
    try:
        columns = ", ".join(f"c{number} text" for number in range(len(HEADINGS)))
        await connection.execute(f"create unlogged table bare ({columns})")
        texts = [tuple(map(str, row)) for row in rows]
        begun = time.perf_counter()
        await connection.copy_records_to_table("bare", records=texts)
        return time.perf_counter() - begun
    finally:
        await connection.execute("drop table bare")
        await connection.close()


async def imported(made: Stack, bearer: str, file: bytes) -> tuple[float, float]:
    """Seconds from the upload to the preview, and from the acceptance to the end."""
    api = made.state().api_urls("enrolment")[0]
    headers = {"Authorization": f"Bearer {bearer}"}
    async with httpx.AsyncClient(base_url=f"{api}/v1", headers=headers, timeout=60) as client:

        async def becomes(upload: str, state: str) -> dict[str, Any]:
            while True:
                told: dict[str, Any] = (await client.get(f"/imports/{upload}")).json()
                if told["state"] == state:
                    return told
                if told["state"] in {"unreadable", "stopped"} or told["continues_at"]:
                    raise RuntimeError(f"the import ended otherwise: {told}")
                await asyncio.sleep(0.2)

        begun = time.perf_counter()
        upload = (await client.post("/imports", content=file)).raise_for_status().json()["id"]
        told = await becomes(upload, "previewed")
        if told["faulty"]:
            raise RuntimeError(f"rows are faulty: {told['problems']}")
        seen = time.perf_counter()
        body = {"preview": told["preview"], "papers_are_signed": True}
        (await client.post(f"/imports/{upload}/accept", json=body)).raise_for_status()
        done = await becomes(upload, "done")
        if done["outcomes"] != {"enrolled": ROWS}:
            raise RuntimeError(f"not everybody was enrolled: {done['outcomes']}")
        return seen - begun, time.perf_counter() - seen


async def measure(tell: Told) -> list[Figure]:
    """All figures of imports, from one stack."""
    whole = Figure(f"import of a workbook of {ROWS:,} people, preview and commit", "s", goal=60, at_most=True)
    preview = Figure("of that, from the upload to the preview", "s")
    rows_a_second = Figure("imported", "rows/s")
    alone = Figure("the same workbook read by calamine alone", "rows/s")
    copy = Figure("the same rows by COPY into a bare table", "rows/s")
    async with stacks.stack(ONLY_IMPORTS) as made:
        start = randrange(_PHONES_IN_A_ROUND)
        for round_ in range(ROUNDS):
            tell(f"import, round {round_ + 1} of {ROUNDS}")
            bearer, rows = people_of(made, start + round_ * _PHONES_IN_A_ROUND)
            file = await asyncio.to_thread(workbook, rows)
            alone.values.append(ROWS / await asyncio.to_thread(read_alone, file))
            copy.values.append(ROWS / await copied(made, rows))
            to_preview, to_end = await imported(made, bearer, file)
            preview.values.append(to_preview)
            whole.values.append(to_preview + to_end)
            rows_a_second.values.append(ROWS / (to_preview + to_end))
    return [
        whole, preview, rows_a_second, alone, ratio("import over reading alone", rows_a_second, alone),
        copy, ratio("import over COPY", rows_a_second, copy),
    ]  # fmt: skip

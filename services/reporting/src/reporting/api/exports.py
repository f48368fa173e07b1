"""`/v1/exports`: every rollup as CSV, XLSX or Parquet, for the same eyes as the JSON answers."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from mitra_shared.campaign.definition import Level
from mitra_shared.http.problems import problem_responses, wrong_field
from reporting.api.days import Day, asked_range
from reporting.api.download import Download
from reporting.api.naming import names_of, with_names
from reporting.api.opinions import asked_opinions
from reporting.api.problems import EXPORT_UNKNOWN
from reporting.api.readers import Reader, seeing, seeing_once_included
from reporting.api.recruiters import recruiter_days, recruiters_within
from reporting.api.rollups import MOST_DAYS, USUAL_DAYS, usual_level
from reporting.domain.access import Sight
from reporting.domain.days import day_of
from reporting.exports import areas, days, opinions, pace, staff
from reporting.exports.about import told_table
from reporting.exports.forms import MEDIA_TYPES, Form
from reporting.exports.table import Table
from reporting.exports.xlsx_form import MOST_CELLS
from reporting.pace_queries import flags_answer, pace_answer
from reporting.queries import freshness, sorted_rollups
from reporting.schemas import Sort

EXPORTS: Final = ("areas", "days", "recruiters", "recruiter-days", "pace", "flags", "opinions")

_EXAMPLE: Final = "area,level,name_en,enrolled,target\r\nS11-PC04,constituency,Wayanad,1204,5000\r\n"
_TOLD: Final = {
    "Mitra-As-Of": "When the figures were so, with the offset of India",
    "Mitra-Positions": "What is included of each log, as `at_least` takes it, with blanks between",
    "Mitra-Lag-Events": "Events that are not counted yet, or `unknown`",
    "Mitra-Version": "The newest commit included",
    "Mitra-Definition": "Version of the campaign definition",
    "Content-Disposition": "The name of the file",
}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The table. XLSX has a sheet `about`, Parquet has metadata under the key `mitra`, "
        "with campaign, readings, positions, time and lag; with CSV they are in the head alone.",
        "headers": {
            name: {"description": text, "schema": {"type": "string"}} for name, text in _TOLD.items()
        },
        "content": {
            MEDIA_TYPES[Form.CSV]: {"schema": {"type": "string"}, "example": _EXAMPLE},
            **{
                MEDIA_TYPES[form]: {"schema": {"type": "string", "format": "binary"}}
                for form in (Form.XLSX, Form.PARQUET)
            },
        },
    },
    **problem_responses(401, 403, 404, 422, 503),
}

router = APIRouter(
    prefix="/v1/exports", tags=["exports"], responses=_RESPONSES, default_response_class=Response
)

Reads = Annotated[Reader, Depends(seeing(Sight.AGGREGATES))]
ReadsIncluded = Annotated[Reader, Depends(seeing_once_included(Sight.AGGREGATES))]
ReadsStaff = Annotated[Reader, Depends(seeing_once_included(Sight.STAFF))]
TakenAs = Annotated[Form, Path(description="The form of the file", examples=["xlsx"])]
Bom = Annotated[bool, Query(description="Begin CSV with a byte order mark, by which Excel knows UTF-8")]
Parent = Annotated[str | None, Query(max_length=32, description="Only areas at or below this one")]
OfLevel = Annotated[Level | None, Query(description="Default: the level below `parent`; constituency")]
First = Annotated[Day, Query(alias="from", description="Default: a week back")]
Last = Annotated[Day, Query(alias="to", description="Default: today (IST)")]


@router.get("/areas.{form}", summary="Areas of one level")
async def export_areas(
    reads: ReadsIncluded,
    form: TakenAs,
    level: OfLevel = None,
    parent: Parent = None,
    sort: Sort = "code",
    bom: Bom = False,  # noqa: FBT002 - a parameter of the address
) -> Response:
    """Live counts against targets and quotas, as `GET /v1/rollups`."""
    within, level, board = reads.within(parent), level or usual_level(reads, parent), reads.board
    rollups = sorted_rollups(board, board.select(levels=(level,), within=within), sort)
    table = told_table(
        "areas", board, freshness(reads.state.mirror, reads.state.lag), within=within,
        columns=areas.COLUMNS, rows=areas.area_rows(board, rollups), asked={"level": level},
    )  # fmt: skip
    return _download(reads, table, form, bom=bom)


@router.get("/days.{form}", summary="Areas of one level day by day")
async def export_days(
    reads: ReadsIncluded,
    form: TakenAs,
    level: OfLevel = None,
    parent: Parent = None,
    first: First = None,
    last: Last = None,
    bom: Bom = False,  # noqa: FBT002
) -> Response:
    """Figures per day in India, as `GET /v1/rollups/{area}/days` for each area, with why a figure is hidden.

    Schemes are shown for constituencies and above only: with segments there are no columns for them.
    """
    within, level, board = reads.within(parent), level or usual_level(reads, parent), reads.board
    now = reads.state.now()
    asked = asked_range(first, last, today=day_of(now), usual=USUAL_DAYS, most=MOST_DAYS)
    codes = board.select(levels=(level,), within=within)
    columns = days.day_columns(board, level)
    table = told_table(
        "days", board, freshness(reads.state.mirror, reads.state.lag), within=within, columns=columns,
        rows=days.day_batches(reads.state.engine, board, codes, asked.days, now=now, columns=columns),
        most_rows=len(codes) * len(asked.days),
        asked={"level": level, "from": asked.first, "to": asked.last},
    )  # fmt: skip
    return _download(reads, table, form, bom=bom)


@router.get("/recruiters.{form}", summary="Whoever enrolled in the own constituency, by segment")
async def export_recruiters(
    reads: ReadsStaff,
    form: TakenAs,
    parent: Parent = None,
    bom: Bom = False,  # noqa: FBT002
) -> Response:
    """Enrolments of each recruiter and segment; for those who see staff by name."""
    within, told = reads.within(parent), freshness(reads.state.mirror, reads.state.lag)
    counted = await recruiters_within(reads, within, recruiter_days(reads, None, None))
    names = await names_of(reads, [each.recruiter for each in counted])
    table = told_table(
        "recruiters", reads.board, told, within=within, columns=staff.SEGMENT_COLUMNS,
        rows=staff.segment_rows(reads.board, counted, names), asked={},
    )  # fmt: skip
    return _download(reads, table, form, bom=bom)


@router.get("/recruiter-days.{form}", summary="Whoever enrolled in the own constituency, by day")
async def export_recruiter_days(
    reads: ReadsStaff,
    form: TakenAs,
    parent: Parent = None,
    first: First = None,
    last: Last = None,
    bom: Bom = False,  # noqa: FBT002
) -> Response:
    """Enrolments of each recruiter and day; for those who see staff by name."""
    within, told = reads.within(parent), freshness(reads.state.mirror, reads.state.lag)
    asked = recruiter_days(reads, first, last)
    counted = await recruiters_within(reads, within, asked)
    names = await names_of(reads, [each.recruiter for each in counted])
    table = told_table(
        "recruiter-days", reads.board, told, within=within, columns=staff.DAY_COLUMNS,
        rows=staff.day_rows(counted, names, asked.days), asked={"from": asked.first, "to": asked.last},
    )  # fmt: skip
    return _download(reads, table, form, bom=bom)


@router.get("/pace.{form}", summary="Areas against their targets, with forecasts")
async def export_pace(
    reads: Reads,
    form: TakenAs,
    level: Annotated[Level, Query(description="Of this level")] = Level.CONSTITUENCY,
    parent: Parent = None,
    bom: Bom = False,  # noqa: FBT002
) -> Response:
    """As `GET /v1/pace`, the farthest behind first."""
    within, told = reads.within(parent), freshness(reads.state.mirror, reads.state.lag)
    codes = reads.board.select(levels=(level,), within=within)
    answer = await pace_answer(reads.state.pacing, reads.board, codes)
    table = told_table(
        "pace", reads.board, told, within=within, columns=pace.PACE_COLUMNS, rows=pace.pace_rows(answer),
        asked={"level": level},
        made_from={"closed": answer["closed"], "forecasts_of": answer["forecasts_of"]},
    )  # fmt: skip
    return _download(reads, table, form, bom=bom)


@router.get("/flags.{form}", summary="What is out of the ordinary")
async def export_flags(
    reads: Reads,
    form: TakenAs,
    parent: Parent = None,
    bom: Bom = False,  # noqa: FBT002
) -> Response:
    """As `GET /v1/flags`: recruiters by name for their in-charge, as numbers for others."""
    within, told = reads.within(parent), freshness(reads.state.mirror, reads.state.lag)
    answer = await flags_answer(
        reads.state.engine, reads.state.pacing, reads.board, within, names_staff=Sight.STAFF in reads.sights
    )
    table = told_table(
        "flags", reads.board, told, within=within, columns=pace.FLAG_COLUMNS,
        rows=pace.flag_rows(reads.board, await with_names(reads, answer)), asked={},
        made_from={"closed": answer["closed"]},
    )  # fmt: skip
    return _download(reads, table, form, bom=bom)


@router.get("/opinions.{form}", summary="Released answers of a round")
async def export_opinions(
    reads: Reads,
    form: TakenAs,
    round_id: Annotated[str, Query(alias="round", max_length=63, examples=["round-1"])],
    area: Annotated[str | None, Query(max_length=32, description="Default: all you may read")] = None,
    level: Annotated[
        Level | None, Query(description="All areas of this level within; default: those directly below")
    ] = None,
    question: Annotated[str | None, Query(max_length=63, description="Only this question")] = None,
    release: Annotated[int | None, Query(ge=1, le=1_000_000, description="Default: the newest")] = None,
    bom: Bom = False,  # noqa: FBT002
) -> Response:
    """As `GET /v1/opinions/{round}`; an area whose answers are hidden is one row that says why."""
    within, told = reads.within(area), freshness(reads.state.mirror, reads.state.lag)
    answer = await asked_opinions(reads, round_id, within, question=question, release=release, level=level)
    table = told_table(
        "opinions", reads.board, told, within=within, columns=opinions.COLUMNS,
        rows=opinions.opinion_rows(reads.board, answer), asked={"round": round_id, "level": level},
    )  # fmt: skip
    return _download(reads, table, form, bom=bom)


@router.get("/{file}", include_in_schema=False)
async def unknown(file: str) -> Response:  # noqa: ARG001
    """Say what there is."""
    raise EXPORT_UNKNOWN(f"Exports are {', '.join(EXPORTS)}, each with .{', .'.join(Form)}")


def _download(reads: Reader, table: Table, form: Form, *, bom: bool) -> Response:
    cells = table.most_rows * len(table.columns)
    if form is Form.XLSX and cells > MOST_CELLS:
        raise wrong_field(
            "form",
            f"would be a workbook of {cells} cells",
            f"at most {MOST_CELLS}: ask for fewer days or areas, or for csv or parquet",
        )
    return Download(table, form, reads.state.exports, bom=bom)

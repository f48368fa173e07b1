"""Writing counts: a batch's differences in set-based statements."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.contracts.topics import CUSTODY, Topic
from mitra_shared.ids import CampaignId, Partition
from reporting.domain.cells import (
    METRICS_OF,
    AnswerCell,
    ContactCounts,
    Counted,
    DayCell,
    Difference,
    FieldworkCell,
    PlacesChanged,
    RecruiterCell,
    RoundCell,
    TotalCell,
)
from reporting.storage.tables import (
    TOTAL_COLUMNS,
    places_beside,
    rollup_answer,
    rollup_day,
    rollup_fieldwork,
    rollup_recruiter,
    rollup_round,
)
from reporting.storage.version import announce, take_version

_SHOWS: Final = [
    TOTAL_COLUMNS[metric]
    for metric in (
        Counted.ENROLLED,
        Counted.DECIDED,
        Counted.OPINIONS,
        Counted.MEETINGS,
        Counted.MET,
        *METRICS_OF[CUSTODY],
    )
]
"""A leaf is stamped for what shows only: news of an area that looks as before would tell of a withdrawal."""

_FROZEN: Final = """
    select coalesce((select cast(cast(known.definition as json) -> 'issuing' ->> 'frozen' as boolean)
                     from campaign_known as known where known.campaign = excluded.campaign
                     order by known.definition_version desc limit 1), false)
"""
"""Whether the certificates of people who withdrew undecided do not show now (see `domain.board`)."""


def adding_totals(columns: Collection[str], changed: str) -> TextClause:
    """Adds to leaves what the rows of `changed` tell: campaign, area, partition, and these columns."""
    stamped = [f"excluded.{column} <> 0" for column in columns if column in _SHOWS]
    if TOTAL_COLUMNS[Counted.NEVER_DECIDED] in columns:
        stamped.append(f"(excluded.certificates_never_decided <> 0 and not ({_FROZEN}))")
    return text(
        f"""
        insert into rollup_total (campaign, area, partition, {", ".join(columns)}, version)
        select changed.*, cast(:version as bigint) from {changed} as changed
        on conflict (campaign, area, partition) do update
        set {", ".join(f"{column} = rollup_total.{column} + excluded.{column}" for column in columns)},
            version = case when {" or ".join(stamped)} then excluded.version else rollup_total.version end
        """  # noqa: S608 - columns of ours
    )


def adding(table: Table, changed: str | None = None) -> TextClause:
    """Adds counts to the cells of a table whose key is its cell, and which has a column `count` besides.

    The rows of `changed` have the columns of the table; without, each column is a parameter.
    """
    key = ", ".join(column.name for column in table.primary_key)
    names = ", ".join(column.name for column in table.columns)
    given = ", ".join(f"cast(:{column.name} as {column.type}[])" for column in table.columns)
    others = [column.name for column in table.columns if not column.primary_key and column.name != "count"]
    told = "".join(f", {name} = excluded.{name}" for name in others)
    return text(
        f"""
        insert into {table.name} ({names})
        select {names} from {changed or f"unnest({given})"} as changed({names})
        on conflict ({key}) do update set count = {table.name}.count + excluded.count{told}
        """  # noqa: S608 - names of ours
    )


def adding_stamped(table: Table, changed: str | None = None) -> TextClause:
    """Adds to rows that hold several counts, and stamps them with `:version`.

    The rows of `changed` have the columns of the table but for the version; without, each is a parameter.
    """
    told = [column for column in table.columns if column.name != "version"]
    names = ", ".join(column.name for column in told)
    given = ", ".join(f"cast(:{column.name} as {column.type}[])" for column in told)
    key = ", ".join(column.name for column in table.primary_key)
    counts = [column.name for column in told if not column.primary_key]
    return text(
        f"""
        insert into {table.name} ({names}, version)
        select {names}, cast(:version as bigint) from {changed or f"unnest({given})"} as changed({names})
        on conflict ({key}) do update
        set {", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in counts)},
            version = excluded.version
        """  # noqa: S608 - names of ours
    )


def _adding_totals_of(topic: Topic) -> TextClause:
    """Adds what a topic counts of leaves."""
    columns = [TOTAL_COLUMNS[metric] for metric in METRICS_OF[topic]]
    counts = ", ".join(f"cast(:{column} as bigint[])" for column in columns)
    leaves = "cast(:campaign as text[]), cast(:area as text[]), cast(:partition as smallint[])"
    return adding_totals(columns, f"unnest({leaves}, {counts})")


_ADD_TOTALS: Final = {topic: _adding_totals_of(topic) for topic in METRICS_OF}
_ADD_DAYS: Final = adding(rollup_day)
_ADD_RECRUITERS: Final = adding(rollup_recruiter)
_ADD_ANSWERS: Final = adding(rollup_answer)
_ADD_FIELDWORK: Final = adding(rollup_fieldwork)
_ADD_ROUNDS: Final = adding_stamped(rollup_round)
_ADD_PLACES: Final = adding_stamped(places_beside)

_LEARN = text(
    """
    insert into campaign_known (partition, campaign, definition_version, definition, version)
    values (:partition, :campaign, :definition_version, :definition, :version)
    on conflict (partition, campaign) do update
    set definition_version = excluded.definition_version, definition = excluded.definition,
        version = excluded.version
    where excluded.definition_version > campaign_known.definition_version
    """
)


async def add(connection: AsyncConnection, topic: Topic, change: Difference) -> None:
    """Add what a batch of `topic` counted, and stamp what it touched with the version of this commit."""
    if not any(change):
        await announce(connection)
        return
    await write(connection, topic, change, await take_version(connection))


async def write(connection: AsyncConnection, topic: Topic, change: Difference, version: int) -> None:
    """Add what events of `topic` counted, as of a version that the caller has taken."""
    totals = change.totals()
    if totals:
        await connection.execute(_ADD_TOTALS[topic], {"version": version, **_total_arrays(topic, totals)})
    if change.days:
        days = _arrays(DayCell._fields, change.days)
        await connection.execute(_ADD_DAYS, days | {"topic": [topic.name] * len(change.days)})
    if change.recruiters:
        await connection.execute(_ADD_RECRUITERS, _arrays(RecruiterCell._fields, change.recruiters))
    if change.answers:
        await connection.execute(_ADD_ANSWERS, _arrays(AnswerCell._fields, change.answers))
    if change.fieldwork:
        await connection.execute(_ADD_FIELDWORK, _arrays(FieldworkCell._fields, change.fieldwork))
    if change.rounds:
        rounds = _stamped_arrays((*RoundCell._fields, *ContactCounts._fields), change.rounds)
        await connection.execute(_ADD_ROUNDS, {**rounds, "version": version})
    if change.places:
        places = _stamped_arrays((*TotalCell._fields, *PlacesChanged._fields), change.places)
        await connection.execute(_ADD_PLACES, {**places, "version": version})
    if change.definitions:
        await connection.execute(_LEARN, _definition_rows(change.definitions, version))


def _total_arrays(topic: Topic, totals: Mapping[TotalCell, Mapping[str, int]]) -> dict[str, list[Any]]:
    arrays: dict[str, list[Any]] = {
        name: list(column) for name, column in zip(TotalCell._fields, zip(*totals, strict=True), strict=True)
    }
    for metric in METRICS_OF[topic]:
        arrays[TOTAL_COLUMNS[metric]] = [counts.get(metric, 0) for counts in totals.values()]
    return arrays


def _arrays(fields: Sequence[str], counts: Mapping[Any, int]) -> dict[str, list[Any]]:
    """Each field of the cells as a column, and the counts."""
    columns = zip(*counts, strict=True)
    arrays = {name: list(column) for name, column in zip(fields, columns, strict=True)}
    return arrays | {"count": list(counts.values())}


def _stamped_arrays(fields: Sequence[str], rows: Mapping[Any, tuple[int, ...]]) -> dict[str, list[Any]]:
    """Each field of the cells as a column, and each of their counts."""
    columns = zip(*((*cell, *counts) for cell, counts in rows.items()), strict=True)
    return dict(zip(fields, map(list, columns), strict=True))


def _definition_rows(
    definitions: Mapping[tuple[Partition, CampaignId], CampaignDefinition], version: int
) -> list[dict[str, Any]]:
    return [
        {
            "partition": partition,
            "campaign": campaign,
            "definition_version": definition.version,
            "definition": definition.model_dump_json(),
            "version": version,
        }
        for (partition, campaign), definition in definitions.items()
    ]

"""Live against replayed, cell by cell, as of one snapshot: what differs is kept in temporary tables and told.

A cell that is not there counts nothing, so it is the same as one of zero.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Row, Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ids import CampaignId, Partition
from reporting.storage.replayed import COUNTED, LIVE, differing, told_of

MOST_TOLD: Final = 20
"""Cells told of one table."""


class Cell(NamedTuple):
    """One figure that is not what the logs give. `key` names the row."""

    table: str
    key: dict[str, str | int]
    figure: str
    live: int | str
    replayed: int | str


class Known(NamedTuple):
    """A campaign's definition as a partition knows it; `version` is that of the commit."""

    definition_version: int
    definition: str
    version: int


class DefinitionDiffers(NamedTuple):
    """A campaign that a partition knows otherwise than the log tells it; None: not at all."""

    partition: Partition
    campaign: CampaignId
    live: Known | None
    replayed: Known | None


class Found(NamedTuple):
    """What differs: how many figures by table, some of them, and every definition."""

    figures: dict[str, int]
    cells: list[Cell]
    definitions: list[DefinitionDiffers]


def _figures(table: Table) -> list[str]:
    return [name for name in told_of(table) if not table.c[name].primary_key and name != "topic"]


def _comparing(table: Table) -> TextClause:
    key = [column.name for column in table.primary_key]
    parts = []
    for name in told_of(table):
        if name in key:
            parts.append(name)
        elif name == "topic":
            parts.append("coalesce(replayed.topic, live.topic)")
        else:
            parts.append(f"coalesce(replayed.{name}, 0) - coalesce(live.{name}, 0)")
    unequal = [f"coalesce(replayed.{n}, 0) <> coalesce(live.{n}, 0)" for n in _figures(table)]
    unequal += ["replayed.topic <> live.topic"] if "topic" in table.c else []
    return text(
        f"""
        insert into {differing(table)} ({", ".join(told_of(table))})
        select {", ".join(parts)}
        from pg_temp.{table.name} as replayed
        full join (
            select * from {LIVE}.{table.name}
            where cast(:partitions as smallint[]) is null or partition = any(:partitions)
        ) as live using ({", ".join(key)})
        where {" or ".join(unequal)}
        """  # noqa: S608 - names of ours
    )


def _telling(table: Table) -> TextClause:
    key = ", ".join(column.name for column in table.primary_key)
    each = ", ".join(f"('{n}', coalesce(live.{n}, 0), lacking.{n})" for n in _figures(table))
    topics = "lacking.topic as topic, live.topic" if "topic" in table.c else "null as topic, null"
    return text(
        f"""
        select {key}, each.figure, each.live, each.live + each.lacking as replayed, {topics} as live_topic,
               count(*) over () as figures
        from {differing(table)} as lacking
        left join {LIVE}.{table.name} as live using ({key})
        cross join lateral (values {each}) as each(figure, live, lacking)
        where each.lacking <> 0 {"or lacking.topic <> live.topic" if "topic" in table.c else ""}
        order by {key} limit {MOST_TOLD}
        """  # noqa: S608 - names of ours
    )


_EMPTY: Final = {table: text(f"truncate {differing(table)}") for table in COUNTED}
_COMPARE: Final = {table: _comparing(table) for table in COUNTED}
_TELL: Final = {table: _telling(table) for table in COUNTED}
_ANALYZE: Final = {table: text(f"analyze pg_temp.{table.name}") for table in COUNTED}
_DEFINITIONS: Final = text(
    f"""
    select partition, campaign,
           live.definition_version as live_number, live.definition as live_text, live.version as live_version,
           replayed.definition_version as number, replayed.definition as text
    from pg_temp.campaign_known as replayed
    full join (
        select * from {LIVE}.campaign_known
        where cast(:partitions as smallint[]) is null or partition = any(:partitions)
    ) as live using (partition, campaign)
    where (live.definition_version, live.definition)
        is distinct from (replayed.definition_version, replayed.definition)
    order by partition, campaign
    """  # noqa: S608 - a constant of ours
)


async def compare(connection: AsyncConnection, partitions: Collection[Partition] | None) -> Found:
    """Compare these partitions (None: everything there is) inside the caller's snapshot."""
    wanted = {"partitions": None if partitions is None else list(partitions)}
    figures: dict[str, int] = {}
    cells: list[Cell] = []
    for table in COUNTED:
        await connection.execute(_ANALYZE[table])
        await connection.execute(_EMPTY[table])
        await connection.execute(_COMPARE[table], wanted)
        rows = (await connection.execute(_TELL[table])).all()
        if rows:
            figures[table.name] = rows[0].figures
            cells += [_cell(table, row) for row in rows]
    definitions = list(_definitions((await connection.execute(_DEFINITIONS, wanted)).all()))
    if definitions:
        figures["campaign_known"] = len(definitions)
        cells += map(_of_definition, definitions[:MOST_TOLD])
    return Found(figures, cells, definitions)


def _cell(table: Table, row: Row[Any]) -> Cell:
    key = {
        column.name: value if isinstance(value := getattr(row, column.name), int) else str(value)
        for column in table.primary_key
    }
    if row.live_topic is not None and row.live_topic != row.topic:
        under = (f"{row.live} under {row.live_topic}", f"{row.replayed} under {row.topic}")
        return Cell(table.name, key, row.figure, *under)
    return Cell(table.name, key, row.figure, row.live, row.replayed)


def _definitions(rows: Collection[Row[Any]]) -> Iterator[DefinitionDiffers]:
    for row in rows:
        live = None if row.live_text is None else Known(row.live_number, row.live_text, row.live_version)
        replayed = None if row.text is None else Known(row.number, row.text, 0)
        if live is None or replayed is None or not _say_the_same(live, replayed):
            yield DefinitionDiffers(row.partition, row.campaign, live, replayed)


def _say_the_same(live: Known, replayed: Known) -> bool:
    """Texts of the same definition may differ where an older version of the service wrote one of them."""
    try:
        kept = CampaignDefinition.model_validate_json(live.definition)
    except ValidationError:
        return False
    told = CampaignDefinition.model_validate_json(replayed.definition)
    return kept == told and live.definition_version == replayed.definition_version


def _of_definition(differs: DefinitionDiffers) -> Cell:
    def told(known: Known | None) -> str:
        return "none" if known is None else f"version {known.definition_version}"

    live, replayed = told(differs.live), told(differs.replayed)
    key: dict[str, str | int] = {"partition": differs.partition, "campaign": differs.campaign}
    if live == replayed:
        live += " with another text"
    return Cell("campaign_known", key, "definition", live, replayed)

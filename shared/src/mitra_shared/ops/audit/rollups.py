"""Check of the rollups: every figure is a count made again from the logs.

Each log is counted up to where reporting stands in it. A day is a day in India.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Final

from mitra_shared.ops.audit.bounds import PLAYED, REACHED, bounds
from mitra_shared.ops.audit.fieldwork import recount_fieldwork
from mitra_shared.ops.audit.released_opinions import check_released_opinions
from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.rollup_cells import check_rollup_cells
from mitra_shared.ops.audit.scene import Scene
from mitra_shared.ops.audit.snapshots import Row
from mitra_shared.ops.audit.sources import LISTENS
from mitra_shared.ops.audit.streams_seen import places

_DAY: Final = "(log.occurred_at at time zone 'UTC' + interval '5 hours 30 minutes')::date"

_COUNTS: Final = {
    "enrolment": """
        select log.partition, said.campaign, said.segment, log.key, {day} as day, log.type, said.basis,
               said.schemes::text as schemes, count(*) as times
        from {reached}
        cross join lateral json_to_record(log.payload) as said(
            campaign text, segment text, basis text, schemes json)
        where log.type in ('MitraEnrolledV1', 'MitraCorrectedV1', 'MitraWithdrawnV1') and {played}
        group by 1, 2, 3, 4, 5, 6, 7, 8
    """,
    "opinions": """
        select log.partition, said.campaign, said.area, said.day, count(*) as times
        from {reached}
        cross join lateral json_to_record(log.payload) as said(campaign text, area text, day date)
        where {played} group by 1, 2, 3, 4
    """,
    "certificates": """
        select log.partition, said.campaign, said.segment, {day} as day, log.type, said.previous,
               count(*) as times
        from {reached}
        cross join lateral json_to_record(log.payload) as said(campaign text, segment text, previous text)
        where log.subject is not null and {played} group by 1, 2, 3, 4, 5, 6
    """,
    "custody": """
        select log.partition, said.campaign, said.segment, log.key, {day} as day, log.type, said.held_on,
               sum(coalesce(said.count, 1))::bigint as times,
               count(*) filter (where said.previous is null)::bigint as held,
               sum((said.figures ->> 'presented')::bigint
                   - coalesce((said.previous ->> 'presented')::bigint, 0))::bigint as presented,
               sum((said.figures ->> 'beneficiaries')::bigint
                   - coalesce((said.previous ->> 'beneficiaries')::bigint, 0))::bigint as beneficiaries
        from {reached}
        cross join lateral json_to_record(log.payload) as said(
            campaign text, segment text, count integer, held_on date, figures jsonb, previous jsonb)
        where log.type <> 'ProgrammeDiscussedV1' and {played} group by 1, 2, 3, 4, 5, 6, 7
    """,
}

_PLACES: Final = """
    select log.partition, said.campaign, said.area, coalesce(sum(said.by), 0)::bigint as raised,
           coalesce(sum(said.places), 0)::bigint as reserved
    from {reached}
    cross join lateral json_to_record(log.payload) as said(
        campaign text, area text, by integer, places integer)
    where log.type in ('PlacesRaisedV1', 'PlacesReservedV1') and {played}
    group by 1, 2, 3
"""

Cell = tuple[int, str, str, str, str]
"""Partition, campaign, area, day (ISO), metric."""

_COLUMNS: Final = {
    "enrolled": "enrolled",
    "withdrawn": "withdrawn",
    "basis:beneficiary": "beneficiaries",
    "basis:admirer": "admirers",
    "certificates:decided": "certificates_decided",
    "certificates:never_decided": "certificates_never_decided",
    "certificates:promoted": "certificates_promoted",
    "certificates:revoked": "certificates_revoked",
    "opinions": "opinions",
    "custody:printed": "certificates_printed",
    "custody:dispatched": "certificates_dispatched",
    "custody:handed_over": "certificates_handed_over",
    "programmes:held": "programmes_held",
    "programmes:presented": "programmes_presented",
    "programmes:beneficiaries": "programmes_beneficiaries",
    "programmes:attendance": "programmes_attendance",
    "outreach:meetings": "meetings_held",
    "outreach:people_met": "people_met",
}
"""Column of `rollup_total` for each metric of `rollup_day`; schemes, topics and contacts have none."""


async def check_rollups(scene: Scene, check: Check) -> None:
    """Daily counts, totals and known definitions, leaf by leaf."""
    days: Counter[Cell] = Counter()
    for topic in LISTENS["reporting"]:
        of_topic = await _recount(scene, topic)
        check.numbers["daily counts"] += len(of_topic)
        days.update(of_topic)
    days.update(await recount_fieldwork(scene))
    await _compare_days(scene, check, days)
    totals: Counter[tuple[int, str, str, str]] = Counter()
    for (partition, campaign, area, _, metric), count in days.items():
        if metric in _COLUMNS:
            totals[partition, campaign, area, metric] += count
    await _compare_totals(scene, check, totals)
    await _compare_places(scene, check)
    await check_rollup_cells(scene, check)
    await check_released_opinions(scene, check)
    await _compare_definitions(scene, check)


async def _recount(scene: Scene, topic: str) -> Counter[Cell]:
    query = _COUNTS[topic].format(reached=REACHED.format(topic=topic), played=PLAYED, day=_DAY)
    days: Counter[Cell] = Counter()
    async for page in scene.keeper(topic).pages(query, *bounds(scene, topic)):
        for row in page:
            for area, day, metric, times in _counted(topic, row):
                days[row["partition"], row["campaign"], area, day.isoformat(), metric] += times
    return days


_PAPERS: Final = {
    "CertificatesPrintedV1": "custody:printed",
    "CertificatesDispatchedV1": "custody:dispatched",
    "CertificateHandedOverV1": "custody:handed_over",
}


def _counted(topic: str, row: Row) -> Iterator[tuple[str, date, str, int]]:
    """Area, day and metric of each count that entries add to, and how much."""
    if topic == "opinions":
        yield row["area"], row["day"], "opinions", row["times"]
        return
    if topic == "custody":
        if row["type"] in _PAPERS:
            yield row["segment"], row["day"], _PAPERS[row["type"]], row["times"]
        else:
            for figure in ("held", "presented", "beneficiaries"):
                yield row["key"], row["held_on"], f"programmes:{figure}", row[figure]
        return
    for area, metric in _of_people(row):
        yield area, row["day"], metric, row["times"]


def _of_people(row: Row) -> Iterator[tuple[str, str]]:
    segment = row["segment"]
    match row["type"]:
        case "MitraEnrolledV1":
            yield segment, "enrolled"
            yield segment, f"basis:{row['basis']}"
            for scheme in json.loads(row["schemes"]):
                yield row["key"], f"scheme:{scheme}"
        case "MitraCorrectedV1" if row["schemes"] is not None:
            corrected = json.loads(row["schemes"])
            now, before = set(corrected["schemes"]), set(corrected["previous"])
            yield from ((row["key"], f"scheme_added:{scheme}") for scheme in now - before)
            yield from ((row["key"], f"scheme_removed:{scheme}") for scheme in before - now)
        case "MitraWithdrawnV1":
            yield segment, "withdrawn"
        case "CertificateRevokedV1":
            yield segment, "certificates:revoked"
            if row["previous"] == "held":
                yield segment, "certificates:never_decided"
        case "CertificateIssuedV1" if row["previous"] == "waitlisted":
            yield segment, "certificates:promoted"
        case "CertificateIssuedV1" | "CertificateWaitlistedV1":
            yield segment, "certificates:decided"


async def _compare_days(scene: Scene, check: Check, expected: Counter[Cell]) -> None:
    found: dict[Cell, int] = {}
    async for page in scene.reporting.pages(
        "select partition, campaign, area, day::text, metric, count, topic from rollup_day"
    ):
        for *cell, count, topic in page:
            found[tuple(cell)] = count
            if topic != _topic(cell[4]):
                check.wrong(
                    "a daily count stands under another topic than its own", f"{cell[4]} under {topic}"
                )
    for cell in expected.keys() | found.keys():
        if expected[cell] != found.get(cell, 0):
            partition, campaign, area, day, metric = cell
            check.wrong(
                "a daily count is not that of the logs",
                f"{metric} of {area} on {day} ({campaign}, partition {partition}): {found.get(cell, 0)} "
                f"instead of {expected[cell]}",
            )


def _topic(metric: str) -> str:
    """The topic whose partitions a metric is forgotten with."""
    if metric.startswith("certificates:"):
        return "certificates"
    if metric.startswith(("custody:", "programmes:", "topic:")):
        return "custody"
    return "opinions" if metric == "opinions" else "enrolment"


async def _compare_totals(scene: Scene, check: Check, expected: Counter[tuple[int, str, str, str]]) -> None:
    found: dict[tuple[int, str, str, str], int] = {}
    for row in await scene.reporting.rows("select * from rollup_total"):
        for metric, column in _COLUMNS.items():
            found[row["partition"], row["campaign"], row["area"], metric] = row[column]
            check.numbers[column.replace("_", " ")] += row[column]
    for cell in expected.keys() | found.keys():
        if expected[cell] != found.get(cell, 0):
            partition, campaign, area, metric = cell
            check.wrong(
                "a total is not that of the logs",
                f"{metric} of {area} ({campaign}, partition {partition}): {found.get(cell, 0)} "
                f"instead of {expected[cell]}",
            )


async def _compare_places(scene: Scene, check: Check) -> None:
    query = _PLACES.format(reached=REACHED.format(topic="certificates"), played=PLAYED)
    told = await scene.certificates.rows(query, *bounds(scene, "certificates"))
    kept = await scene.reporting.rows("select partition, campaign, area, raised, reserved from places_beside")
    expected, found = ({tuple(row)[:3]: tuple(row)[3:] for row in rows} for rows in (told, kept))
    for place in expected.keys() | found.keys():
        if expected.get(place, (0, 0)) != found.get(place, (0, 0)):
            partition, campaign, area = place
            check.wrong(
                "the places beside a quota are not those of the log",
                f"{area} ({campaign}, partition {partition}): {found.get(place)}, not {expected.get(place)}",
            )


_NEWEST: Final = """
    select distinct on (log.partition, said.campaign) log.partition, said.campaign,
           md5((said.definition::jsonb)::text) as digest
    from enrolment_log as log
    join unnest($1::smallint[], $2::bigint[]) as reached(partition, position)
      on reached.partition = log.partition and log.position <= reached.position
    cross join lateral json_to_record(log.payload) as said(campaign text, definition json)
    where log.type = 'CampaignDefinedV1'
    order by log.partition, said.campaign, (said.definition ->> 'version')::integer desc
"""


async def _compare_definitions(scene: Scene, check: Check) -> None:
    away = {(letter.partition, letter.position) for letter in scene.put_away("reporting", "enrolment")}
    reached = [(p, scene.position("reporting", (topic, p))) for topic, p in places(["enrolment"])]
    told = await scene.enrolment.rows(_NEWEST, *zip(*reached, strict=True))
    known = await scene.reporting.rows(
        "select partition, campaign, md5((definition::jsonb)::text) as digest from campaign_known"
    )
    expected, found = ({(row[0], row[1]): row[2] for row in rows} for rows in (told, known))
    for partition, campaign in expected.keys() | found.keys():
        if expected.get((partition, campaign)) != found.get((partition, campaign)) and not away:
            check.wrong(
                "reporting knows another definition than the log's newest",
                f"{campaign}, partition {partition}",
            )

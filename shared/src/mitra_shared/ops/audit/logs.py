"""Checks of the logs by themselves: dense, in order, and each entry at one with itself."""

from zlib import crc32

from mitra_shared.contracts.topics import PARTITIONS
from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import NO_HEAD, Scene
from mitra_shared.ops.audit.sources import LOGS
from mitra_shared.ops.audit.streams_seen import key_of, places

_DENSE = """
    with ordered as (
        select partition, position, epoch, lag(position, 1, 0::bigint) over log as position_before,
               lag(epoch) over log as epoch_before
        from {topic}_log window log as (partition by partition order by position)
    )
    select partition, count(*) as entries, max(position) as last, max(epoch) as epoch,
           count(*) filter (where position <> position_before + 1) as gaps,
           min(position) filter (where position <> position_before + 1) as first_gap,
           count(*) filter (where epoch < epoch_before) as falls,
           min(position) filter (where epoch < epoch_before) as first_fall
    from ordered group by partition
"""

_TWICE = """
    select 'an event stands in a log twice' as what,
           format('%s, first at {topic}.{{%s}} %s', event_id, min(partition), min(position)) as place
    from {topic}_log where type <> 'CampaignDefinedV1' group by event_id having count(*) > 1
"""

_CONTRADICTIONS = """
    select 'columns and payload of an entry contradict each other' as what,
           format('{topic}.{{%s}} at %s: %s', partition, position, concat_ws(', ',
               case when told.type is distinct from log.type then 'type' end,
               case when told.event_id is distinct from log.event_id then 'event_id' end,
               case when told.key is distinct from log.key then 'key' end,
               case when told.mitra_id is distinct from log.subject then 'subject' end,
               case when told.at is distinct from log.occurred_at then 'occurred_at' end)) as place
    from {topic}_log as log
    cross join lateral (
        select type, event_id, coalesce(constituency, staff) as key, mitra_id,
               coalesce(occurred_at, day::timestamp at time zone 'UTC') as at
        from json_to_record(log.payload) as said(
            type text, event_id uuid, constituency text, staff text, mitra_id uuid, occurred_at timestamptz,
            day date)
    ) as told
    where (told.type, told.event_id, told.key, told.mitra_id, told.at) is distinct from
          (log.type, log.event_id, log.key, log.subject, log.occurred_at)
"""

_KEYS = "select partition, key, count(*) as entries from {topic}_log where key is not null group by 1, 2"


async def check_logs(scene: Scene, check: Check) -> None:
    """Positions are dense from 1 to the head, epochs never fall, and no event stands twice."""
    for topic in LOGS:
        keeper = scene.keeper(topic)
        found = {row["partition"]: row for row in await keeper.rows(_DENSE.format(topic=topic))}
        for place in places([topic]):
            name, head, row = key_of(place), scene.heads[place], found.get(place[1])
            if head is NO_HEAD:
                check.wrong("a partition has no head", name)
                continue
            last = row["last"] if row else 0
            if last != head.position:
                check.wrong(
                    "a head is not at the end of its log",
                    f"{name}: head at {head.position}, last entry at {last}",
                )
            if row is None:
                continue
            check.numbers[f"entries of {topic}"] += row["entries"]
            if row["gaps"]:
                check.wrong("a log has gaps", f"{name} before {row['first_gap']}", times=row["gaps"])
            if row["falls"]:
                check.wrong("an epoch falls", f"{name} at {row['first_fall']}", times=row["falls"])
            if row["epoch"] > head.epoch:
                check.wrong(
                    "an entry is of a later epoch than its head",
                    f"{name}: epoch {row['epoch']}, head {head.epoch}",
                )
        check.wrong_rows(await keeper.rows(counted(_TWICE.format(topic=topic))))


async def check_entries(scene: Scene, check: Check) -> None:
    """Columns and payload of every entry agree, and its key belongs to its partition."""
    for topic in LOGS:
        keeper = scene.keeper(topic)
        check.wrong_rows(await keeper.rows(counted(_CONTRADICTIONS.format(topic=topic))))
        for row in await keeper.rows(_KEYS.format(topic=topic)):
            check.numbers[f"keys of {topic}"] += 1
            if crc32(row["key"].encode()) % PARTITIONS != row["partition"]:
                check.wrong(
                    "entries stand in another partition than that of their key",
                    f"{row['key']} in {key_of((topic, row['partition']))}",
                    times=row["entries"],
                )


_DEFINITIONS = """
    select event_id, partition, position, payload ->> 'campaign' as campaign,
           (payload -> 'definition' ->> 'version')::integer as version, md5(payload::text) as digest
    from enrolment_log where type = 'CampaignDefinedV1' order by partition, position
"""

_CAMPAIGNS = """
    select coalesce(told.campaign, kept.id) as campaign, coalesce(told.version, kept.version) as version,
           told.campaign is not null as is_told, kept.id is not null as is_kept,
           told.definition::jsonb = kept.definition::jsonb as is_same,
           kept.current is not distinct from
               (kept.version = max(kept.version) over (partition by kept.id)) as is_newest_in_force
    from (
        select payload ->> 'campaign' as campaign, payload -> 'definition' as definition,
               (payload -> 'definition' ->> 'version')::integer as version
        from enrolment_log where type = 'CampaignDefinedV1' and partition = 0
    ) as told
    full join campaign as kept on kept.id = told.campaign and kept.version = told.version
"""


async def check_definitions(scene: Scene, check: Check) -> None:
    """Every partition was told the same definitions in the same order, the ones that intake works by."""
    await _compare_partitions(scene, check)
    for row in await scene.enrolment.rows(_CAMPAIGNS):
        where = f"{row['campaign']} version {row['version']}"
        if not row["is_told"]:
            check.wrong("a definition is not in the log", where)
        elif not row["is_kept"]:
            check.wrong("a definition in the log is not one of enrolment's", where)
        elif not row["is_same"]:
            check.wrong("a definition in the log differs from enrolment's", where)
        elif not row["is_newest_in_force"]:
            check.wrong("another version than the newest is in force", where)


async def _compare_partitions(scene: Scene, check: Check) -> None:
    orders: dict[int, list[tuple[str, str]]] = {partition: [] for partition in range(PARTITIONS)}
    versions: dict[tuple[int, str], int] = {}
    for row in await scene.enrolment.rows(_DEFINITIONS):
        partition, campaign, version = row["partition"], row["campaign"], row["version"]
        orders[partition].append((str(row["event_id"]), row["digest"]))
        where = f"{campaign} version {version} at {row['position']} of partition {partition}"
        if version is None:
            check.wrong("a definition has no version", where)
        elif version <= versions.get((partition, campaign), 0):
            check.wrong("a campaign's version does not rise", where)
        versions[partition, campaign] = version or 0
    check.numbers["definitions"] = len(orders[0])
    for partition, order in orders.items():
        if order != orders[0]:
            check.wrong(
                "a partition was told other definitions than the first, or in another order",
                f"partition {partition}: {len(order)}, the first {len(orders[0])}",
            )

"""Checks of the certificates: rows, log and quotas are what the enrolment log leads to.

Partition by partition, so that memory is bounded by the largest one.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from mitra_shared.contracts.topics import PARTITIONS
from mitra_shared.ops.audit.certificate_walk import Ledgers, walk_partition
from mitra_shared.ops.audit.desk_rows import compare_desk
from mitra_shared.ops.audit.issuing import Ledger, Paper
from mitra_shared.ops.audit.lost_numbers import note_lost_numbers
from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene
from mitra_shared.ops.audit.snapshots import Row

_ROWS: Final = """
    select mitra_id, campaign, id, constituency, segment, enrolled_at, enrolled_position, state,
           queue_position, serial, issued_at, revoked_at, revision, language, pool, holder_name
    from certificate where partition = $1
"""

_FIELDS: Final = (
    "mitra_id", "constituency", "segment", "enrolled_at", "enrolled_position", "state", "queue_position",
    "serial", "issued_at", "revoked_at", "revision", "language",
)  # fmt: skip
"""Columns in the order of `Paper`."""


async def check_certificates(scene: Scene, certificates: Check, quotas: Check) -> None:
    """Recompute all certificates from the enrolment log and compare."""
    for partition in range(PARTITIONS):
        ledgers, ids = await walk_partition(scene, partition, certificates, quotas)
        await _compare_rows(scene, partition, certificates, ledgers, ids)
        await _compare_terms(scene, partition, certificates, ledgers)
        await _compare_pools(scene, partition, quotas, ledgers)
        await compare_desk(scene, partition, certificates, quotas, ledgers)


async def _compare_rows(
    scene: Scene, partition: int, check: Check, ledgers: Ledgers, ids: Mapping[UUID, UUID]
) -> None:
    missing: dict[str, dict[UUID, Paper]] = {
        campaign: dict(ledger.papers) for campaign, ledger in ledgers.items()
    }
    async for page in scene.certificates.pages(_ROWS, partition):
        for row in page:
            mitra, campaign, certificate = row[0], row[1], row[2]
            check.numbers["certificates"] += 1
            paper = missing.get(campaign, {}).pop(mitra, None)
            if paper is None:
                check.wrong(
                    "a certificate is of nobody enrolled up to there",
                    f"Mitra {mitra}, {row['state']}, partition {partition}",
                )
                continue
            if ids.get(mitra, certificate) != certificate:
                check.wrong("a certificate has another id than in its log", f"Mitra {mitra}: {certificate}")
            differing = _differing(paper, row, ledgers[campaign])
            if differing:
                check.wrong("a certificate is not what follows from the log", f"Mitra {mitra}: {differing}")
            if paper.name not in {None, row["holder_name"]}:
                check.wrong("a certificate has not the name that was told last", f"Mitra {mitra}")
    for papers in missing.values():
        for paper in papers.values():
            check.wrong(
                "a Mitra has no certificate",
                f"Mitra {paper.mitra}, enrolled at {paper.enrolled_position} of partition {partition}",
            )


def _differing(paper: Paper, row: Row, ledger: Ledger) -> str:
    expected = (
        paper.constituency, paper.segment, paper.enrolled_at, paper.enrolled_position, paper.state,
        paper.turn, paper.serial, paper.issued_at, paper.revoked_at, paper.revision, paper.language,
    )  # fmt: skip
    if expected == row[3:14] and row["pool"] == ledger.pool(paper.segment):
        return ""
    found = [*zip(_FIELDS[1:], expected, row[3:14], strict=True)]
    found.append(("pool", ledger.pool(paper.segment), row["pool"]))
    return ", ".join(f"{name} {have} instead of {want}" for name, want, have in found if want != have)


async def _compare_terms(scene: Scene, partition: int, check: Check, ledgers: Ledgers) -> None:
    rows = await scene.certificates.rows(
        "select campaign, version, issue_on, frozen, level from campaign where partition = $1", partition
    )
    known = {row["campaign"]: tuple(row)[1:] for row in rows}
    expected = {
        campaign: (ledger.version, ledger.issue_on, ledger.frozen, ledger.level)
        for campaign, ledger in ledgers.items()
        if ledger.version
    }
    for campaign in expected.keys() | known.keys():
        if expected.get(campaign) != known.get(campaign):
            check.wrong(
                "the terms in force are not those of the log",
                f"{campaign}, partition {partition}: {known.get(campaign)}, not {expected.get(campaign)}",
            )
    rows = await scene.certificates.rows(
        "select campaign, segment, constituency, pool from segment where partition = $1", partition
    )
    drawn = {(row["campaign"], row["segment"]): (row["constituency"], row["pool"]) for row in rows}
    wanted = {
        (campaign, segment): (home, ledger.pool(segment))
        for campaign, ledger in ledgers.items()
        for segment, home in ledger.homes.items()
    }
    for campaign, segment in dict.fromkeys([*wanted, *drawn]):
        if wanted.get((campaign, segment)) != drawn.get((campaign, segment)):
            check.wrong("a segment does not draw on the pool that the log says", f"{segment} of {campaign}")


_POOLS: Final = """
    select campaign, area, pool.quota, pool.taken, pool.ceiling, coalesce(valid.certificates, 0) as valid
    from (select campaign, area, quota, taken, ceiling from pool where partition = $1) as pool
    full join (
        select campaign, pool as area, count(*)::integer as certificates from certificate
        where partition = $1 and state = 'issued' group by campaign, pool
    ) as valid using (campaign, area)
"""


async def _compare_pools(scene: Scene, partition: int, check: Check, ledgers: Ledgers) -> None:
    wanted = Counter(
        {
            (campaign, pool): ledger.in_force(pool)
            for campaign, ledger in ledgers.items()
            for pool in ledger.pools
        }
    )
    for row in await scene.certificates.rows(_POOLS, partition):
        campaign, area, quota, taken, ceiling, valid = row
        known = (campaign, area) in wanted
        expected = wanted.pop((campaign, area), 0)
        check.numbers["pools"] += 1
        if quota is None or not known:
            check.wrong("certificates stand in a pool that there is not", f"{area} of {campaign}: {valid}")
            continue
        if quota != expected:
            check.wrong(
                "a pool has another quota than the log says", f"{area}: {quota} instead of {expected}"
            )
        if taken != valid:
            check.wrong("a pool does not count its valid certificates", f"{area}: {taken}, there are {valid}")
        # Lowering a quota revokes nothing: the ledger knows how many may stand.
        allowed = max(expected, ledgers[campaign].taken[area])
        if valid > allowed:
            check.wrong("more certificates are valid than the quota allows", f"{area}: {valid} of {allowed}")
        if ceiling < quota:
            check.wrong("the guard of a pool is below its quota", f"{area}: {ceiling}, quota {quota}")
    for campaign, area in wanted:
        check.wrong("a pool is missing", f"{area} of {campaign}")


_ROWS_AND_LOG: Final = """
    with told as (
        select distinct on (log.subject) log.subject, log.partition, log.position, log.type, log.occurred_at,
               said.*
        from certificates_log as log
        cross join lateral json_to_record(log.payload) as said(
            campaign text, certificate_id uuid, constituency text, segment text, serial integer,
            revision integer)
        where log.subject is not null
        order by log.subject, log.partition, log.position desc
    )
    select case when kept.id is null then 'the log tells of a certificate that there is not'
                when told.subject is null then 'a certificate is not in its log'
                else 'a certificate differs from the last its log tells of it' end as what,
           format('Mitra %s, partition %s at %s', coalesce(kept.mitra_id, told.subject),
                  coalesce(told.partition, kept.partition), coalesce(told.position::text, 'no position'))
               as place
    from told full join certificate as kept on kept.mitra_id = told.subject
    where kept.id is null or (told.subject is null and kept.state <> 'held')
       or (told.subject is not null
           and (kept.id, kept.partition, kept.campaign, kept.constituency, kept.segment, kept.serial,
                kept.state, kept.revision,
                case told.type when 'CertificateIssuedV1' then kept.issued_at
                    when 'CertificateRevokedV1' then kept.revoked_at else told.occurred_at end)
               is distinct from
               (told.certificate_id, told.partition, told.campaign, told.constituency, told.segment,
                told.serial,
                case told.type when 'CertificateWaitlistedV1' then 'waitlisted'
                    when 'CertificateRevokedV1' then 'revoked' else 'issued' end,
                coalesce(told.revision, kept.revision), told.occurred_at))
"""

_SERIALS: Final = """
    select 'the serial numbers of a segment have gaps' as what,
           format('%s: %s numbers, the highest is %s', segment, count(serial), max(serial)) as place
    from (select campaign, segment, serial from certificate where serial is not null
          union all select campaign, segment, serial from void_number) as given
    group by campaign, segment
    having count(distinct serial) <> max(serial) or count(serial) <> max(serial)
"""


async def check_certificate_log(scene: Scene, check: Check) -> None:
    """Rows and certificates log say the same, serial numbers have no gaps; lost ones are noted."""
    for query in (_ROWS_AND_LOG, _SERIALS):
        check.wrong_rows(await scene.certificates.rows(counted(query)))
    await note_lost_numbers(scene, check)

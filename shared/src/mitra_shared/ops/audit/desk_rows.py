"""Check of what the quota desk left behind: places beside the quotas, and numbers that are void for ever."""

from collections.abc import Mapping
from typing import Any, Final

from mitra_shared.ops.audit.issuing import Ledger
from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.scene import Scene

_PLACES: Final = "select campaign, area, raised, reserved from pool where partition = $1"
_KEPT: Final = "select campaign, area, programme, places from reservation where partition = $1"
_VOIDS: Final = """
    select void.campaign, void.segment, void.serial, c.mitra_id
    from void_number as void left join certificate as c on c.id = void.certificate_id
    where void.partition = $1
"""


async def compare_desk(
    scene: Scene, partition: int, certificates: Check, quotas: Check, ledgers: Mapping[str, Ledger]
) -> None:
    """Hold the rows of a partition against the ledgers of its campaigns."""
    found: dict[Any, Any] = {}
    for campaign, area, raised, reserved in await scene.certificates.rows(_PLACES, partition):
        found[campaign, area] = (raised, reserved)
    wanted: dict[Any, Any] = {
        (campaign, pool): (ledger.raised[pool], ledger.kept(pool))
        for campaign, ledger in ledgers.items()
        for pool in ledger.pools
    }
    for key in wanted.keys() & found.keys():
        if wanted[key] != found[key]:
            quotas.wrong(
                "a pool has other places than the desk gave it",
                f"{key[1]} of {key[0]}: raised and reserved are {found[key]}, not {wanted[key]}",
            )
    kept = {tuple(row)[:3]: row[3] for row in await scene.certificates.rows(_KEPT, partition)}
    expected = {
        (campaign, area, programme): places
        for campaign, ledger in ledgers.items()
        for (area, programme), places in ledger.reserved.items()
        if places
    }
    for key in kept.keys() | expected.keys():
        if kept.get(key) != expected.get(key):
            quotas.wrong(
                "a programme has other places than the desk keeps for it",
                f"{key[1]} of {key[0]}, programme {key[2]}: {kept.get(key, 0)}, not {expected.get(key, 0)}",
            )
    void = {tuple(row)[:3]: row[3] for row in await scene.certificates.rows(_VOIDS, partition)}
    spoiled = {
        (campaign, *number): mitra
        for campaign, ledger in ledgers.items()
        for number, mitra in ledger.voids.items()
    }
    for key in void.keys() | spoiled.keys():
        if void.get(key) != spoiled.get(key):
            certificates.wrong(
                "the void numbers are not those that the desk replaced", f"{key[1]} of {key[0]}: {key[2]}"
            )

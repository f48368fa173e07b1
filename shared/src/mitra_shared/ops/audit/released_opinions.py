"""Check of the releases of opinions: nothing of too few, nothing twice, nothing made up."""

from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene

_WRONG: Final = """
    select 'a block of answers is of too few' as what,
           format('%s of %s in %s, release %s: %s', question, round, area, release, counted) as place
    from opinion_block where answer = '' and counted < 10
    union all
    select 'a shown count is not a rounded one',
           format('%s of %s in %s, release %s', question, round, area, release)
    from opinion_block where abs(shown - counted) > 2 or shown % 3 <> 0
    union all
    select 'a block lacks the number of those who answered',
           format('%s of %s in %s, release %s', question, round, area, release)
    from opinion_block group by campaign, round, area, question, release
    having count(*) filter (where answer = '') <> 1
    union all
    select 'releases are not numbered from 1 without gaps', format('%s of %s', round, campaign)
    from opinion_release group by campaign, round having max(number) <> count(*)
    union all
    select 'a round was released after its closing release', format('%s of %s', round, campaign)
    from opinion_release group by campaign, round
    having bool_or(closing) and max(number) filter (where closing) < max(number)
"""

_MORE_THAN_COUNTED: Final = """
    select 'more answers were released than were counted' as what,
           format('%s to %s of %s (%s): %s of %s', answer, question, round, campaign, released, counted)
               as place
    from (
        select campaign, round, question, answer, sum(released) as released, sum(counted) as counted
        from (
            select campaign, round, question, answer, counted as released, 0 as counted from opinion_block
            union all
            select campaign, round, question, answer, 0, count from rollup_answer
        ) as both_ways
        group by campaign, round, question, answer
    ) as sums
    where released > counted
"""


async def check_released_opinions(scene: Scene, check: Check) -> None:
    """Every block, and all of them together against what was counted.

    After a log was put back to an earlier point more may have been released than is counted now: no
    release is ever taken back. Restarts of the group tell of that.
    """
    (row,) = await scene.reporting.rows(
        "select count(distinct (campaign, round, area, question, release)) as blocks from opinion_block"
    )
    check.numbers["blocks of opinions"] += row["blocks"]
    check.wrong_rows(await scene.reporting.rows(counted(_WRONG)))
    (restarted,) = await scene.reporting.rows("select count(*) as times from consumer_restart")
    if not restarted["times"]:
        check.wrong_rows(await scene.reporting.rows(counted(_MORE_THAN_COUNTED)))

"""How far the audit counts the logs again for reporting: to its positions, without what it has put away."""

from typing import Final

from mitra_shared.ops.audit.scene import Scene
from mitra_shared.ops.audit.streams_seen import places

REACHED: Final = """
    {topic}_log as log
    join unnest($1::smallint[], $2::bigint[]) as reached(partition, position)
      on reached.partition = log.partition and log.position <= reached.position
"""

PLAYED: Final = """
    not exists (select from unnest($3::smallint[], $4::bigint[]) as away(partition, position)
                where away.partition = log.partition and away.position = log.position)
"""


def bounds(scene: Scene, topic: str) -> tuple[list[int], ...]:
    """Where reporting stands in a topic, and what it has put away of it: the parameters of both."""
    reached = [
        (partition, scene.position("reporting", (topic, partition))) for _, partition in places([topic])
    ]
    away = [(letter.partition, letter.position) for letter in scene.put_away("reporting", topic)]
    return (
        *([*column] for column in zip(*reached, strict=True)),
        [partition for partition, _ in away],
        [position for _, position in away],
    )

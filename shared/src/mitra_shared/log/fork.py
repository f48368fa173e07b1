"""Forks: a database restored to an earlier point continues on another branch, under a higher epoch."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import Epoch, Partition, Position
from mitra_shared.log.unit_of_work import UnitOfWork


async def declare_fork(
    connection: AsyncConnection, topic: Topic, partition: Partition, *, fork: Position, seen: Epoch
) -> Epoch:
    """Begin a new epoch after position `fork`, unless the log is already beyond the epoch `seen` elsewhere.

    Entries that were appended on the new branch before anybody noticed move to the new epoch, and the floor
    falls to the fork. Must run inside a transaction that the caller commits.

    Returns:
        The epoch now in force: one more than the highest that the log and `seen` know.
    """
    name = topic.name
    current: Epoch = (
        await connection.execute(
            text(f"select epoch from {name}_head where partition = :partition for update"),  # noqa: S608
            {"partition": partition},
        )
    ).scalar_one()
    if current > seen:
        return current
    epoch = Epoch(max(current, seen) + 1)
    await connection.execute(
        text(
            f"update {name}_head set epoch = :epoch, floor = least(floor, :fork)"  # noqa: S608
            " where partition = :partition"
        ),
        {"epoch": epoch, "fork": fork, "partition": partition},
    )
    await connection.execute(
        text(
            f"update {name}_log set epoch = :epoch"  # noqa: S608 - a topic's name is ours
            " where partition = :partition and position > :fork"
        ),
        {"epoch": epoch, "fork": fork, "partition": partition},
    )
    return epoch


async def reset_log_partition(unit: UnitOfWork, topic: Topic, partition: Partition) -> None:
    """Empty one partition of a service's own log and begin a new epoch, because its source is replayed.

    Consumers of this log find that their place is on a lost branch and start again too.
    """
    name = topic.name
    await unit.connection.execute(
        text(
            f"update {name}_head set position = 0, floor = 0, epoch = epoch + 1"  # noqa: S608
            " where partition = :partition"
        ),
        {"partition": partition},
    )
    await unit.connection.execute(
        text(f"delete from {name}_log where partition = :partition"),  # noqa: S608 - a topic's name is ours
        {"partition": partition},
    )

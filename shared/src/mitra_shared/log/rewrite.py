"""Entries that were changed: only an erasure does it, and the streams that carry them are written anew.

The log's heads hold a random word for the state of each partition's entries. A relay writes it beside the
stream in the same step in which it begins the stream again, and appends only to a stream that stands under
the word it knows. So a stream that stands under the word of the head holds nothing from before.
"""

from collections.abc import Collection
from typing import NamedTuple

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import Partition
from mitra_shared.streams import values_of


def word_key(stream: str) -> str:
    """The Redis key beside a stream that says from which state of the log the stream was written."""
    return f"{stream}.written"


async def ask_for_rewrite(
    connection: AsyncConnection, topic: Topic, partitions: Collection[Partition]
) -> None:
    """Have the streams of these partitions written anew, in the transaction that changes their entries.

    Their heads must be locked, as an append leaves them.
    """
    await connection.execute(
        text(
            f"update {topic.name}_head set rewrite = gen_random_uuid()"  # noqa: S608 - a topic's name is ours
            " where partition = any(:partitions)"
        ),
        {"partitions": list(partitions)},
    )


class Words(NamedTuple):
    """The word of a head, and the one that its stream stands under."""

    asked: str
    written: str

    @property
    def is_written(self) -> bool:
        """Whether nothing is left in the stream of what stood in the log before."""
        return self.asked == self.written


async def words_of(redis: Redis, topic: Topic, asked: dict[Partition, str]) -> dict[Partition, Words]:
    """The words of these heads beside those of their streams, in one round trip."""
    if not asked:
        return {}
    written = await values_of(redis, [word_key(topic.stream(partition)) for partition in asked])
    return {
        partition: Words(word, found or "")
        for (partition, word), found in zip(asked.items(), written, strict=True)
    }

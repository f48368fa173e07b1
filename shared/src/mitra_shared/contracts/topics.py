"""Topics: a partitioned log and the Redis streams that carry it."""

from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from mitra_shared.ids import Partition

PARTITIONS = 16
"""Partitions of every log; fixed for the life of a log, and the bound on consumers of a group."""


def partition_of(key: str) -> Partition:
    """The partition of a key (a constituency, a member of staff): `crc32(key) % 16`, in every service."""
    return Partition(crc32(key.encode()) % PARTITIONS)


def all_partitions() -> Iterator[Partition]:
    """Every partition, in the order in which locks on them are taken."""
    return map(Partition, range(PARTITIONS))


@dataclass(frozen=True, slots=True)
class Topic:
    """A named log. Its stream keys are `name.{partition}`; the braces are a Redis Cluster hash tag."""

    name: str
    traced: bool = True
    """Whether entries may carry a trace context; never for opinions."""

    def stream(self, partition: Partition) -> str:
        """Redis key of one partition, e.g. `enrolment.{3}`."""
        return f"{self.name}.{{{partition}}}"

    @property
    def stream_pattern(self) -> str:
        """The address of all partitions in the AsyncAPI document, e.g. `enrolment.{partition}`."""
        return f"{self.name}.{{partition}}"


ENROLMENT = Topic("enrolment")
OPINIONS = Topic("opinions", traced=False)
CERTIFICATES = Topic("certificates")
CUSTODY = Topic("custody")
"""Where printed certificates are, and programmes at which they are handed over: counts, never a person."""
STAFF = Topic("staff")
"""Who of the staff may still call, by person: the one log whose key is no constituency."""
TOPICS = {topic.name: topic for topic in (ENROLMENT, OPINIONS, STAFF, CERTIFICATES, CUSTODY)}

ROLLUPS_STREAM = "rollups"
"""The cache stream for machine subscribers; not a log (see `mitra_shared.contracts.rollups`)."""

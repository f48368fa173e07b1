"""The AsyncAPI 3.0 document of all streams, generated from the contracts.

`python -m mitra_shared.contracts.asyncapi` writes it to `docs/asyncapi.yaml`.

The broker here publishes nothing: it is declared so that FastStream describes what the relays and the
reporting service put into Redis.
"""

import sys
from pathlib import Path
from typing import Any, Final

import yaml
from faststream.redis import RedisBroker, StreamSub
from faststream.specification import AsyncAPI

from mitra_shared.contracts.events import (
    CertificateLogEvent,
    CustodyLogEvent,
    EnrolmentEvent,
    OpinionEvent,
    StaffLogEvent,
)
from mitra_shared.contracts.rollups import RollupV1
from mitra_shared.contracts.topics import (
    CERTIFICATES,
    CUSTODY,
    ENROLMENT,
    OPINIONS,
    PARTITIONS,
    ROLLUPS_STREAM,
    STAFF,
)

VERSION: Final = "1.0.0"
DOCUMENT: Final = Path("docs/asyncapi.yaml")

DESCRIPTION: Final = f"""\
Mitra's services publish and consume events over Redis streams.

**Logs** (`enrolment`, `opinions`, `staff`, `certificates`, `custody`) have {PARTITIONS} partitions, one
stream each, named `topic.{{partition}}` with the braces in the name (a Redis Cluster hash tag). The partition
is `crc32(key) % {PARTITIONS}`, the key a constituency, or of `staff` the id of a person. Entry ids are
`<epoch>-<position>`: positions are dense, so a reader that sees a gap must stop and read again; a higher
epoch continues a log whose database was restored to an earlier point. Each entry has the fields `__data__`
(FastStream's binary message around the JSON below), `id` (event id), `type`, `key` and `prev` (event id of
the entry before). The streams are copies of a log in Postgres and may be emptied and filled again; they are
for service accounts only.

**`rollups`** is a cache, not a log, and the one stream that outside subscribers may read: the newest counts
of every area, with flat fields for plain `XREAD` and `__data__` for FastStream.
"""

_STREAMS: Final[tuple[tuple[str, str, Any, str], ...]] = (
    (
        ENROLMENT.name,
        ENROLMENT.stream_pattern,
        EnrolmentEvent,
        "People enrolled, withdrawn and cleared; campaign definitions, in every partition at once.",
    ),
    (
        OPINIONS.name,
        OPINIONS.stream_pattern,
        OpinionEvent,
        "Anonymous answer sheets in random order, without trace context or any time finer than a day.",
    ),
    (
        STAFF.name,
        STAFF.stream_pattern,
        StaffLogEvent,
        "Whose tokens count among the staff: the last entry of a person says all of it. Names are sealed.",
    ),
    (
        CERTIFICATES.name,
        CERTIFICATES.stream_pattern,
        CertificateLogEvent,
        "What became of each certificate, in the order of its segment's serial numbers, and of the places.",
    ),
    (
        CUSTODY.name,
        CUSTODY.stream_pattern,
        CustodyLogEvent,
        "Where printed certificates are, and the programmes at which they are handed over. No person.",
    ),
    (
        ROLLUPS_STREAM,
        ROLLUPS_STREAM,
        RollupV1,
        "The newest counts of an area against its target and quota; a later entry replaces earlier ones.",
    ),
)


def document() -> str:
    """The document as YAML, the same for the same contracts."""
    broker = RedisBroker()
    for title, stream, schema, description in _STREAMS:
        broker.publisher(stream=StreamSub(stream), title=title, description=description, schema=schema)
    specification = AsyncAPI(broker, title="Mitra's streams", version=VERSION, description=DESCRIPTION)
    described = specification.to_specification().to_jsonable()
    for part in (described, described["components"]):
        for name in ("channels", "operations", "messages", "schemas"):
            if name in part:
                part[name] = dict(sorted(part[name].items()))
    return yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=110)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT}\n")

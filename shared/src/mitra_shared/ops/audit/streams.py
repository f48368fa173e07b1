"""Checks of the Redis streams: each is a gapless copy of its log's tail."""

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Final, cast

from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.scene import Head, Scene
from mitra_shared.ops.audit.snapshots import Row
from mitra_shared.ops.audit.streams_seen import Place, StreamSeen, Tip, key_of
from mitra_shared.streams import RawEntry

PAGE_ENTRIES: Final = 1_000

_BODY_AT: Final = Struct(">I")
_BODY_AT_OFFSET: Final = 14
"""Where FastStream's binary message says where its body begins."""


async def check_streams(scene: Scene, check: Check) -> None:
    """Ends and lengths of all streams fit their logs; in a deep audit every entry does."""
    first_logged = await scene.tips_in_log((place, seen.first) for place, seen in scene.streams.items())
    last_logged = await scene.tips_in_log((place, seen.last) for place, seen in scene.streams.items())
    for place, seen in scene.streams.items():
        before, head = scene.before[place], scene.heads[place]
        check.numbers["entries"] += seen.length
        for what, where in _shape(place, seen, before, head):
            check.wrong(what, where)
        if seen.first is None or seen.last is None:
            continue
        for name, tip, logged in (("first", seen.first, first_logged), ("last", seen.last, last_logged)):
            if logged.get(place) != (tip.epoch, tip.event_id):
                check.wrong(f"the {name} entry of a stream is not in its log", f"{key_of(place)} at {tip.id}")
        if scene.deep:
            await _compare(scene, check, place, seen.first, seen.last)


def _shape(place: Place, seen: StreamSeen, before: Head, head: Head) -> Iterator[tuple[str, str]]:
    key = key_of(place)
    if seen.foreign:
        yield "a key of a stream holds something else", key
    elif seen.first is None or seen.last is None:
        if before.position > before.floor:
            yield (
                "a stream is lost",
                f"{key} has no entries; its log has {before.position - before.floor} for it",
            )
    else:
        if seen.last.position < before.position:
            yield (
                "a stream lags behind its log: the relay does not carry it",
                f"{key} ends at {seen.last.id}, the log at {before.epoch}-{before.position}",
            )
        if seen.first.position > head.floor + 1:
            yield (
                "a stream lacks its beginning",
                f"{key} begins at {seen.first.id}, the floor is {head.floor}",
            )
        span = seen.last.position - seen.first.position + 1
        if seen.length != span:
            yield (
                "a stream has holes or foreign entries",
                f"{key}: {seen.length} entries from {seen.first.id} to {seen.last.id}",
            )


async def _compare(scene: Scene, check: Check, place: Place, first: Tip, last: Tip) -> None:
    expected, start, key = first.position, first.id, key_of(place)
    while page := await _page(scene, key, start, last.id):
        tips = [Tip.of(entry) for entry in page]
        logged = await _logged(scene, place, tips[0].position)
        for tip, (_, fields) in zip(tips, page, strict=True):
            if tip.position > expected and not await _is_trimmed(scene, place, tip.position):
                check.wrong(
                    "a stream lacks entries of its log", f"{key} at {expected}", times=tip.position - expected
                )
            expected = tip.position + 1
            row = logged.get(tip.position)
            if row is None or row["epoch"] != tip.epoch:
                check.wrong("an entry of a stream is not in its log", f"{key} at {tip.id}")
            elif differing := _differing(fields, row):
                check.wrong(
                    "an entry of a stream differs from its log", f"{key} at {tip.id}: {', '.join(differing)}"
                )
            check.numbers["entries compared"] += 1
        start = f"({tips[-1].id}"


async def _page(scene: Scene, key: str, start: str, end: str, *, count: int = PAGE_ENTRIES) -> list[RawEntry]:
    return cast("list[RawEntry]", await scene.redis.xrange(key, min=start, max=end, count=count))


async def _logged(scene: Scene, place: Place, position: int) -> Mapping[int, Row]:
    topic, partition = place
    rows = await scene.keeper(topic).rows(
        f"""
        select position, epoch, event_id::text as event_id, type, coalesce(key, '') as key,
               payload::text as payload,
               coalesce(lag(event_id::text) over (order by position), '') as previous
        from {topic}_log where partition = $1 and position >= $2 - 1 order by position limit $3
        """,  # noqa: S608 - a topic's name is ours
        partition,
        position,
        PAGE_ENTRIES + 1,
    )
    return {row["position"]: row for row in rows}


async def _is_trimmed(scene: Scene, place: Place, position: int) -> bool:
    """Whether the stream begins there by now: trimming goes on while entries are compared."""
    first = await _page(scene, key_of(place), "-", "+", count=1)
    return bool(first) and Tip.of(first[0]).position >= position


def _differing(fields: Mapping[bytes, bytes], row: Row) -> list[str]:
    expected = {"id": row["event_id"], "type": row["type"], "key": row["key"], "prev": row["previous"]}
    differing = [
        name
        for name, text in expected.items()
        if fields.get(name.encode(), b"").decode(errors="replace") != text
    ]
    message = fields.get(b"__data__", b"")
    if len(message) < _BODY_AT_OFFSET + _BODY_AT.size:
        return [*differing, "payload"]
    (body_at,) = _BODY_AT.unpack_from(message, _BODY_AT_OFFSET)
    if message[body_at:] != row["payload"].encode():
        differing.append("payload")
    return differing

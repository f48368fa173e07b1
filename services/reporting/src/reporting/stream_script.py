"""The atomic, conditional append to the `rollups` stream: a whole run, only if its end is still as expected.

Two publishers may race and one may die anywhere: an id's version is in the stream completely or not at all.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import Final, NamedTuple, Self, cast

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

from mitra_shared.contracts.rollups import DATA_FIELD, FLAT_FIELDS
from mitra_shared.contracts.topics import ROLLUPS_STREAM
from mitra_shared.streams import RawEntry

MAXLEN: Final = 10_000
"""Entries kept, about (`~`). A full publication of 65 constituencies is some 600."""

_FIELDS: Final = (DATA_FIELD, *FLAT_FIELDS)
_STRIDE: Final = 1 + len(_FIELDS)
_ID: Final = re.compile(rb"\d{1,19}-\d{1,19}")

# KEYS[1] stream; ARGV[1] id of the expected last entry ('' for none); ARGV[2] '1' to delete the stream first;
# ARGV[3] MAXLEN; then per entry its id and the values of the fields. Answers 1, or 0 where it ends elsewhere.
SCRIPT: Final = f"""
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if (tail[1] and tail[1][1] or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '1' then redis.call('DEL', KEYS[1]) end
local names = {{{", ".join(f"'{name}'" for name in _FIELDS)}}}
for i = 4, #ARGV, {_STRIDE} do
  local entry = {{}}
  for n, name in ipairs(names) do
    entry[#entry + 1] = name
    entry[#entry + 1] = ARGV[i + n]
  end
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], ARGV[i], unpack(entry))
end
return 1
"""
_SHA: Final = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class RunId(NamedTuple):
    """Id of an entry: everything up to `version` is included; `number` counts within it."""

    version: int
    number: int

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read an id as Redis gives it."""
        version, _, number = raw.partition(b"-")
        return cls(int(version), int(number))

    def __str__(self) -> str:
        return f"{self.version}-{self.number}"


class Ends(NamedTuple):
    """First and last entry of the stream; `whole` as the last entry has it, None if that is not ours."""

    first: RunId
    last: RunId
    whole: RunId | None

    @property
    def has_everything(self) -> bool:
        """Whether nothing of the last full publication was trimmed away."""
        return self.whole is not None and self.first <= self.whole


class StreamRefused(Exception):
    """The stream's key holds something else, or it has ids beyond its last entry: it must be made anew."""


async def stream_ends(redis: Redis, stream: str = ROLLUPS_STREAM) -> Ends | None:
    """The ends of the stream, None if it has no entry.

    Raises:
        StreamRefused: the key holds something else than a stream.
    """
    async with redis.pipeline(transaction=False) as pipe:
        pipe.xrange(stream, count=1)
        pipe.xrevrange(stream, count=1)
        try:
            first, last = cast("tuple[list[RawEntry], list[RawEntry]]", await pipe.execute())
        except ResponseError as error:
            raise _refused(error) from error
    if not first or not last:
        return None
    whole = last[0][1].get(b"whole", b"")
    return Ends(
        first=RunId.parse(first[0][0]),
        last=RunId.parse(last[0][0]),
        whole=RunId.parse(whole) if _ID.fullmatch(whole) else None,
    )


def _refused(error: ResponseError) -> Exception:
    is_ours = any(word in str(error) for word in ("WRONGTYPE", "equal or smaller"))
    return StreamRefused(str(error)) if is_ours else error


async def append_run(
    redis: Redis,
    entries: Sequence[tuple[RunId, bytes, Mapping[str, str]]],
    *,
    expected: RunId | None,
    reset: bool = False,
    stream: str = ROLLUPS_STREAM,
    maxlen: int = MAXLEN,
) -> bool:
    """Append all entries (id, `__data__`, flat fields) or, where the stream does not end at `expected`, none.

    Raises:
        StreamRefused: it has had ids beyond its last entry.
        RedisError: connection lost, out of memory and the like; ask the stream again what it holds.
    """
    arguments: list[str | bytes] = [str(expected) if expected else "", "1" if reset else "0", str(maxlen)]
    for entry_id, data, flat in entries:
        arguments += (str(entry_id), data, *(flat[name] for name in FLAT_FIELDS))
    try:
        try:
            answer = await redis.evalsha(_SHA, 1, stream, *arguments)
        except NoScriptError:
            answer = await redis.eval(SCRIPT, 1, stream, *arguments)
    except ResponseError as error:
        raise _refused(error) from error
    return bool(answer == 1)

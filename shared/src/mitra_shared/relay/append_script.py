"""The atomic, conditional append: the whole run, only if the stream still ends where the relay thinks."""

from collections.abc import Sequence
from hashlib import sha1
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from mitra_shared.log.rewrite import word_key

# KEYS[1] stream, KEYS[2] the word beside it; ARGV[1] id of the expected last entry ('' for none), ARGV[2] the
# expected word ('' for none); ARGV[3] '1' to empty the stream first and put it under the word ARGV[4]; then
# six values an entry: id and the five fields. Answers 1, or 0 where the stream has another end or word.
SCRIPT = """
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if (tail[1] and tail[1][1] or '') ~= ARGV[1] then return 0 end
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '1' then
  redis.call('DEL', KEYS[1], KEYS[2])
  if ARGV[4] ~= '' then redis.call('SET', KEYS[2], ARGV[4]) end
end
for i = 5, #ARGV, 6 do
  redis.call('XADD', KEYS[1], ARGV[i], '__data__', ARGV[i + 1], 'id', ARGV[i + 2], 'type', ARGV[i + 3],
             'key', ARGV[i + 4], 'prev', ARGV[i + 5])
end
return 1
"""
SCRIPT_SHA = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class Run(NamedTuple):
    """Entries for one stream. `expected` is the id the stream must end with, '' if it must be empty.

    `word` is what the stream must stand under (see `log.rewrite`), `new_word` what `reset` puts it under.
    """

    stream: str
    expected: str
    word: str
    reset: bool
    new_word: str
    entries: Sequence[tuple[str, bytes, str, str, str, str]]


class StreamRefused(Exception):
    """Redis could not take the run for a reason of this stream's own: foreign ids or another type of key."""


def _outcome(answer: object) -> bool | StreamRefused | RedisError:
    if isinstance(answer, ResponseError) and not isinstance(answer, NoScriptError):
        message = str(answer)
        if "WRONGTYPE" in message or "equal or smaller" in message:
            return StreamRefused(message)
    if isinstance(answer, RedisError):
        return answer
    return answer == 1


async def append_runs(redis: Redis, runs: Sequence[Run]) -> list[bool | StreamRefused]:
    """Append runs to their streams in one round trip; each run is all or nothing.

    Returns:
        For each run: True, False where the stream ends elsewhere, or why the stream cannot take it.

    Raises:
        RedisError: connection lost, out of memory and the like: what was not appended is still in the log.
    """
    async with redis.pipeline(transaction=False) as pipe:
        for run in runs:
            arguments: list[str | bytes] = [run.expected, run.word, "1" if run.reset else "0", run.new_word]
            for entry in run.entries:
                arguments.extend(entry)
            pipe.evalsha(SCRIPT_SHA, 2, run.stream, word_key(run.stream), *arguments)
        answers = await pipe.execute(raise_on_error=False)
    if any(isinstance(answer, NoScriptError) for answer in answers):
        await redis.script_load(SCRIPT)
    outcomes: list[bool | StreamRefused] = []
    for answer in answers:
        outcome = False if isinstance(answer, NoScriptError) else _outcome(answer)
        if isinstance(outcome, RedisError):
            raise outcome
        outcomes.append(outcome)
    return outcomes


async def delete_stream(redis: Redis, stream: str) -> None:
    """Remove a key that is not, or no longer, a stream of ours, and the word beside it."""
    await redis.delete(stream, word_key(stream))

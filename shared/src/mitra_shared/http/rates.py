"""How often one address may ask for something that costs us work: a bucket of tokens each, few kept in mind.

Counted in each process by itself. Behind a proxy all callers have one address: let the proxy limit them, and
raise the rate here.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from starlette.requests import Request

from mitra_shared.http.problems import too_many_requests

_MOST_ADDRESSES: Final = 10_000
"""The address that was quiet longest is forgotten: it has earned its tokens again by then."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RatePerAddress:
    """So many requests a minute for each address, and as many at once after a minute of silence."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, request: Request) -> None:
        """Count one request.

        Raises:
            Problem: 429 with the seconds after which the next one is taken.
        """
        address = request.client.host if request.client is not None else ""
        now = self._clock()
        bucket = self._buckets.setdefault(address, _Bucket(self._most, now))
        self._buckets.move_to_end(address)
        bucket.tokens = min(self._most, bucket.tokens + (now - bucket.filled_at) * self._per_second)
        bucket.filled_at = now
        if bucket.tokens < 1:
            wait = ceil((1 - bucket.tokens) / self._per_second)
            raise too_many_requests(
                f"At most {self._most:.0f} in a minute from one address", retry_after=wait
            )
        bucket.tokens -= 1
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)

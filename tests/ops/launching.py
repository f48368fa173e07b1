"""A launcher of both servers as a process of its own, for tests that kill it.

python launching.py HOME     prints one line of JSON once both are ready, then waits to be killed
"""

import json
import sys
import time
from pathlib import Path

from mitra_shared.ops.embedded.accounts import REDIS_RIGHTS
from mitra_shared.ops.embedded.postgres import EmbeddedPostgres
from mitra_shared.ops.embedded.redis import EmbeddedRedis


def main() -> None:
    home = Path(sys.argv[1])
    postgres = EmbeddedPostgres(home / "postgres", password="test", durable=False)
    postgres.start()
    redis = EmbeddedRedis(home / "redis", passwords=dict.fromkeys(REDIS_RIGHTS, "test"))
    redis.start()
    pids = {"postgres": postgres.pid, "redis": redis.pid}
    sys.stdout.write(json.dumps(pids | {"postgres_url": postgres.url(), "redis_url": redis.url()}) + "\n")
    sys.stdout.flush()
    time.sleep(600)


if __name__ == "__main__":
    main()

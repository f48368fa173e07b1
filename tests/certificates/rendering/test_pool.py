"""The pool with real workers: whatever becomes of one of them, the others and the next page do not notice."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from shutil import copy

import psutil
import pytest
import pytest_asyncio
from PIL import Image

from certificates.rendering.manifest import Manifest, ManifestRow
from certificates.rendering.pool import RenderPool
from certificates.rendering.sample import sample_page
from certificates.rendering.typesetter import TEMPLATES, Typesetter
from mitra_shared.typesetting.pool import Limits, PoolBusy, PoolClosed, RenderFailed
from tests.certificates.rendering.looking import pages_of, text_of

UNRULY = Path(__file__).parent / "unruly"
HANGS, SWELLS, REFUSED = 601, 602, 603
MakePool = Callable[..., RenderPool]


@pytest_asyncio.fixture
async def make_pool() -> AsyncIterator[MakePool]:
    pools: list[RenderPool] = []

    def make(*, workers: int = 1, templates: Path = TEMPLATES, limits: Limits | None = None) -> RenderPool:
        pools.append(RenderPool(workers=workers, templates=templates, limits=limits, system_fonts=False))
        return pools[-1]

    yield make
    await asyncio.gather(*(pool.close() for pool in pools))


@pytest.fixture
def unruly(tmp_path: Path) -> Path:
    for source in (UNRULY / "certificate.typ", TEMPLATES / "letters.typ", TEMPLATES / "words.json"):
        copy(source, tmp_path)
    return tmp_path


async def eventually(condition: Callable[[], object]) -> None:
    for _ in range(6_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came to that")


async def test_the_pool_makes_what_the_typesetter_makes(make_pool: MakePool, typesetter: Typesetter) -> None:
    pool, page = make_pool(), sample_page("hi")
    assert await pool.pdf(page, "hi") == typesetter.pdf(page, "hi")
    with Image.open(BytesIO(await pool.png(page, "ur", 400))) as image:
        assert image.width == 400


async def test_workers_start_when_they_are_needed_and_stay_warm(make_pool: MakePool) -> None:
    pool = make_pool(workers=2)
    assert pool.workers.pids() == set()
    await pool.pdf(sample_page("en"), "en")
    first = pool.workers.pids()
    await pool.pdf(sample_page("hi"), "hi")
    assert len(first) == 1
    assert pool.workers.pids() == first


async def test_a_sheet_tells_its_progress(make_pool: MakePool) -> None:
    told: list[tuple[int, int]] = []
    pages = [(sample_page("en", number=number), "en") for number in range(1, 121)]
    sheet = await make_pool().sheet(
        pages,  # type: ignore[arg-type]
        title="Sheet",
        tell=lambda prepared, of: told.append((prepared, of)),
    )
    assert pages_of(sheet) == 120
    assert told == [(50, 120), (100, 120)]


@pytest.mark.parametrize("count", [0, 1_001])
async def test_a_sheet_of_no_page_or_too_many_is_refused(make_pool: MakePool, count: int) -> None:
    with pytest.raises(ValueError, match=f"1 to 1000 pages, not {count}"):
        await make_pool().sheet([(sample_page("en"), "en")] * count, title="Sheet")


async def test_a_picture_of_no_sensible_width_is_refused(make_pool: MakePool) -> None:
    with pytest.raises(ValueError, match="100 to 4000 pixels wide, not 40000"):
        await make_pool().png(sample_page("en"), "en", 40_000)


async def test_a_list_is_made(make_pool: MakePool) -> None:
    row = ManifestRow("S11-AC019-0001", "Amina Beegum", "S11-PC04/01")
    made_at = sample_page("en").facts.issued_at
    pdf = await make_pool().manifest(Manifest("Modi Mitra", "Kalpetta", "en", made_at, (row,)))
    assert "Amina Beegum" in text_of(pdf)


async def test_a_refused_page_is_told_once_and_without_its_name(make_pool: MakePool) -> None:
    pool = make_pool()
    with pytest.raises(RenderFailed, match=r"no font has U\+12031") as failure:
        await pool.pdf(sample_page("en", "Amina \U00012031"), "en")
    assert "Amina" not in str(failure.value)
    before = pool.workers.pids()
    await pool.pdf(sample_page("en"), "en")
    assert pool.workers.pids() == before
    assert (pool.workers.counts.refused, pool.workers.counts.lost) == (1, 0)


async def test_a_page_that_hangs_fails_in_bounded_time_and_the_next_one_does_not(
    make_pool: MakePool, unruly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(templates=unruly, limits=Limits(seconds=4, attempts=2))
    with pytest.raises(RenderFailed, match="did not answer within 4 s, 2 times"):
        await pool.pdf(sample_page("en", number=HANGS), "en")
    # The start of a worker counts too, and may last on a busy machine.
    monkeypatch.setattr(pool.workers, "_limits", Limits(seconds=60))
    assert pages_of(await pool.pdf(sample_page("en", number=1), "en")) == 1
    assert (pool.workers.counts.failed, pool.workers.counts.lost, pool.workers.counts.done) == (1, 2, 1)


async def test_a_page_that_swells_ends_its_worker_alone(make_pool: MakePool, unruly: Path) -> None:
    pool = make_pool(templates=unruly, limits=Limits(memory=64 * 1024 * 1024, attempts=2))
    with pytest.raises(RenderFailed, match="the worker ended by signal 6, 2 times"):
        await pool.pdf(sample_page("en", number=SWELLS), "en")
    assert pages_of(await pool.pdf(sample_page("en", number=1), "en")) == 1


async def test_others_are_served_while_one_page_hangs(make_pool: MakePool, unruly: Path) -> None:
    pool = make_pool(workers=2, templates=unruly, limits=Limits(seconds=60))
    hanging = asyncio.ensure_future(pool.pdf(sample_page("en", number=HANGS), "en"))
    served = await asyncio.gather(*(pool.pdf(sample_page("en", number=n), "en") for n in range(1, 21)))
    assert len(served) == 20
    assert not hanging.done()
    hanging.cancel()


async def test_a_refusal_of_the_template_names_its_place(make_pool: MakePool, unruly: Path) -> None:
    pool = make_pool(templates=unruly)
    with pytest.raises(RenderFailed, match=r"certificate.typ, line 15, column 3: .*this number is not set"):
        await pool.pdf(sample_page("en", number=REFUSED), "en")


async def test_a_killed_worker_is_replaced_and_its_page_is_made(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.pdf(sample_page("en"), "en")
    (killed,) = pool.workers.pids()
    os.kill(killed, signal.SIGKILL)
    assert await pool.pdf(sample_page("hi"), "hi")
    assert killed not in pool.workers.pids()
    assert pool.workers.counts.lost == 1


async def test_a_worker_that_has_grown_is_replaced(make_pool: MakePool) -> None:
    # 16 MiB is less than any worker has; eight times as much would be less than it needs to start.
    pool = make_pool(limits=Limits(memory=16 * 1024 * 1024, times_memory=64))
    await pool.pdf(sample_page("en"), "en")
    assert pool.workers.pids() == set()
    assert await pool.pdf(sample_page("hi"), "hi")
    assert pool.workers.counts.outgrown == 2


async def test_a_full_queue_refuses_and_says_so(make_pool: MakePool, unruly: Path) -> None:
    pool = make_pool(templates=unruly, limits=Limits(waiting=2, seconds=60))
    hanging = asyncio.ensure_future(pool.pdf(sample_page("en", number=HANGS), "en"))
    await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(pool.pdf(sample_page("en", number=n), "en")) for n in (1, 2)]
    await asyncio.sleep(0)
    assert pool.workers.waiting == 2
    with pytest.raises(PoolBusy, match="2 renderings are waiting"):
        await pool.pdf(sample_page("en", number=3), "en")
    hanging.cancel()
    assert len(await asyncio.gather(*waiting)) == 2


async def test_a_caller_that_goes_away_costs_its_worker_and_nothing_else(
    make_pool: MakePool, unruly: Path
) -> None:
    pool = make_pool(templates=unruly)
    hanging = asyncio.ensure_future(pool.pdf(sample_page("en", number=HANGS), "en"))
    await eventually(pool.workers.pids)
    (hung,) = pool.workers.pids()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert await pool.pdf(sample_page("en", number=1), "en")
    assert hung not in pool.workers.pids()
    assert not psutil.pid_exists(hung)


async def test_closing_ends_all_workers_and_what_they_do(make_pool: MakePool, unruly: Path) -> None:
    pool = make_pool(workers=2, templates=unruly)
    await pool.pdf(sample_page("en", number=1), "en")
    hanging = asyncio.ensure_future(pool.pdf(sample_page("en", number=HANGS), "en"))
    await eventually(lambda: pool.workers.working)
    workers = pool.workers.pids()
    await pool.close()
    with pytest.raises(PoolClosed):
        await hanging
    with pytest.raises(PoolClosed):
        await pool.pdf(sample_page("en"), "en")
    assert workers
    assert not [pid for pid in workers if psutil.pid_exists(pid)]


async def test_workers_are_given_no_secret(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MITRA_DATABASE_URL", "postgresql://user:secret@host/database")
    pool = make_pool()
    await pool.pdf(sample_page("en"), "en")
    (worker,) = pool.workers.pids()
    assert not [name for name in psutil.Process(worker).environ() if name.startswith("MITRA_")]


PARENT = """
import asyncio, sys
from certificates.rendering.pool import RenderPool
from certificates.rendering.sample import sample_page

async def main():
    pool = RenderPool(workers=1, system_fonts=False)
    await pool.pdf(sample_page("en"), "en")
    print(*pool.workers.pids(), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_workers_end_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, alive = psutil.wait_procs([worker], timeout=60)
    assert gone
    assert not alive

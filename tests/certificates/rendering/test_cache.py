"""Renderings that are kept: bounded, unreadable for others, forgotten on demand."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates.rendering.cache import RenderingCache, RenderingKey

ONE, OTHER = UUID(int=1), UUID(int=2)
NAME = "राजेश्वरी क्षत्रिय".encode()


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_what_is_put_is_got_again(tmp_path: Path) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=10_000)
    cache.put(RenderingKey(ONE, "pdf:hi"), NAME)
    assert cache.get(RenderingKey(ONE, "pdf:hi")) == NAME
    assert cache.get(RenderingKey(ONE, "pdf:en")) is None
    assert cache.get(RenderingKey(OTHER, "pdf:hi")) is None


def test_files_hold_neither_the_rendering_nor_the_id_and_are_the_owners_only(tmp_path: Path) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=10_000)
    cache.put(RenderingKey(ONE, "pdf:hi"), NAME)
    (stored,) = files(tmp_path)
    assert NAME not in stored.read_bytes()
    assert str(ONE) not in stored.name
    assert ONE.hex not in stored.name
    assert stored.parent.stat().st_mode & 0o077 == 0


def test_another_process_finds_nothing_and_wipes_what_was_left(tmp_path: Path) -> None:
    RenderingCache(tmp_path, largest_bytes=10_000).put(RenderingKey(ONE, "pdf:hi"), NAME)
    (tmp_path / "renderings" / "stray.part").write_bytes(b"cut off")
    (tmp_path / "somebody-elses").write_bytes(b"stays")
    again = RenderingCache(tmp_path, largest_bytes=10_000)
    assert again.get(RenderingKey(ONE, "pdf:hi")) is None
    assert files(tmp_path) == [tmp_path / "somebody-elses"]


def test_the_wiped_cache_misses_and_goes_on(tmp_path: Path) -> None:
    first = RenderingCache(tmp_path, largest_bytes=10_000)
    first.put(RenderingKey(ONE, "pdf:hi"), NAME)
    RenderingCache(tmp_path, largest_bytes=10_000)
    assert first.get(RenderingKey(ONE, "pdf:hi")) is None
    first.put(RenderingKey(ONE, "pdf:hi"), NAME)
    assert first.get(RenderingKey(ONE, "pdf:hi")) == NAME


def test_a_directory_that_cannot_be_written_costs_the_entry_alone_and_is_counted(tmp_path: Path) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=10_000)
    (tmp_path / "renderings").rmdir()
    cache.put(RenderingKey(ONE, "pdf:hi"), NAME)
    assert cache.get(RenderingKey(ONE, "pdf:hi")) is None
    assert (cache.failures, cache.total_bytes) == (1, 0)


def test_a_damaged_file_is_a_miss_and_goes_away(tmp_path: Path) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=10_000)
    cache.put(RenderingKey(ONE, "pdf:hi"), NAME)
    (stored,) = files(tmp_path)
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(content)
    assert cache.get(RenderingKey(ONE, "pdf:hi")) is None
    assert files(tmp_path) == []
    assert cache.total_bytes == 0


def test_a_file_under_another_name_does_not_open(tmp_path: Path) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=10_000)
    cache.put(RenderingKey(ONE, "pdf:hi"), NAME)
    (one,) = files(tmp_path)
    cache.put(RenderingKey(OTHER, "pdf:hi"), b"of the other")
    (other,) = set(files(tmp_path)) - {one}
    other.write_bytes(one.read_bytes())
    assert cache.get(RenderingKey(OTHER, "pdf:hi")) is None


def test_forgetting_removes_all_renderings_of_one_certificate(tmp_path: Path) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=10_000)
    for kind in ("pdf:hi", "pdf:en", "png:en:1200"):
        cache.put(RenderingKey(ONE, kind), NAME)
    cache.put(RenderingKey(OTHER, "pdf:hi"), b"stays")
    assert cache.forget(ONE) == 3
    assert len(files(tmp_path)) == 1
    assert cache.get(RenderingKey(ONE, "pdf:hi")) is None
    assert cache.get(RenderingKey(OTHER, "pdf:hi")) == b"stays"


def test_a_rendering_that_was_under_way_while_its_certificate_was_forgotten_is_not_kept(
    tmp_path: Path,
) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=10_000)
    before = cache.generation
    cache.forget(ONE)
    cache.put(RenderingKey(ONE, "pdf:hi"), NAME, generation=before)
    assert cache.get(RenderingKey(ONE, "pdf:hi")) is None
    assert files(tmp_path) == []


def test_the_least_recently_used_makes_room(tmp_path: Path) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=3_200)
    keys = [RenderingKey(UUID(int=number), "pdf:hi") for number in range(4)]
    for key in keys[:3]:
        cache.put(key, os.urandom(1_000))
    assert cache.get(keys[0])
    cache.put(keys[3], os.urandom(1_000))
    assert [cache.get(key) is not None for key in keys] == [True, False, True, True]


def test_what_is_larger_than_the_cache_is_not_kept(tmp_path: Path) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=1_000)
    cache.put(RenderingKey(ONE, "pdf:hi"), b"small")
    cache.put(RenderingKey(OTHER, "sheet"), bytes(1_000))
    assert cache.get(RenderingKey(ONE, "pdf:hi")) == b"small"
    assert cache.get(RenderingKey(OTHER, "sheet")) is None


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "forget"]), st.integers(0, 5), st.integers(0, 1_500)),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_cache_never_exceeds_its_bound_and_never_answers_wrongly(
    tmp_path: Path, steps: list[tuple[str, int, int]]
) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=4_000)
    last: dict[int, bytes] = {}
    for what, number, size in steps:
        key = RenderingKey(UUID(int=number), "pdf:hi")
        match what:
            case "put":
                last[number] = os.urandom(size)
                cache.put(key, last[number])
            case "forget":
                cache.forget(key.credential_id)
                last.pop(number, None)
            case _:
                assert cache.get(key) in {None, last.get(number)}
        stored = files(tmp_path)
        assert cache.total_bytes == sum(path.stat().st_size for path in stored) <= 4_000


@pytest.mark.parametrize("largest", [5_000, 50_000])
def test_many_threads_leave_it_consistent(tmp_path: Path, largest: int) -> None:
    cache = RenderingCache(tmp_path, largest_bytes=largest)

    def work(thread: int) -> None:
        for turn in range(150):
            key = RenderingKey(UUID(int=(thread * 7 + turn) % 11), "pdf:hi")
            cache.put(key, key.credential_id.bytes * (turn % 60))
            found = cache.get(key)
            assert found is None or set(found[:16]) <= set(key.credential_id.bytes)
            if turn % 10 == 0:
                cache.forget(key.credential_id)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    stored = files(tmp_path)
    assert cache.total_bytes == sum(path.stat().st_size for path in stored) <= largest
    assert not [path for path in stored if path.suffix == ".part"]

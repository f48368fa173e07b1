import os
import stat
from pathlib import Path

import pytest

from mitra_shared.security.secret_files import (
    SharedSecretWarning,
    UnsafeSecretFile,
    read_secret,
    write_secret,
)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path: Path = tmp_path / "mitra_lookup_key"
    write_secret(path, "c2VjcmV0\n")
    return path


def test_a_written_secret_is_for_its_owner_alone_and_reads_back(secret: Path) -> None:
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert read_secret(secret) == "c2VjcmV0"


def test_writing_again_replaces_and_leaves_no_draft(secret: Path) -> None:
    write_secret(secret, "new")
    assert read_secret(secret) == "new"
    assert [path.name for path in secret.parent.iterdir()] == [secret.name]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_that_root_replaces_stays_with_its_reader(secret: Path) -> None:
    os.chown(secret, 4_321, 1_234)
    write_secret(secret, "new", keep_owner=True)
    assert (secret.stat().st_uid, secret.stat().st_gid) == (4_321, 1_234)
    write_secret(secret, "newer")
    assert secret.stat().st_uid == 0


def test_a_secret_that_is_larger_than_expected_is_refused(secret: Path) -> None:
    with pytest.raises(UnsafeSecretFile, match="larger than 8 bytes"):
        read_secret(secret, largest=8)
    assert read_secret(secret, largest=9) == "c2VjcmV0"


@pytest.mark.parametrize(
    ("mode", "complaint"), [(0o640, "read"), (0o604, "read"), (0o620, "written"), (0o602, "written")]
)
def test_a_secret_open_to_others_is_refused(secret: Path, mode: int, complaint: str) -> None:
    secret.chmod(mode)
    with pytest.raises(UnsafeSecretFile, match=f"{complaint} by others; chmod 0600"):
        read_secret(secret)


def test_a_readable_secret_that_the_container_engine_mounted_is_accepted_with_a_warning(secret: Path) -> None:
    secret.chmod(0o444)
    with pytest.warns(SharedSecretWarning, match="every user of this container"):
        assert read_secret(secret, mounted=secret.parent) == "c2VjcmV0"
    secret.chmod(0o466)
    with pytest.raises(UnsafeSecretFile):
        read_secret(secret, mounted=secret.parent)


def test_a_link_out_of_the_mount_gains_nothing(secret: Path, tmp_path: Path) -> None:
    secret.chmod(0o444)
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "link").symlink_to(secret)
    with pytest.raises(UnsafeSecretFile):
        read_secret(mounted / "link", mounted=mounted)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_reads_a_secret_that_it_looks_after_for_another_user(secret: Path) -> None:
    os.chown(secret, 65534, 65534)
    assert read_secret(secret, looked_after=True) == read_secret(secret, mounted=secret.parent)
    secret.chmod(0o640)
    with pytest.raises(UnsafeSecretFile, match="chmod"):
        read_secret(secret, looked_after=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_secret_of_another_user_is_refused(secret: Path) -> None:
    os.chown(secret, 65534, 65534)
    with pytest.raises(UnsafeSecretFile, match="another user"):
        read_secret(secret)


def test_a_directory_or_a_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises((UnsafeSecretFile, IsADirectoryError)):
        read_secret(tmp_path)
    write_secret(tmp_path / "huge", "a" * 70_000)
    with pytest.raises(UnsafeSecretFile, match="larger"):
        read_secret(tmp_path / "huge")

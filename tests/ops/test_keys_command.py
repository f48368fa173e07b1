"""`mitra keys`: changed at once or not at all, wherever the process is killed."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mitra_shared.credential.keys import IssuerKeys, new_issuer_keys
from mitra_shared.ops.secrets import SecretFolder, Servers
from mitra_shared.security.secret_files import write_secret
from tests.ops.commands import ENVIRONMENT, mitra

KILLED = Path(__file__).with_name("killed_change.py")


@pytest.fixture
def folder(tmp_path: Path) -> SecretFolder:
    secrets = SecretFolder(tmp_path / "secrets")
    secrets.create(Servers("postgres:5432", "redis:6379"))
    return secrets


def settled(folder: SecretFolder) -> IssuerKeys:
    """Keys as if they had been made long ago."""
    write_secret(folder.issuer_keys, new_issuer_keys(time.time() - 86_400))
    return IssuerKeys.load(folder.issuer_keys)


def test_a_deployment_begins_with_a_key_of_each_kind(folder: SecretFolder) -> None:
    keys = IssuerKeys.load(folder.issuer_keys)
    assert [key.algorithm for key in keys.all] == ["ES256", "EdDSA"]
    assert all(key.private is not None for key in keys.all)
    assert folder.issuer_keys.parent.stat().st_mode & 0o777 == 0o700
    assert folder.issuer_keys.stat().st_mode & 0o777 == 0o600


def test_a_folder_of_an_older_version_gets_its_keys_by_renewal_and_keeps_them(folder: SecretFolder) -> None:
    folder.issuer_keys.unlink()
    folder.issuer_keys.parent.rmdir()
    folder.renew(Servers("postgres:5432", "redis:6379"))
    made = folder.issuer_keys.read_text()
    folder.renew(Servers("postgres:5432", "redis:6379"))
    assert folder.issuer_keys.read_text() == made


def test_keys_rotate_and_are_listed(folder: SecretFolder) -> None:
    before = settled(folder)
    said = mitra("keys", "rotate", folder.path, directory=folder.path)
    assert said.returncode == 0, said.stderr
    assert "restart nothing" in said.stdout
    rows = json.loads(mitra("keys", "list", folder.path, "--json", directory=folder.path).stdout)
    assert [row["kid"] for row in rows][:2] == [key.kid for key in before.all]
    assert [row["state"] for row in rows] == ["signs"] * 2 + ["published, signs later"] * 2
    again = mitra("keys", "rotate", folder.path, directory=folder.path)
    assert (again.returncode, again.stdout) == (1, "")
    assert "wait until then" in again.stderr
    listed = mitra("keys", "list", folder.path, directory=folder.path).stdout
    assert [line.split()[0] for line in listed.splitlines()] == [row["kid"] for row in rows]


def test_nothing_is_retired_while_it_is_needed(folder: SecretFolder) -> None:
    settled(folder)
    said = mitra("keys", "retire", folder.path, directory=folder.path)
    assert (said.returncode, said.stdout) == (0, "Every private half that is here is still needed.\n")


def test_the_public_half_of_a_key_elsewhere_is_published(folder: SecretFolder, tmp_path: Path) -> None:
    settled(folder)
    jwk = json.loads(new_issuer_keys(time.time()))["keys"][0]["jwk"]
    (tmp_path / "private.json").write_text(json.dumps(jwk))
    del jwk["d"]
    (tmp_path / "public.json").write_text(json.dumps(jwk))
    refused = mitra("keys", "publish", tmp_path / "private.json", folder.path, directory=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "only its public half" in refused.stderr
    said = mitra("keys", "publish", tmp_path / "public.json", folder.path, directory=tmp_path)
    assert said.returncode == 0, said.stderr
    assert jwk["kid"] in said.stdout
    assert IssuerKeys.load(folder.issuer_keys).newest("ES256") is not None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "mitra secrets renew DIR makes them"), ("{}", "cannot be used: not JSON of the form")],
)
def test_missing_or_damaged_keys_are_one_plain_sentence(
    folder: SecretFolder, content: str | None, sentence: str
) -> None:
    folder.issuer_keys.unlink()
    if content is not None:
        write_secret(folder.issuer_keys, content)
    for command in ("list", "rotate", "retire"):
        said = mitra("keys", command, folder.path, directory=folder.path)
        assert (said.returncode, said.stdout) == (1, "")
        assert sentence in said.stderr
        assert "Traceback" not in said.stderr


def test_a_rotation_that_is_killed_anywhere_leaves_the_old_keys_or_the_new(folder: SecretFolder) -> None:
    ends = []
    for step in range(1, 40):
        before = settled(folder)
        killed = subprocess.run(
            [sys.executable, KILLED, folder.issuer_keys, str(step)], env=ENVIRONMENT, timeout=60, check=False
        )
        ends.append(killed.returncode)
        after = IssuerKeys.load(folder.issuer_keys)
        assert [key.kid for key in after.all[:2]] == [key.kid for key in before.all]
        assert len(after.all) in {2, 4}
        if killed.returncode == 0:
            assert len(after.all) == 4
            break
        assert killed.returncode == -signal.SIGKILL
    assert ends[-1] == 0
    assert len(ends) > 5
    left = {path.name for path in folder.issuer_keys.parent.iterdir()}
    assert left == {folder.issuer_keys.name, ".lock"}

"""Signers: in this process, in another one as docs/keys.md shows it, and none that can be used."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mitra_shared.credential.document import contents_of
from mitra_shared.credential.key_file import KeyFile
from mitra_shared.credential.keys import DELAY_SECONDS, Algorithm, new_issuer_keys, publish
from mitra_shared.credential.signing import BadSigner, IssuerSigning, load_signers, signatures_of
from mitra_shared.credential.trust import TrustedKeys
from mitra_shared.credential.vc_jwt import assemble, signing_input
from mitra_shared.credential.verify import Outcome, verify
from mitra_shared.security.secret_files import write_secret
from tests.credential.made import NOW, PUBLIC_URL, facts, issuer_keys, signer

DAEMON = Path(__file__).with_name("token_daemon.py")
DOCUMENT = Path(__file__).parents[2] / "docs" / "keys.md"
LATER = NOW + 86_400
ACTIVE = LATER + DELAY_SECONDS


@pytest.fixture
def token_key(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The public key of a token in another process; its socket is `socket`."""
    process = subprocess.Popen(
        [sys.executable, DAEMON, tmp_path / "socket"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def key_file(tmp_path: Path, token_key: dict[str, Any]) -> KeyFile:
    """Keys of which the newest one signs in the token."""
    write_secret(tmp_path / "keys.json", publish(new_issuer_keys(NOW), json.dumps(token_key), LATER))
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def plugged(tmp_path: Path, token_key: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """The module of docs/keys.md, ready to be imported."""
    (source,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    (tmp_path / "token_signer.py").write_text(source)
    (tmp_path / "public.json").write_text(json.dumps(token_key))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "token_signer", raising=False)
    monkeypatch.setenv("TOKEN_SOCKET", str(tmp_path / "socket"))
    monkeypatch.setenv("TOKEN_PUBLIC_KEY", str(tmp_path / "public.json"))
    return "token_signer:signers"


async def test_a_key_in_another_process_signs_from_its_time_on(key_file: KeyFile, plugged: str) -> None:
    signing = IssuerSigning(key_file, load_signers(plugged))
    before, after = signing.signer("ES256", ACTIVE - 1), signing.signer("ES256", ACTIVE)
    assert (before.kid == after.kid, after.kid) == (False, "2026-12-01-token1")
    contents = [contents_of(facts(number=f"S11-AC033-{number:04}")) for number in range(1, 301)]
    signed = [signing_input(each, after.kid) for each in contents]
    signatures = await signatures_of(after, signed)
    published = TrustedKeys.of(key_file.keys, PUBLIC_URL)
    for each, signature in zip(signed, signatures, strict=True):
        assert verify(assemble(each, signature), published).outcome is Outcome.VALID


async def test_local_keys_sign_many_in_their_order() -> None:
    for algorithm in ("ES256", "EdDSA"):
        local = signer(algorithm)
        messages = [b"%d" % number for number in range(200)]
        assert len(set(await signatures_of(local, messages))) == len(messages)
    assert await signer("EdDSA").sign_all([b"1", b"2"]) == [
        signer("EdDSA").sign(b"1"),
        signer("EdDSA").sign(b"2"),
    ]


def test_a_key_that_signs_elsewhere_needs_its_signer(key_file: KeyFile) -> None:
    with pytest.raises(BadSigner, match="name its signer in MITRA_ISSUER_SIGNER"):
        IssuerSigning(key_file).signer("ES256", ACTIVE)
    assert IssuerSigning(key_file).signer("EdDSA", ACTIVE).algorithm == "EdDSA"


def test_a_signer_of_another_key_under_the_same_id_is_refused(key_file: KeyFile, plugged: str) -> None:
    (other,) = load_signers(plugged)
    other.public_jwk = dict(issuer_keys().current("ES256", NOW).public_jwk)  # type: ignore[misc]
    with pytest.raises(BadSigner, match="another key than the one published"):
        IssuerSigning(key_file, [other]).signer("ES256", ACTIVE)


class Lazy:
    """Gives what no one can use."""

    kid, public_jwk = "lazy", dict[str, Any]()
    algorithm: Algorithm = "ES256"

    def __init__(self, gives: Sequence[bytes]) -> None:
        self.gives = gives

    async def sign_all(self, messages: Sequence[bytes]) -> Sequence[bytes]:
        assert messages
        return self.gives


@pytest.mark.parametrize("gives", [[], [bytes(64)] * 2, [bytes(72)]])
async def test_what_is_no_signature_is_refused(gives: list[bytes]) -> None:
    with pytest.raises(BadSigner, match="did not give 64 bytes for each message"):
        await signatures_of(Lazy(gives), [b"message"])


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("signers", "has the form module:factory"),
        (":signers", "has the form module:factory"),
        ("no_such_module_anywhere:signers", "ModuleNotFoundError"),
        ("json:signers", "AttributeError"),
        ("json:dumps", "TypeError"),
    ],
)
def test_a_signer_that_cannot_be_loaded_is_named_with_the_reason(name: str, complaint: str) -> None:
    with pytest.raises(BadSigner, match=complaint):
        load_signers(name)

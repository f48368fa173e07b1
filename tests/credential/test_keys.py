"""The issuer's keys: published before they sign, never forgotten, and changed without a restart."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mitra_shared.credential.did import did_document
from mitra_shared.credential.key_file import CHECK_SECONDS, KeyFile
from mitra_shared.credential.keys import (
    ALGORITHMS,
    DELAY_SECONDS,
    Algorithm,
    BadIssuerKeys,
    IssuerKeys,
    NoActiveKey,
    RotationPending,
    new_issuer_keys,
    publish,
    retire,
    rotate,
)
from mitra_shared.credential.trust import TrustedKeys
from mitra_shared.credential.verify import Outcome, verify
from mitra_shared.security.secret_files import UnsafeSecretFile, write_secret
from tests.credential.made import NOW, PUBLIC_URL, facts, issuer_keys, token

LATER = NOW + 86_400


def kids(text: str, algorithm: Algorithm = "ES256") -> list[str]:
    return [key.kid for key in IssuerKeys.from_json(text).all if key.algorithm == algorithm]


def private_kids(text: str) -> set[str]:
    return {key.kid for key in IssuerKeys.from_json(text).all if key.private is not None}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file: Path = tmp_path / "keys.json"
    write_secret(file, new_issuer_keys(NOW))
    return file


def test_first_keys_are_dated_and_active_at_once() -> None:
    keys = IssuerKeys.from_json(new_issuer_keys(NOW))
    for algorithm in ALGORITHMS:
        key = keys.current(algorithm, NOW)
        assert key.kid.startswith("2026-11-24-")
        assert key.private is not None
    assert len({key.kid for key in keys.all}) == 2


def test_a_new_key_is_published_at_once_and_signs_only_later() -> None:
    first = new_issuer_keys(NOW)
    keys = IssuerKeys.from_json(rotate(first, LATER))
    for algorithm in ALGORITHMS:
        (old,) = kids(first, algorithm)
        assert keys.current(algorithm, LATER + DELAY_SECONDS - 1).kid == old
        assert keys.current(algorithm, LATER + DELAY_SECONDS).kid != old
    published = {key["kid"] for key in keys.public_jwks()["keys"]}
    assert published == {key.kid for key in keys.all}
    assert len(published) == 4


def test_an_old_private_half_goes_when_its_successor_has_been_active_for_a_while() -> None:
    first = new_issuer_keys(NOW)
    second = rotate(first, LATER)
    active = LATER + DELAY_SECONDS
    assert private_kids(retire(second, active + DELAY_SECONDS - 1)) == private_kids(second)
    retired = retire(second, active + DELAY_SECONDS)
    assert private_kids(retired) == private_kids(second) - private_kids(first)
    assert kids(retired) == kids(second)
    third = rotate(second, LATER + 86_400)
    assert not private_kids(third) & private_kids(first)
    assert kids(third)[:2] == kids(second)


def test_a_rotation_waits_for_the_one_before() -> None:
    second = rotate(new_issuer_keys(NOW), LATER)
    with pytest.raises(RotationPending, match="becomes active in 1 s"):
        rotate(second, LATER + DELAY_SECONDS - 1)
    assert len(kids(rotate(second, LATER + DELAY_SECONDS))) == 3


def test_a_century_of_yearly_rotations_fits_into_the_file(path: Path) -> None:
    text = path.read_text()
    for years in range(1, 101):
        text = rotate(text, NOW + years * 31_557_600)
    write_secret(path, text)
    keys = IssuerKeys.load(path)
    assert len(keys.all) == 202
    assert len(private_kids(text)) == 4


def test_what_an_old_key_signed_stays_valid() -> None:
    retired = [{"active_from": 0, "jwk": jwk} for jwk in issuer_keys().public_jwks()["keys"]]
    text = json.dumps({"keys": [*retired, *json.loads(new_issuer_keys(NOW))["keys"]]})
    for times in range(1, 4):
        text = rotate(text, NOW + times * 86_400)
    published = TrustedKeys.from_json(json.dumps(did_document(IssuerKeys.from_json(text), PUBLIC_URL)))
    assert verify(token(facts()), published).outcome is Outcome.VALID
    assert len(published.es256) == 5


def test_neither_the_keys_that_are_published_nor_a_representation_hold_a_private_part() -> None:
    keys = IssuerKeys.from_json(new_issuer_keys(NOW))
    shown = json.dumps([keys.public_jwks(), did_document(keys, PUBLIC_URL)]) + repr(keys.all)
    assert '"d"' not in shown
    for entry in json.loads(new_issuer_keys(NOW))["keys"]:
        assert entry["jwk"]["d"] not in shown


def test_the_did_document_has_every_key_in_the_form_of_its_kind() -> None:
    keys = IssuerKeys.from_json(rotate(new_issuer_keys(NOW), LATER))
    document = did_document(keys, "http://127.0.0.1:8011")
    assert document["id"] == "did:web:127.0.0.1%3A8011"
    assert document["assertionMethod"] == [f"{document['id']}#{key.kid}" for key in keys.all]
    for key, method in zip(keys.all, document["verificationMethod"], strict=True):
        if isinstance(key.public, Ed25519PublicKey):
            assert (method["type"], method["publicKeyMultibase"][:4]) == ("Multikey", "z6Mk")
        else:
            assert (method["type"], method["publicKeyJwk"]) == ("JsonWebKey", dict(key.public_jwk))


def _without(part: str, place: int = 0) -> str:
    keys = json.loads(new_issuer_keys(NOW))
    del keys["keys"][place]["jwk"][part]
    return json.dumps(keys)


def _swapped() -> str:
    mine, other = json.loads(new_issuer_keys(NOW)), json.loads(new_issuer_keys(NOW))
    mine["keys"][0]["jwk"]["d"] = other["keys"][0]["jwk"]["d"]
    return json.dumps(mine)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not JSON"),
        ("{" * 100_000, "not JSON"),
        ("[]", "not JSON of the form"),
        ('{"keys": 3}', "not a list"),
        ('{"keys": []}', "0 keys"),
        ('{"keys": [3]}', "key 1 is not of the form"),
        ('{"keys": [{"active_from": true, "jwk": {}}]}', "active_from of key 1"),
        ('{"keys": [{"active_from": 1, "jwk": {"crv": "P-384"}}]}', "no JWK of P-256 or Ed25519"),
        ('{"keys": [{"active_from": 1, "jwk": {"crv": ["P-256"]}}]}', "no JWK of P-256 or Ed25519"),
        (_without("kid"), "no kid"),
        (_without("x"), "is damaged"),
        (_without("x", 1), "is damaged"),
        (_swapped(), "do not belong together|is damaged"),
        (json.dumps({"keys": json.loads(new_issuer_keys(NOW))["keys"][:1] * 2}), "occurs twice"),
    ],
)
def test_a_text_that_is_no_set_of_keys_is_refused_without_repeating_it(text: str, complaint: str) -> None:
    with pytest.raises(BadIssuerKeys, match=complaint) as refused:
        IssuerKeys.from_json(text)
    assert '"d"' not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_before_its_time_no_key_signs() -> None:
    with pytest.raises(NoActiveKey, match="no ES256 key is active"):
        IssuerKeys.from_json(new_issuer_keys(NOW)).current("ES256", NOW - 1)


def test_the_key_of_another_place_is_published_and_takes_over() -> None:
    text, elsewhere = new_issuer_keys(NOW), json.loads(new_issuer_keys(NOW))["keys"][0]["jwk"]
    with pytest.raises(BadIssuerKeys, match="only its public half"):
        publish(text, json.dumps(elsewhere), LATER)
    del elsewhere["d"]
    published = publish(text, json.dumps(elsewhere), LATER)
    keys = IssuerKeys.from_json(published)
    assert keys.current("ES256", LATER + DELAY_SECONDS - 1).private is not None
    assert keys.current("ES256", LATER + DELAY_SECONDS).kid == elsewhere["kid"]
    with pytest.raises(BadIssuerKeys, match="occurs twice"):
        publish(published, json.dumps(elsewhere), LATER + DELAY_SECONDS)
    rotated = rotate(published, LATER + DELAY_SECONDS)
    assert kids(rotated) == kids(published)
    assert len(kids(rotated, "EdDSA")) == 2


@pytest.mark.parametrize("jwk", ["", "[]", "7", '{"crv": "P-256"}'])
def test_what_is_no_public_key_is_not_published(jwk: str) -> None:
    with pytest.raises(BadIssuerKeys):
        publish(new_issuer_keys(NOW), jwk, LATER)


def test_a_changed_file_is_read_within_a_second(path: Path) -> None:
    file = KeyFile(path)
    before = file.keys
    write_secret(path, rotate(path.read_text(), LATER))
    _wait_until(lambda: file.keys is not before)
    assert len(file.keys.all) == 4
    assert file.keys is file.keys


@pytest.mark.parametrize("damage", ["text", "mode", "missing"])
def test_a_damaged_file_leaves_the_keys_in_use_and_is_said_once(path: Path, damage: str) -> None:
    file, good = KeyFile(path), path.read_text()
    before = file.keys
    with structlog.testing.capture_logs() as lines:
        if damage == "text":
            write_secret(path, good[: len(good) // 2])
        elif damage == "mode":
            path.chmod(0o644)
        else:
            path.unlink()
        for _ in range(2):
            time.sleep(CHECK_SECONDS + 0.1)
            assert file.keys is before
    (line,) = lines
    assert line["log_level"] == "error"
    assert "keys read before stay in use" in line["event"]
    if damage == "mode":
        path.chmod(0o600)
    else:
        write_secret(path, rotate(good, LATER))
    _wait_until(lambda: file.keys is not before)


def _wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_file_that_others_can_read_is_refused_at_start(path: Path) -> None:
    path.chmod(0o640)
    with pytest.raises(UnsafeSecretFile, match="chmod 0600"):
        KeyFile(path)

"""Packages of another language judge the same certificates: jose, @digitalbazaar/vc and its status lists.

They are installed by `npm ci` into a temporary folder; the judge itself reads local documents only.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mitra_shared.credential.did import did_document
from mitra_shared.credential.facts import StatusPlace
from tests.credential.made import NAMES, PUBLIC_URL, facts, issuer_keys, proven, status_token, token
from tests.credential.test_independent import CONTEXT_FILES, CONTEXTS

PROJECT = Path(__file__).parent / "npm"
LOCAL = CONTEXT_FILES | {"https://w3id.org/security/multikey/v1": "security-multikey-v1.json"}
KEPT, REVOKED = StatusPlace(number=3, index=5), StatusPlace(number=3, index=524_287)


def _altered(document: dict[str, Any]) -> dict[str, Any]:
    document["credentialSubject"]["identifier"][0]["identityHash"] = "Somebody Else"
    return document


def _case() -> dict[str, Any]:
    tokens = {name: token(facts(holder_name=text)) for name, text in NAMES.items()}
    head, _, tail = tokens["latin"].split(".")
    return {
        "contexts": {url: json.loads((CONTEXTS / file).read_text()) for url, file in LOCAL.items()},
        "didDocument": did_document(issuer_keys(), PUBLIC_URL),
        "statusToken": status_token(REVOKED.index),
        "tokens": tokens | {"another's payload": f"{head}.{tokens['urdu'].split('.')[1]}.{tail}"},
        "documents": {name: proven(facts(holder_name=text, status=KEPT)) for name, text in NAMES.items()}
        | {"revoked": proven(facts(status=REVOKED)), "altered": _altered(proven(facts(status=KEPT)))},
    }


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    npm, node = shutil.which("npm"), shutil.which("node")
    if (npm is None or node is None) and "CI" not in os.environ:
        pytest.skip("needs node and npm")
    assert npm is not None
    assert node is not None
    folder = tmp_path_factory.mktemp("npm") / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("node_modules"))
    installed = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert installed.returncode == 0, installed.stdout + installed.stderr
    case = json.dumps(_case())
    judged = subprocess.run(
        [node, "judge.mjs"], cwd=folder, input=case, capture_output=True, text=True, timeout=60, check=False
    )
    assert judged.returncode == 0, judged.stderr
    found: dict[str, Any] = json.loads(judged.stdout)
    return found


def test_jose_accepts_every_token_and_reads_the_name(verdicts: dict[str, Any]) -> None:
    assert {name: verdicts["tokens"][name] for name in NAMES} == NAMES


def test_jose_refuses_a_token_with_the_payload_of_another(verdicts: dict[str, Any]) -> None:
    assert verdicts["tokens"]["another's payload"] == {"refused": "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"}


def test_digitalbazaar_accepts_every_proof_and_finds_it_not_revoked(verdicts: dict[str, Any]) -> None:
    kept = {"verified": True, "revoked": False, "errors": []}
    assert {name: verdicts["documents"][name] for name in NAMES} == dict.fromkeys(NAMES, kept)


def test_digitalbazaar_finds_the_revoked_one_in_the_list(verdicts: dict[str, Any]) -> None:
    assert verdicts["documents"]["revoked"]["revoked"] is True


def test_digitalbazaar_refuses_an_altered_document(verdicts: dict[str, Any]) -> None:
    altered = verdicts["documents"]["altered"]
    assert not altered["verified"]
    assert altered["errors"] == ["Invalid signature."]


def test_the_lock_names_what_is_installed_by_hash_and_no_place_to_get_it_from() -> None:
    packages = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    del packages[""]
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())

"""The example of docs/credentials.md does what it says, with public packages only."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from cwt.exceptions import VerifyError

from mitra_shared.credential.cose import qr_text
from mitra_shared.credential.did import did_document
from tests.credential.made import NAMES, PUBLIC_URL, code, facts, issuer_keys

DOCUMENT = Path(__file__).parents[2] / "docs" / "credentials.md"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`verify` of the document, with the issuer's site in place of the network."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"{PUBLIC_URL}/.well-known/did.json"
        return httpx.Response(200, text=json.dumps(did_document(issuer_keys(), PUBLIC_URL)))

    site = httpx.Client(transport=httpx.MockTransport(answer))
    monkeypatch.setattr(httpx, "get", site.get)
    (source,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the document is ours
    yield names["verify"]
    site.close()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_stranger_reads_the_name_from_the_code(example: Any, name: str) -> None:
    assert example(qr_text(PUBLIC_URL, code(facts(holder_name=name))))[1] == name


def test_a_stranger_notices_a_changed_code(example: Any) -> None:
    changed = code(facts()).replace(b"0007", b"0008")
    with pytest.raises(VerifyError):
        example(qr_text(PUBLIC_URL, changed))


def test_a_stranger_notices_another_issuer(example: Any) -> None:
    with pytest.raises(ValueError, match="another issuer"):
        example(qr_text(PUBLIC_URL, code(facts(issuer="https://other.example.org"))))

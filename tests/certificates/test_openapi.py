"""The OpenAPI document is committed, and is the one of the code."""

from pathlib import Path

from certificates.openapi import openapi_text

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi" / "certificates.json"


def test_the_committed_document_is_the_one_the_code_describes() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == openapi_text(), (
        "run: python -m certificates openapi > docs/openapi/certificates.json"
    )

import pytest

from certificates.rendering.typesetter import Typesetter


@pytest.fixture(scope="session")
def typesetter() -> Typesetter:
    """With the fonts of the wheels only: every machine sets alike."""
    return Typesetter(system_fonts=False)

"""How a person took note of the notice before agreeing to it."""

from typing import Final, Literal

ConsentManner = Literal["read", "read_aloud", "signed_paper"]

READ: Final[ConsentManner] = "read"
"""What is meant where nothing is said, as by apps from before the question."""

"""temp"""

from uuid import UUID
from pathlib import Path


class RenderingCache:
    def __init__(self, directory: Path, most: int) -> None:
        self.d: dict[tuple[UUID, str], bytes] = {}

    def get(self, credential_id: UUID, variant: str) -> bytes | None:
        return self.d.get((credential_id, variant))

    def put(self, credential_id: UUID, variant: str, content: bytes) -> None:
        self.d[credential_id, variant] = content

    def forget(self, credential_id: UUID) -> None: ...

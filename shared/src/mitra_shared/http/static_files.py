"""Static files of a page: read once at start, answered zipped where that gains something, 304 where known."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from fastapi import Request
from starlette.responses import Response

MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Media type by the end of a file's name."""

_NOT_MODIFIED: Final = 304
_LEAST_GAIN: Final = 0.9


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served.

    Attributes:
        body: as it is.
        zipped: with gzip, or None where that gains little.
        etag: of `body`; a weak one, since it is the same with and without gzip.
        media_type: the value of Content-Type.
        headers: those of every answer with this file.
    """

    body: bytes
    zipped: bytes | None
    etag: str
    media_type: str
    headers: Mapping[str, str]

    def answer(self, request: Request) -> Response:
        """200 with the file, or 304 where the caller has it already."""
        headers = dict(self.headers)
        if self.zipped is not None:
            headers["Vary"] = "Accept-Encoding"
        if self.etag.removeprefix("W/") in _etags(request.headers.get("If-None-Match", "")):
            return Response(status_code=_NOT_MODIFIED, headers=headers)
        if self.zipped is not None and takes_gzip(request):
            headers["Content-Encoding"] = "gzip"
            return Response(self.zipped, headers=headers, media_type=self.media_type)
        return Response(self.body, headers=headers, media_type=self.media_type)


def static_file(body: bytes, suffix: str, headers: Mapping[str, str]) -> StaticFile:
    """A file whose name ends in `suffix`, one of `MEDIA_TYPES`, with its `headers`."""
    etag = f'W/"{sha256(body).hexdigest()[:24]}"'
    zipped = gzip.compress(body, 9, mtime=0)
    return StaticFile(
        body=body,
        zipped=zipped if len(zipped) < _LEAST_GAIN * len(body) else None,
        etag=etag,
        media_type=MEDIA_TYPES[suffix],
        headers={**headers, "ETag": etag},
    )


def takes_gzip(request: Request) -> bool:
    """Whether the caller can unzip an answer."""
    for choice in request.headers.get("Accept-Encoding", "").split(","):
        name, _, quality = choice.partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _etags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}

"""Request bodies that were zipped on the way (`Content-Encoding: gzip`), for routes that phones upload to.

What comes out is bounded as an unzipped body is, and nothing beyond the bound is ever unpacked: a small body
that would grow to gigabytes costs as much as one that is honestly large.
"""

import zlib
from typing import Final

from starlette.requests import Request

from mitra_shared.http.limits import LARGEST_BODY
from mitra_shared.http.problems import BAD_REQUEST, BODY_TOO_LARGE, CONTENT_TYPE

_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


def unzipped(request: Request, body: bytes, *, largest_body: int = LARGEST_BODY) -> bytes:
    """`body` as it was before it was zipped, or as it is if the request names no encoding.

    Raises:
        Problem: 415 for another encoding than gzip, 400 for a body that is not one whole gzip member, 413 for
            more than `largest_body` bytes.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise CONTENT_TYPE(
            "Send the body as it is, or with Content-Encoding: gzip",
            headers={"Accept-Encoding": "gzip"},
            accepted=["application/json"],
        )
    unpacking = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacking.decompress(body, largest_body + 1)
    except zlib.error:
        raise BAD_REQUEST("The body is not what its Content-Encoding says: it cannot be unzipped") from None
    if len(plain) > largest_body:
        raise BODY_TOO_LARGE(f"The body may have at most {largest_body} bytes unzipped", limit=largest_body)
    if not unpacking.eof or unpacking.unused_data:
        raise BAD_REQUEST("The zipped body is cut off, or something follows it")
    return plain

"""Makes a photo anew from its pixels, in a thread of its own, so that nothing else of it is kept.

Cutting out metadata segment by segment would have been cheaper, and would keep what hides in a place nobody
thought of. A photo that was decoded and encoded again holds a picture, upright, and no place, time, device,
thumbnail or comment; and one that cannot be decoded is refused while the phone still has it. What is handed
in was walked by `domain.paper_photo`, so that the decoder's memory (about 50 MB) and time are bounded. A
process apart, as for sheets, would take longer to start than a photo takes, for bytes that only staff send.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Final

from enrolment.domain.paper_photo import Flaw, UnfitPhoto, check_photo

QUALITY: Final = 80
MOST_WAITING: Final = 16
"""Photos in the press and before it; one takes about 0.1 s."""


class PressBusy(Exception):
    """As many photos wait as there is room for."""


class PhotoPress:
    """One thread and a short queue before it."""

    def __init__(self, *, room: int = MOST_WAITING) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="photos")
        self._room = room

    async def press(self, photo: bytes) -> bytes:
        """The picture of `photo`, as a JPEG that holds nothing else.

        Raises:
            UnfitPhoto: it cannot be taken.
            PressBusy: no room.
        """
        if self._room == 0:
            raise PressBusy
        self._room -= 1
        future = self._thread.submit(pressed, photo)
        # Room is free when the thread is, not when a caller who hung up stops waiting.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _done: loop.call_soon_threadsafe(self._free))
        return await asyncio.wrap_future(future)

    def _free(self) -> None:
        self._room += 1


def pressed(photo: bytes) -> bytes:
    """The same picture as a JPEG without metadata.

    Raises:
        UnfitPhoto: it cannot be taken.
    """
    from PIL import ImageOps
    from PIL.JpegImagePlugin import JpegImageFile

    check_photo(photo)
    made = BytesIO()
    try:
        # Not `Image.open`, which takes several pictures in one file for a JPEG too.
        with JpegImageFile(BytesIO(photo)) as read:
            upright = ImageOps.exif_transpose(read).convert("RGB")
    except Exception:  # noqa: BLE001 - a decoder that stumbles over bytes of others raises errors of any kind
        raise UnfitPhoto(Flaw.UNREADABLE) from None
    # Comments and the like would be written again.
    upright.info.clear()
    upright.save(made, "JPEG", quality=QUALITY, optimize=True)
    return made.getvalue()

"""The press of photos: what is taken for one, and that nothing but the picture comes out."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrolment.domain.paper_photo import UnfitPhoto, check_photo
from enrolment.photo_press import PhotoPress, PressBusy, pressed
from tests.enrolment.photos import (
    APP_SEGMENTS_AND_COMMENTS,
    frame_of,
    jpeg,
    markers,
    opened,
    png,
    resized_in_the_header,
    with_scans,
)

PHOTO = jpeg()
ONLY_FILLING = PHOTO[: PHOTO.index(b"\xff\xda")] + b"\xff\xda\x00\x02" + b"\xff" * 400_000
"""A scan of what may stand before a marker, and no marker: in minutes, if each was tried as the first."""
MANY_SCANS = with_scans(jpeg(), 21)
BOMB = resized_in_the_header(jpeg(), 60_000, 60_000)


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (b"", "empty"),
        (png(), "not-jpeg"),
        (b"\x00\x01\x02 no picture at all", "not-jpeg"),
        (PHOTO[: len(PHOTO) // 2], "cut-off"),
        (PHOTO[:-2], "cut-off"),
        (PHOTO[:-1], "cut-off"),
        (PHOTO[:3], "cut-off"),
        (PHOTO + b"<html><script>alert(1)</script>", "more-behind"),
        (PHOTO + PHOTO, "more-behind"),
        (BOMB, "too-many-pixels"),
        (jpeg(2_401, 8), "too-many-pixels"),
        (MANY_SCANS, "too-costly"),
        (resized_in_the_header(PHOTO, 320, 0), "unreadable"),
        (PHOTO[: frame_of(PHOTO) + 1] + b"\xc3" + PHOTO[frame_of(PHOTO) + 2 :], "unreadable"),
        (PHOTO[: frame_of(PHOTO)] + PHOTO[-2:], "unreadable"),
        (b"\xff\xd8\xff\xd9", "unreadable"),
        (b"\xff\xd8<html>", "unreadable"),
        (ONLY_FILLING, "cut-off"),
        (ONLY_FILLING[:-1] + b"\x00", "cut-off"),
        (b"\xff" * (400 << 10), "not-jpeg"),
        (b"\xff\xd8" + b"\xff" * 400_000, "unreadable"),
    ],
)
def test_what_is_no_whole_jpeg_of_a_bounded_size_is_not_taken(photo: bytes, reason: str) -> None:
    with pytest.raises(UnfitPhoto, match=f"^{reason}$"):
        pressed(photo)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_photo_of_a_usual_encoder_is_taken(*, progressive: bool) -> None:
    made = pressed(jpeg(2_400, 600, progressive=progressive))
    check_photo(made)
    assert opened(made).size == (2_400, 600)


@given(st.lists(st.tuples(st.integers(2, len(PHOTO) - 1), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=80, deadline=None, database=None)
def test_whatever_bytes_are_changed_a_photo_is_pressed_clean_or_refused(
    changes: list[tuple[int, int]],
) -> None:
    photo = bytearray(PHOTO)
    for at, byte in changes:
        photo[at] = byte
    try:
        made = pressed(bytes(photo))
    except UnfitPhoto:
        return
    check_photo(made)
    assert not markers(made) & APP_SEGMENTS_AND_COMMENTS


async def test_who_finds_the_press_full_is_told_so_and_room_is_free_again() -> None:
    press = PhotoPress(room=1)
    answers = await asyncio.gather(*(press.press(PHOTO) for _ in range(2)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [bytes, PressBusy]
    assert await press.press(PHOTO) == answers[0]

"""`/v1/mitras/{mitra_id}/paper`: the photo of a signed paper, sent once and looked at on record."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from enrolment.api.callers import Recruiter, no_store
from enrolment.api.mitras import looks_used_up
from enrolment.clock import india_day
from enrolment.commands.keep_paper_photo import (
    AnotherPhotoKept,
    KeepPaperPhoto,
    NoSignedPaper,
    keep_paper_photo,
)
from enrolment.commands.look_at_mitra import LooksUsedUp, MitraGone
from enrolment.commands.look_at_paper import LookAtPaper, NoPhoto, look_at_paper
from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.domain.paper_photo import LARGEST_PHOTO, LONGEST_SIDE, MOST_SCANS, Flaw, UnfitPhoto
from enrolment.mitra_schemas import PaperPhotoKept
from enrolment.photo_press import PhotoPress, PressBusy
from enrolment.problems import MITRA_WITHDRAWN, NO_SIGNED_PAPER, PAPER_PHOTO_KEPT, UNFIT_PHOTO
from enrolment.service import Service
from mitra_shared.http.edge import Upload
from mitra_shared.http.problems import (
    NOT_FOUND,
    Problem,
    invalid_fields,
    problem_responses,
    unavailable,
    wrong_content_type,
)
from mitra_shared.ids import MitraId

PATH: Final = "/v1/mitras/{mitra_id}/paper"
MEDIA_TYPE: Final = "image/jpeg"
UPLOAD: Final = Upload(LARGEST_PHOTO, 120.0, "PUT")
"""Two minutes: 27 kbit/s are enough for the largest photo."""
PHOTO_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Disposition": 'inline; filename="paper.jpg"',
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_WORDS: Final[Mapping[Flaw, str]] = {
    Flaw.EMPTY: "The body is empty; send the JPEG itself",
    Flaw.TOO_LARGE: f"The photo has more than {LARGEST_PHOTO} bytes",
    Flaw.NOT_JPEG: "The bytes are no JPEG, whatever the file is called; send a JPEG",
    Flaw.CUT_OFF: "The JPEG is cut off before its end; send it whole",
    Flaw.MORE_BEHIND: "Something follows behind the end of the JPEG; send the picture alone",
    Flaw.TOO_MANY_PIXELS: f"The photo is larger than {LONGEST_SIDE} x {LONGEST_SIDE} pixels; scale it down",
    Flaw.TOO_COSTLY: f"The JPEG has more than {MOST_SCANS} scans; save it as a baseline JPEG",
    Flaw.UNREADABLE: "The JPEG cannot be read; save it as a baseline JPEG with 8 bits, or take another photo",
}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": f"One JPEG, at most {LARGEST_PHOTO:,} bytes and {LONGEST_SIDE:,} pixels on a side.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class _JpegAnswer(Response):
    media_type = MEDIA_TYPE


def photo_answer(photo: bytes) -> Response:
    """A photo as an answer that nobody on the way keeps, and no browser takes for anything else."""
    return _JpegAnswer(photo, headers=PHOTO_HEADERS)


def paper_photo_routes(service: Service) -> APIRouter:
    """Sending a photo and looking at it."""
    router = APIRouter(tags=["mitras"], responses=problem_responses(401, 403, 404, 409))
    press = PhotoPress()

    @router.put(
        PATH,
        summary="Send the photo of a signed paper",
        openapi_extra=_BODY,
        dependencies=[Depends(no_store)],
        responses=problem_responses(413, 415),
    )
    async def send(
        mitra_id: MitraId,
        request: Request,
        caller: Recruiter,
        taken_on: Annotated[
            date | None, Query(description="Day on which it was taken, in India; today if left out.")
        ] = None,
        *,
        replace: Annotated[
            bool, Query(description="Put it in the place of another one; the in-charge alone may.")
        ] = False,
    ) -> PaperPhotoKept:
        """Keep it, sealed: from who enrolled the person, or from the in-charge of the constituency.

        The picture is encoded anew, upright; metadata such as place, time and device are not kept. The same
        photo again gives the same answer.
        """
        now = service.clock()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise wrong_content_type(MEDIA_TYPE)
        if taken_on is not None and taken_on > india_day(now):
            wrong = {"field": "taken_on", "message": "has not come yet", "expected": "today or earlier"}
            raise invalid_fields([wrong])
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        command = KeepPaperPhoto(
            mitra=mitra_id,
            campaign=campaign,
            caller=caller,
            photo=await request.body(),
            taken_on=taken_on or india_day(now),
            asked_at=now,
            replace=replace,
        )
        try:
            kept = await keep_paper_photo(command, service.engine, service.seals, press)
        except UnfitPhoto as error:
            raise UNFIT_PHOTO(_WORDS[error.flaw], reason=error.flaw.value) from None
        except PressBusy:
            raise unavailable("Many photos arrive at once. Send it again in a moment.") from None
        except (MitraNotFound, MitraGone, NoSignedPaper, AnotherPhotoKept) as error:
            raise _problem(error) from None
        return PaperPhotoKept(
            mitra_id=mitra_id, taken_on=kept.taken_on, kept_by=kept.kept_by, kept_at=kept.kept_at
        )

    @router.get(
        PATH,
        summary="The photo of a signed paper, for the record",
        response_class=_JpegAnswer,
        responses={**problem_responses(429), 200: {"content": {MEDIA_TYPE: {}}}},
    )
    async def look(mitra_id: MitraId, caller: Recruiter) -> Response:
        """The photo: to who has the person in care, and to the in-charge of the constituency.

        Each look is put on record before it is answered, and counts as looks at names do.
        """
        command = LookAtPaper(
            mitra=mitra_id,
            campaign=(await service.campaign(caller.campaign)).rules.campaign,
            caller=caller,
            asked_at=service.clock(),
        )
        try:
            photo = await look_at_paper(command, service.engine, service.seals, ration=service.looks_a_day)
        except (MitraNotFound, MitraGone, NoPhoto) as error:
            raise _problem(error) from None
        except LooksUsedUp:
            raise looks_used_up(command.asked_at) from None
        return photo_answer(photo)

    return router


def _problem(error: Exception) -> Problem:
    match error:
        case MitraGone():
            return MITRA_WITHDRAWN("The person withdrew. What is still held waits for its erasure.")
        case NoSignedPaper():
            return NO_SIGNED_PAPER(
                f"The person agreed in the manner {error.manner!r}; a photo is kept of a signed paper only",
                manner=error.manner,
            )
        case AnotherPhotoKept():
            return PAPER_PHOTO_KEPT(
                "Another photo is there. The in-charge may put this one in its place with replace=true."
            )
        case NoPhoto():
            return NOT_FOUND("There is no photo of a paper of this person")
        case _:
            return NOT_FOUND("Nobody of this id is there for you to look at")

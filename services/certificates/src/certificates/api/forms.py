"""The forms in which a certificate can be had, and which of them a request asks for."""

from enum import StrEnum
from typing import Final

from mitra_shared.http.negotiation import preferred
from mitra_shared.http.problems import NOT_ACCEPTABLE


class Form(StrEnum):
    """A form, as `?format=` names it."""

    STATE = "json"
    PAGE = "html"
    PDF = "pdf"
    PNG = "png"
    LINKED_DATA = "jsonld"
    JWT = "jwt"
    COSE = "cose"


MEDIA_TYPES: Final = {
    Form.STATE: "application/json",
    Form.PAGE: "text/html",
    Form.PDF: "application/pdf",
    Form.PNG: "image/png",
    Form.LINKED_DATA: "application/ld+json",
    Form.JWT: "application/vc+jwt",
    Form.COSE: "application/cose",
}
_ALIASES: Final = {"application/vc": Form.LINKED_DATA, "application/cwt": Form.COSE}
_FORMS: Final = {**{media_type: form for form, media_type in MEDIA_TYPES.items()}, **_ALIASES}
OF_A_CREDENTIAL: Final = (Form.PAGE, Form.PDF, Form.PNG, Form.LINKED_DATA, Form.JWT, Form.COSE)
OF_A_CERTIFICATE: Final = (Form.STATE, *OF_A_CREDENTIAL)


def asked_form(accept: str | None, named: Form | None, offered: tuple[Form, ...]) -> Form:
    """The form that a request asks for: by name, else by its `Accept` header; the first on offer if neither.

    Raises:
        Problem: 406 with what can be had.
    """
    if named is not None and named in offered:
        return named
    media_types = [media_type for media_type, form in _FORMS.items() if form in offered]
    media_types.sort(key=lambda media_type: offered.index(_FORMS[media_type]))
    chosen = preferred(accept, media_types) if named is None else None
    if chosen is None:
        raise NOT_ACCEPTABLE(
            f"It can be had as {', '.join(MEDIA_TYPES[form] for form in offered)}",
            available=[MEDIA_TYPES[form] for form in offered],
        )
    return _FORMS[chosen]

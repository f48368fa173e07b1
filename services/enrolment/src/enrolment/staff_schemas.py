"""What requests and answers about staff look like: invitations, posts, sessions, accounts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from enrolment.domain.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from enrolment.logins import LONGEST_LOGIN
from enrolment.refresh_tokens import LONGEST_REFRESH_TOKEN
from enrolment.schemas import Body
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.person_names import RIGHT_NAME
from mitra_shared.security.tokens import Role

LARGEST_REGISTRATION = 5_000
STAFF_ID_PATTERN = r"^[\x21-\x7e]{1,100}$"

LoginText = Annotated[
    str,
    Field(
        max_length=LONGEST_LOGIN,
        description="A mobile number or an e-mail address.",
        examples=["+919876543210"],
    ),
]
PasswordText = Annotated[str, Field(max_length=LONGEST_PASSWORD, examples=["mango river quiet lamp"])]
NewPasswordText = Annotated[
    str,
    Field(
        description=f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, none of the most common ones.",
        examples=["mango river quiet lamp"],
    ),
]
CodeText = Annotated[
    str,
    Field(max_length=40, description="Of the authenticator, or a recovery code.", examples=["123456"]),
]
StaffIdText = Annotated[StaffId, Field(pattern=STAFF_ID_PATTERN, examples=["S11-PC04/in-charge"])]
AreaText = Annotated[
    AreaCode,
    Field(
        pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$",
        description="A state for coordinators, a constituency for in-charges and co-in-charges.",
        examples=["S11-PC04"],
    ),
]


class StaffRole(StrEnum):
    """The roles that people are appointed to."""

    CO_IN_CHARGE = Role.CO_IN_CHARGE.value
    IN_CHARGE = Role.IN_CHARGE.value
    STATE_COORDINATOR = Role.STATE_COORDINATOR.value
    HEADQUARTERS = Role.HEADQUARTERS.value


class InvitationRequest(Body):
    """A post to fill."""

    role: StaffRole
    area: AreaText | None = Field(default=None, description="Left out for headquarters: the nation.")
    replaces: StaffIdText | None = Field(
        default=None,
        description="Who holds the post until the invitation is accepted. It takes no further room.",
    )


class InvitationTold(BaseModel):
    """An invitation that can be accepted until it expires."""

    id: UUID
    role: StaffRole
    area: AreaCode
    replaces: StaffId | None
    invited_by: StaffId
    invited_at: datetime
    expires_at: datetime


class InvitationMade(InvitationTold):
    """A new invitation, with its secret."""

    secret: str = Field(
        description="For the invited person, in a link or as a code. Shown this one time, and kept nowhere."
    )


class InvitationsTold(BaseModel):
    """What can still be accepted, oldest first."""

    invitations: list[InvitationTold]


class AcceptanceRequest(Body):
    """What the invited person says."""

    secret: str = Field(max_length=64)
    name: str = Field(description=f"{RIGHT_NAME}.", examples=["आयशा बेगम"])
    login: LoginText
    password: NewPasswordText


class Appointment(BaseModel):
    """Who holds which post from now on."""

    id: StaffId
    role: StaffRole
    campaign: CampaignId
    area: AreaCode


class StaffTold(BaseModel):
    """Somebody of staff, as those who look after the post see them: without phone and e-mail."""

    id: StaffId
    name: str | None
    role: StaffRole | None = Field(description="Null for somebody who holds no post any more.")
    area: AreaCode | None
    state: Literal["active", "suspended", "erased"] = Field(
        description="Erased: name, login and sessions of somebody who left are gone; the id stays."
    )


class StaffPage(BaseModel):
    """Staff in the order of their ids."""

    staff: list[StaffTold]
    next: StaffId | None = Field(description="Give it as `after` for the next page; null on the last one.")


class RegistrationEntry(Body):
    """Somebody who is known elsewhere."""

    id: StaffIdText
    role: StaffRole
    campaign: Annotated[CampaignId, Field(max_length=63)]
    area: AreaText | None = Field(default=None, description="Left out for headquarters: the nation.")


class RegistrationRequest(Body):
    """Everybody to register."""

    staff: Annotated[tuple[RegistrationEntry, ...], Field(max_length=LARGEST_REGISTRATION)]


class RegistrationDone(BaseModel):
    """How many were new, have another post than before, or were as they should be."""

    added: int
    changed: int
    unchanged: int


class HandOverRequest(Body):
    """Who takes over."""

    to: StaffIdText


class Device(Body):
    """A device, by an id that it made for itself and keeps."""

    id: UUID
    name: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,100}$", examples=["Chrome on Android"])]


class SignInRequest(Body):
    """Who signs in, and where."""

    login: LoginText
    password: PasswordText
    code: CodeText | None = Field(default=None, description="Only if the account asks for one.")
    device: Device


class RefreshRequest(Body):
    """A refresh token, which is spent by this."""

    refresh_token: Annotated[str, Field(max_length=LONGEST_REFRESH_TOKEN)]


class StaffSignedIn(BaseModel):
    """Whose session it is."""

    id: StaffId
    name: str | None
    role: StaffRole
    campaign: CampaignId
    area: AreaCode


class SessionGiven(BaseModel):
    """A session with its newest tokens; earlier ones are spent."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token
    expires_in: int = Field(description="Seconds the access token is valid.", examples=[600])
    refresh_token: str
    refresh_expires_in: int = Field(description="Seconds until the session ends if it is not used.")
    session_id: UUID
    staff: StaffSignedIn


class SessionTold(BaseModel):
    """One device that the caller is signed in on."""

    id: UUID
    device: Device
    began_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool = Field(description="The one that asks.")


class SessionsTold(BaseModel):
    """Last used first."""

    sessions: list[SessionTold]


class AccountTold(StaffSignedIn):
    """The caller's own account."""

    login: str
    asks_for_codes: bool


class PasswordChange(Body):
    """From what to what."""

    current: PasswordText
    new: NewPasswordText


class PasswordProof(Body):
    """The password, once more."""

    password: PasswordText


class AuthenticatorSecret(BaseModel):
    """For an authenticator app; shown this one time."""

    secret: str
    address: str = Field(description="`otpauth://` address, to be shown as a QR code.")


class AuthenticatorProof(Body):
    """A code that shows that the app has the secret."""

    code: CodeText


class RecoveryCodes(BaseModel):
    """Each opens the account once without the app; shown this one time."""

    recovery_codes: list[str]

"""How refusals about staff and sessions look at the HTTP edge."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from enrolment.commands.accept_invitation import InvitationUnknown, InvitationVoid, LoginTaken
from enrolment.commands.attempts import LockedOut
from enrolment.commands.end_session import SessionNotFound
from enrolment.commands.erase_staff import StillStaff
from enrolment.commands.hand_over_post import CannotTakeOver, NothingToHandOver
from enrolment.commands.posts import NobodyToReplace, NoSuchPost
from enrolment.commands.prove_password import NoAccount, PasswordWrong
from enrolment.commands.refresh_session import AlreadyRefreshed, SessionOver
from enrolment.commands.register_staff import OfAnotherCampaign
from enrolment.commands.sign_in import AccountSuspended, CodeNeeded, CodeRefused, NoPost, SignInRefused
from enrolment.commands.suspend_staff import StaffNotFound
from enrolment.commands.use_authenticator import AlreadyOn, NotBegun
from enrolment.commands.withdraw_invitation import InvitationAccepted, InvitationNotFound
from enrolment.domain.passwords import WHAT_IS_RIGHT, WeakPassword
from enrolment.domain.staff import NotYourPost, PostFilled
from enrolment.passwords import PasswordsBusy
from mitra_shared.http.problems import NOT_FOUND, Problem, ProblemKind, invalid_fields, unavailable

POST_NOT_YOURS: Final = ProblemKind("post-not-yours", "The post is not yours to fill", 403)
POST_FILLED: Final = ProblemKind("post-filled", "The post has no more room", 409)
NOT_THE_HOLDER: Final = ProblemKind("not-the-holder", "That person does not hold the post", 409)
CANNOT_TAKE_OVER: Final = ProblemKind("cannot-take-over", "That person cannot take the post over", 409)
STILL_STAFF: Final = ProblemKind("still-staff", "That person holds a post", 409)
STAFF_ELSEWHERE: Final = ProblemKind("staff-elsewhere", "The id belongs to another campaign", 409)
INVITATION_UNKNOWN: Final = ProblemKind("invitation-unknown", "There is no such invitation", 404)
INVITATION_VOID: Final = ProblemKind("invitation-void", "The invitation is no longer open", 409)
LOGIN_TAKEN: Final = ProblemKind("login-taken", "The login cannot be used", 409)
SIGN_IN_REFUSED: Final = ProblemKind("sign-in-refused", "Login or password is wrong", 401)
CODE_NEEDED: Final = ProblemKind("code-needed", "A code is needed", 401)
CODE_REFUSED: Final = ProblemKind("code-refused", "The code is not accepted", 403)
SESSION_OVER: Final = ProblemKind("session-over", "The session is over", 401)
ALREADY_REFRESHED: Final = ProblemKind("already-refreshed", "The token was exchanged already", 409)
ACCOUNT_SUSPENDED: Final = ProblemKind("account-suspended", "The account is suspended", 403)
NO_POST: Final = ProblemKind("no-post", "The account holds no post", 403)
NO_SESSION: Final = ProblemKind("no-session", "The token is of no session", 403)
PASSWORD_WRONG: Final = ProblemKind("password-wrong", "The password is wrong", 403)
LOCKED_OUT: Final = ProblemKind("locked-out", "Too many attempts to sign in", 429)
CODES_CONFLICT: Final = ProblemKind("codes-conflict", "Codes are not where that step expects them", 409)

_BUSY_SECONDS: Final = 2
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="mitra"'}
_WHY_OVER: Final = {
    "unknown": "We do not know this token; it may be of another place, or very old.",
    "replayed": "This token was used before. To be safe the session was ended on this device.",
    "expired": "The session was not used for too long.",
    "ended": "The session was ended: signed out, suspended, or in a post that is another's now.",
}


def weak_password(field: str, error: WeakPassword) -> dict[str, str]:
    """What was wrong with a password, and what would be right."""
    return {"field": field, "message": str(error), "expected": WHAT_IS_RIGHT}


def _locked_out(error: LockedOut) -> Problem:
    headers = {"Retry-After": str(error.seconds)}
    return LOCKED_OUT(f"Try again in {error.seconds} s", headers=headers, retry_after=error.seconds)


def _no_such_post(error: NoSuchPost) -> Problem:
    expected = f"the code of a {error.level.value}"
    message = "is no area of the campaign for this role"
    return invalid_fields([{"field": "area", "message": message, "expected": expected}])


def _session_over(error: SessionOver) -> Problem:
    reason = str(error)
    return SESSION_OVER(f"{_WHY_OVER[reason]} Sign in again.", headers=_CHALLENGE, reason=reason)


def _post_filled(error: PostFilled) -> Problem:
    return POST_FILLED(
        f"The campaign has room for {error.limit}: {error.post}. Take an invitation back, or name in "
        "`replaces` whom the new person replaces.",
        limit=error.limit,
    )


_OF_ERROR: Final[Mapping[type[Exception], Callable[[Any], Problem]]] = {
    NotYourPost: lambda error: POST_NOT_YOURS(
        f"{error}. It is filled by {error.by}. This attempt is recorded."
    ),
    NoSuchPost: _no_such_post,
    PostFilled: _post_filled,
    NobodyToReplace: lambda _: NOT_THE_HOLDER("Name somebody who holds the post now; see GET /v1/staff"),
    NothingToHandOver: lambda _: NOT_THE_HOLDER("Name somebody who holds a post now; see GET /v1/staff"),
    CannotTakeOver: lambda error: CANNOT_TAKE_OVER(f"That person {error}"),
    StaffNotFound: lambda _: NOT_FOUND("Nobody of this id holds a post that you fill"),
    StillStaff: lambda _: STILL_STAFF("Suspend that person or hand the post over first, then erase"),
    OfAnotherCampaign: lambda error: STAFF_ELSEWHERE(
        f"{error}; an id is of one campaign", staff=error.person
    ),
    InvitationUnknown: lambda _: INVITATION_UNKNOWN("Copy the whole code of the invitation"),
    InvitationVoid: lambda error: INVITATION_VOID(f"The invitation {error}; ask whoever invited you"),
    InvitationAccepted: lambda _: INVITATION_VOID("The invitation was accepted; suspend the person instead"),
    InvitationNotFound: lambda _: INVITATION_UNKNOWN("None of this id is yours to take back"),
    LoginTaken: lambda _: LOGIN_TAKEN(
        "Use another phone or e-mail. If it is yours from an earlier post, give the password it had."
    ),
    SignInRefused: lambda _: SIGN_IN_REFUSED("Look at both and try again", headers=_CHALLENGE),
    CodeNeeded: lambda _: CODE_NEEDED(
        "Send `code` too: of your authenticator, or a recovery code", headers=_CHALLENGE
    ),
    CodeRefused: lambda _: CODE_REFUSED(
        "Each code is good once and for half a minute; wait for the next one"
    ),
    AccountSuspended: lambda _: ACCOUNT_SUSPENDED("Ask whoever invited you"),
    NoPost: lambda _: NO_POST("Your post was handed over; ask whoever invited you"),
    LockedOut: _locked_out,
    PasswordsBusy: lambda _: unavailable("Too many passwords are being checked", retry_after=_BUSY_SECONDS),
    SessionOver: _session_over,
    AlreadyRefreshed: lambda _: ALREADY_REFRESHED(
        "Use the tokens that this token was exchanged for a moment ago"
    ),
    NoAccount: lambda _: NO_SESSION("Sign in with login and password first"),
    PasswordWrong: lambda _: PASSWORD_WRONG("Give the password that you sign in with"),
    WeakPassword: lambda error: invalid_fields([weak_password("new", error)]),
    SessionNotFound: lambda _: NOT_FOUND("You have no session of this id"),
    AlreadyOn: lambda _: CODES_CONFLICT("Codes are asked for already; switch them off first"),
    NotBegun: lambda _: CODES_CONFLICT("Ask for a secret first: POST /v1/account/authenticator"),
}


@contextmanager
def as_problems() -> Iterator[None]:
    """Let what commands raise leave as problems."""
    try:
        yield
    except tuple(_OF_ERROR) as error:
        raise _OF_ERROR[type(error)](error) from None

"""Staff: which posts there are, who fills them, and how many people may hold one.

| role | area | is appointed, suspended and replaced by |
|---|---|---|
| headquarters | the nation | an operator |
| state coordinator | a state | headquarters |
| in-charge | a constituency | headquarters |
| co-in-charge | a constituency | the in-charge of the constituency |

An operator may suspend anybody besides. Nobody holds two posts at a time.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from mitra_shared.security.tokens import Role

INVITATION_LIFETIME: Final = timedelta(days=7)
LOGINS_TRIED: Final = 5
"""How often an invitation may be answered with a login that is taken: it is no way to ask who is staff."""

LEVEL_OF: Final[Mapping[Role, Level]] = {
    Role.HEADQUARTERS: Level.NATION,
    Role.STATE_COORDINATOR: Level.STATE,
    Role.IN_CHARGE: Level.CONSTITUENCY,
    Role.CO_IN_CHARGE: Level.CONSTITUENCY,
}
"""The roles that people are appointed to, and of what level the area is."""

_APPOINTS: Final[Mapping[Role, frozenset[Role]]] = {
    Role.OPERATOR: frozenset({Role.HEADQUARTERS}),
    Role.HEADQUARTERS: frozenset({Role.STATE_COORDINATOR, Role.IN_CHARGE}),
    Role.IN_CHARGE: frozenset({Role.CO_IN_CHARGE}),
}
APPOINTING: Final = tuple(_APPOINTS)
"""The roles that appoint anybody at all."""


class Post(NamedTuple):
    """A role in an area."""

    role: Role
    area: AreaCode

    def __str__(self) -> str:
        return f"{self.role.value} of {self.area}"


class Appointer(NamedTuple):
    """Who appoints: a role, and the area of the token (None: the whole campaign)."""

    role: Role
    area: AreaCode | None


class Limits(NamedTuple):
    """How many people may hold a post of each constituency."""

    in_charges: int
    co_in_charges: int


class NotYourPost(Exception):
    """The post is not filled by whoever asks. `by` says who fills it."""

    def __init__(self, post: Post) -> None:
        self.by = filled_by(post.role)
        super().__init__(f"{post} is not yours to fill")


class PostFilled(Exception):
    """As many people hold the post, or are invited to it, as the campaign has room for."""

    def __init__(self, post: Post, limit: int) -> None:
        super().__init__(f"{post} has room for {limit}")
        self.post = post
        self.limit = limit


def filled_by(role: Role) -> str:
    """Who appoints to a role, in words."""
    match role:
        case Role.HEADQUARTERS:
            return "an operator"
        case Role.CO_IN_CHARGE:
            return "the in-charge of the constituency"
        case _:
            return "headquarters"


def appointed_by(role: Role) -> frozenset[Role]:
    """The roles that a role appoints to."""
    return _APPOINTS.get(role, frozenset())


def may_appoint(who: Appointer, post: Post) -> bool:
    """Whether the post is theirs to fill."""
    if post.role not in appointed_by(who.role):
        return False
    return who.role is not Role.IN_CHARGE or who.area == post.area


def may_suspend(who: Appointer, post: Post | None) -> bool:
    """Whether they may suspend who holds the post, or (None) who holds none any more."""
    return who.role is Role.OPERATOR or (post is not None and may_appoint(who, post))


def may_move(who: Appointer, held: Post | None) -> bool:
    """Whether they may take somebody out of the post they hold, to fill another one."""
    if held is None or may_appoint(who, held):
        return True
    return who.role is Role.HEADQUARTERS and held.role is Role.CO_IN_CHARGE


def limit_of(post: Post, limits: Limits) -> int | None:
    """How many people may hold the post; None: any number."""
    match post.role:
        case Role.IN_CHARGE:
            return limits.in_charges
        case Role.CO_IN_CHARGE:
            return limits.co_in_charges
        case _:
            return None


def check_room(post: Post, limits: Limits, *, taken: int) -> None:
    """Refuse one more.

    Raises:
        PostFilled: there is no room.
    """
    limit = limit_of(post, limits)
    if limit is not None and taken >= limit:
        raise PostFilled(post, limit)

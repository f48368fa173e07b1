"""What signing in, and looking after staff, needs of one api process."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from uuid import UUID

from enrolment.domain.refreshing import ACCESS_LIFETIME
from enrolment.domain.staff import Post
from enrolment.logins import Login
from enrolment.passwords import Passwords
from enrolment.seals import Seals
from enrolment.storage.staff import Account
from mitra_shared.ids import StaffId
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing
from mitra_shared.security.tokens import Caller, mint
from mitra_shared.staff_standing.names import seal_staff_name
from mitra_shared.staff_standing.revocations import Revocations, area_in_token


@dataclass(frozen=True, slots=True)
class Staffing:
    """Made by `main`: keys, the pool that checks passwords, and whose tokens count no longer."""

    seals: Seals
    shown_names: KeyRing
    """Seals names of staff for reporting, which opens them and nothing else."""
    passwords: Passwords
    access_key: str
    revocations: Revocations
    proxies: Sequence[IPv4Network | IPv6Network] = ()
    """Networks whose word is taken for where a request comes from."""

    @property
    def lookup(self) -> KeyedHash:
        """Finds logins, and hashes what is kept of codes."""
        return self.seals.lookup

    def login_hash(self, login: Login) -> bytes:
        """Finds the account of a login, in whatever campaign."""
        return self.lookup.digest("staff-login", login.text)

    def seal_name(self, name: str, staff: StaffId) -> str:
        """A name, for the account of that id."""
        return self.seals.names.seal(name, context=_context("name", staff))

    def seal_shown_name(self, name: str, staff: StaffId) -> str:
        """The name once more, for those who show staff to their in-charge."""
        return seal_staff_name(self.shown_names, name, staff)

    def open_name(self, account: Account) -> str | None:
        """The name of an account; None for one that was registered without."""
        if account.name is None:
            return None
        return self.seals.names.open(account.name, context=_context("name", account.id))

    def seal_login(self, login: Login, staff: StaffId) -> tuple[str | None, str | None]:
        """The login as phone and e-mail, one of which is None."""
        sealed = self.seals.phones.seal(login.text, context=_context(login.kind, staff))
        return (sealed, None) if login.kind == "phone" else (None, sealed)

    def open_login(self, account: Account) -> str | None:
        """What an account signs in with; None for one without login."""
        for kind, sealed in (("phone", account.phone), ("email", account.email)):
            if sealed is not None:
                return self.seals.phones.open(sealed, context=_context(kind, account.id))
        return None

    def seal_totp(self, secret: str, staff: StaffId) -> str:
        """The secret of an authenticator."""
        return self.seals.phones.seal(secret, context=_context("totp", staff))

    def open_totp(self, sealed: str, staff: StaffId) -> str:
        """The secret that `seal_totp` sealed."""
        return self.seals.phones.open(sealed, context=_context("totp", staff))

    def access_token(self, account: Account, post: Post, session: UUID) -> str:
        """A token for ten minutes."""
        caller = Caller(
            account.id, post.role, account.campaign, area_in_token(post.role, post.area), session=str(session)
        )
        return mint(self.access_key, caller, lifetime=ACCESS_LIFETIME)


def _context(field: str, staff: StaffId) -> bytes:
    return f"staff-{field}:{staff}".encode()

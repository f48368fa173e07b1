"""The folder of secrets: every key, password and address that the processes need, as files of mode 0600.

    DIR/enrolment DIR/certificates DIR/reporting   what each service may know: its MITRA_SECRETS_DIR
    DIR/certificates/issuer/keys.json              what certificates are signed with (`mitra keys`)
    DIR/enrolment/mitra_access_token_key           what the sessions of staff are signed with
    DIR/operator                                   the key of all other tokens; addresses for `mitra` itself
    DIR/postgres DIR/redis                         passwords, `roles.sql` and `users.acl` for the servers

The directory is made whole or not at all, and never overwritten: with the keys, sealed names are lost.
"""

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Final
from urllib.parse import quote

from mitra_shared.credential.keys import ISSUER_KEYS, new_issuer_keys
from mitra_shared.ids import StaffId
from mitra_shared.ops.embedded.accounts import (
    AUDIT,
    DATABASE_ROLES,
    REDIS_RIGHTS,
    REDIS_SUBSCRIBER,
    SERVICES,
    postgres_roles,
    redis_users,
)
from mitra_shared.ops.published_keys import by_kind, jwks, still_needed
from mitra_shared.ops.trouble import Trouble
from mitra_shared.security.lookup import new_lookup_key
from mitra_shared.security.sealing import new_key_ring
from mitra_shared.security.secret_files import read_secret, write_secret
from mitra_shared.security.tokens import (
    Caller,
    Role,
    mint,
    new_access_key,
    new_signing_key,
    public_jwks,
)

SUPERUSER: Final = "postgres"
CONSUMING: Final = ("certificates", "reporting")
PRODUCING: Final = ("enrolment", "certificates")
WEBHOOK_KEYS: Final = "mitra_webhook_keys"
STAFF_KEYS: Final = "mitra_staff_keys"
ACCESS_KEY: Final = "mitra_access_token_key"
MESSAGE_GATEWAY_SECRET: Final = "mitra_message_gateway_secret"  # noqa: S105 - the name of its file
_GATEWAY_SECRET_BYTES: Final = 32
MATCHING_KEY: Final = "mitra_matching_key"
RECEIPT_KEY: Final = "mitra_device_receipt_key"
SERVICE_TOKEN_LIFETIME: Final = timedelta(days=365)
LONGEST_TOKEN_LIFETIME: Final = timedelta(days=366)
"""Of any token that is minted here: so long does the key that signed it stay published."""
LONGEST_SESSION_TOKEN: Final = timedelta(days=1)
"""A day at least, since that is all that a `kid` tells; access tokens are valid for minutes."""


@dataclass(frozen=True)
class Servers:
    """Where the servers are, as `host:port`, seen from the services."""

    postgres: str
    redis: str


class SecretsExist(Trouble):
    """The directory is there already."""


class SecretFolder:
    """The directory that `mitra secrets init` makes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether the directory was made."""
        return self.path.is_dir()

    @property
    def signing_key(self) -> Path:
        """File of the private key that signs tokens."""
        return self.path / "operator" / "mitra_signing_key"

    @property
    def issuer_keys(self) -> Path:
        """File of the keys that sign certificates, in a directory of its own: it is replaced while in use."""
        return self.of_service("certificates") / ISSUER_KEYS

    def of_service(self, service: str) -> Path:
        """The `MITRA_SECRETS_DIR` of a service."""
        return self.path / service

    def database_password(self, role: str) -> str:
        """Password of a role of Postgres."""
        return read_secret(self.path / "postgres" / f"{role}_password", looked_after=True)

    def role_passwords(self) -> dict[str, str]:
        """Passwords of the roles of Postgres that are not its superuser."""
        return {role: self.database_password(role) for role in DATABASE_ROLES}

    def redis_password(self, account: str) -> str:
        """Password of an account of Redis."""
        return read_secret(self.path / "redis" / f"{account}_password", looked_after=True)

    def redis_passwords(self) -> dict[str, str]:
        """Passwords of all accounts of Redis."""
        return {account: self.redis_password(account) for account in REDIS_RIGHTS}

    def roles_script(self) -> str:
        """The psql script that creates roles and databases."""
        return read_secret(self.path / "postgres" / "roles.sql", looked_after=True)

    def create(self, servers: Servers) -> None:
        """Make everything afresh.

        Raises:
            SecretsExist: the directory is there; nothing was changed.
        """
        if self.path.exists():
            raise SecretsExist(
                f"{self.path} exists; it was left as it is, because its keys open what was sealed"
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = SecretFolder(self.path.with_name(f".{self.path.name}.new"))
        shutil.rmtree(draft.path, ignore_errors=True)
        draft._write_keys()
        draft._write_passwords()
        draft.renew(servers)
        draft.path.rename(self.path)

    def renew(self, servers: Servers) -> None:
        """Write addresses, rights of Redis and service tokens (valid for another year) anew; keys stay.

        A folder of before certificates were signed gets its issuer's keys, one of before there were webhooks
        the keys that seal their secrets; likewise the ring of names of staff, the key of their tokens, the
        secret of the gateway of messages, the key that signs the receipts of the field app and the one of the
        matcher.
        """
        for service in SERVICES:
            self._write(
                service,
                mitra_database_url=self.database_url(servers, service, service),
                mitra_redis_url=self.redis_url(servers, service),
            )
        self._write("operator", **self._operator_addresses(servers))
        self._write_service_tokens(read_secret(self.signing_key, looked_after=True))
        # What the accounts may do grows with the topics.
        write_secret(self.path / "redis" / "users.acl", redis_users(self.redis_passwords()))
        if not self.issuer_keys.exists():
            self._write("certificates/issuer", **{"keys.json": new_issuer_keys(time.time())})
        if not (self.of_service("reporting") / WEBHOOK_KEYS).exists():
            month = datetime.now(UTC).strftime("%Y-%m")
            self._write("reporting", **{WEBHOOK_KEYS: new_key_ring(month)})
        if not (self.of_service("enrolment") / STAFF_KEYS).exists():
            self._write("enrolment", **{STAFF_KEYS: new_key_ring(datetime.now(UTC).strftime("%Y-%m"))})
        # The same ring: enrolment seals with it what reporting opens.
        staff_keys = read_secret(self.of_service("enrolment") / STAFF_KEYS, looked_after=True)
        self._write("reporting", **{STAFF_KEYS: staff_keys})
        if not (self.of_service("enrolment") / ACCESS_KEY).exists():
            self._put_access_key(self._published())
        if not (self.of_service("enrolment") / MESSAGE_GATEWAY_SECRET).exists():
            self._write("enrolment", **{MESSAGE_GATEWAY_SECRET: token_urlsafe(_GATEWAY_SECRET_BYTES)})
        if not (self.of_service("enrolment") / RECEIPT_KEY).exists():
            self._write("enrolment", **{RECEIPT_KEY: new_signing_key()})
        if not (self.of_service("enrolment") / MATCHING_KEY).exists():
            self._write("enrolment", **{MATCHING_KEY: new_lookup_key()})

    def rotate_access_tokens(self, today: date, *, forget_old: bool = False) -> None:
        """Sign the access tokens of staff with a new key from the next start of the enrolment apis.

        The old public key stays published for a day, unless `forget_old`: then staff fetch new access tokens
        with their refresh tokens at once, and notice nothing else.
        """
        others, access = by_kind(self._published())
        kept = [] if forget_old else still_needed(access, today, LONGEST_SESSION_TOKEN)
        self._put_access_key(jwks([*others, *kept]))

    def _put_access_key(self, published: str) -> None:
        key = new_access_key()
        self._publish(public_jwks(published, key))
        self._write("enrolment", **{ACCESS_KEY: key})

    def _published(self) -> str:
        return read_secret(self.path / "operator" / "mitra_token_keys", looked_after=True)

    def _publish(self, token_keys: str) -> None:
        """Hand out public keys. They come first: what is signed can be verified, wherever this ends."""
        for part in (*SERVICES, "operator"):
            self._write(part, mitra_token_keys=token_keys)

    def rotate_token_signing(self, today: date, *, forget_old: bool = False) -> None:
        """Sign tokens with a new key from now on, those of services at once.

        Public keys whose tokens may still be valid stay published, unless `forget_old`: then only tokens of
        the new key are accepted.
        """
        signing_key = new_signing_key()
        others, access = by_kind(self._published())
        kept = [] if forget_old else still_needed(others, today, LONGEST_TOKEN_LIFETIME)
        self._publish(public_jwks(jwks([*kept, *access]), signing_key))
        self._write("operator", mitra_signing_key=signing_key)
        self._write_service_tokens(signing_key)

    def _write_service_tokens(self, signing_key: str) -> None:
        for service in CONSUMING:
            caller = Caller(StaffId(service), Role.SERVICE)
            self._write(
                service, mitra_service_token=mint(signing_key, caller, lifetime=SERVICE_TOKEN_LIFETIME)
            )

    def _operator_addresses(self, servers: Servers) -> dict[str, str]:
        """To look at everything, to mend consumers (dead letters, rebuilding) and to hand to subscribers."""
        return {
            **{f"mitra_{name}_database_url": self.database_url(servers, name, AUDIT) for name in SERVICES},
            **{f"mitra_{name}_owner_url": self.database_url(servers, name, name) for name in CONSUMING},
            **{f"mitra_{name}_redis_url": self.redis_url(servers, name) for name in PRODUCING},
            "mitra_redis_url": self.redis_url(servers, AUDIT),
            "mitra_subscriber_redis_url": self.redis_url(servers, REDIS_SUBSCRIBER),
        }

    def database_url(self, servers: Servers, database: str, role: str) -> str:
        """`postgresql://` URL of a database for a role."""
        password = quote(self.database_password(role), safe="")
        return f"postgresql://{role}:{password}@{servers.postgres}/{database}"

    def redis_url(self, servers: Servers, account: str) -> str:
        """`redis://` URL for an account."""
        return f"redis://{account}:{quote(self.redis_password(account), safe='')}@{servers.redis}/0"

    def _write_keys(self) -> None:
        signing_key = new_signing_key()
        token_keys = public_jwks(signing_key)
        month = datetime.now(UTC).strftime("%Y-%m")
        name_keys = new_key_ring(month)
        self._write("operator", mitra_signing_key=signing_key, mitra_token_keys=token_keys)
        self._write(
            "enrolment",
            mitra_token_keys=token_keys,
            mitra_name_keys=name_keys,
            mitra_phone_keys=new_key_ring(month),
            mitra_lookup_key=new_lookup_key(),
        )
        self._write(
            "certificates",
            mitra_token_keys=token_keys,
            mitra_name_keys=name_keys,
            mitra_certificate_key=new_lookup_key(),
        )
        self._write("reporting", mitra_token_keys=token_keys)

    def _write_passwords(self) -> None:
        roles = _passwords((SUPERUSER, *DATABASE_ROLES))
        accounts = _passwords(REDIS_RIGHTS)
        self._write("postgres", **{f"{role}_password": password for role, password in roles.items()})
        self._write("redis", **{f"{account}_password": password for account, password in accounts.items()})
        write_secret(self.path / "postgres" / "roles.sql", postgres_roles(roles))
        write_secret(self.path / "redis" / "users.acl", redis_users(accounts))

    def _write(self, part: str, **texts: str) -> None:
        directory = self.path / part
        # Each by itself: of parents that are made on the way, mkdir leaves the mode to the umask.
        for each in (*reversed(Path(part).parents), Path(part)):
            (self.path / each).mkdir(mode=0o700, exist_ok=True)
        for name, text in texts.items():
            write_secret(directory / name, text)


def _passwords(names: Iterable[str]) -> dict[str, str]:
    return {name: token_urlsafe(24) for name in names}

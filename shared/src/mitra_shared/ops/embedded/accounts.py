"""Who may do what on the servers: a role and database per service, an account per service on Redis.

The same rules hold for the embedded servers and for the compose stack (`mitra secrets init` writes them as
`postgres/roles.sql` and `redis/users.acl`).
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

SERVICES: Final = ("enrolment", "certificates", "reporting")
AUDIT: Final = "audit"
"""Reads everything, writes nothing: role of Postgres and account of Redis."""

DATABASE_ROLES: Final = (*SERVICES, AUDIT)

REDIS_ADMIN: Final = "admin"
REDIS_SUBSCRIBER: Final = "subscriber"
"""For programs outside; reads the stream `rollups` and nothing else."""

_ANY_CONNECTION: Final = "+ping +echo +hello +reset +quit +select +client|setname +client|setinfo +client|id"
_SERVICE: Final = f"+@all -@admin -@dangerous +info +config|get {_ANY_CONNECTION}"
_READ: Final = "+@read +xread +info +config|get -@dangerous"


def _consumes(*topics: str) -> str:
    """Read the streams of these topics, tell one's position there, announce one's group."""
    reading = " ".join(f"%R~{topic}.{{*}}" for topic in topics)
    streams = " ".join(f"~{topic}.{{*}}" for topic in topics)
    groups = " ".join(f"~{topic}.groups" for topic in topics)
    return (
        f"({_READ} {reading}) (-@all +xgroup|create +xgroup|setid +xgroup|destroy +xinfo|groups {streams}) "
        f"(-@all +hset +hget +hgetall +hdel {groups})"
    )


REDIS_RIGHTS: Final = {
    REDIS_ADMIN: "~* &* +@all",
    # After an erasure the append-only file is rewritten.
    "enrolment": f"~enrolment.* ~opinions.* ~staff.* {_SERVICE} +bgrewriteaof",
    "certificates": f"~certificates.* ~custody.* {_SERVICE} {_consumes('enrolment', 'staff')}",
    "reporting": f"~rollups ~rollups.* {_SERVICE} "
    f"{_consumes('enrolment', 'opinions', 'staff', 'certificates', 'custody')}",
    AUDIT: f"%R~* {_READ} +info +config|get {_ANY_CONNECTION}",
    REDIS_SUBSCRIBER: f"%R~rollups -@all +xread +xrange +xrevrange +xlen +xinfo|stream {_ANY_CONNECTION}",
}


def redis_users(passwords: Mapping[str, str]) -> str:
    """An ACL file: every account of `REDIS_RIGHTS`, passwords as digests, the default user closed."""
    lines = ["user default off nopass resetchannels -@all"]
    for user, rights in REDIS_RIGHTS.items():
        digest = sha256(passwords[user].encode()).hexdigest()
        lines.append(f"user {user} on #{digest} resetchannels {rights}")
    return "\n".join(lines) + "\n"


def postgres_roles(passwords: Mapping[str, str]) -> str:
    """A psql script that creates what is missing and sets every password; it can be run again.

    Each service owns the database of its name and can open no other; `audit` can read all of them.
    """
    script = ["\\set ON_ERROR_STOP on", "SET client_min_messages = warning;"]
    for role in DATABASE_ROLES:
        script += [
            _unless(f"SELECT FROM pg_roles WHERE rolname = '{role}'", f"CREATE ROLE {role} LOGIN"),
            f"ALTER ROLE {role} LOGIN PASSWORD {_literal(passwords[role])};",
        ]
    script += [
        f"GRANT pg_read_all_data, pg_read_all_stats TO {AUDIT};",
        f"ALTER ROLE {AUDIT} SET default_transaction_read_only = on;",
        "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;",
    ]
    for service in SERVICES:
        script += [
            _unless(
                f"SELECT FROM pg_database WHERE datname = '{service}'",
                f"CREATE DATABASE {service} OWNER {service}",
            ),
            f"REVOKE CONNECT, TEMPORARY ON DATABASE {service} FROM PUBLIC;",
            f"GRANT CONNECT ON DATABASE {service} TO {service}, {AUDIT};",
        ]
    return "\n".join(script) + "\n"


def _unless(found: str, statement: str) -> str:
    """In psql: run a statement only where a query finds nothing; works for CREATE DATABASE as well."""
    return f"SELECT '{statement}' WHERE NOT EXISTS ({found})\\gexec"


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"

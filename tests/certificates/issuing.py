"""An issuer with keys of its own, and the signing of what a story issued."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import time

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.commands.sign_credentials import sign_credentials
from certificates.issuer import Issuer
from certificates.signing import due_after
from certificates.storage.words import Words
from mitra_shared.contracts.codec import decode
from mitra_shared.contracts.events import CertificateLogEvent
from mitra_shared.contracts.topics import CERTIFICATES
from mitra_shared.credential.key_file import KeyFile
from mitra_shared.credential.keys import new_issuer_keys
from mitra_shared.log import unit_of_work
from mitra_shared.person_names import seal_context
from mitra_shared.security.sealing import KeyRing, new_key_ring
from mitra_shared.security.secret_files import write_secret
from tests.certificates.enrolment_log import KEY, EnrolmentLog, mitra

PUBLIC_URL = "https://mitra.example.org"
NAME_KEYS = new_key_ring("2026-11")
NAMES = KeyRing.from_json(NAME_KEYS)

_LOG = "select cast(payload as text) from certificates_log order by partition, position"


def issuer_in(directory: Path, names: KeyRing = NAMES) -> Issuer:
    """An issuer with fresh keys in a file of `directory`, who opens names sealed with `names`."""
    keys = directory / "keys.json"
    write_secret(keys, new_issuer_keys(time()))
    return Issuer(PUBLIC_URL, keys=KeyFile(keys), names=names, ids=KEY)


def enrol(log: EnrolmentLog, number: int, name: str, segment: str = "S11-AC017") -> None:
    """A Mitra with a name that opens."""
    sealed = NAMES.seal(name, context=seal_context(mitra(number)))
    log.enrolled(number, segment, holder_name=sealed)


def rename(log: EnrolmentLog, number: int, name: str, language: str | None = None) -> None:
    """A Mitra's name was put right, and opens."""
    log.corrected(number, name=NAMES.seal(name, context=seal_context(mitra(number))), language=language)


async def told(engine: AsyncEngine) -> Sequence[CertificateLogEvent]:
    """The certificates log, partition by partition."""
    async with engine.connect() as connection:
        payloads = (await connection.execute(text(_LOG))).scalars().all()
    return [decode(CERTIFICATES, payload) for payload in payloads]  # type: ignore[misc]


async def sign(
    engine: AsyncEngine, issuer: Issuer, events: Sequence[CertificateLogEvent] | None = None
) -> None:
    """Sign what `events` say, or all that the log tells."""
    command = due_after(await told(engine) if events is None else events, datetime.now(UTC))
    async with unit_of_work(engine) as unit:
        await sign_credentials(unit, command, issuer, Words())

"""Check of the credentials: who has a valid certificate has one that is signed, and nobody else has.

Each partition is judged by what the signer has read of the certificates log. Signatures themselves are not
verified here: what they sign is sealed, and the audit has no keys. Whoever holds a certificate can verify it.
"""

import gzip
import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene

GROUP: Final = "credentials"
BITS: Final = 1 << 19

_TOLD: Final = """
    with reached as (
        select partition, position from unnest($1::smallint[], $2::bigint[]) as reached(partition, position)
    ), told as (
        select distinct on (log.subject) log.subject as mitra_id, log.partition, log.position, log.type,
               said.certificate_id, said.serial, coalesce(said.revision, 1) as revision
        from certificates_log as log
        join reached on reached.partition = log.partition and log.position <= reached.position
        cross join lateral json_to_record(log.payload) as said(
            certificate_id uuid, serial integer, revision integer)
        where log.type in ('CertificateIssuedV1', 'CertificateReissuedV1', 'CertificateCorrectedV1',
                           'CertificateRevokedV1')
          and not log.subject = any($3::uuid[])
        order by log.subject, log.partition, log.position desc
    ), valid as (
        select certificate_id, partition, count(*) as credentials, min(revision) as revision,
               min(serial) as serial
        from credential where revoked_at is null group by certificate_id, partition
    )
"""

_SIGNED: Final = f"""
    {_TOLD}
    select case
               when valid.credentials > 1 then 'a certificate has several valid credentials'
               when told.type = 'CertificateRevokedV1' then 'a withdrawn certificate has a valid credential'
               when valid.credentials is null then 'a valid certificate is not signed'
               else 'what is signed is another version of the certificate'
           end as what,
           format('Mitra %s, partition %s at %s', told.mitra_id, told.partition, told.position) as place
    from told
    left join valid using (certificate_id)
    left join certificate as c on c.id = told.certificate_id
    where valid.credentials > 1
       or (told.type = 'CertificateRevokedV1' and valid.credentials is not null)
       or (told.type <> 'CertificateRevokedV1'
           and case when valid.credentials is null
                   -- What has changed since is the business of an entry that is yet to be read.
                   then c.state = 'issued' and (c.revision, c.serial) = (told.revision, told.serial)
                   else (valid.revision, valid.serial) <> (told.revision, told.serial)
               end)
"""  # noqa: S608 - statements of ours

_ORPHANS: Final = """
    select format('credential %s, partition %s', id, partition) as place from credential as k
    where revoked_at is null and not exists (select from certificate where id = k.certificate_id)
    order by id
"""

_LISTS: Final = """
    select number, changes = published as settled, token from status_list
    where token is not null order by number
"""
_REVOKED: Final = "select status_index from credential where status_list = $1 and revoked_at is not null"


async def check_credentials(scene: Scene, check: Check) -> None:
    """Credentials are those of the valid certificates, and published lists show who is revoked."""
    standings = scene.standings[GROUP]
    if not standings:
        check.note(f"{GROUP} has never run")
        return
    partitions = [partition for _, partition in standings]
    positions = [standing.position for standing in standings.values()]
    aside = [letter.subject for letter in scene.put_away(GROUP, "certificates") if letter.subject is not None]
    check.wrong_rows(await scene.certificates.rows(counted(_SIGNED), partitions, positions, aside))
    for row in await scene.certificates.rows(_ORPHANS):
        # A restored log may have lost the certificate; its paper stands until somebody looks after it.
        check.note(f"a credential is valid and its certificate is not there: {row['place']}")
    await _check_lists(scene, check)


async def _check_lists(scene: Scene, check: Check) -> None:
    for number, settled, token in await scene.certificates.rows(_LISTS):
        check.numbers["status lists"] += 1
        shown = _revoked_in(token)
        if shown is None:
            check.wrong("a published status list cannot be read", f"list {number}")
            continue
        revoked = {row[0] for row in await scene.certificates.rows(_REVOKED, number)}
        check.numbers["revoked"] += len(revoked)
        if shown - revoked:
            check.wrong(
                "a status list revokes what is valid", f"list {number}: {min(shown - revoked)}",
                times=len(shown - revoked),
            )  # fmt: skip
        if settled and revoked - shown:
            check.wrong(
                "a status list does not show what is revoked", f"list {number}: {min(revoked - shown)}",
                times=len(revoked - shown),
            )  # fmt: skip


def _revoked_in(token: str) -> set[int] | None:
    """The places that a list shows as revoked; None if it is no list."""
    try:
        document = json.loads(_decoded(token.split(".")[1]))
        bits = gzip.decompress(_decoded(document["credentialSubject"]["encodedList"][1:]))
    except (Base64Error, ValueError, KeyError, IndexError, TypeError, OSError, EOFError):
        return None
    return None if len(bits) * 8 != BITS else set(_ones(bits))


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _ones(bits: bytes) -> Iterable[int]:
    for place, byte in enumerate(bits):
        for bit in range(8) if byte else ():
            if byte & 0x80 >> bit:
                yield place * 8 + bit

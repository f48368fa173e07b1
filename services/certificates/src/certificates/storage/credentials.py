"""How credentials are kept: written once when they are signed, emptied for ever when they are revoked."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.campaign.definition import Language
from mitra_shared.credential.facts import StatusPlace
from mitra_shared.ids import AreaCode, CampaignId, CertificateId, MitraId, Partition


class Version(NamedTuple):
    """Which version of a certificate is to be signed."""

    revision: int
    serial: int


class Unsigned(NamedTuple):
    """A valid certificate of a version that has no credential yet. `holder_name` is sealed."""

    certificate_id: CertificateId
    partition: Partition
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    revision: int
    serial: int
    mitra_id: MitraId
    holder_name: str
    language: Language
    issued_at: datetime
    kept: StatusPlace | None
    """Its place, if it was signed before and given up since, as happens when a log is restored."""


class Signed(NamedTuple):
    """A credential as it is stored."""

    id: UUID
    certificate: Unsigned
    format: int
    key_id: str
    facts: str
    jwt_signature: bytes
    cose_signature: bytes
    status: StatusPlace


_UNSIGNED: Final = text(
    """
    select c.id, c.partition, c.campaign, c.constituency, c.segment, c.revision, c.serial, c.mitra_id,
           c.holder_name, c.language, c.issued_at, k.status_list, k.status_index
    from unnest(cast(:ids as uuid[]), cast(:revisions as integer[]), cast(:serials as integer[]))
        as due(id, revision, serial)
    join certificate as c on c.id = due.id and c.revision = due.revision and c.serial = due.serial
    left join credential as k
        on k.certificate_id = c.id and k.revision = c.revision and k.serial = c.serial
    where c.state = 'issued' and c.holder_name is not null and (k.id is null or k.revoked_for = 'superseded')
    """
)


async def unsigned(connection: AsyncConnection, due: Mapping[CertificateId, Version]) -> Sequence[Unsigned]:
    """Those of `due` that are valid in exactly that version now, and not signed or withdrawn yet.

    In a replay the holder of one may be erased, whose withdrawal comes later.
    """
    rows = await connection.execute(
        _UNSIGNED,
        {
            "ids": list(due),
            "revisions": [version.revision for version in due.values()],
            "serials": [version.serial for version in due.values()],
        },
    )
    return [Unsigned._make([*fields, _place(number, index)]) for *fields, number, index in rows.all()]


def _place(number: int | None, index: int | None) -> StatusPlace | None:
    return None if number is None or index is None else StatusPlace(number=number, index=index)


_NUMBERS: Final = text("select nextval('status_number') from generate_series(1, :wanted)")


async def take_status_numbers(connection: AsyncConnection, wanted: int) -> Sequence[int]:
    """So many numbers that nothing else has; what a rolled back transaction took stays unused."""
    return (await connection.execute(_NUMBERS, {"wanted": wanted})).scalars().all()


_COLUMNS: Final = (
    "id", "certificate_id", "partition", "campaign", "constituency", "segment", "revision", "serial",
    "format", "key_id", "facts", "jwt_signature", "cose_signature", "status_list", "status_index",
    "signed_at",
)  # fmt: skip

_RENEW: Final = text(
    """
    update credential
    set format = :format, key_id = :key_id, facts = :facts, jwt_signature = :jwt_signature,
        cose_signature = :cose_signature, signed_at = :signed_at, revoked_at = null, revoked_for = null
    where id = :id
    """
)

_LISTS: Final = text(
    """
    insert into status_list (number) select distinct number from unnest(cast(:numbers as integer[])) as number
    order by number
    on conflict (number) do nothing
    """
)

_CHANGED: Final = text(
    """
    update status_list set changes = changes + 1
    where number in (
        select number from status_list where number = any(:numbers) order by number for update
    )
    """
)


async def save(connection: AsyncConnection, signed: Sequence[Signed], now: datetime) -> None:
    """Write what was signed, and the status lists that are new with it."""
    fresh = [_row(each, now) for each in signed if each.certificate.kept is None]
    if fresh:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.copy_records_to_table("credential", records=fresh, columns=_COLUMNS)
        await connection.execute(_LISTS, {"numbers": sorted({each.status.number for each in signed})})
    renewed = [each for each in signed if each.certificate.kept is not None]
    for each in renewed:
        await connection.execute(
            _RENEW,
            {
                "id": each.id,
                "format": each.format,
                "key_id": each.key_id,
                "facts": each.facts,
                "jwt_signature": each.jwt_signature,
                "cose_signature": each.cose_signature,
                "signed_at": now,
            },
        )
    await _mark_changed(connection, {each.status.number for each in renewed})


def _row(each: Signed, now: datetime) -> tuple[Any, ...]:
    c = each.certificate
    return (
        each.id, c.certificate_id, c.partition, c.campaign, c.constituency, c.segment, c.revision, c.serial,
        each.format, each.key_id, each.facts, each.jwt_signature, each.cose_signature, each.status.number,
        each.status.index, now,
    )  # fmt: skip


_REVOKE: Final = text(
    """
    update credential as k
    set revoked_at = coalesce(k.revoked_at, :now), revoked_for = 'withdrawn', facts = null,
        jwt_signature = null, cose_signature = null
    where k.certificate_id = any(:ids) and k.revoked_for is distinct from 'withdrawn'
    returning k.status_list
    """
)

_SUPERSEDE: Final = text(
    """
    update credential as k
    set revoked_at = :now, revoked_for = 'superseded', facts = null, jwt_signature = null,
        cose_signature = null
    from unnest(cast(:ids as uuid[]), cast(:revisions as integer[]), cast(:serials as integer[]))
        as due(id, revision, serial)
    where k.certificate_id = due.id and (k.revision, k.serial) <> (due.revision, due.serial)
      and k.revoked_at is null
    returning k.status_list
    """
)


async def revoke(connection: AsyncConnection, certificates: Collection[CertificateId], now: datetime) -> None:
    """Revoke for ever whatever was signed for these certificates: their holders withdrew."""
    if certificates:
        rows = await connection.execute(_REVOKE, {"ids": list(certificates), "now": now})
        await _mark_changed(connection, set(rows.scalars()))


async def supersede(connection: AsyncConnection, due: Mapping[CertificateId, Version], now: datetime) -> None:
    """Revoke what was signed for these certificates in another version than the one that is due."""
    if due:
        rows = await connection.execute(
            _SUPERSEDE,
            {
                "ids": list(due),
                "revisions": [version.revision for version in due.values()],
                "serials": [version.serial for version in due.values()],
                "now": now,
            },
        )
        await _mark_changed(connection, set(rows.scalars()))


async def _mark_changed(connection: AsyncConnection, lists: Collection[int]) -> None:
    if lists:
        await connection.execute(_CHANGED, {"numbers": sorted(lists)})


class Stored(NamedTuple):
    """A credential as it was stored; one that is revoked has no facts and no signatures."""

    id: UUID
    certificate_id: CertificateId
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    revision: int
    serial: int
    format: int
    key_id: str
    facts: str | None
    jwt_signature: bytes | None
    cose_signature: bytes | None
    status_list: int
    status_index: int
    revoked_at: datetime | None

    def is_of(self, revision: int, serial: int | None) -> bool:
        """Whether it was signed for that version of its certificate."""
        return (self.revision, self.serial) == (revision, serial)


_STORED: Final = """
    select k.id, k.certificate_id, k.campaign, k.constituency, k.segment, k.revision, k.serial, k.format,
           k.key_id, k.facts, k.jwt_signature, k.cose_signature, k.status_list, k.status_index, k.revoked_at
    from credential as k
"""
_BY_ID: Final = text(f"{_STORED} where k.id = any(:ids)")
_OF_CERTIFICATE: Final = text(
    f"""
    {_STORED} where k.certificate_id = :certificate
    order by k.revoked_at is null desc, k.signed_at desc limit 1
    """
)


async def find(connection: AsyncConnection, ids: Collection[UUID]) -> Sequence[Stored]:
    """The credentials of these ids, in any order; an unknown one is missing."""
    return [Stored(*row) for row in await connection.execute(_BY_ID, {"ids": list(ids)})]


async def find_of_certificate(connection: AsyncConnection, certificate: CertificateId) -> Stored | None:
    """The valid credential of a certificate, or the last one that was."""
    row = (await connection.execute(_OF_CERTIFICATE, {"certificate": certificate})).one_or_none()
    return None if row is None else Stored(*row)


_REVOKED_SINCE: Final = text(
    """
    select array(select id from credential where revoked_at >= cast(:since as timestamptz)) as ids,
           now() - interval '15 seconds' as until
    """
)


async def revoked_since(
    connection: AsyncConnection, since: datetime | None
) -> tuple[Sequence[UUID], datetime]:
    """What was revoked since then, and the instant to ask from next; without one, nothing.

    The next instant lies back by more than a transaction may take, so that none is missed.
    """
    row = (await connection.execute(_REVOKED_SINCE, {"since": since})).one()
    return row.ids, row.until

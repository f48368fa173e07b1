"""Photos of signed papers, sealed; one for each person."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId


class PhotoFacts(NamedTuple):
    """All that is known of a photo but what it shows. `digest` is the keyed hash of what was sent."""

    digest: bytes
    taken_on: date
    kept_by: StaffId
    kept_at: datetime


async def facts(connection: AsyncConnection, mitra: MitraId) -> PhotoFacts | None:
    """What is known of a person's photo; None if there is none."""
    found = await connection.execute(
        text("select digest, taken_on, kept_by, kept_at from paper_photo where mitra = :mitra"),
        {"mitra": mitra},
    )
    row = found.one_or_none()
    return None if row is None else PhotoFacts(*row)


async def sealed(connection: AsyncConnection, mitra: MitraId) -> bytes | None:
    """The photo of a person, sealed; None if there is none."""
    found = await connection.execute(
        text("select sealed from paper_photo where mitra = :mitra"), {"mitra": mitra}
    )
    photo: bytes | None = found.scalar_one_or_none()
    return photo


_MISSING: Final = text(
    """
    select person.recruiter, count(*) as papers from mitra as person
    where person.campaign = :campaign and person.constituency = :constituency
        and person.consent_manner = 'signed_paper' and person.withdrawn_at is null
        and (cast(:recruiter as text) is null or person.recruiter = :recruiter)
        and not exists (select from paper_photo as photo where photo.mitra = person.id)
        and not exists (select from paper_consent as paper where paper.mitra = person.id)
    group by person.recruiter
    """
)


async def missing(
    connection: AsyncConnection, campaign: CampaignId, constituency: AreaCode, recruiter: StaffId | None
) -> Mapping[StaffId, int]:
    """How many people signed a paper of which there is no photo, by who enrolled them; `recruiter`: that one.

    Those from sheets are left out: their papers were never on a phone.
    """
    rows = await connection.execute(
        _MISSING, {"campaign": campaign, "constituency": constituency, "recruiter": recruiter}
    )
    return {StaffId(row.recruiter): row.papers for row in rows}


async def put(connection: AsyncConnection, mitra: MitraId, photo: bytes, about: PhotoFacts) -> None:
    """Keep a sealed photo, in the place of the one that was there; the person's row is locked."""
    await connection.execute(
        text(
            """
            insert into paper_photo (mitra, sealed, digest, taken_on, kept_by, kept_at)
            values (:mitra, :sealed, :digest, :taken_on, :kept_by, :kept_at)
            on conflict (mitra) do update set sealed = excluded.sealed, digest = excluded.digest,
                taken_on = excluded.taken_on, kept_by = excluded.kept_by, kept_at = excluded.kept_at
            """
        ),
        {"mitra": mitra, "sealed": photo, **about._asdict()},
    )

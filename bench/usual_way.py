"""The usual way to take in an enrolment: FastAPI, the SQLAlchemy ORM, one transaction with an outbox row.

Kept as the peer of our intake: the same request body, bearer token, checks of phone and duplicates, sealed
fields and idempotency; written as one would find it in a good tutorial. Run by `uvicorn`, one worker.
"""

import base64
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from hmac import new as hmac
from typing import Annotated
from uuid import UUID, uuid4

import phonenumbers
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import JSON, DateTime, LargeBinary, Text, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from mitra_shared.security.tokens import Caller, TokenVerifier

KEY = sha256(b"bench").digest()
engine = create_async_engine(os.environ["USUAL_WAY_URL"], pool_size=20, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)
verifier = TokenVerifier(os.environ["USUAL_WAY_JWKS"])
bearer = HTTPBearer()
app = FastAPI()


class Base(DeclarativeBase):
    """Declarative base."""


class MitraRow(Base):
    """An enrolled person."""

    __tablename__ = "usual_mitra"
    __table_args__ = (
        UniqueConstraint("campaign", "phone_hash"),
        UniqueConstraint("recruiter", "idempotency_key"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    campaign: Mapped[str] = mapped_column(Text)
    segment: Mapped[str] = mapped_column(Text)
    recruiter: Mapped[str] = mapped_column(Text)
    idempotency_key: Mapped[str] = mapped_column(Text)
    basis: Mapped[str] = mapped_column(Text)
    schemes: Mapped[list[str]] = mapped_column(JSON)
    name: Mapped[bytes] = mapped_column(LargeBinary)
    phone: Mapped[bytes] = mapped_column(LargeBinary)
    phone_hash: Mapped[bytes] = mapped_column(LargeBinary)
    enrolled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class OutboxRow(Base):
    """An event to be published later."""

    __tablename__ = "usual_outbox"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    type: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Consent(BaseModel):
    """Consent to the notice."""

    given: bool
    notice_version: str
    language: str


class EnrolmentIn(BaseModel):
    """The request."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    phone: str
    segment: str
    basis: str
    schemes: list[str] = []
    adult: bool
    party_member: bool
    consent: Consent


class EnrolmentOut(BaseModel):
    """The answer."""

    mitra_id: UUID


async def session() -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with sessions() as opened:
        yield opened


def caller(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> Caller:
    """The caller behind the token."""
    return verifier.verify(credentials.credentials)


def _seal(text: str) -> bytes:
    nonce = os.urandom(12)
    return base64.b64encode(nonce + AESGCM(KEY).encrypt(nonce, text.encode(), None))


@app.post("/v1/enrolments", status_code=201)
async def enrol(
    body: EnrolmentIn,
    idempotency_key: Annotated[str, Header()],
    caller: Annotated[Caller, Depends(caller)],
    db: Annotated[AsyncSession, Depends(session)],
) -> EnrolmentOut:
    """Enrol one person."""
    number = phonenumbers.parse(body.phone, "IN")
    if (
        not phonenumbers.is_valid_number(number)
        or not body.consent.given
        or body.party_member
        or not body.adult
    ):
        raise HTTPException(422)
    phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    before = await db.scalar(
        select(MitraRow.id).where(
            MitraRow.recruiter == caller.subject, MitraRow.idempotency_key == idempotency_key
        )
    )
    if before is not None:
        return EnrolmentOut(mitra_id=before)
    row = MitraRow(
        id=uuid4(),
        campaign="modi-mitra",
        segment=body.segment,
        recruiter=caller.subject,
        idempotency_key=idempotency_key,
        basis=body.basis,
        schemes=body.schemes,
        name=_seal(body.name),
        phone=_seal(phone),
        phone_hash=hmac(KEY, phone.encode(), "sha256").digest(),
        enrolled_at=datetime.now(UTC),
    )
    payload = json.dumps({"mitra_id": str(row.id), "segment": row.segment, "name": row.name.decode()})
    db.add_all([row, OutboxRow(type="MitraEnrolled", payload=payload)])
    try:
        await db.commit()
    except IntegrityError as error:
        raise HTTPException(409) from error
    return EnrolmentOut(mitra_id=row.id)


async def create_tables() -> None:
    """Create the tables."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


if __name__ == "__main__":
    import asyncio

    asyncio.run(create_tables())

"""Sign credentials: what the certificates log says was issued gets signatures, what it revoked loses them.

Issuing has decided by then and is not held up here: a key store that is slow or away delays this command and
nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from certificates.issuer import Issuer
from certificates.storage import credentials
from certificates.storage.credentials import Unsigned, Version
from certificates.storage.words import Words
from mitra_shared.credential.facts import Facts, StatusPlace
from mitra_shared.ids import CertificateId
from mitra_shared.log import UnitOfWork


class CampaignNotKnown(Exception):
    """A certificate was issued in a campaign whose definition is not kept."""


@dataclass(frozen=True, slots=True)
class SignCredentials:
    """What a run of the certificates log comes to, certificate by certificate.

    Attributes:
        due: those that were issued, and the version that is to be signed.
        withdrawn: those whose holders withdrew; none of them is due.
        now: when it is signed.
    """

    due: Mapping[CertificateId, Version]
    withdrawn: Sequence[CertificateId]
    now: datetime


async def sign_credentials(unit: UnitOfWork, command: SignCredentials, issuer: Issuer, words: Words) -> None:
    """Revoke what is no longer right, and sign what is valid now in the version that is due.

    A certificate that was withdrawn or changed again meanwhile is left to the entry that says so.

    Raises:
        CampaignNotKnown: there are no words to sign for.
        SealError: a name cannot be opened.
        SigningUnavailable: the keys cannot be reached; to be tried again.
    """
    await credentials.revoke(unit.connection, command.withdrawn, command.now)
    await credentials.supersede(unit.connection, command.due, command.now)
    if not command.due:
        return
    unsigned = await credentials.unsigned(unit.connection, command.due)
    if not unsigned:
        return
    facts = await _facts(unit, unsigned, issuer, words)
    signed = await issuer.sign(list(zip(unsigned, facts, strict=True)))
    await credentials.save(unit.connection, signed, command.now)


async def _facts(
    unit: UnitOfWork, unsigned: Sequence[Unsigned], issuer: Issuer, words: Words
) -> Sequence[Facts]:
    definitions = await words.of(unit.connection, {each.campaign for each in unsigned})
    missing = {each.campaign for each in unsigned} - definitions.keys()
    if missing:
        raise CampaignNotKnown(f"no definition of {', '.join(sorted(missing))} is kept")
    places = await _places(unit, unsigned, issuer)
    return [
        issuer.facts(each, definitions[each.campaign], place)
        for each, place in zip(unsigned, places, strict=True)
    ]


async def _places(unit: UnitOfWork, unsigned: Sequence[Unsigned], issuer: Issuer) -> Sequence[StatusPlace]:
    fresh = sum(each.kept is None for each in unsigned)
    numbers = iter(await credentials.take_status_numbers(unit.connection, fresh) if fresh else ())
    return [each.kept or issuer.place(next(numbers)) for each in unsigned]

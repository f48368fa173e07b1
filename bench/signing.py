"""Issuing with signatures on real processes, and what signing, proving and verifying cost by themselves."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random, randrange
from tempfile import TemporaryDirectory
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import people, stacks
from bench.loading import load
from bench.measuring import Figure, Told
from bench.spine import logged, process, rate, streamed
from certificates.rendering.sample import NAMES, sample_page
from mitra_shared.credential.cose import assemble_cose, cose_contents, cose_payload, cose_signing_input
from mitra_shared.credential.data_integrity import hash_data, with_proof
from mitra_shared.credential.document import contents_of
from mitra_shared.credential.facts import Facts, StatusPlace
from mitra_shared.credential.keys import IssuerKeys, new_issuer_keys
from mitra_shared.credential.permutation import SIZE
from mitra_shared.credential.signing import LocalSigner
from mitra_shared.credential.status_list import packed, status_document, status_signing_input
from mitra_shared.credential.trust import TrustedKeys
from mitra_shared.credential.vc_jwt import assemble, signing_input
from mitra_shared.credential.verify import Outcome, verify
from mitra_shared.ops.stack import Stack
from mitra_shared.streams import connect

PEOPLE = 30_000
NEARLY_ALL = 0.95
"""Of them; a few are waitlisted, and how many is not known before."""
SEGMENTS = 65
ROUNDS = 3
DOCUMENTS = 3_000
ISSUER = "https://mitra.example.org"
WHY_ISSUANCE = (
    "Postgres, Redis, the consumer, the relay and the signer share two cores: every certificate is written "
    "twice, read twice and carried once before its signatures are committed."
)


def signed_in(engine: AsyncEngine) -> Callable[[], Awaitable[int]]:
    """Counts the certificates whose two signatures are committed."""

    async def count() -> int:
        async with engine.connect() as connection:
            return int((await connection.execute(text("select count(*) from credential"))).scalar_one())

    return count


async def _issued(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        issued = await connection.execute(text("select count(*) from certificate where state = 'issued'"))
        return int(issued.scalar_one())


async def _enrolled(made: Stack, redis: Redis, engine: AsyncEngine) -> None:
    """People of whom all but a few are issued a certificate, in the streams."""
    api = made.state().api_urls("enrolment")[0]
    batches = people.batch_requests(stacks.target(made), PEOPLE, randrange(2**32), api, 200)
    await asyncio.to_thread(load, [api], batches, connections=8)
    with process(made, "enrolment", "relay"):
        await rate(streamed(redis, "enrolment"), await logged(engine, "enrolment"))


async def measure(tell: Told) -> list[Figure]:
    """Issuance as a whole, and the signer by itself; then the library alone."""
    whole = Figure(
        "enrolled event to both signatures committed: consumer, relay and signer at once",
        "certificates/s",
        goal=4_000,
        why=WHY_ISSUANCE,
    )
    alone = Figure("signer by itself: JWT, COSE and the commit", "certificates/s", goal=4_000)
    for round_ in range(ROUNDS):
        tell(f"signing, round {round_ + 1} of {ROUNDS}")
        for figure, together in ((whole, True), (alone, False)):
            async with stacks.stack(stacks.ONLY_INTAKE) as made:
                redis, engines = connect(made.state().redis_urls["admin"]), stacks.readers(made)
                await _enrolled(made, redis, engines["enrolment"])
                figure.values.append(await _round(made, redis, engines["certificates"], together=together))
                await redis.aclose()
                for engine in engines.values():
                    await engine.dispose()
    tell("documents, proofs, verdicts and lists")
    return [whole, alone, *_library()]


async def _round(made: Stack, redis: Redis, engine: AsyncEngine, *, together: bool) -> float:
    count = signed_in(engine)
    with ExitStack() as running:
        if together:
            for kind in ("consumer", "relay", "signer"):
                running.enter_context(process(made, "certificates", kind))
            return await rate(count, int(NEARLY_ALL * PEOPLE))
        with process(made, "certificates", "consumer"), process(made, "certificates", "relay"):
            await rate(streamed(redis, "certificates"), PEOPLE)
        issued = await _issued(engine)
        running.enter_context(process(made, "certificates", "signer"))
        return await rate(count, issued)


def _facts() -> list[Facts]:
    """Certificates of many segments, in three scripts."""
    pages = [sample_page(language) for language in NAMES]
    chance = Random(7)
    return [
        pages[number % len(pages)].facts.model_copy(
            update={
                "credential_id": UUID(int=chance.getrandbits(128)),
                "number": f"S11-AC{number % SEGMENTS:03d}-{number:04d}",
                "segment": f"S11-AC{number % SEGMENTS:03d}",
                "status": StatusPlace(number=0, index=chance.randrange(SIZE)),
            }
        )
        for number in range(DOCUMENTS)
    ]


def _library() -> list[Figure]:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "keys.json"
        path.write_text(new_issuer_keys(time.time()), encoding="utf-8")
        path.chmod(0o600)
        keys = IssuerKeys.load(path)
    trusted = TrustedKeys.of(keys, ISSUER)
    secured = Figure("VC-JWT and COSE of one certificate, without a database, one core", "pairs/s")
    proofs = Figure("Data Integrity proofs eddsa-rdfc-2022, one core", "proofs/s", goal=3_000)
    verdicts = {
        form: Figure(f"verification of a {form}, one core", "verdicts/s", goal=8_000)
        for form in ("COSE", "VC-JWT")
    }
    size = Figure("status list of 500,000, 1 % revoked, gzip", "bytes", goal=10_000, at_most=True)
    update = Figure("the same list made and signed anew", "ms", goal=50, at_most=True)
    es256, ed25519 = (_signer(keys, algorithm) for algorithm in ("ES256", "EdDSA"))
    facts = _facts()
    for _ in range(ROUNDS + 2):
        begun = time.perf_counter()
        tokens, codes = _both(facts, es256)
        secured.values.append(DOCUMENTS / (time.perf_counter() - begun))
        begun = time.perf_counter()
        now = int(time.time())
        for each in facts:
            contents = contents_of(each)
            with_proof(contents, ed25519.kid, now, ed25519.sign(hash_data(contents, ed25519.kid, now)))
        proofs.values.append(DOCUMENTS / (time.perf_counter() - begun))
        verdicts["COSE"].values.append(_verified(codes, trusted))
        verdicts["VC-JWT"].values.append(_verified(tokens, trusted))
        revoked = Random(11).sample(range(500_000), 5_000)
        begun = time.perf_counter()
        document = status_document(ISSUER, "Mitra", 0, packed(revoked), time.time())
        message = status_signing_input(document, es256.kid)
        assemble(message, es256.sign(message))
        update.values.append((time.perf_counter() - begun) * 1_000)
        size.values.append(len(document["credentialSubject"]["encodedList"][1:]) * 3 / 4)
    return [secured, proofs, *verdicts.values(), size, update]


def _verified(given: Sequence[str | bytes], trusted: TrustedKeys) -> float:
    begun = time.perf_counter()
    good = sum(verify(each, trusted).outcome is Outcome.VALID for each in given)
    if good != len(given):
        raise ValueError(f"only {good} of {len(given)} are valid")
    return good / (time.perf_counter() - begun)


def _signer(keys: IssuerKeys, algorithm: str) -> LocalSigner:
    key = next(key for key in keys.all if key.algorithm == algorithm)
    if key.private is None:
        raise ValueError(f"{key.kid} has no private half")
    return LocalSigner(key, key.private)


def _both(facts: list[Facts], signer: LocalSigner) -> tuple[list[str], list[bytes]]:
    tokens, codes = list[str](), list[bytes]()
    for each in facts:
        message = signing_input(contents_of(each), signer.kid)
        tokens.append(assemble(message, signer.sign(message)))
        payload = cose_payload(cose_contents(each))
        codes.append(assemble_cose(payload, signer.kid, signer.sign(cose_signing_input(payload, signer.kid))))
    return tokens, codes

"""Signing in and checking tokens, beside what the libraries under them cost by themselves."""

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle, islice
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey
from pwdlib.hashers.argon2 import Argon2Hasher

from bench import stacks
from bench.loading import load, request_bytes
from bench.measuring import Figure, Told, percentile, ratio
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role, TokenVerifier, mint, new_access_key, public_jwks

ROUNDS = 3
ACCOUNTS = 24
SIGN_INS = 48
REFRESHES = 150
CONNECTIONS = 8
THREADS = 2
"""Of the api's pool, and of the bare hashing beside it."""
TOKENS = 4_000
PASSWORD = "mango river quiet lamp"  # noqa: S105 - of the benchmark alone
WHY_SIGN_INS = (
    "Each sign-in is five short transactions besides, and Postgres, the api and the load share the cores."
)


async def measure(tell: Told) -> list[Figure]:
    """Sign-ins on a stack, and token checks in this process."""
    return [*await _sign_ins(tell), *_checks(tell)]


async def _sign_ins(tell: Told) -> list[Figure]:
    ours = Figure(f"sign-ins, argon2id of 64 MiB, {CONNECTIONS} connections, one api process", "sign-ins/s")
    late = Figure("latency of a sign-in at that load, p95", "ms")
    bare = Figure(f"bare argon2id with the same cost, {THREADS} threads", "checks/s")
    again = Figure("refreshes, one after the other", "refreshes/s")
    async with stacks.stack(stacks.ONLY_INTAKE) as made:
        url = made.state().api_urls("enrolment")[0]
        logins = _accounts(url, stacks.token(made, Role.OPERATOR))
        for round_ in range(ROUNDS):
            tell(f"staff, round {round_ + 1} of {ROUNDS}")
            bare.values.append(await asyncio.to_thread(_bare_hashing))
            requests = [_sign_in(url, login) for login in islice(cycle(logins), SIGN_INS)]
            done = await asyncio.to_thread(load, [url], requests, connections=CONNECTIONS)
            if set(done.statuses) != {201}:
                raise RuntimeError(f"answers were {done.statuses}, not all 201")
            ours.values.append(done.good_per_second)
            late.values.append(percentile(done.latencies, 0.95) * 1e3)
            again.values.append(await asyncio.to_thread(_refreshing, url, logins[0]))
    over = ratio("sign-ins over bare argon2id", ours, bare, goal=0.5)
    over.why = WHY_SIGN_INS
    return [ours, late, bare, over, again]


def _accounts(url: str, operator: str) -> list[str]:
    """Logins of headquarters staff, each with an account."""
    logins = [f"+9198{number:08d}" for number in range(ACCOUNTS)]
    with httpx.Client(base_url=url, timeout=30) as client:
        for login in logins:
            invited = client.post(
                "/v1/staff/invitations",
                json={"role": "headquarters"},
                headers={"Authorization": f"Bearer {operator}"},
            ).raise_for_status()
            accepted = {"secret": invited.json()["secret"], "name": "Bench", "login": login}
            client.post(
                "/v1/staff/invitations/accept", json={**accepted, "password": PASSWORD}
            ).raise_for_status()
    return logins


def _body(login: str) -> dict[str, object]:
    return {"login": login, "password": PASSWORD, "device": {"id": str(uuid4()), "name": "bench"}}


def _sign_in(url: str, login: str) -> bytes:
    body = json.dumps(_body(login)).encode()
    return request_bytes("POST", f"{url}/v1/sessions", {"Content-Type": "application/json"}, body)


def _refreshing(url: str, login: str) -> float:
    with httpx.Client(base_url=url, timeout=30) as client:
        given = client.post("/v1/sessions", json=_body(login)).raise_for_status().json()
        begun = time.perf_counter()
        for _ in range(REFRESHES):
            token = {"refresh_token": given["refresh_token"]}
            given = client.post("/v1/sessions/refresh", json=token).raise_for_status().json()
        return REFRESHES / (time.perf_counter() - begun)


def _bare_hashing() -> float:
    hasher = Argon2Hasher(time_cost=3, memory_cost=65_536, parallelism=1)
    kept = hasher.hash(PASSWORD)
    with ThreadPoolExecutor(THREADS) as pool:
        begun = time.perf_counter()
        if not all(pool.map(lambda _: hasher.verify(PASSWORD, kept), range(SIGN_INS // 2))):
            raise RuntimeError("a password was not its own")
        return SIGN_INS // 2 / (time.perf_counter() - begun)


def _checks(tell: Told) -> list[Figure]:
    tell("staff: token checks")
    fresh = Figure("access tokens checked for the first time", "checks/s")
    seen = Figure("access tokens checked again", "checks/s")
    bare = Figure("joserfc: decoding them, without claims", "checks/s")
    key = new_access_key()
    public = ECKey.import_key(json.loads(public_jwks(key))["keys"][0])
    caller = Caller(
        StaffId("bench"), Role.IN_CHARGE, CampaignId("modi-mitra"), AreaCode("S11-PC04"), session=str(uuid4())
    )
    tokens = [mint(key, caller, lifetime=timedelta(minutes=10)) for _ in range(TOKENS)]
    for _ in range(ROUNDS):
        verifier = TokenVerifier(public_jwks(key), lambda _: False)
        bare.values.append(_rate(tokens, lambda token: jwt.decode(token, public, algorithms=["ES256"])))
        fresh.values.append(_rate(tokens, verifier.verify))
        seen.values.append(_rate(tokens, verifier.verify))
    return [fresh, bare, ratio("first checks over joserfc alone", fresh, bare, goal=0.7), seen]


def _rate(tokens: list[str], check: Callable[[str], object]) -> float:
    begun = time.perf_counter()
    for token in tokens:
        check(token)
    return len(tokens) / (time.perf_counter() - begun)

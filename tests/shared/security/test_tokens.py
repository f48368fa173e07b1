import base64
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from time import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security import tokens
from mitra_shared.security.token_keys import BadTokenKeys
from mitra_shared.security.tokens import (
    STAFF,
    Caller,
    InvalidToken,
    Role,
    TokenVerifier,
    mint,
    new_access_key,
    new_signing_key,
    public_jwks,
)

SIGNING = new_signing_key("2026-11-01-a")
VERIFIER = TokenVerifier(public_jwks(SIGNING))
CALLER = Caller(StaffId("S11-PC04/in-charge"), Role.IN_CHARGE, CampaignId("modi-mitra"), AreaCode("S11-PC04"))
HOUR = timedelta(hours=1)


def signed(header: dict[str, Any] | None = None, key: str = SIGNING, **changes: Any) -> str:
    now = int(time())
    claims: dict[str, Any] = {
        "iss": "mitra",
        "aud": "mitra",
        "sub": "a",
        "role": "operator",
        "iat": now,
        "exp": now + 60,
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    parsed = json.loads(key)
    return jwt.encode(
        {"alg": "ES256", "kid": parsed["kid"], **(header or {})}, claims, ECKey.import_key(parsed)
    )


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refused(token: str, verifier: TokenVerifier = VERIFIER) -> str:
    with pytest.raises(InvalidToken) as error:
        verifier.verify(token)
    return error.value.reason


@given(
    role=st.sampled_from(Role),
    campaign=st.none() | st.just("modi-mitra"),
    area=st.none() | st.just("S11-PC04"),
    subject=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100),
)
def test_a_minted_token_names_its_caller(
    role: Role, campaign: CampaignId | None, area: AreaCode | None, subject: StaffId
) -> None:
    caller = Caller(subject, role, campaign, area)
    assert VERIFIER.verify(mint(SIGNING, caller, lifetime=HOUR)) == caller


def test_every_token_has_an_id_of_its_own() -> None:
    first, second = (VERIFIER.verify(mint(SIGNING, CALLER, lifetime=HOUR)) for _ in range(2))
    assert first.token_id
    assert first.token_id != second.token_id


def test_an_expired_token_is_refused_after_the_leeway() -> None:
    assert VERIFIER.verify(signed(exp=int(time()) - 20))
    assert refused(signed(exp=int(time()) - 31)) == "expired"


def test_a_remembered_token_is_not_remembered_beyond_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = TokenVerifier(public_jwks(SIGNING))
    token = mint(SIGNING, CALLER, lifetime=timedelta(seconds=100))
    verifier.verify(token)
    now = time()
    monkeypatch.setattr("mitra_shared.security.tokens.time.time", lambda: now + 131)
    assert refused(token, verifier) == "expired"
    assert not verifier._seen


def test_only_so_many_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_REMEMBERED", 3)
    verifier = TokenVerifier(public_jwks(SIGNING))
    minted = [mint(SIGNING, CALLER, lifetime=HOUR) for _ in range(5)]
    for token in minted * 2:
        assert verifier.verify(token) == CALLER
    assert len(verifier._seen) == 3


def test_a_refused_token_is_not_remembered() -> None:
    verifier = TokenVerifier(public_jwks(SIGNING))
    refused(signed(aud="other"), verifier)
    assert not verifier._seen


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "other"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": ["other", "third"]}, "audience"),
        ({"iss": "other"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"nbf": 4_000_000_000}, "not-yet-valid"),
        ({"iat": 4_000_000_000}, "not-yet-valid"),
        ({"exp": None}, "malformed"),
        ({"exp": "soon"}, "malformed"),
        ({"sub": None}, "malformed"),
        ({"sub": ""}, "malformed"),
        ({"sub": "a" * 201}, "malformed"),
        ({"role": "president"}, "malformed"),
        ({"role": None}, "malformed"),
        ({"role": ["operator"]}, "malformed"),
        ({"area": 4}, "malformed"),
        ({"campaign": ""}, "malformed"),
    ],
)
def test_a_claim_that_is_not_right_has_its_reason(changes: dict[str, Any], reason: str) -> None:
    assert refused(signed(**changes)) == reason


def test_a_token_of_another_key_with_a_known_kid_is_forged() -> None:
    assert refused(signed(key=new_signing_key("2026-11-01-a"))) == "forged"


def test_a_token_of_an_unknown_key_is_refused() -> None:
    assert refused(signed(key=new_signing_key("another"))) == "unknown-key"


@given(data=st.data())
def test_an_altered_token_is_refused(data: st.DataObject) -> None:
    token = mint(SIGNING, CALLER, lifetime=HOUR)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("abcXYZ019-_.").filter(lambda c: c != token[place]))
    altered = token[:place] + other + token[place + 1 :]
    assert refused(altered) in {"forged", "malformed", "algorithm", "unknown-key"}


def test_a_token_without_signature_is_refused() -> None:
    token = signed()
    _, payload, _ = token.split(".")
    for name in ("none", "None", "NONE"):
        assert refused(f"{encoded({'alg': name, 'kid': '2026-11-01-a'})}.{payload}.") == "algorithm"


def test_a_token_hashed_with_the_public_key_is_refused() -> None:
    _, payload, _ = signed().split(".")
    head = encoded({"alg": "HS256", "kid": "2026-11-01-a"})
    for secret in (public_jwks(SIGNING).encode(), json.loads(SIGNING)["x"].encode()):
        mac = hmac.digest(secret, f"{head}.{payload}".encode(), sha256)
        signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        assert refused(f"{head}.{payload}.{signature}") == "algorithm"


def test_a_key_inside_the_header_is_not_trusted() -> None:
    own = json.loads(new_signing_key("2026-11-01-a"))
    jwk = {name: own[name] for name in ("kty", "crv", "x", "y", "kid")}
    assert refused(signed({"jwk": jwk}, key=json.dumps(own))) in {"forged", "malformed"}


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b",
        "ü.b.c",
        "\ud800.b.c",
        "a" * 5000,
        "e30.e30.e30",
        "bnVsbA.e30.AA",
        "W10.e30.AA",
    ],
)
def test_what_is_no_token_is_malformed(token: str) -> None:
    assert refused(token) in {"malformed", "algorithm"}


@given(token=st.text(max_size=60))
def test_no_text_at_all_breaks_the_verifier(token: str) -> None:
    refused(token)


def test_two_keys_are_valid_while_they_rotate() -> None:
    new = new_signing_key("2026-12-01-b")
    both = TokenVerifier(public_jwks(public_jwks(SIGNING), new))
    for key in (SIGNING, new):
        assert both.verify(mint(key, CALLER, lifetime=HOUR)) == CALLER
    only_new = TokenVerifier(public_jwks(new))
    assert refused(mint(SIGNING, CALLER, lifetime=HOUR), only_new) == "unknown-key"


def test_published_keys_hold_nothing_private() -> None:
    assert [sorted(key) for key in json.loads(VERIFIER.jwks_json)["keys"]] == [
        ["alg", "crv", "kid", "kty", "use", "x", "y"]
    ]


def p384() -> str:
    return json.dumps(ECKey.generate_key("P-384", {"kid": "big"}).as_dict(private=False))


@pytest.mark.parametrize(
    ("jwks", "complaint"),
    [
        ("nonsense", "not JSON"),
        ("[]", "not a JWK"),
        ('{"keys": []}', "no key"),
        ('{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}', "not an EC key"),
        ('{"keys": ["a"]}', "not an EC key"),
        (SIGNING, "private"),
        (p384(), "P-384"),
    ],
)
def test_unsuitable_keys_are_refused(jwks: str, complaint: str) -> None:
    with pytest.raises(BadTokenKeys, match=complaint):
        TokenVerifier(jwks)


def test_a_kid_may_occur_once() -> None:
    with pytest.raises(BadTokenKeys, match="twice"):
        public_jwks(SIGNING, SIGNING)


def test_a_public_key_cannot_mint() -> None:
    with pytest.raises(BadTokenKeys, match="private"):
        mint(json.dumps(json.loads(public_jwks(SIGNING))["keys"][0]), CALLER, lifetime=HOUR)


def test_a_token_says_of_which_session_it_is() -> None:
    caller = replace(CALLER, session="0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b")
    assert VERIFIER.verify(mint(SIGNING, caller, lifetime=HOUR)).session == caller.session
    assert VERIFIER.verify(mint(SIGNING, CALLER, lifetime=HOUR)).session is None


def test_a_key_of_sessions_signs_for_people_in_sessions_only() -> None:
    key = new_access_key()
    verifier = TokenVerifier(public_jwks(SIGNING, key))
    for role in STAFF:
        caller = Caller(StaffId("a"), role, session="s")
        assert verifier.verify(mint(key, caller, lifetime=HOUR)) == caller
        assert refused(mint(key, replace(caller, session=None), lifetime=HOUR), verifier) == "forged"
    for role in set(Role) - STAFF:
        assert (
            refused(mint(key, Caller(StaffId("a"), role, session="s"), lifetime=HOUR), verifier) == "forged"
        )


def test_a_revoked_token_is_refused_although_it_was_accepted_before() -> None:
    barred: set[str] = set()
    verifier = TokenVerifier(public_jwks(SIGNING), lambda caller: caller.subject in barred)
    token = mint(SIGNING, CALLER, lifetime=HOUR)
    assert verifier.verify(token) == CALLER
    barred.add(CALLER.subject)
    assert refused(token, verifier) == "revoked"
    barred.clear()
    assert verifier.verify(token) == CALLER

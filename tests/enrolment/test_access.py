"""Who may call which route of the enrolment api: people who signed in, and programs with minted tokens."""

import base64
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from time import time
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import (
    RECRUITERS,
    STAFF,
    Caller,
    Role,
    mint,
    new_access_key,
)
from tests.enrolment.intake_api import ACCESS_KEY, CONSTITUENCY, SIGNING_KEY, operator, token
from tests.enrolment.staff_world import StaffWorld, problem

OPERATOR, SERVICE = {Role.OPERATOR}, {Role.SERVICE}
BROADCASTING = {Role.HEADQUARTERS, Role.IN_CHARGE}
LOOKING_AFTER = {Role.OPERATOR, Role.HEADQUARTERS, Role.IN_CHARGE}

ROUTES: Mapping[tuple[str, str], AbstractSet[Role]] = {
    ("POST", "/v1/enrolments"): RECRUITERS,
    ("POST", "/v1/enrolments/batch"): RECRUITERS,
    ("POST", "/v1/opinions"): RECRUITERS,
    ("GET", "/v1/mitras/{mitra_id}"): RECRUITERS,
    ("POST", "/v1/mitras/{mitra_id}/look"): RECRUITERS,
    ("PUT", "/v1/mitras/{mitra_id}/paper"): RECRUITERS,
    ("GET", "/v1/mitras/{mitra_id}/paper"): RECRUITERS,
    ("POST", "/v1/mitras/{mitra_id}/withdrawal"): RECRUITERS,
    ("POST", "/v1/mitras/{mitra_id}/messages-off"): RECRUITERS,
    ("POST", "/v1/mitras/{mitra_id}/erasure"): RECRUITERS,
    ("GET", "/v1/mitras/{mitra_id}/erasure"): RECRUITERS,
    ("GET", "/v1/rounds/{round}/due"): RECRUITERS,
    ("POST", "/v1/rounds/{round}/calls"): RECRUITERS,
    ("GET", "/v1/rounds/{round}/progress"): RECRUITERS,
    ("POST", "/v1/contacts"): RECRUITERS,
    ("POST", "/v1/care"): {Role.IN_CHARGE},
    ("GET", "/v1/devices"): RECRUITERS,
    ("GET", "/v1/devices/{device_id}"): RECRUITERS,
    ("POST", "/v1/devices/{device_id}/records"): RECRUITERS,
    ("POST", "/v1/imports"): RECRUITERS,
    ("GET", "/v1/imports"): RECRUITERS,
    ("GET", "/v1/imports/template.csv"): RECRUITERS,
    ("GET", "/v1/imports/{import_id}"): RECRUITERS,
    ("GET", "/v1/imports/{import_id}/rows"): RECRUITERS,
    ("GET", "/v1/imports/{import_id}/result.csv"): RECRUITERS,
    ("PUT", "/v1/imports/{import_id}/mapping"): RECRUITERS,
    ("POST", "/v1/imports/{import_id}/accept"): RECRUITERS,
    ("DELETE", "/v1/imports/{import_id}"): RECRUITERS,
    ("PUT", "/v1/outreach/{day}/{segment}"): RECRUITERS,
    ("GET", "/v1/outreach"): RECRUITERS,
    ("POST", "/v1/receipts/{receipt}/codes"): RECRUITERS,
    ("POST", "/v1/receipts/{receipt}/sessions"): RECRUITERS,
    ("DELETE", "/v1/receipts/{receipt}/sessions/current"): RECRUITERS,
    ("GET", "/v1/receipts/{receipt}"): RECRUITERS,
    ("POST", "/v1/receipts/{receipt}/withdrawal"): RECRUITERS,
    ("POST", "/v1/receipts/{receipt}/corrections"): RECRUITERS,
    ("POST", "/v1/receipts/{receipt}/grievances"): RECRUITERS,
    ("POST", "/v1/receipts/{receipt}/erasure"): RECRUITERS,
    ("PUT", "/v1/receipts/{receipt}/messages"): RECRUITERS,
    ("PUT", "/v1/receipts/{receipt}/nominee"): RECRUITERS,
    ("GET", "/v1/requests"): LOOKING_AFTER,
    ("GET", "/v1/requests/{request_id}"): {Role.IN_CHARGE},
    ("POST", "/v1/requests/{request_id}/answer"): {Role.IN_CHARGE},
    ("GET", "/v1/likely-duplicates"): {Role.IN_CHARGE},
    ("POST", "/v1/likely-duplicates/{pair_id}/look"): {Role.IN_CHARGE},
    ("POST", "/v1/likely-duplicates/{pair_id}/decision"): {Role.IN_CHARGE},
    ("POST", "/v1/broadcasts"): BROADCASTING,
    ("GET", "/v1/broadcasts"): BROADCASTING,
    ("GET", "/v1/broadcasts/{broadcast_id}"): BROADCASTING,
    ("POST", "/v1/broadcasts/{broadcast_id}/approval"): BROADCASTING,
    ("POST", "/v1/broadcasts/{broadcast_id}/cancellation"): BROADCASTING,
    ("GET", "/v1/data-protection"): {Role.OPERATOR, Role.HEADQUARTERS},
    ("PUT", "/v1/campaigns/{campaign_id}"): OPERATOR,
    ("GET", "/v1/campaigns/{campaign_id}"): set(Role),
    ("GET", "/v1/log/{topic}/{partition}"): SERVICE,
    ("GET", "/v1/staff/invitations"): LOOKING_AFTER,
    ("POST", "/v1/staff/invitations"): LOOKING_AFTER,
    ("DELETE", "/v1/staff/invitations/{invitation_id}"): LOOKING_AFTER,
    ("GET", "/v1/staff"): LOOKING_AFTER,
    ("PUT", "/v1/staff"): OPERATOR,
    ("POST", "/v1/staff/{staff_id}/suspension"): LOOKING_AFTER,
    ("DELETE", "/v1/staff/{staff_id}/suspension"): LOOKING_AFTER,
    ("POST", "/v1/staff/{staff_id}/hand-over"): LOOKING_AFTER,
    ("POST", "/v1/staff/{staff_id}/erasure"): LOOKING_AFTER,
    ("GET", "/v1/sessions"): STAFF,
    ("DELETE", "/v1/sessions/{session_id}"): STAFF,
    ("GET", "/v1/account"): STAFF,
    ("PUT", "/v1/account/password"): STAFF,
    ("POST", "/v1/account/authenticator"): STAFF,
    ("POST", "/v1/account/authenticator/confirmation"): STAFF,
    ("POST", "/v1/account/authenticator/removal"): STAFF,
    # Last: it ends the session that asks.
    ("DELETE", "/v1/sessions/current"): STAFF,
}
"""Every route that needs a token, and the roles that may call it."""
FOR_EVERYBODY = {
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/v1/staff/invitations/accept"),
    ("POST", "/v1/sessions"),
    ("POST", "/v1/sessions/refresh"),
}
SAMPLE = {
    "mitra_id": str(uuid4()),
    "campaign_id": "small",
    "topic": "enrolment",
    "partition": "0",
    "invitation_id": str(uuid4()),
    "session_id": str(uuid4()),
    "staff_id": "nobody",
    "device_id": str(uuid4()),
    "import_id": str(uuid4()),
    "request_id": str(uuid4()),
    "pair_id": str(uuid4()),
    "round": "round-1",
    "broadcast_id": str(uuid4()),
    "receipt": "7K3MQ0XW9ZT4",
    "day": "2026-11-23",
    "segment": "S11-AC019",
}
INVITES = {
    Role.OPERATOR: {"role": "headquarters"},
    Role.HEADQUARTERS: {"role": "state_coordinator", "area": "S24"},
}


async def everybody(staff: StaffWorld) -> dict[Role, str]:
    """A token for each role: of a session for people, a minted one for programs."""
    headquarters = await staff.headquarters()
    in_charge = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    return {
        Role.HEADQUARTERS: headquarters.token,
        Role.STATE_COORDINATOR: (await staff.appointed(headquarters.token, "state_coordinator", "S11")).token,
        Role.IN_CHARGE: in_charge.token,
        Role.CO_IN_CHARGE: (await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY)).token,
        Role.OPERATOR: operator(),
        Role.SERVICE: token("certificates", Role.SERVICE, None, None),
    }


async def test_no_route_is_without_a_rule_and_every_route_keeps_to_it(staff: StaffWorld) -> None:
    document = (await staff.ask("GET", "/openapi.json")).json()
    routes = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert routes == set(ROUTES) | FOR_EVERYBODY, "a route needs its rule in ROUTES"
    callers = await everybody(staff)
    for (method, path), allowed in ROUTES.items():
        for role, bearer in callers.items():
            # Without a body most are refused as not right; whoever may not call is told that first.
            body = None
            if (method, path) == ("POST", "/v1/staff/invitations"):
                body = INVITES.get(role, {"role": "co_in_charge", "area": CONSTITUENCY})
            answer = await staff.ask(method, path.format(**SAMPLE), body, token=bearer)
            assert (answer.status_code == 403) is (role not in allowed), (method, path, role, answer.text)
            # Whoever helps a person needs the person's session besides.
            needs_person = role in allowed and "/receipts/" in path and answer.status_code == 401
            assert needs_person or answer.status_code not in {401, 500}, (method, path, role, answer.text)


async def test_a_field_that_would_give_more_is_refused_and_not_overlooked(staff: StaffWorld) -> None:
    secret = (await staff.invite(operator(), "headquarters")).json()["secret"]
    for more in ({"role": "operator"}, {"id": "chosen"}, {"campaign": "another"}, {"state": "active"}):
        refused = await staff.accept(secret, "+919800000001", **more)
        assert problem(refused) == (422, "invalid-request")
    elsewhere = await staff.invite(operator(), "headquarters", campaign="another")
    assert problem(elsewhere) == (422, "invalid-request")


def forged(key: Any, header: dict[str, Any], **changes: Any) -> str:
    now = int(time())
    claims = {
        "iss": "mitra",
        "aud": "mitra",
        "sub": "somebody",
        "role": "headquarters",
        "campaign": "small",
        "sid": str(uuid4()),
        "iat": now,
        "exp": now + 600,
    }
    return jwt.encode(header, claims | changes, key, algorithms=["ES256", "HS256"])


async def test_a_forged_token_opens_no_route_of_staff(staff: StaffWorld) -> None:
    access, other = ECKey.import_key(json.loads(ACCESS_KEY)), ECKey.import_key(json.loads(new_access_key()))
    genuine = {"alg": "ES256", "kid": access.kid}
    parts = forged(access, genuine).split(".")
    nobody = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": access.kid}).encode()).rstrip(b"=")
    symmetric = OctKey.import_key(json.dumps(access.as_dict(private=False)))
    operators = Caller(StaffId("somebody"), Role.OPERATOR, CampaignId("small"), session=str(uuid4()))
    tokens = {
        "forged": forged(other, genuine),
        "unknown-key": forged(other, {"alg": "ES256", "kid": other.kid}),
        "algorithm": f"{nobody.decode()}.{parts[1]}.",
        "expired": forged(access, genuine, exp=int(time()) - 60),
        "audience": forged(access, genuine, aud="another"),
        "issuer": forged(access, genuine, iss="another"),
        "not-yet-valid": forged(access, genuine, iat=int(time()) + 600),
        "malformed": parts[0],
    }
    for reason, made_up in tokens.items():
        for path in ("/v1/staff", "/v1/sessions", "/v1/account"):
            refused = await staff.ask("GET", path, token=made_up)
            assert (problem(refused), refused.json()["reason"]) == ((401, "token-refused"), reason)
    confused = forged(symmetric, {"alg": "HS256", "kid": access.kid})
    climbing = mint(ACCESS_KEY, operators, lifetime=timedelta(minutes=10))
    for made_up, reason in ((confused, "algorithm"), (climbing, "forged")):
        assert (await staff.ask("GET", "/v1/staff", token=made_up)).json()["reason"] == reason


async def test_a_token_for_another_campaign_opens_nothing_here(staff: StaffWorld) -> None:
    caller = Caller(StaffId("a"), Role.HEADQUARTERS, CampaignId("another"), AreaCode("IN"))
    elsewhere = mint(SIGNING_KEY, caller, lifetime=timedelta(hours=1))
    for method, path in (("GET", "/v1/staff"), ("GET", "/v1/staff/invitations")):
        assert problem(await staff.ask(method, path, token=elsewhere)) == (409, "no-campaign")


async def test_answers_with_secrets_are_kept_by_nobody_on_the_way(staff: StaffWorld) -> None:
    member = await staff.headquarters()
    answers = [
        await staff.sign_in(member.login),
        await staff.refresh(member.refresh_token),
        await staff.invite(operator(), "headquarters"),
        await staff.ask("GET", "/v1/account", token=member.token),
    ]
    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 4

"""Who may call which route of the certificates api: a route without a rule fails here."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.tokens import RECRUITERS, Role
from tests.certificates.certificates_api import api_client, bearer
from tests.certificates.enrolment_log import EnrolmentLog, quotas
from tests.certificates.issuing import issuer_in

READERS = {*RECRUITERS, Role.STATE_COORDINATOR, Role.HEADQUARTERS}
IN_CHARGE = {Role.IN_CHARGE}
PRINTERS = {Role.IN_CHARGE, Role.OPERATOR}
STEWARDS = {Role.HEADQUARTERS, Role.OPERATOR}

ROUTES: Mapping[tuple[str, str], AbstractSet[Role]] = {
    ("GET", "/v1/certificates/{certificate_id}"): RECRUITERS,
    ("POST", "/v1/certificates/states"): RECRUITERS,
    ("GET", "/v1/segments/{code}/quota"): READERS,
    ("GET", "/v1/segments/{code}/waitlist"): RECRUITERS,
    ("POST", "/v1/segments/{code}/sheets"): PRINTERS,
    ("GET", "/v1/segments/{code}/sheets"): PRINTERS,
    ("POST", "/v1/sheets/reprints"): PRINTERS,
    ("GET", "/v1/sheets/{sheet_id}"): PRINTERS,
    ("POST", "/v1/sheets/{sheet_id}/rendering"): PRINTERS,
    ("POST", "/v1/sheets/{sheet_id}/printed"): PRINTERS,
    ("POST", "/v1/sheets/{sheet_id}/dispatched"): PRINTERS,
    ("GET", "/v1/sheets/{sheet_id}/{part}"): PRINTERS,
    ("POST", "/v1/hand-overs"): RECRUITERS,
    ("POST", "/v1/programmes"): IN_CHARGE,
    ("GET", "/v1/programmes"): RECRUITERS,
    ("GET", "/v1/programmes/{programme_id}"): RECRUITERS,
    ("POST", "/v1/programmes/{programme_id}/report"): IN_CHARGE,
    ("POST", "/v1/desk/raises"): STEWARDS,
    ("POST", "/v1/desk/reservations"): STEWARDS | IN_CHARGE,
    ("POST", "/v1/desk/reservations/{programme}/release"): STEWARDS,
    ("POST", "/v1/desk/grants"): IN_CHARGE,
    ("POST", "/v1/desk/reissues"): IN_CHARGE,
    ("POST", "/v1/desk/corrections"): IN_CHARGE,
    ("GET", "/v1/desk/entries"): STEWARDS | IN_CHARGE,
    ("GET", "/v1/log/{topic}/{partition}"): {Role.SERVICE},
}
"""Every route that needs a token, and the roles that may call it."""
FOR_EVERYBODY = {
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/did.json"),
    ("GET", "/v1/issuer/jwks.json"),
    ("GET", "/v1/credentials/{credential_id}"),
    ("GET", "/v1/status-lists/{number}"),
    ("POST", "/v1/verify"),
}
AREAS = {
    Role.STATE_COORDINATOR: "S11",
    Role.IN_CHARGE: "S11-PC04",
    Role.CO_IN_CHARGE: "S11-PC04",
}
SAMPLE = {
    "certificate_id": str(uuid4()),
    "code": "S11-AC017",
    "sheet_id": str(uuid4()),
    "part": "pages",
    "programme_id": str(uuid4()),
    "programme": str(uuid4()),
    "topic": "certificates",
    "partition": "0",
}


async def test_no_route_is_without_a_rule_and_every_route_keeps_to_it(
    log: EnrolmentLog, certificates_engine: AsyncEngine, tmp_path: Path
) -> None:
    log.defined(goals=quotas(2))
    await log.deliver(certificates_engine)
    async with api_client(certificates_engine, issuer_in(tmp_path), tmp_path) as api:
        document = (await api.get("/openapi.json")).json()
        routes = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
        assert routes == set(ROUTES) | FOR_EVERYBODY, "a route needs its rule in ROUTES"
        for (method, path), allowed in ROUTES.items():
            where = path.format(**SAMPLE)
            assert (await api.request(method, where)).status_code == 401, (method, path)
            for role in Role:
                answer = await api.request(method, where, headers=bearer(role, AREAS.get(role)))
                assert (answer.status_code == 403) is (role not in allowed), (method, path, role, answer.text)
                assert answer.status_code not in {401, 500}, (method, path, role, answer.text)

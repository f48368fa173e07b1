"""A small API with one route of each kind behind the real edge."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import StreamingResponse

from mitra_shared.http.app import Api, create_api
from mitra_shared.http.lean import JsonAnswer, body_of, lean_post
from mitra_shared.http.probes import Readiness
from mitra_shared.http.problems import problem_responses
from mitra_shared.http.tokens import caller_of, check_role, requires
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role, mint, new_signing_key, public_jwks
from mitra_shared.settings import ServiceSettings
from mitra_shared.telemetry.metrics import ProcessMetrics

SIGNING = new_signing_key()
IN_CHARGE = Caller(
    StaffId("S11-PC04/in-charge"), Role.IN_CHARGE, CampaignId("modi-mitra"), AreaCode("S11-PC04")
)
OPERATOR = Caller(StaffId("operator"), Role.OPERATOR)


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=120)]
    phone: Annotated[str, Field(pattern=r"^[+0-9 -]{8,20}$")]
    basis: Literal["beneficiary", "admirer"] = "admirer"
    schemes: Annotated[list[str], Field(max_length=3)] = []


class Enrolled(BaseModel):
    ok: bool


class Marked:
    """Lets a test see what a handler did and hold it up."""

    def __init__(self) -> None:
        self.handled = 0
        self.cancelled = 0


def bearer(caller: Caller = IN_CHARGE, lifetime: timedelta = timedelta(hours=1)) -> dict[str, str]:
    return {"Authorization": f"Bearer {mint(SIGNING, caller, lifetime=lifetime)}"}


def make_settings(**changes: Any) -> ServiceSettings:
    given = {"database_url": SecretStr("x"), "redis_url": SecretStr("x"), "token_keys": public_jwks(SIGNING)}
    return ServiceSettings(**{**given, **changes})


def plain_routes(marked: Marked) -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.post("/people")
    async def people(body: Person, _caller: Annotated[Caller, Depends(requires(Role.IN_CHARGE))]) -> Enrolled:
        marked.handled += 1
        return Enrolled(ok=body.name != "")

    @router.get("/people/{number}")
    async def person(number: int, limit: Annotated[int, Field(le=100)] = 10) -> Enrolled:
        return Enrolled(ok=number < limit)

    @router.get("/bug")
    async def bug() -> Enrolled:
        raise RuntimeError("Ravi Kumar +919812345678")

    @router.get("/database-down")
    async def database_down() -> Enrolled:
        raise OperationalError("SELECT 'Ravi'", {}, ConnectionRefusedError("no"))

    @router.get("/slow")
    async def slow() -> Enrolled:
        marked.handled += 1
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            marked.cancelled += 1
            raise
        return Enrolled(ok=True)

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            for part in range(4):
                yield f"{part}\n"
                await asyncio.sleep(0.25)

        return StreamingResponse(parts())

    return router


def add_lean_routes(api: Api, marked: Marked) -> None:
    async def lean(request: Request) -> JsonAnswer:
        """Enrol in a lean way."""
        check_role(caller_of(request), {Role.IN_CHARGE})
        await body_of(request, Person)
        marked.handled += 1
        return JsonAnswer(b'{"ok":true}', 201)

    async def opinion(request: Request) -> JsonAnswer:
        """Take an anonymous answer."""
        await body_of(request, Person)
        return JsonAnswer(b"{}", 202)

    async def lean_bug(_request: Request) -> JsonAnswer:
        raise RuntimeError("Ravi Kumar +919812345678")

    lean_post(
        api,
        "/v1/enrolments",
        lean,
        request_model=Person,
        response_model=Enrolled,
        status_code=201,
        responses=problem_responses(401, 403, 409),
        examples={"usual": {"summary": "One person", "value": {"name": "Asha", "phone": "+91 98123 45678"}}},
        parameters=[
            {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}},
        ],
    )
    lean_post(api, "/v1/opinions", opinion, request_model=Person, status_code=202, secured=False)
    lean_post(api, "/v1/people/{number}/withdrawal", lean, request_model=Person, status_code=201)
    lean_post(api, "/v1/lean-bug", lean_bug, request_model=Person)


def make_api(marked: Marked, *, metrics: ProcessMetrics | None = None, **changes: Any) -> Api:
    api = create_api(
        title="Test",
        version="1",
        settings=make_settings(**changes),
        readiness=Readiness(),
        metrics=metrics or ProcessMetrics(),
        service="test",
        anonymous_paths={"/v1/opinions"},
        routers=[plain_routes(marked)],
    )
    add_lean_routes(api, marked)
    return api

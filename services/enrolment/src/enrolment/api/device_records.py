"""`POST /v1/devices/{device_id}/records`: the batch of a device that numbers its records, and its receipt.

Numbers are claimed, people are enrolled as in any batch, numbers are marked, the receipt is signed: each step
is durable before the next. Wherever this ends, the same records sent again go on from there.
"""

import asyncio
import gzip
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp

from enrolment.api.enrolments import command_of, outcome_text, response_of
from enrolment.api.numbered_records import (
    Record,
    key_of,
    known_without_the_intake,
    numbered,
    read_records,
    settled_of,
)
from enrolment.commands.claim_numbers import (
    MOST_DEVICES,
    ClaimNumbers,
    DeviceOfAnother,
    DevicesFull,
    claim_numbers,
)
from enrolment.commands.settle_numbers import SettleNumbers, settle_numbers
from enrolment.examples import DEVICE_EXAMPLES
from enrolment.intake import answers
from enrolment.intake.committer import IntakeFull
from enrolment.intake.items import Answer
from enrolment.problems import DEVICE_OF_ANOTHER, DEVICES_FULL
from enrolment.schemas import (
    DeviceReceipt,
    DeviceRecords,
    NumberedRecord,
)
from enrolment.service import Service
from enrolment.storage.devices import Claimed
from mitra_shared.http.lean import JsonAnswer, body_bytes, lean_post
from mitra_shared.http.problems import FORBIDDEN, invalid_fields, problem_responses
from mitra_shared.http.static_files import takes_gzip
from mitra_shared.http.tokens import caller_of, check_role
from mitra_shared.http.zipped_bodies import unzipped
from mitra_shared.ids import CampaignId
from mitra_shared.security.tokens import RECRUITERS, Caller

PATH: Final = "/v1/devices/{device_id}/records"
_WORTH_ZIPPING: Final = 1_000
_ZIP_LEVEL: Final = 4
_PARAMETERS: Final[Sequence[Mapping[str, Any]]] = (
    {
        "name": "device_id",
        "in": "path",
        "required": True,
        "description": "A random UUID that the device made once, for one member of staff.",
        "schema": {"type": "string", "format": "uuid"},
    },
    {
        "name": "Content-Encoding",
        "in": "header",
        "description": "`gzip` if the body is zipped; unzipped it may have 1,000,000 bytes too.",
        "schema": {"type": "string", "enum": ["gzip", "identity"]},
    },
)


def add_device_records_route(app: FastAPI, service: Service) -> None:
    """Add the route to `app`."""

    async def sync(request: Request) -> ASGIApp:
        """Sync the numbered records of a device: a batch, and a receipt that proves what arrived.

        Outcomes are those of `POST /v1/enrolments/batch`. A number counts as received once its outcome is
        durable, refusals too; one of 429 or of 500 and above is passing, and its record is to be sent again.
        """
        caller = caller_of(request)
        check_role(caller, RECRUITERS)
        device = _device(request.path_params["device_id"])
        sent = unzipped(request, await body_bytes(request))
        highest, records = read_records(sent)
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        owners = await _claim(service, caller, campaign, device, highest, records)
        try:
            given = await _judge(service, caller, campaign, records, owners)
        except IntakeFull:
            return response_of(answers.BUSY)
        settled = settled_of(records, given, owners)
        now = service.clock()
        stands = await settle_numbers(SettleNumbers(device, settled, now), service.engine)
        receipt = service.receipts.sign(device, caller.subject, stands, now)
        outcomes = ",".join(
            outcome_text(key_of(record), answer) for record, answer in zip(records, given, strict=True)
        )
        return await _answer(request, f'{{"outcomes":[{outcomes}],"receipt":"{receipt}"}}'.encode())

    lean_post(
        app,
        PATH,
        sync,
        request_model=DeviceRecords,
        response_model=DeviceReceipt,
        responses=problem_responses(401, 403, 409),
        examples=DEVICE_EXAMPLES,
        parameters=_PARAMETERS,
        summary="Sync the numbered records of a device",
        tags=["devices"],
    )


def _device(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid_fields(
            [{"field": "device_id", "message": "is not a UUID", "expected": "the UUID the device made"}]
        ) from None


async def _claim(
    service: Service,
    caller: Caller,
    campaign: CampaignId,
    device: UUID,
    highest: int,
    records: Sequence[Record],
) -> dict[int, Claimed]:
    if caller.area is None:
        raise FORBIDDEN("Your token names no constituency, and devices belong to one")
    wanted = [(one.number, one.idempotency_key) for record in records if (one := numbered(record))]
    command = ClaimNumbers(device, campaign, caller.area, caller.subject, highest, wanted, service.clock())
    try:
        return await claim_numbers(command, service.engine)
    except DeviceOfAnother:
        raise DEVICE_OF_ANOTHER(
            "This device id was registered by another member of staff. Whoever takes over a phone syncs "
            "under a fresh device id."
        ) from None
    except DevicesFull:
        raise DEVICES_FULL(
            f"You have {MOST_DEVICES} devices already. Ask those who run the service to look at them."
        ) from None


async def _judge(
    service: Service,
    caller: Caller,
    campaign: CampaignId,
    records: Sequence[Record],
    owners: Mapping[int, Claimed],
) -> list[Answer]:
    """The answer to each record: of the intake, unless its form or its number rules that out.

    Raises:
        IntakeFull: nothing was enrolled.
    """
    known = [known_without_the_intake(record, owners) for record in records]
    commands = [
        command_of(service, caller, campaign, record.idempotency_key, record.enrolment)
        for record, answer in zip(records, known, strict=True)
        if answer is None and isinstance(record, NumberedRecord)
    ]
    given = iter(await service.desk.enrol_all(commands))
    return [next(given) if answer is None else answer for answer in known]


async def _answer(request: Request, body: bytes) -> ASGIApp:
    if len(body) < _WORTH_ZIPPING or not takes_gzip(request):
        return JsonAnswer(body)
    zipped = await asyncio.to_thread(gzip.compress, body, _ZIP_LEVEL, mtime=0)
    return JsonAnswer(zipped, headers=((b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")))

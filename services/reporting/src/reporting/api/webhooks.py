"""`/v1/webhooks`: endpoints outside that are told what changes. Administered here, sent by `webhooks`."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from pydantic_core import to_json
from starlette.responses import Response
from structlog import get_logger

from mitra_shared.http.idempotency_keys import Key, key_reused
from mitra_shared.http.problems import Problem, problem_responses, unavailable, wrong_field
from mitra_shared.log import unit_of_work
from mitra_shared.log.unit_of_work import UnitOfWork
from reporting.api.problems import (
    SECRETS_FULL,
    WEBHOOK_UNKNOWN,
    WEBHOOKS_FULL,
)
from reporting.api.readers import Reader, seeing
from reporting.commands.create_webhook import (
    MOST_WEBHOOKS,
    CreateWebhook,
    KeyReused,
    TooManyWebhooks,
    create_webhook,
)
from reporting.commands.replay_webhook import ReplayWebhook, replay_webhook
from reporting.commands.rotate_webhook_secret import (
    RotateWebhookSecret,
    TooManySecrets,
    rotate_webhook_secret,
)
from reporting.domain.access import Sight
from reporting.domain.receivers import ReceiverRefused, receiver
from reporting.domain.webhooks import EventType, Subscription, WebhookId, state_of
from reporting.storage.changes import BEFORE_ALL
from reporting.storage.version import announce
from reporting.storage.webhooks import (
    Webhook,
    attempts_of,
    delete_webhook,
    find_webhook,
    pause,
    request_test,
    resume,
    webhooks_of,
)
from reporting.webhook_schemas import (
    NewWebhook,
    Replay,
    SecretAnswer,
    TestAnswer,
    WebhookAnswer,
    WebhookCreated,
    WebhooksAnswer,
    WebhookShown,
)
from reporting.webhooks.messages import new_message_id
from reporting.webhooks.resolving import NotResolved

log = get_logger(__name__)

PRIVATE: Final = {"Cache-Control": "private, no-store"}

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], responses=problem_responses(401, 403, 404))

Administers = Annotated[Reader, Depends(seeing(Sight.WEBHOOKS))]
Id = Annotated[str, Path(alias="webhook", max_length=64, examples=["wh_0193e2f06d3c7c419a6b1c2d3e4f5a6b"])]


async def _creator(reads: Administers) -> Reader:
    """Whoever may have these figures sent somewhere: only who reads them."""
    reads.needs(Sight.AGGREGATES)
    return reads


@router.post(
    "",
    status_code=201,
    response_model=WebhookCreated,
    responses=problem_responses(400, 409),
    summary="Subscribe an endpoint",
)
async def post_webhook(reads: Annotated[Reader, Depends(_creator)], key: Key, wanted: NewWebhook) -> Response:
    """Have changes posted to a URL, signed, beginning with a snapshot. Repeat with the same key at will."""
    within = reads.within(wanted.area)
    await _check_receiver(reads, wanted.url)
    subscription = Subscription(
        campaign=reads.campaign,
        url=wanted.url,
        within=within,
        levels=tuple(wanted.levels),
        events=tuple(map(EventType, wanted.events)),
        description=wanted.description,
        created_by=reads.caller.subject,
    )
    command = CreateWebhook(subscription, key, reads.state.now())
    try:
        async with unit_of_work(reads.state.engine) as unit:
            made, secret = await create_webhook(command, unit.connection, reads.state.webhooks.ring)
            await announce(unit.connection)
    except KeyReused:
        raise key_reused() from None
    except TooManyWebhooks as error:
        raise WEBHOOKS_FULL(f"{error}; delete one that is not needed") from None
    log.info("webhook created", webhook=made.id, by=reads.caller.subject)
    location = {"Location": f"/v1/webhooks/{made.id}"}
    return _json({**shown(made), "secret": secret}, 201, location)


async def _check_receiver(reads: Reader, url: str) -> None:
    try:
        await reads.state.webhooks.doorway.addresses(receiver(url))
    except ReceiverRefused as error:
        raise wrong_field("url", f"may not be called: {error}", "a receiver on the public internet") from None
    except NotResolved as error:
        if error.for_now:
            raise unavailable(f"The receiver cannot be looked up: {error}") from None
        raise wrong_field("url", f"cannot be called: {error}", "a name that the DNS knows") from None


@router.get("", response_model=WebhooksAnswer, summary="The endpoints of the campaign")
async def get_webhooks(reads: Administers) -> Response:
    """All of them, oldest first, without their secrets."""
    async with reads.state.engine.connect() as connection:
        found = await webhooks_of(connection, reads.campaign)
    return _json(
        {"campaign": reads.campaign, "most": MOST_WEBHOOKS, "webhooks": [shown(each) for each in found]}
    )


@router.get("/{webhook}", response_model=WebhookAnswer, summary="One endpoint")
async def get_webhook(reads: Administers, webhook: Id) -> Response:
    """How it stands, and what was attempted."""
    async with reads.state.engine.connect() as connection:
        found = await find_webhook(connection, reads.campaign, WebhookId(webhook))
        if found is None:
            raise _unknown(reads)
        attempts = await attempts_of(connection, found.id)
    shown_attempts = [
        {"message": each.message_id, **{k: v for k, v in each._asdict().items() if k != "message_id"}}
        for each in attempts
    ]
    return _json({**shown(found), "attempts": shown_attempts})


@router.delete("/{webhook}", status_code=204, response_class=Response, summary="Unsubscribe")
async def remove_webhook(reads: Administers, webhook: Id) -> Response:
    """Forget the endpoint. A message that is under way may still arrive."""
    async with unit_of_work(reads.state.engine) as unit:
        if not await delete_webhook(unit.connection, reads.campaign, WebhookId(webhook)):
            raise _unknown(reads)
    log.info("webhook deleted", webhook=webhook, by=reads.caller.subject)
    return Response(status_code=204, headers=PRIVATE)


@router.post("/{webhook}/pause", response_model=WebhookShown, summary="Send nothing for now")
async def pause_webhook(reads: Administers, webhook: Id) -> Response:
    """Until it is resumed. What changes meanwhile is told then, newest counts only."""
    async with unit_of_work(reads.state.engine) as unit:
        found = await _locked(reads, unit, webhook)
        await pause(unit.connection, found.id)
        found = await _locked(reads, unit, webhook)
    return _json(shown(found))


@router.post("/{webhook}/resume", response_model=WebhookShown, summary="Go on")
async def resume_webhook(reads: Administers, webhook: Id) -> Response:
    """Where it stopped; also after it was disabled."""
    async with unit_of_work(reads.state.engine) as unit:
        found = await _locked(reads, unit, webhook)
        await resume(unit.connection, found.id, reads.state.now())
        found = await _locked(reads, unit, webhook)
        await announce(unit.connection)
    return _json(shown(found))


@router.post(
    "/{webhook}/secret",
    response_model=SecretAnswer,
    responses=problem_responses(409),
    summary="A new secret",
)
async def post_secret(reads: Administers, webhook: Id) -> Response:
    """Messages are signed with the new and the old one for a day, so that the receiver can change over."""
    async with unit_of_work(reads.state.engine) as unit:
        found = await _locked(reads, unit, webhook)
        command = RotateWebhookSecret(found.id, reads.state.now())
        try:
            secret, old_until = await rotate_webhook_secret(
                command, unit.connection, reads.state.webhooks.ring
            )
        except TooManySecrets as error:
            raise SECRETS_FULL(f"{error}; the first of them ends at {error.until.isoformat()}") from None
    log.info("webhook secret rotated", webhook=found.id, by=reads.caller.subject)
    return _json({"secret": secret, "old_until": old_until})


@router.post("/{webhook}/test", status_code=202, response_model=TestAnswer, summary="Have a test sent")
async def post_test(reads: Administers, webhook: Id) -> Response:
    """One attempt, also to an endpoint that is paused or disabled; see its attempts for what came of it."""
    async with unit_of_work(reads.state.engine) as unit:
        found = await _locked(reads, unit, webhook)
        message = await request_test(unit.connection, found.id, new_message_id())
        await announce(unit.connection)
    return _json({"message": message}, 202)


@router.post("/{webhook}/replay", status_code=202, response_model=WebhookShown, summary="Tell again")
async def post_replay(reads: Administers, webhook: Id, wanted: Replay) -> Response:
    """Everything that changed since a version or a time, with its newest counts; from nowhere: a snapshot."""
    now = reads.state.now()
    present = int(now.timestamp() * 1000)
    if wanted.since is not None and wanted.since > now:
        raise wrong_field("since", "is in the future", "a time that has passed")
    version = wanted.version if wanted.since is None else max(0, int(wanted.since.timestamp() * 1000))
    if wanted.version is not None and wanted.version > max(present, reads.state.mirror.version):
        raise wrong_field("version", "is in the future", f"at most {reads.state.mirror.version}, the newest")
    async with unit_of_work(reads.state.engine) as unit:
        found = await _locked(reads, unit, webhook)
        await replay_webhook(ReplayWebhook(found, version, now), unit.connection)
        found = await _locked(reads, unit, webhook)
        await announce(unit.connection)
    log.info("webhook replayed", webhook=found.id, since=version, by=reads.caller.subject)
    return _json(shown(found), 202)


async def _locked(reads: Reader, unit: UnitOfWork, webhook: str) -> Webhook:
    found = await find_webhook(unit.connection, reads.campaign, WebhookId(webhook), lock=True)
    if found is None:
        raise _unknown(reads)
    return found


def _unknown(reads: Reader) -> Problem:
    return WEBHOOK_UNKNOWN(
        f"Campaign {reads.campaign} has no webhook of this id; GET /v1/webhooks lists them"
    )


def shown(webhook: Webhook) -> dict[str, Any]:
    """`webhook_schemas.WebhookShown`."""
    wanted, standing = webhook.subscription, webhook.standing
    return {
        "id": webhook.id,
        "campaign": wanted.campaign,
        "url": wanted.url,
        "area": wanted.within,
        "levels": wanted.levels,
        "events": wanted.events,
        "description": wanted.description,
        "created_by": wanted.created_by,
        "created_at": webhook.created_at,
        "state": state_of(standing, paused=webhook.paused),
        "failing_since": standing.failing_since,
        "failures": standing.failures,
        "disabled_at": standing.disabled_at,
        "disabled_why": standing.disabled_why,
        "told_until": None if webhook.told.version == BEFORE_ALL else webhook.told.version,
        "told_at": webhook.told_at,
        "waiting": webhook.message_id,
        "next_attempt_at": standing.next_at if webhook.message_id is not None else None,
    }


def _json(document: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        to_json(document), status, headers={**PRIVATE, **(headers or {})}, media_type="application/json"
    )

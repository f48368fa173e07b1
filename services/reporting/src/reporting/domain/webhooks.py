"""Webhooks: what can be subscribed to, and what becomes of an endpoint when a message is taken or is not."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, NewType

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode, CampaignId, StaffId

WebhookId = NewType("WebhookId", str)
MessageId = NewType("MessageId", str)
"""`webhook-id`: the same however often a message is sent."""

GONE: Final = 410
_ASKED_TO_WAIT: Final = (429, 503)
_SUCCESS: Final = range(200, 300)


class EventType(StrEnum):
    """`type` of a message."""

    SNAPSHOT = "rollups.snapshot"
    CHANGED = "rollups.changed"
    RELEASED = "opinions.released"
    TEST = "webhook.test"


CHOICES: Final = (EventType.CHANGED, EventType.RELEASED)
"""What an endpoint can ask for. Snapshots come with changes, tests with everything."""


class Policy(NamedTuple):
    """How endpoints are treated. Seconds, unless said otherwise."""

    spacing: float = 1.0
    """From the start of one message to that of the next."""
    first_pause: float = 5.0
    """After the first failure; doubled with each one that follows."""
    longest_pause: float = 6 * 3_600.0
    """Also of what `Retry-After` may ask for."""
    patience: timedelta = timedelta(days=5)
    """After so long of nothing but failure an endpoint is disabled."""
    lease: float = 30.0
    """For so long a message belongs to the process that sends it; longer than a delivery can take."""


class Told(NamedTuple):
    """How far an endpoint has been told.

    Everything up to commit `version`; of that version itself only the areas up to `area`, if there is one.
    While `snapshot_from` is set a snapshot goes on that began at that version, and `area` is its last one.
    """

    version: int
    area: AreaCode | None = None
    snapshot_from: int | None = None


class Subscription(NamedTuple):
    """What an endpoint is told, and where."""

    campaign: CampaignId
    url: str
    within: AreaCode
    levels: tuple[Level, ...]
    events: tuple[EventType, ...]
    description: str
    created_by: StaffId


class Standing(NamedTuple):
    """How deliveries to an endpoint go."""

    next_at: datetime
    """No message is sent before."""
    failures: int = 0
    """Since the last success."""
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_why: str | None = None


class Outcome(NamedTuple):
    """What came of one attempt."""

    seconds: float
    status: int | None
    """None: there was no answer."""
    error: str | None
    """None: the message was taken."""
    retry_after: float | None = None
    """Seconds the receiver asked for."""

    @property
    def delivered(self) -> bool:
        """Whether the receiver took the message."""
        return self.error is None


def outcome_of(status: int, seconds: float, retry_after: float | None) -> Outcome:
    """What an answer of this status means."""
    if status in _SUCCESS:
        return Outcome(seconds, status, None)
    error = f"answered {status}"
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        error += ": redirects are not followed"
    return Outcome(seconds, status, error, retry_after if status in _ASKED_TO_WAIT else None)


def after(
    before: Standing, outcome: Outcome, policy: Policy, *, began: datetime, now: datetime, jitter: float
) -> Standing:
    """How an endpoint stands after an attempt.

    Args:
        before: how it stood.
        outcome: of the attempt.
        policy: decides pauses, and when enough is enough.
        began: when the attempt did.
        now: when it ended.
        jitter: 0 to 1; spreads the next attempts of many over the second half of their pause.
    """
    if outcome.delivered:
        return Standing(next_at=began + timedelta(seconds=policy.spacing))
    since = before.failing_since or began
    pause = min(policy.longest_pause, policy.first_pause * 2.0 ** min(before.failures, 30))
    pause *= 0.5 + jitter / 2
    if outcome.retry_after is not None:
        pause = max(pause, min(outcome.retry_after, policy.longest_pause))
    why = _why_disabled(outcome, since, now, policy)
    return Standing(
        next_at=now + timedelta(seconds=pause),
        failures=before.failures + 1,
        failing_since=since,
        disabled_at=now if why else None,
        disabled_why=why,
    )


def _why_disabled(outcome: Outcome, since: datetime, now: datetime, policy: Policy) -> str | None:
    if outcome.status == GONE:
        return "the receiver answered 410: it wants no more messages"
    if now - since >= policy.patience:
        return f"nothing but failure since {since.isoformat(timespec='seconds')}; at last: {outcome.error}"
    return None


def state_of(standing: Standing, *, paused: bool) -> str:
    """`disabled`, `paused`, `failing` or `active`."""
    if standing.disabled_at is not None:
        return "disabled"
    if paused:
        return "paused"
    return "active" if standing.failing_since is None else "failing"


Jitter = Callable[[], float]
Releases = Mapping[str, int]
"""Number of the newest release of opinions, by round."""

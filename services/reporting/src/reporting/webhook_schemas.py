"""What is asked and answered about webhooks, and what messages look like, for the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from reporting.domain.receivers import LONGEST_URL, receiver
from reporting.schemas import Answer, RollupShown

MOST_VERSION = 10**15
"""Versions are milliseconds since 1970."""


def _url(text: str) -> str:
    receiver(text)
    return text


def _each_once(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise PydanticCustomError("repeated", "names one twice", {"expected": "each at most once"})
    return values


Event = Literal["rollups.changed", "opinions.released"]


class Asked(BaseModel):
    """A body of a request."""

    model_config = ConfigDict(extra="forbid")


class NewWebhook(Asked):
    """An endpoint that is wanted."""

    url: Annotated[
        str,
        Field(max_length=LONGEST_URL, examples=["https://hooks.example.org/mitra"]),
        AfterValidator(_url),
    ]
    """https, port 443 or 8443, no credentials, and no address inside."""
    area: Annotated[str | None, Field(max_length=32, examples=["S11-PC04"])] = None
    """This area and those below it. Default: all that the caller may read."""
    levels: Annotated[list[Level], Field(min_length=1, max_length=len(Level)), AfterValidator(_each_once)] = [
        *Level
    ]
    events: Annotated[list[Event], Field(min_length=1, max_length=2), AfterValidator(_each_once)] = [
        "rollups.changed",
        "opinions.released",
    ]
    """`rollups.snapshot` comes with `rollups.changed`."""
    description: Annotated[str, Field(max_length=200, examples=["Dashboard of the state office"])] = ""


class Replay(Asked):
    """From where to tell again. Neither: a snapshot."""

    version: Annotated[int | None, Field(ge=0, le=MOST_VERSION)] = None
    """What commits after this version changed, as in `version` of a message."""
    since: AwareDatetime | None = None
    """What was changed since."""

    @model_validator(mode="after")
    def _one(self) -> "Replay":
        if self.version is not None and self.since is not None:
            raise PydanticCustomError(
                "two_starts", "says twice from where", {"expected": "`version` or `since`, or neither"}
            )
        return self


class WebhookShown(Answer):
    """An endpoint.

    `state` is `active`, `failing` (messages are tried again, with growing pauses), `paused`, or `disabled`
    (nothing is sent until it is resumed). `told_until` is the version up to which everything was taken; null:
    nothing yet.
    """

    id: str
    campaign: CampaignId
    url: str
    area: AreaCode
    levels: list[Level]
    events: list[Event]
    description: str
    created_by: StaffId
    created_at: datetime
    state: Literal["active", "failing", "paused", "disabled"]
    failing_since: datetime | None
    failures: int
    """Attempts since the last that was taken."""
    disabled_at: datetime | None
    disabled_why: str | None
    told_until: int | None
    told_at: datetime | None
    """When the last message was taken."""
    waiting: str | None
    """Id of the message that was not taken yet."""
    next_attempt_at: datetime | None
    """Of that message."""


class WebhookCreated(WebhookShown):
    """A new endpoint. Its secret is shown this once (and for an hour to a repeated request)."""

    secret: str | None


class WebhooksAnswer(Answer):
    """The endpoints of a campaign."""

    campaign: CampaignId
    most: int
    webhooks: list[WebhookShown]


class AttemptShown(Answer):
    """One try to deliver. `status` is null where there was no answer; `error` is null where it was taken."""

    message: str
    type: str
    at: datetime
    milliseconds: int
    status: int | None
    error: str | None


class WebhookAnswer(WebhookShown):
    """An endpoint with its last attempts, newest first; at most 50, and none older than 30 days."""

    attempts: list[AttemptShown]


class SecretAnswer(Answer):
    """A new secret, shown this once. The one before it signs too until `old_until`."""

    secret: str
    old_until: datetime


class TestAnswer(Answer):
    """The id of the message that will arrive, and stand among the attempts."""

    __test__ = False  # pytest would take it for a test

    message: str


class RollupsChanged(Answer):
    """`data`: areas that changed since the message before."""

    campaign: CampaignId
    version: int
    """Nothing in `areas` is newer."""
    as_of: datetime
    areas: list[RollupShown]
    more: bool
    """Whether there is another message to come."""


class RollupsSnapshot(RollupsChanged):
    """`data`: all areas, over as many messages as it takes. Forget what you had when one `begins`."""

    begins: bool


class OpinionsReleased(Answer):
    """`data`: a release of opinions was made. What is in it: `GET /v1/opinions/{round}?release={number}`."""

    campaign: CampaignId
    round: str
    number: int
    made_at: datetime
    closing: bool
    """Whether it is the last of its round."""


class Tested(Answer):
    """`data`: somebody asked for a test."""

    campaign: CampaignId
    webhook: str


class ChangedMessage(Answer):
    """Areas changed."""

    type: Literal["rollups.changed"]
    timestamp: datetime
    data: RollupsChanged


class SnapshotMessage(Answer):
    """All areas: to a new endpoint, after a change of the definition or a restored database, on replay."""

    type: Literal["rollups.snapshot"]
    timestamp: datetime
    data: RollupsSnapshot


class ReleasedMessage(Answer):
    """Opinions were released."""

    type: Literal["opinions.released"]
    timestamp: datetime
    data: OpinionsReleased


class TestMessage(Answer):
    """A test."""

    __test__ = False

    type: Literal["webhook.test"]
    timestamp: datetime
    data: Tested

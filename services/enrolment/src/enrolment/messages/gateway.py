"""The border to whoever carries messages to phones: what it is given, and what may come of it."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from enrolment.messages.kinds import MessageId, MessageKind
from mitra_shared.campaign.definition import Language


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message on its way, opened and worded. Lives for one attempt; `repr` tells nothing personal."""

    id: MessageId
    kind: MessageKind
    language: Language
    phone: str = field(repr=False)
    """In E.164 form."""
    text: str = field(repr=False)


class GatewayReceipt(NamedTuple):
    """The gateway has taken the message."""

    reference: str | None
    """Its own name for it, if it gave one."""


class MessageRefused(Exception):
    """The gateway will never take this message; the text says why, without number or text."""


class GatewayFailed(Exception):
    """Not now: trying again may help. `retry_after` in seconds, if the gateway asked for a pause."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class MessageGateway(Protocol):
    """Carries messages to phones. Returns or raises within a bounded time."""

    async def send(self, message: OutgoingMessage) -> GatewayReceipt:
        """Hand over one message.

        Raises:
            MessageRefused: final.
            GatewayFailed: to be tried again, under the same id.
        """

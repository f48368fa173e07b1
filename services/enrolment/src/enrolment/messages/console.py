"""The gateway of a developer's machine: messages are printed where the operator looks."""

import json
from typing import Final, TextIO

from enrolment.messages.gateway import GatewayReceipt, OutgoingMessage

_SHOWN: Final = 4


def masked(phone: str) -> str:
    """A number by its end: enough to tell people apart, and too little to call one."""
    return f"{'*' * (len(phone) - _SHOWN)}{phone[-_SHOWN:]}"


class ConsoleGateway:
    """Writes each message as a line of JSON. Settings refuse it in production: they tell codes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    async def send(self, message: OutgoingMessage) -> GatewayReceipt:
        """Print the message."""
        line = {
            "message": str(message.id),
            "kind": message.kind.value,
            "to": masked(message.phone),
            "text": message.text,
        }
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()
        return GatewayReceipt(None)

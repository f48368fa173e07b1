"""The gateway of a developer's machine: messages are printed where the operator looks."""

import json
from typing import TextIO

from enrolment.messages.gateway import GatewayReceipt, OutgoingMessage


class ConsoleGateway:
    """Writes each message as a line of JSON. Settings refuse it in production: they tell phones."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    async def send(self, message: OutgoingMessage) -> GatewayReceipt:
        """Print the message."""
        line = {
            "message": str(message.id),
            "kind": message.kind.value,
            "to": message.phone,
            "text": message.text,
        }
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()
        return GatewayReceipt(None)

"""Noting messages to people in the transaction that is their reason: both are committed, or neither.

`messages.sender` takes them from the table. What stands there tells of a person only by id.
"""

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.messages.kinds import Message

_ENQUEUE: Final = text(
    """
    insert into message (id, recipient, kind, facts, send_after, expires_at, next_at, of_many)
    select new.id, new.recipient, new.kind, cast(new.facts as jsonb), new.send_after, new.expires_at,
           new.send_after, new.of_many
    from unnest(
        cast(:ids as uuid[]), cast(:recipients as uuid[]), cast(:kinds as text[]), cast(:facts as text[]),
        cast(:send_after as timestamptz[]), cast(:expire as timestamptz[]),
        cast(:of_many as boolean[]))
        as new(id, recipient, kind, facts, send_after, expires_at, of_many)
    """
)


async def enqueue(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """Note messages; they are sent after the caller's commit, at least once, under the same id.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away, or the id of a message was used before.
    """
    if not messages:
        return
    await connection.execute(
        _ENQUEUE,
        {
            "ids": [message.id for message in messages],
            "recipients": [message.recipient for message in messages],
            "kinds": [message.kind.value for message in messages],
            "facts": [json.dumps(dict(message.facts)) for message in messages],
            "send_after": [message.send_after for message in messages],
            "expire": [message.expires_at for message in messages],
            "of_many": [message.of_many for message in messages],
        },
    )

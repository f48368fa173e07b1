"""What can be read of rounds of contact: people reached and due by area, round by round."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import Level, Round
from mitra_shared.ids import AreaCode
from reporting.domain.board import Board
from reporting.domain.cells import ContactCounts
from reporting.domain.contact_rounds import Stage, stage_of
from reporting.domain.disclosure import AreaTree
from reporting.storage.contacts import read_contacts, read_enrolled_by

Document = dict[str, Any]


async def contacts_answer(
    engine: AsyncEngine, board: Board, *, level: Level, within: AreaCode, today: date
) -> Document:
    """`contact_schemas.ContactRoundsAnswer` without its freshness.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    definition = board.definition
    begun = {
        one.id: min(one.closes_on, today)
        for one in definition.rounds
        if stage_of(one, today) is not Stage.TO_COME
    }
    async with engine.connect() as connection:
        contacts = await read_contacts(connection, definition.id, [one.id for one in definition.rounds])
        enrolled = await read_enrolled_by(connection, definition.id, begun)
    tree, codes = AreaTree(definition), board.select(levels=(level,), within=within)
    return {
        "campaign": definition.id,
        "definition": definition.version,
        "level": level,
        "within": within,
        "rounds": [
            {
                **_told(one, today),
                "areas": _areas(board, tree, codes, contacts[one.id], enrolled.get(one.id)),
            }
            for one in definition.rounds
        ],
    }


def _told(one: Round, today: date) -> Document:
    return {
        "round": one.id,
        "name": one.name.model_dump(),
        "opens_on": one.opens_on,
        "closes_on": one.closes_on,
        "stage": stage_of(one, today),
    }


def _areas(
    board: Board,
    tree: AreaTree,
    codes: Sequence[AreaCode],
    contacts: Mapping[AreaCode, ContactCounts],
    enrolled: Mapping[AreaCode, int] | None,
) -> list[Document]:
    attempted = tree.sums({code: counts.attempted for code, counts in contacts.items()})
    reached = tree.sums({code: counts.reached for code, counts in contacts.items()})
    due = None if enrolled is None else tree.sums(enrolled)
    return [
        {
            "area": code,
            "level": tree.level[code],
            "name": board.definition.by_code[code].name.model_dump(),
            "attempted": attempted[code],
            "reached": reached[code],
            "due": None if due is None else due[code],
        }
        for code in codes
    ]

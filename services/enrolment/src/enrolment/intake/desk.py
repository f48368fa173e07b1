"""Where enrolments enter the intake: judged here, committed in a group, answered when that is durable."""

import asyncio
from collections.abc import Sequence
from typing import Final

from enrolment.campaigns import LoadedCampaigns
from enrolment.commands.enrol_mitra import EnrolMitra, draft
from enrolment.intake import answers
from enrolment.intake.committer import Committer, IntakeFull
from enrolment.intake.items import Answer, Item
from enrolment.seals import Seals

_JUDGED_AT_A_STRETCH: Final = 100
"""Entries of a batch after which others get a turn: some 5 ms."""


class IntakeDesk:
    """Takes commands of one api process."""

    def __init__(self, campaigns: LoadedCampaigns, seals: Seals, committer: Committer) -> None:
        self._campaigns = campaigns
        self._seals = seals
        self._committer = committer

    async def enrol(self, command: EnrolMitra) -> Answer:
        """Enrol one person; the answer is durable, or passing (503, 429)."""
        item = self._item(command)
        try:
            self._committer.submit((item,))
        except IntakeFull:
            return answers.BUSY
        return await item.answer

    async def enrol_all(self, commands: Sequence[EnrolMitra]) -> list[Answer]:
        """Enrol several people, each as if alone.

        Raises:
            IntakeFull: they do not all fit at the moment; none was taken.
        """
        items: list[Item] = []
        for number, command in enumerate(commands, start=1):
            items.append(self._item(command))
            if number % _JUDGED_AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        self._committer.submit(items)
        return [await item.answer for item in items]

    def _item(self, command: EnrolMitra) -> Item:
        rules = self._campaigns.rules(command.campaign)
        loop = asyncio.get_running_loop()
        return Item(
            command=command,
            digest=self._seals.request_digest(command.campaign, command.request.model_dump_json()),
            verdict=draft(command, rules, self._seals),
            version=rules.version,
            answer=loop.create_future(),
            waiting_since=loop.time(),
        )

"""Where enrolments enter the intake: judged here, committed in a group, answered when that is durable."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from enrolment.campaigns import LoadedCampaigns
from enrolment.commands.enrol_mitra import EnrolMitra, Verdict, draft
from enrolment.intake import answers
from enrolment.intake.committer import Committer, IntakeFull
from enrolment.intake.items import Answer, Item
from enrolment.seals import Seals

_JUDGED_AT_A_STRETCH: Final = 100
"""Entries of a batch after which others get a turn: some 5 ms."""


class Judged(NamedTuple):
    """An enrolment that only has to be committed; `version` is that of the campaign it was judged by."""

    command: EnrolMitra
    digest: bytes
    verdict: Verdict
    version: int


class IntakeDesk:
    """Takes commands of one api process."""

    def __init__(self, campaigns: LoadedCampaigns, seals: Seals, committer: Committer) -> None:
        self._campaigns = campaigns
        self._seals = seals
        self._committer = committer

    async def enrol(self, command: EnrolMitra) -> Answer:
        """Enrol one person; the answer is durable, or passing (503, 429)."""
        try:
            (answer,) = self._submit((self._judged(command),))
        except IntakeFull:
            return answers.BUSY
        return await answer

    async def enrol_all(self, commands: Sequence[EnrolMitra]) -> list[Answer]:
        """Enrol several people, each as if alone.

        Raises:
            IntakeFull: they do not all fit at the moment; none was taken.
        """
        judged: list[Judged] = []
        for number, command in enumerate(commands, start=1):
            judged.append(self._judged(command))
            if number % _JUDGED_AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        return await self.enrol_judged(judged)

    async def enrol_judged(self, judged: Sequence[Judged]) -> list[Answer]:
        """As `enrol_all`, of enrolments that were judged beforehand."""
        return [await answer for answer in self._submit(judged)]

    def _submit(self, judged: Sequence[Judged]) -> "list[asyncio.Future[Answer]]":
        loop = asyncio.get_running_loop()
        now = loop.time()
        items = [Item(*each, answer=loop.create_future(), waiting_since=now) for each in judged]
        self._committer.submit(items)
        return [item.answer for item in items]

    def _judged(self, command: EnrolMitra) -> Judged:
        rules = self._campaigns.rules(command.campaign)
        return Judged(
            command=command,
            digest=self._seals.request_digest(command.campaign, command.request.model_dump_json()),
            verdict=draft(command, rules, self._seals),
            version=rules.version,
        )

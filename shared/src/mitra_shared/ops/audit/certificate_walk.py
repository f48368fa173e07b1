"""The certificates log, recomputed from the enrolment log, and each issue held against its quota.

Partition by partition, each up to where the certificates group stands, so that memory is bounded by the
largest partition. The two logs are walked side by side: what an enrolment entry must have led to is what the
certificates log must tell next.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from mitra_shared.ops.audit.certificate_log import Recorded, RecordedLog
from mitra_shared.ops.audit.issuing import Contradiction, Ledger, Step, Told
from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.scene import Scene

_STEPS: Final = """
    select log.position, log.type, log.subject, log.occurred_at, log.key, said.campaign, said.segment,
           case when log.type = 'CampaignDefinedV1' then log.payload ->> 'definition' end as definition
    from enrolment_log as log
    cross join lateral json_to_record(log.payload) as said(campaign text, segment text)
    where log.partition = $1 and log.position <= $2 order by log.position
"""

REVOKED: Final = "CertificateRevokedV1"

_IN_WORDS: Final = {
    "CertificateIssuedV1": "issued",
    "CertificateWaitlistedV1": "waitlisted",
    REVOKED: "revoked",
}

Ledgers = dict[str, Ledger]
"""By campaign."""


class Late:
    """Steps that were put away and played again later: nobody recorded between which others."""

    def __init__(self, played: set[int]) -> None:
        self._played = played
        self._waiting: list[tuple[str, Step]] = []

    def keeps(self, campaign: str, step: Step) -> bool:
        """Whether the step was not applied at its place; it is kept until the log shows its effect."""
        if step.position not in self._played:
            return False
        self._waiting.append((campaign, step))
        return True

    def of(self, mitra: UUID) -> list[tuple[str, Step]]:
        """The steps of a person that were played together, taken out."""
        found = [(campaign, step) for campaign, step in self._waiting if step.mitra == mitra]
        self._waiting = [(campaign, step) for campaign, step in self._waiting if step.mitra != mitra]
        return found

    @property
    def is_open(self) -> bool:
        """Whether any step is still kept."""
        return bool(self._waiting)

    @property
    def persons(self) -> list[UUID]:
        """Whose steps are still kept, in the order of the log."""
        return list(dict.fromkeys(step.mitra for _, step in self._waiting))


class Walk:
    """One partition of both logs, side by side."""

    def __init__(
        self, partition: int, recorded: RecordedLog, check: Check, quotas: Check, late: Late
    ) -> None:
        self.ledgers: Ledgers = {}
        self._partition = partition
        self._recorded = recorded
        self._check = check
        self._quotas = quotas
        self._late = late
        self._valid: Counter[tuple[str, str]] = Counter()

    async def define(self, campaign: str, definition: str, position: int, at: datetime) -> None:
        """A definition of a campaign takes effect."""
        ledger = self.ledgers.setdefault(campaign, Ledger(self._partition))
        try:
            told = ledger.define(json.loads(definition), position, at)
        except (KeyError, TypeError, ValueError):
            self._check.wrong("a definition cannot be read", f"{campaign} at {self._place(position)}")
        else:
            await self._expect(campaign, told)

    async def step(self, campaign: str, step: Step) -> None:
        """A person's step takes effect."""
        if self._late.keeps(campaign, step):
            return
        await self._play(campaign, step)

    async def _play(self, campaign: str, step: Step) -> None:
        ledger = self.ledgers.setdefault(campaign, Ledger(self._partition))
        try:
            told = ledger.take(step)
        except Contradiction as error:
            self._check.wrong(
                "an event was applied that cannot be applied",
                f"{step.type} of Mitra {step.mitra} at {self._place(step.position)}: {error}",
            )
        else:
            await self._expect(campaign, told)

    def _place(self, position: int) -> str:
        return f"{position} of partition {self._partition}"

    async def finish(self) -> None:
        """Play what is kept, and see that nothing more is recorded."""
        for person in self._late.persons:
            await self._play_late(person)
        for extra in await self._recorded.rest():
            self._superfluous(extra)

    async def _expect(self, campaign: str, expected: list[Told]) -> None:
        for told in expected:
            await self._catch_up(told)
            ahead = await self._recorded.until(campaign, told)
            if ahead is None:
                self._check.wrong(
                    "the certificates log lacks an event",
                    f"{told.type} of Mitra {told.mitra}, partition {self._partition}, "
                    f"before {await self._recorded.place()}",
                )
                continue
            *extras, found = ahead
            for extra in extras:
                self._superfluous(extra)
            self._count(found)

    async def _catch_up(self, told: Told) -> None:
        """Play late steps whose effect is recorded here, before `told`."""
        while self._late.is_open:
            recorded = await self._recorded.peek()
            if recorded is None or recorded.told == told or recorded.told.mitra not in self._late.persons:
                return
            await self._play_late(recorded.told.mitra)

    async def _play_late(self, person: UUID) -> None:
        for campaign, step in self._late.of(person):
            await self._play(campaign, step)

    def _superfluous(self, extra: Recorded) -> None:
        self._check.wrong(
            "the certificates log tells what does not follow from the enrolments",
            f"{extra.told.type} of Mitra {extra.told.mitra} at {self._place(extra.position)}",
        )
        self._count(extra)

    def _count(self, recorded: Recorded) -> None:
        """Hold an issue against the quota in force at this place, by what the log itself has issued."""
        told, ledger = recorded.told, self.ledgers.get(recorded.campaign)
        self._check.numbers[_IN_WORDS.get(told.type, told.type)] += 1
        issues = told.type == "CertificateIssuedV1"
        if ledger is None or not (issues or (told.type == REVOKED and told.previous == "issued")):
            return
        self._valid[recorded.campaign, told.segment] += 1 if issues else -1
        pool = ledger.pool(told.segment) if told.segment in ledger.homes else told.segment
        valid = self._valid[recorded.campaign, told.segment]
        if pool != told.segment:
            siblings = (segment for segment, home in ledger.homes.items() if home == pool)
            valid = sum(self._valid[recorded.campaign, segment] for segment in siblings)
        self._quotas.numbers["issues held against their quota"] += issues
        if issues and valid > ledger.quotas.get(pool, 0):
            self._quotas.wrong(
                "a certificate was issued beyond the quota in force",
                f"{pool}: {valid} of {ledger.quotas.get(pool, 0)}, Mitra {told.mitra} "
                f"at {self._place(recorded.position)}",
            )


async def walk_partition(
    scene: Scene, partition: int, check: Check, quotas: Check
) -> tuple[Ledgers, Mapping[UUID, UUID]]:
    """Walk both logs of one partition.

    Returns:
        What the rows have to say, and the certificate id of each Mitra as the certificates log tells it.
    """
    letters = [each for each in scene.letters["certificates"] if each.partition == partition]
    skipped = {letter.position for letter in letters if letter.state != "done"}
    late = Late({letter.position for letter in letters if letter.state == "done"})
    recorded = RecordedLog(scene.certificates, partition, check)
    walk = Walk(partition, recorded, check, quotas, late)
    reached = scene.position("certificates", ("enrolment", partition))
    async for page in scene.enrolment.pages(_STEPS, partition, reached):
        for position, kind, subject, at, key, campaign, segment, definition in page:
            check.numbers["enrolment entries followed"] += 1
            if position in skipped:
                continue
            if definition is not None:
                await walk.define(campaign, definition, position, at)
            else:
                await walk.step(campaign, Step(position, kind, subject, at, key, segment))
    await walk.finish()
    return walk.ledgers, recorded.ids

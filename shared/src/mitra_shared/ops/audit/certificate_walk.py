"""The certificates log, recomputed from the enrolment log, and each issue held against its quota.

Partition by partition, each up to where the certificates group stands, so that memory is bounded by the
largest partition. The two logs are walked side by side: what an enrolment entry must have led to is what the
certificates log must tell next.
"""

import json
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final, NamedTuple
from uuid import UUID

from mitra_shared.ops.audit.certificate_log import Recorded, RecordedLog
from mitra_shared.ops.audit.desk import Decided, DeskRecord, carry_out, refusal
from mitra_shared.ops.audit.issuing import Contradiction, Ledger, Step, Told
from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.scene import Letter, Scene

_STEPS: Final = """
    select log.epoch, log.position, log.type, log.subject, log.occurred_at, log.key, said.campaign,
           said.segment,
           case when log.type = 'CampaignDefinedV1' then log.payload ->> 'definition' end as definition,
           said.holder_name, said.name_changed,
           case log.type when 'MitraCorrectedV1' then said.language ->> 'language'
               else said.language #>> '{}' end as language
    from enrolment_log as log
    cross join lateral json_to_record(log.payload) as said(
        campaign text, segment text, holder_name text, name_changed boolean, language json)
    where log.partition = $1 and log.position <= $2 order by log.position
"""

REVOKED: Final = "CertificateRevokedV1"

_IN_WORDS: Final = {
    "CertificateIssuedV1": "issued",
    "CertificateWaitlistedV1": "waitlisted",
    REVOKED: "revoked",
    "CertificateReissuedV1": "issued anew",
    "CertificateCorrectedV1": "corrected",
    "PlacesRaisedV1": "places raised",
    "PlacesReservedV1": "places reserved or released",
}

Ledgers = dict[str, Ledger]
"""By campaign."""


class Entry(NamedTuple):
    """One entry of the enrolment log: a person's step, a definition, or (neither) counts of field work."""

    campaign: str
    position: int
    at: datetime
    definition: str | None
    step: Step | None


class Late:
    """Entries that were put away at their place and played again later, after another one."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self._turns = deque(sorted(map(_turn, letters)))
        self._positions = {letter.position for letter in letters}
        self._kept: dict[int, Entry] = {}

    def keeps(self, entry: Entry) -> bool:
        """Whether the entry was not applied at its place; it is kept until its turn."""
        if entry.position not in self._positions:
            return False
        self._kept[entry.position] = entry
        return True

    def due(self, position: int) -> Iterator[tuple[float, Entry]]:
        """What was played once the group had come to a position, in that order, and when that was."""
        while self._turns and self._turns[0][0] <= position:
            _, when, place = self._turns.popleft()
            if place in self._kept:
                yield when, self._kept.pop(place)


def _turn(letter: Letter) -> tuple[int, float, int]:
    if letter.played_after is None or letter.played_at is None:
        return letter.position, 0.0, letter.position
    return letter.played_after, letter.played_at.timestamp(), letter.position


class Walk:
    """One partition of both logs, side by side."""

    def __init__(self, partition: int, recorded: RecordedLog, check: Check, quotas: Check) -> None:
        self.ledgers: Ledgers = {}
        self._partition = partition
        self._recorded = recorded
        self._check = check
        self._quotas = quotas
        self._valid: Counter[tuple[str, str]] = Counter()

    async def play(self, entry: Entry) -> None:
        """An entry takes effect."""
        if entry.step is not None:
            await self._step(entry.campaign, entry.step)
        elif entry.definition is not None:
            await self._define(entry.campaign, entry.definition, entry.position, entry.at)

    async def _define(self, campaign: str, definition: str, position: int, at: datetime) -> None:
        ledger = self.ledgers.setdefault(campaign, Ledger(self._partition))
        try:
            told = ledger.define(json.loads(definition), position, at)
        except (KeyError, TypeError, ValueError):
            self._check.wrong("a definition cannot be read", f"{campaign} at {self._place(position)}")
        else:
            await self._expect(campaign, told)

    async def _step(self, campaign: str, step: Step) -> None:
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

    async def decide(self, decided: Decided) -> None:
        """A decision of the quota desk takes effect, or is seen to have lapsed."""
        ledger = self.ledgers.setdefault(decided.campaign, Ledger(self._partition))
        why = refusal(ledger, decided)
        self._check.numbers["decisions of the desk followed"] += 1
        if decided.lapsed is not None:
            self._check.note(f"decision {decided.number} of the desk lapsed: {decided.lapsed}")
            if why is None:
                self._check.wrong("a decision lapsed that can be carried out", self._decision(decided))
        elif why is not None:
            self._check.wrong(
                "a decision was carried out that cannot be", f"{self._decision(decided)}: {why}"
            )
        else:
            await self._expect(decided.campaign, carry_out(ledger, decided))

    def _decision(self, decided: Decided) -> str:
        return f"{decided.kind}, number {decided.number}, after {self._place(decided.position)}"

    def _place(self, position: int) -> str:
        return f"{position} of partition {self._partition}"

    async def finish(self) -> None:
        """See that nothing more is recorded."""
        for extra in await self._recorded.rest():
            self._superfluous(extra)

    async def _expect(self, campaign: str, expected: list[Told]) -> None:
        for told in expected:
            ahead = await self._recorded.until(campaign, told)
            if ahead is None:
                self._check.wrong(
                    "the certificates log lacks an event",
                    f"{told.type} {told.about}, partition {self._partition}, "
                    f"before {await self._recorded.place()}",
                )
                continue
            *extras, found = ahead
            for extra in extras:
                self._superfluous(extra)
            self._count(found)

    def _superfluous(self, extra: Recorded) -> None:
        self._check.wrong(
            "the certificates log tells what does not follow from the enrolments",
            f"{extra.told.type} {extra.told.about} at {self._place(extra.position)}",
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
        if issues and valid > ledger.in_force(pool):
            self._quotas.wrong(
                "a certificate was issued beyond the quota in force",
                f"{pool}: {valid} of {ledger.in_force(pool)}, Mitra {told.mitra} "
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
    late = Late([letter for letter in letters if letter.state == "done"])
    recorded = RecordedLog(scene.certificates, partition, check)
    walk = Walk(partition, recorded, check, quotas)
    record = await DeskRecord.of(scene, partition, check)
    reached = scene.position("certificates", ("enrolment", partition))
    async for page in scene.enrolment.pages(_STEPS, partition, reached):
        for epoch, position, kind, subject, at, key, campaign, segment, definition, *told in page:
            check.numbers["enrolment entries followed"] += 1
            # Of a branch that is lost: it had gone further, and the log goes on here instead.
            for decided in record.before((epoch, position)):
                await walk.decide(decided)
            step = Step(position, kind, subject, at, key, segment, *told) if subject else None
            entry = Entry(campaign, position, at, definition, step)
            if position not in skipped and not late.keeps(entry):
                await walk.play(entry)
            here: list[tuple[float, Entry | Decided]] = [
                *late.due(position),
                *((decided.applied, decided) for decided in record.up_to((epoch, position))),
            ]
            for _, each in sorted(here, key=itemgetter(0)):
                if isinstance(each, Decided):
                    await walk.decide(each)
                else:
                    await walk.play(each)
    for decided in record.rest():
        check.wrong(
            "a decision of the desk stands after what was not applied yet",
            f"{decided.kind}, number {decided.number}, partition {partition}",
        )
    await walk.finish()
    return walk.ledgers, recorded.ids

"""The one transaction of a group: read what is known, decide, write rows, events and outcomes.

Positions are part of the answers that are kept, so outcomes are written after the log's entries; the heads
stay locked for that one statement more.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, assert_never

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog import get_logger

from enrolment.campaigns import LoadedCampaigns
from enrolment.clock import Clock, india_day, seconds_left_of_day
from enrolment.commands.enrol_mitra import EnrolMitra, Verdict
from enrolment.domain.rules import Rules
from enrolment.drafts import Draft
from enrolment.intake import answers
from enrolment.intake.decide import (
    Decision,
    Duplicate,
    Enrol,
    KeyReused,
    Known,
    NotGranted,
    RationUsedUp,
    Refuse,
    Replay,
    RowEmptied,
    SameAs,
    Standing,
    decide,
    grant_for,
)
from enrolment.intake.items import Answer, Item
from enrolment.messages.kinds import Message, MessageKind
from enrolment.messages.outbox import enqueue
from enrolment.storage import import_rows, mitras, outcomes
from enrolment.storage.import_rows import SheetRow
from enrolment.storage.locks import lock_intake
from enrolment.storage.row_security import Grant, Work, grant_by_token, work_as
from enrolment.storage.standing import Found, look
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.ids import CampaignId, StaffId, new_event_id
from mitra_shared.log import Place, unit_of_work
from mitra_shared.log.append import Emitted, append

log = get_logger(__name__)


class GroupTransaction:
    """Carries out groups on one database. Holds no state between groups."""

    def __init__(
        self,
        engine: AsyncEngine,
        campaigns: LoadedCampaigns,
        judge: Callable[[EnrolMitra, Rules], Verdict],
        clock: Clock,
        *,
        ration: int,
    ) -> None:
        """Wire a transaction.

        Args:
            engine: of the enrolment database.
            campaigns: in force, refreshed when a group finds that they changed.
            judge: reaches a verdict anew when the campaign changed after the first one.
            clock: present time.
            ration: duplicate answers of a caller in a day.
        """
        self._engine = engine
        self._campaigns = campaigns
        self._judge = judge
        self._clock = clock
        self._ration = ration

    async def __call__(self, items: Sequence[Item]) -> list[Answer]:
        """Commit a group; afterwards everything in the answers is durable.

        Raises:
            sqlalchemy.exc.DBAPIError: nothing happened, or everything (connection lost at the commit): the
                same items again tell which, and are answered either way.
        """
        now = self._clock()
        async with unit_of_work(self._engine) as unit:
            connection = unit.connection
            await lock_intake(connection)
            standing = await self._standing(connection, items, now)
            decisions = decide(items, standing, ration=self._ration)
            enrolling = [decision for decision in decisions if isinstance(decision, Enrol)]
            places: list[Place] = []
            if enrolling:
                await mitras.insert(connection, enrolling)
                await enqueue(connection, _receipt_messages(items, decisions))
                places = await append(connection, ENROLMENT, _emitted(items, decisions))
            given = _answers(decisions, places, retry_after=seconds_left_of_day(now))
            await self._keep(connection, items, decisions, given, now)
        self._tell_of_rations(items, decisions, standing)
        return given

    async def _standing(self, connection: AsyncConnection, items: Sequence[Item], now: datetime) -> Standing:
        day = india_day(now)
        found = await self._look(connection, items, day)
        if await self._judge_again_if_changed(connection, items, found.versions):
            # Whoever is eligible only now has a phone that was not looked for.
            found = await self._look(connection, items, day)
        await self._grant_by_tokens(connection, items, found, now)
        emptied = await _emptied(connection, items)
        outcomes = {
            (known.caller, known.key): Known(known.digest, Answer(known.status, known.body))
            for known in found.outcomes
        }
        return Standing(outcomes, found.slots, found.duplicates, found.grants, emptied)

    async def _look(self, connection: AsyncConnection, items: Sequence[Item], day: date) -> Found:
        drafts = [item.verdict for item in items if isinstance(item.verdict, Draft)]
        return await look(
            connection,
            {item.identity for item in items},
            {(draft.campaign, draft.phone_hash) for draft in drafts},
            {item.command.recruiter for item in items},
            {grant_for(draft) for draft in drafts},
            day,
        )

    async def _grant_by_tokens(
        self, connection: AsyncConnection, items: Sequence[Item], found: Found, now: datetime
    ) -> None:
        """Whoever comes with a token that an operator minted may enrol in its constituency."""
        new = {
            Grant(item.command.recruiter, item.command.campaign, item.command.area)
            for item in items
            if isinstance(item.verdict, Draft)
            and item.command.session is None
            and item.command.area is not None
        }
        if missing := new - found.grants:
            found.grants.update(await grant_by_token(connection, missing, now))

    async def _judge_again_if_changed(
        self, connection: AsyncConnection, items: Sequence[Item], versions: Mapping[CampaignId, int]
    ) -> bool:
        """Reach verdicts anew that were reached under another version. Returns whether there were any."""
        changed = [item for item in items if versions.get(item.command.campaign) != item.version]
        if changed:
            await self._campaigns.refresh(connection, versions)
        for item in changed:
            rules = self._campaigns.rules(item.command.campaign)
            item.verdict = self._judge(item.command, rules)
            item.version = rules.version
        return bool(changed)

    async def _keep(
        self,
        connection: AsyncConnection,
        items: Sequence[Item],
        decisions: Sequence[Decision],
        given: Sequence[Answer],
        now: datetime,
    ) -> None:
        kept = [
            outcomes.Outcome(*item.identity, item.digest, answer.status, answer.body)
            for item, decision, answer in zip(items, decisions, given, strict=True)
            if isinstance(decision, Enrol | Refuse | Duplicate)
        ]
        if kept:
            await outcomes.keep(connection, kept, now)
        duplicates = _of_kind(items, decisions, Duplicate)
        rationed = _of_kind(items, decisions, RationUsedUp)
        if duplicates or rationed:
            await outcomes.count_duplicates(
                connection,
                india_day(now),
                Counter(item.command.recruiter for item in duplicates),
                Counter(item.command.recruiter for item in rationed),
            )
        if duplicates:
            await outcomes.record_duplicates(
                connection,
                [
                    (new_event_id(), *_asked(item), item.verdict.phone_hash)
                    for item in duplicates
                    if isinstance(item.verdict, Draft)
                ],
                now,
            )

    def _tell_of_rations(
        self, items: Sequence[Item], decisions: Sequence[Decision], standing: Standing
    ) -> None:
        used_up: set[StaffId] = {item.command.recruiter for item in _of_kind(items, decisions, RationUsedUp)}
        for caller in used_up:
            log.warning(
                "duplicate answers used up: enrolments of this caller are refused until midnight",
                alert="duplicate-ration",
                caller=caller,
                answered=standing.duplicates.get(caller, 0),
            )


async def _emptied(connection: AsyncConnection, items: Sequence[Item]) -> set[SheetRow]:
    """Rows of sheets among `items` out of which the person was erased since they were read."""
    asked = {item.command.sheet_row for item in items if item.command.sheet_row is not None}
    if not asked:
        return set()
    await work_as(connection, Work.IMPORTS)
    emptied = await import_rows.emptied(connection, asked)
    await work_as(connection, Work.INTAKE)
    return emptied


def _asked(item: Item) -> tuple[StaffId, CampaignId, str]:
    return item.command.recruiter, item.command.campaign, item.command.idempotency_key


def _receipt_messages(items: Sequence[Item], decisions: Sequence[Decision]) -> list[Message]:
    return [
        Message(
            decision.draft.mitra,
            MessageKind.RECEIPT,
            decision.draft.enrolled_at,
            of_many=item.command.sheet_row is not None,
        )
        for item, decision in zip(items, decisions, strict=True)
        if isinstance(decision, Enrol)
    ]


def _of_kind(
    items: Sequence[Item], decisions: Sequence[Decision], kind: type[Duplicate] | type[RationUsedUp]
) -> list[Item]:
    return [item for item, decision in zip(items, decisions, strict=True) if isinstance(decision, kind)]


def _emitted(items: Sequence[Item], decisions: Sequence[Decision]) -> list[Emitted]:
    return [
        Emitted(decision.draft.enrolled(), item.command.traceparent)
        for item, decision in zip(items, decisions, strict=True)
        if isinstance(decision, Enrol)
    ]


_SAME_FOR_ALL: Final = {
    Duplicate: answers.DUPLICATE,
    KeyReused: answers.KEY_REUSED,
    NotGranted: answers.NOT_GRANTED,
    RowEmptied: answers.ROW_EMPTIED,
}


def _answers(decisions: Sequence[Decision], places: Sequence[Place], *, retry_after: int) -> list[Answer]:
    """One answer for each decision; `places` are those of the enrolled, in order."""
    given: list[Answer] = []
    appended = iter(places)
    for decision in decisions:
        match decision:
            case Enrol(draft=draft):
                given.append(answers.enrolled(draft, next(appended)))
            case Refuse(refusals=refusals):
                given.append(answers.refused(refusals))
            case Replay(answer=answer):
                given.append(answer)
            case SameAs(first=first):
                given.append(given[first])
            case Duplicate() | KeyReused() | NotGranted() | RowEmptied():
                given.append(_SAME_FOR_ALL[type(decision)])
            case RationUsedUp():
                given.append(answers.ration_used_up(retry_after))
            case _:
                assert_never(decision)
    return given

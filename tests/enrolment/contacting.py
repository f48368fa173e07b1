"""A constituency in a round of contact: people of several recruiters, a clock that is moved by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import india_day
from enrolment.upkeep import Upkeep
from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import CONSTITUENCY, IntakeApi, TestClock, person, rows, token
from tests.factories import ROUND

RECRUITER = f"{CONSTITUENCY}/co-in-charge-07"
COLLEAGUE = f"{CONSTITUENCY}/co-in-charge-08"
IN_CHARGE = f"{CONSTITUENCY}/in-charge"
BY_RECRUITER = token(RECRUITER)
BY_COLLEAGUE = token(COLLEAGUE)
BY_IN_CHARGE = token(IN_CHARGE, Role.IN_CHARGE)
BY_STRANGER = token("S24-PC07/in-charge", Role.IN_CHARGE, "S24-PC07")


@dataclass
class ContactWorld:
    """One api, its clock, and what is asked of it."""

    api: IntakeApi
    clock: TestClock

    @property
    def engine(self) -> AsyncEngine:
        return self.api.engine

    @property
    def today(self) -> date:
        return india_day(self.clock.now)

    def day(self, days: int) -> str:
        """The date so many days from today."""
        return (self.today + timedelta(days=days)).isoformat()

    async def enrol(self, number: int, bearer: str = BY_RECRUITER, **changes: Any) -> str:
        answer = await self.api.enrol(person(number, **changes), bearer=bearer)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["mitra_id"])

    async def due(
        self, bearer: str = BY_RECRUITER, *, limit: int = 50, after: str = "", round_id: str = ROUND
    ) -> httpx.Response:
        return await self.api.get(f"/v1/rounds/{round_id}/due?limit={limit}&after={after}", bearer=bearer)

    async def due_ids(self, bearer: str = BY_RECRUITER) -> list[str]:
        answer = await self.due(bearer)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["count"] == len(told["due"])
        return [each["mitra_id"] for each in told["due"]]

    async def calls(self, mitras: Sequence[str], bearer: str = BY_RECRUITER) -> httpx.Response:
        return await self.api.post(f"/v1/rounds/{ROUND}/calls", {"mitra_ids": list(mitras)}, bearer=bearer)

    def contact(self, mitra: str, outcome: str = "reached", **changes: Any) -> dict[str, Any]:
        """A contact of today that is accepted."""
        made = {
            "contact_id": str(uuid4()),
            "mitra_id": mitra,
            "round": ROUND,
            "day": self.day(0),
            "outcome": outcome,
        }
        promised = {"call_on": self.day(2)} if outcome == "call_later" else {}
        return made | promised | changes

    async def tell(self, *contacts: Any, bearer: str = BY_RECRUITER) -> list[dict[str, Any]]:
        answer = await self.api.post("/v1/contacts", {"contacts": list(contacts)}, bearer=bearer)
        assert answer.status_code == 200, answer.text
        answers: list[dict[str, Any]] = answer.json()["contacts"]
        return answers

    async def told(
        self, mitra: str, outcome: str = "reached", bearer: str = BY_RECRUITER, **changes: Any
    ) -> str:
        """A contact that was recorded; its id."""
        (answer,) = await self.tell(self.contact(mitra, outcome, **changes), bearer=bearer)
        assert (answer["status"], answer["problem"]) == ("recorded", None)
        return str(answer["contact_id"])

    async def hand_over(self, leaving: str, to: str, bearer: str = BY_IN_CHARGE) -> httpx.Response:
        return await self.api.post("/v1/care", {"from": leaving, "to": to}, bearer=bearer)

    async def progress(self, bearer: str = BY_IN_CHARGE) -> dict[str, dict[str, Any]]:
        answer = await self.api.get(f"/v1/rounds/{ROUND}/progress", bearer=bearer)
        assert answer.status_code == 200, answer.text
        return {each.pop("staff"): each for each in answer.json()["staff"]}

    async def leaves(self, staff: str) -> None:
        """Somebody with a minted token gets an account that holds no post."""
        async with self.engine.begin() as connection:
            await connection.execute(
                text(
                    "insert into staff (id, campaign, state, created_at)"
                    " values (:id, 'small', 'active', now())"
                ),
                {"id": staff},
            )

    async def upkeep(self, **later: float) -> None:
        self.clock.now += timedelta(**later)
        await Upkeep(self.engine, self.clock).work()

    async def kept(self, columns: str = "*") -> list[Any]:
        return await rows(self.engine, f"select {columns} from contact order by day, id")  # noqa: S608


def refusal(answer: dict[str, Any]) -> tuple[int, str]:
    """Status and type of one refused contact."""
    assert answer["status"] == "refused", answer
    return answer["problem"]["status"], answer["problem"]["type"].rpartition(":")[2]

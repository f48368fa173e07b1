"""A co-in-charge for the demo: an account that signs in to the field app, made the way staff make them.

Login and password are kept in the stack's secrets, so that the same ones work as long as the data is kept.
"""

import asyncio
import json
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from mitra_shared.campaign.definition import Area, Level
from mitra_shared.ops.field_day import FieldDay
from mitra_shared.ops.trouble import Trouble
from mitra_shared.security.secret_files import read_secret, write_secret
from mitra_shared.security.tokens import Role

_FILE: Final = "demo_recruiter"
_LONGEST_ANSWER_SECONDS: Final = 30.0


class Recruiter(NamedTuple):
    """Who can sign in to the field app."""

    constituency: str
    login: str
    password: str


async def demo_recruiter(day: FieldDay, enrolment_url: str, home: Path) -> Recruiter:
    """The account of the demo; made by an invitation the first time.

    Raises:
        Trouble: the enrolment service refuses it or is away.
    """
    file = home / "secrets" / "operator" / _FILE
    if file.exists():
        return Recruiter(**json.loads(read_secret(file, looked_after=True)))
    area = day.definition.at_level(Level.CONSTITUENCY)[0]
    made = Recruiter(f"{area.name.en} ({area.code})", _new_login(), secrets.token_urlsafe(9))
    await _appoint(day, area, made, enrolment_url)
    await asyncio.to_thread(write_secret, file, json.dumps(made._asdict()))
    return made


def _new_login() -> str:
    return f"demo-{secrets.token_hex(2)}@example.org"


async def _appoint(day: FieldDay, area: Area, recruiter: Recruiter, url: str) -> None:
    in_charge = {"Authorization": f"Bearer {day.token(Role.IN_CHARGE, area.code)}"}
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=_LONGEST_ANSWER_SECONDS) as client:
        post = {"role": Role.CO_IN_CHARGE.value, "area": area.code}
        invited = await _posted(client, "/v1/staff/invitations", post, in_charge)
        acceptance = {
            "secret": invited["secret"],
            "name": "Demo Recruiter",
            "login": recruiter.login,
            "password": recruiter.password,
        }
        await _posted(client, "/v1/staff/invitations/accept", acceptance, {})


async def _posted(
    client: httpx.AsyncClient, path: str, body: dict[str, str], headers: dict[str, str]
) -> dict[str, str]:
    try:
        answer = await client.post(path, json=body, headers=headers)
    except httpx.HTTPError as error:
        raise Trouble(f"the enrolment service at {client.base_url} does not answer ({error})") from None
    if answer.status_code != HTTPStatus.CREATED:
        raise Trouble(f"the demo's co-in-charge cannot be made: {answer.text}")
    made: dict[str, str] = answer.json()
    return made

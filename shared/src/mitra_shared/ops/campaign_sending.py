"""A definition on its way to the enrolment service, and every way in which that can end, in plain words."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import httpx

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ops.trouble import Trouble, WrongUsage

DEFAULT_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Where the enrolment service is and who asks. `seconds` is how long to wait for an answer."""

    url: str
    token: str = field(repr=False)
    seconds: float = DEFAULT_SECONDS


class Refused(Trouble):
    """The service answered, and did not take the definition."""


def send_definition(service: Enrolment, definition: CampaignDefinition) -> Any:
    """Puts the definition in force.

    Returns:
        The service's answer, as parsed JSON; None if it has none.

    Raises:
        WrongUsage: the address is none.
        Trouble: the service cannot be reached, does not answer in time, or refuses (`Refused`).
    """
    unsure = f"version {definition.version} may have been taken all the same: load it once more to see"
    address = f"{service.url.rstrip('/')}/v1/campaigns/{definition.id}"
    try:
        headers = {"Authorization": f"Bearer {service.token}", "Content-Type": "application/json"}
        timeout = httpx.Timeout(service.seconds, connect=min(_CONNECT_SECONDS, service.seconds))
        # A proxy from the environment must not carry what never leaves this machine.
        with httpx.Client(timeout=timeout, trust_env=not _is_local(address)) as client:
            answer = client.put(address, content=definition.model_dump_json().encode(), headers=headers)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise WrongUsage(f"{service.url!r} is not an address: {error}; e.g. http://127.0.0.1:8001") from None
    except UnicodeEncodeError:
        raise WrongUsage(
            "the token holds characters that no token has; mint one with: mitra token operator"
        ) from None
    except httpx.ConnectError as error:
        raise Trouble(
            f"no enrolment service answers at {service.url} ({error}); start a stack with: mitra up,"
            " or name another service with --url"
        ) from None
    except httpx.TimeoutException:
        raise Trouble(
            f"the enrolment service at {service.url} did not answer within {service.seconds:g} s; {unsure}"
        ) from None
    except httpx.HTTPError as error:
        raise Trouble(f"the connection to {service.url} broke ({type(error).__name__}); {unsure}") from None
    if not answer.is_success:
        raise Refused(_refusal(answer, definition))
    return _json(answer)


def _refusal(answer: httpx.Response, definition: CampaignDefinition) -> str:
    problem = _json(answer)
    problem = problem if isinstance(problem, Mapping) else {}
    said = str(problem.get("detail") or problem.get("title") or answer.reason_phrase).rstrip(".")
    what = f"{definition.id} version {definition.version}"
    match answer.status_code:
        case HTTPStatus.UNAUTHORIZED:
            return f"the token was not accepted: {said}; mint one with: mitra token operator"
        case HTTPStatus.FORBIDDEN:
            return f"the token may not load campaigns: {said}; mint one with: mitra token operator"
        case HTTPStatus.CONFLICT:
            return f"{what} was not taken: {said}{_fields(problem)}"
        case HTTPStatus.SERVICE_UNAVAILABLE:
            when = f"in {answer.headers['Retry-After']} s" if "Retry-After" in answer.headers else "later"
            return f"the service cannot take {what} now: {said}; try again {when}"
        case _:
            return f"{what} was not taken ({answer.status_code}): {said}{_fields(problem)}"


def _fields(problem: Mapping[str, Any]) -> str:
    errors = problem.get("errors")
    if not isinstance(errors, list):
        return ""
    named = [error for error in errors if isinstance(error, Mapping)]
    lines = (map(str, (error.get(key) or "?" for key in ("field", "message", "expected"))) for error in named)
    return "".join(f"\n  {where}: {wrong}; {right}" for where, wrong, right in lines)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _is_local(address: str) -> bool:
    host = httpx.URL(address).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

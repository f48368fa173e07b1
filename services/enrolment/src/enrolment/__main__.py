"""`python -m enrolment api|relay|messages|imports|matcher|migrate|openapi|erasures`."""

import sys
from collections.abc import Sequence
from typing import Final

from enrolment.main import run_api, run_imports, run_matcher, run_messages, run_relay
from enrolment.migrations import STEPS
from enrolment.settings import ApiSettings, ImportsSettings, MatcherSettings, MessagesSettings, RelaySettings
from mitra_shared.entry import Process, ServiceEntry


def openapi() -> str:
    """The OpenAPI document of the API as text."""
    from enrolment.openapi import openapi_text

    return openapi_text()


def erasures(arguments: Sequence[str]) -> None:
    """Write the ledger of erasures to a file, or apply one."""
    from enrolment.tools import erasures_tool

    erasures_tool(arguments)


SERVICE: Final = ServiceEntry(
    name="enrolment",
    processes={
        "api": Process(ApiSettings, run_api),
        "imports": Process(ImportsSettings, run_imports),
        "matcher": Process(MatcherSettings, run_matcher),
        "messages": Process(MessagesSettings, run_messages),
        "relay": Process(RelaySettings, run_relay),
    },
    migrations=STEPS,
    openapi=openapi,
    tools={"erasures": erasures},
)

if __name__ == "__main__":
    SERVICE.main(sys.argv[1:])

"""`mitra up`: the embedded stack, until Ctrl-C."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from mitra_shared.ops import screen
from mitra_shared.ops.interrupting import run_until_interrupted
from mitra_shared.ops.stack import running_stack
from mitra_shared.ops.stack_plan import LOOPBACK, StackPlan
from mitra_shared.ops.stack_state import DEFAULT_HOME

up_app = typer.Typer(add_completion=False)

Replicas = Annotated[int, typer.Option(min=1, max=16)]
HomeOption = Annotated[Path, typer.Option(help="Directory of data, logs and secrets.")]
PostgresOption = Annotated[
    str | None,
    typer.Option(
        "--postgres",
        envvar="DATABASE_URL",
        help="URL of a Postgres to use, for an account that may create roles and databases.",
    ),
]
RedisOption = Annotated[
    str | None,
    typer.Option(
        "--redis", envvar="REDIS_URL", help="URL of a Redis to use, for an account that may create accounts."
    ),
]

PublicUrlOption = Annotated[
    str | None,
    typer.Option(
        "--public-url",
        envvar="MITRA_PUBLIC_URL",
        help="Address under which people reach the certificates service; codes and the issuer name it.",
    ),
]


@up_app.command()
def up(  # every replica count is an option of its own
    home: HomeOption = DEFAULT_HOME,
    enrolment_apis: Replicas = 1,
    enrolment_relays: Replicas = 1,
    enrolment_messages: Replicas = 1,
    enrolment_imports: Replicas = 1,
    enrolment_matchers: Replicas = 1,
    certificates_apis: Replicas = 1,
    certificates_consumers: Replicas = 1,
    certificates_signers: Replicas = 1,
    certificates_relays: Replicas = 1,
    reporting_apis: Replicas = 1,
    reporting_consumers: Replicas = 1,
    reporting_webhooks: Replicas = 1,
    redis_memory: Annotated[
        str, typer.Option(help="Memory limit of the embedded Redis, e.g. 512mb; 0 for none.")
    ] = "2gb",
    postgres: PostgresOption = None,
    redis: RedisOption = None,
    public_url: PublicUrlOption = None,
    webhook_allow: Annotated[
        str,
        typer.Option(envvar="MITRA_WEBHOOK_ALLOW", help="Networks inside that webhooks may go to."),
    ] = LOOPBACK,
    log_level: str = "info",
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the state as JSON once everything runs.")
    ] = False,
) -> None:
    """Start Postgres, Redis and all services, and keep them running until Ctrl-C. Data is kept in --home.

    A server that is given is used in place of the embedded one, and left running.
    """
    plan = StackPlan(
        home=home,
        enrolment_apis=enrolment_apis,
        enrolment_relays=enrolment_relays,
        enrolment_messages=enrolment_messages,
        enrolment_imports=enrolment_imports,
        enrolment_matchers=enrolment_matchers,
        certificates_apis=certificates_apis,
        certificates_consumers=certificates_consumers,
        certificates_signers=certificates_signers,
        certificates_relays=certificates_relays,
        public_url=public_url,
        reporting_apis=reporting_apis,
        reporting_consumers=reporting_consumers,
        reporting_webhooks=reporting_webhooks,
        webhook_allow=webhook_allow,
        redis_memory=redis_memory,
        postgres_url=postgres,
        redis_url=redis,
        log_level=log_level,
    )
    run_until_interrupted(_stay_up(plan, as_json=as_json), lambda: screen.tell("Stopping"))


async def _stay_up(plan: StackPlan, *, as_json: bool) -> None:
    async with running_stack(plan, screen.tell) as stack:
        if as_json:
            typer.echo(stack.state().model_dump_json())
        else:
            screen.show_stack(stack.state())
            screen.tell("Everything runs. Ctrl-C stops it and keeps the data.")
        await asyncio.Event().wait()

"""Everything is killed while people are enrolled; afterwards nobody is lost, and nobody there twice."""

import time

import pytest

from tests.compose.field_work import FieldWork
from tests.compose.settled import missing, until_settled
from tests.compose.stack import SERVERS, SERVICES, ComposeStack, kill_inside, run, until

PER_SECOND = 20
OUTAGE_SECONDS = 2


def test_docker_kill_of_each_container_in_turn_loses_nobody(
    stack: ComposeStack, field_work: FieldWork
) -> None:
    with field_work.going_on(PER_SECOND):
        for service in (*SERVERS, *SERVICES):
            (container,) = stack.containers()[service]
            run("docker", "kill", container)
            time.sleep(OUTAGE_SECONDS)
            # The engine starts again what died by itself, not what it was told to kill.
            run("docker", "start", container)
            stack.until_ready()
    assert len(field_work.acknowledged) > PER_SECOND * OUTAGE_SECONDS
    assert field_work.tries_again > 0
    assert missing(stack, field_work.acknowledged) == []
    until_settled(stack)


def test_all_containers_killed_at_once_come_back(stack: ComposeStack, field_work: FieldWork) -> None:
    with field_work.going_on(PER_SECOND):
        containers = stack.containers()
        run("docker", "kill", *(containers[name][0] for name in (*SERVERS, *SERVICES)))
        time.sleep(OUTAGE_SECONDS)
        stack.up()
        stack.until_ready()
    assert missing(stack, field_work.acknowledged) == []
    until_settled(stack)


@pytest.mark.parametrize("service", ["enrolment-relay", "certificates-consumer"])
def test_a_process_that_dies_is_started_again_by_the_engine(stack: ComposeStack, service: str) -> None:
    (container,) = stack.containers()[service]

    def restarts() -> int:
        return int(run("docker", "inspect", "--format", "{{.RestartCount}}", container))

    before = restarts()
    kill_inside(container)
    until(restarts, lambda number: number > before, within=20, what=f"{service} started again")
    stack.until_ready()

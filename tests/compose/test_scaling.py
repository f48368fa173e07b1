"""More consumers, and no consumers at all."""

from functools import partial

from tests.compose.field_work import FieldWork
from tests.compose.settled import missing, people, until_settled
from tests.compose.stack import ComposeStack, until

CERTIFICATES = ("certificates-api", "certificates-consumer", "certificates-signer", "certificates-relay")


def test_three_consumers_share_the_partitions_within_ten_seconds(
    stack: ComposeStack, field_work: FieldWork
) -> None:
    stack.compose(
        "up",
        "--detach",
        "--no-recreate",
        "--no-deps",
        "--scale",
        "certificates-consumer=3",
        "certificates-consumer",
    )
    stack.until_ready()
    containers = stack.containers()["certificates-consumer"]
    assert len(containers) == 3

    def shares(group: str) -> list[float]:
        name = f'mitra_consumer_leases{{group="{group}"}}'
        return sorted(sum(stack.metric(each, name).values()) for each in containers)

    for group in ("certificates", "certificates-staff"):
        until(
            partial(shares, group),
            lambda held: held == [5, 5, 6],
            within=10,
            what=f"shares of the partitions of {group}",
        )
    field_work.enrol(30)
    until_settled(stack)


def test_intake_does_not_notice_that_certificates_are_stopped(
    stack: ComposeStack, field_work: FieldWork
) -> None:
    stack.compose("stop", *CERTIFICATES)
    before = people(stack)
    field_work.enrol(100)
    assert field_work.tries_again == 0
    assert field_work.slowest < 1
    assert people(stack) == before + 100
    assert missing(stack, field_work.acknowledged) == []
    stack.up("--scale", "certificates-consumer=1")
    until_settled(stack)

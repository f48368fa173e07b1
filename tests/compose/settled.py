"""Whether everything that was acknowledged arrived everywhere, once."""

import httpx

from mitra_shared.security.tokens import Role
from tests.compose.stack import ComposeStack, until


def people(stack: ComposeStack) -> int:
    """How many are enrolled, as the intake's database says."""
    return stack.count("enrolment", "select count(*) from mitra")


def until_settled(stack: ComposeStack, within: float = 120) -> None:
    """Wait until each person has one certificate and the national rollup counts both; then audit."""
    wanted = people(stack)
    with stack.client("reporting-api", Role.HEADQUARTERS) as reporting:

        def seen() -> tuple[int, int, int]:
            certificates = stack.count("certificates", "select count(*) from certificate")
            try:
                rollup = reporting.get("/v1/rollups/IN").raise_for_status().json()["rollup"]
            except httpx.HTTPError:
                return certificates, -1, -1
            decided = rollup["certificates_issued"] + rollup["certificates_waitlisted"]
            return certificates, decided, rollup["enrolled"]

        until(
            seen,
            lambda numbers: numbers == (wanted, wanted, wanted),
            within=within,
            what=f"{wanted} certificates, as many decided and as many enrolled in the rollup",
        )
    stack.operator("audit")


def missing(stack: ComposeStack, acknowledged: list[str]) -> list[str]:
    """Acknowledged people who are not there."""
    stored = set(stack.sql("enrolment", "select id from mitra").splitlines())
    return [each for each in acknowledged if each not in stored]

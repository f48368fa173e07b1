"""One compose stack for all tests of this folder; tests/compose/run makes its images and starts them."""

import os
import secrets
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from mitra_shared.ops.embedded.process import free_port
from mitra_shared.ops.secrets import SecretFolder, Servers
from tests.compose.field_work import FieldWork
from tests.compose.stack import CAMPAIGN, PORTS, ComposeStack

USER_OF_IMAGES = 10001


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.compose)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    """The stack, all of it ready, with the campaign in force."""
    if os.environ.get("MITRA_VERSION") != "test":
        pytest.skip("the images are not made: start these tests with tests/compose/run")
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    SecretFolder(folder).create(Servers("postgres:5432", "redis:6379"))
    # As README.md of deploy/ says: the files are for the user of the images.
    for path in (folder, *folder.rglob("*")):
        os.chown(path, USER_OF_IMAGES, USER_OF_IMAGES)
    stack = ComposeStack(f"mitra-test-{secrets.token_hex(4)}", folder, {name: free_port() for name in PORTS})
    try:
        stack.up()
        stack.operator("campaign", "load", CAMPAIGN)
    except BaseException as error:
        error.add_note(stack.logs())
        stack.down()
        raise
    yield stack
    stack.down()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the containers said goes with the report of a test that failed."""
    report = yield
    if report.failed and (stack := getattr(item, "funcargs", {}).get("stack")) is not None:
        report.sections.append(("Containers", stack.logs()))
    return report


@pytest.fixture
def field_work(stack: ComposeStack) -> Iterator[FieldWork]:
    """Enrols on the stack."""
    work = FieldWork(stack)
    yield work
    work.close()

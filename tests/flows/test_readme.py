"""The README: its commands run as shown, against a real stack, and what it names exists.

Blocks marked `sh` and `python` are taken from the document. Only the addresses are replaced; the directory
they run in has `.venv` and `.mitra` where a checkout has them.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic_settings import BaseSettings

import enrolment.settings
import reporting.settings
from certificates.settings import CertificatesApiSettings, CertificatesConsumerSettings, SignerSettings
from mitra_shared.settings import PREFIX
from tests.flows.field_work import put_in_force, whole_campaign
from tests.flows.real_stack import SINGLE, RealStack, real_stack

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SETTINGS = ROOT / "docs/settings.md"
OPERATIONS = ROOT / "docs" / "operations.md"
DOCUMENTS = (README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
MOST_LINES = 300
SECONDS = 60.0
PEOPLE = 5_000


def section_of(document: Path, heading: str) -> str:
    """The text below a heading, up to the next one."""
    sections = re.split(r"^## ", document.read_text(), flags=re.MULTILINE)
    (text,) = (section for section in sections if section.startswith(f"{heading}\n"))
    return text


def blocks(language: str, heading: str) -> list[str]:
    """The fenced blocks of a language below a heading of the README, in order."""
    text = section_of(README, heading)
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


class Checkout:
    """A directory in which the commands of the README run, and the stack that they talk to."""

    def __init__(self, path: Path, stack: RealStack) -> None:
        self.path = path
        self.stack = stack
        (path / ".venv").symlink_to(sys.prefix)
        (path / ".mitra").symlink_to(stack._secrets.path.parent)

    def adapted(self, script: str) -> str:
        """The script with the addresses of this stack."""
        for port, service in ((8001, "enrolment"), (8011, "certificates"), (8021, "reporting")):
            script = script.replace(f"http://127.0.0.1:{port}", self.stack.urls(service)[0])
        return script

    @contextlib.asynccontextmanager
    async def running(self, *command: str) -> AsyncIterator[asyncio.StreamReader]:
        """Standard output of a command that runs until it is no longer looked at."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.path,
            stdout=asyncio.subprocess.PIPE,
            limit=2**22,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(SECONDS):
                yield process.stdout
        finally:
            # It may have ended by itself, and the loop may not have heard of it yet.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def shell(self, *scripts: str) -> str:
        """What scripts print that are typed one after the other into one shell; none of them may fail."""
        script = "set -euo pipefail\n" + self.adapted("\n".join(scripts)) + "\necho; echo all done\n"
        async with self.running("bash", "-c", script) as output:
            said = (await output.read()).decode(errors="replace")
        assert said.endswith("all done\n"), said
        return said


@pytest_asyncio.fixture(scope="module")
async def checkout(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Checkout]:
    async with real_stack(SINGLE, tmp_path_factory.mktemp("logs")) as stack:
        await put_in_force(stack, whole_campaign(PEOPLE))
        yield Checkout(tmp_path_factory.mktemp("checkout"), stack)


def documents_in(said: str) -> Iterator[dict[str, object]]:
    """The JSON objects that commands printed one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while (at := said.find("{", at)) >= 0:
        found, at = decoder.raw_decode(said, at)
        yield found


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@needs("curl")
async def test_the_commands_enrol_read_and_withdraw(checkout: Checkout) -> None:
    said = await checkout.shell(*blocks("sh", "Enrol, read, withdraw"))
    enrolled, read, withdrawn, issuer, verdict = documents_in(said)
    assert {"mitra_id", "enrolled_at", "partition", "epoch", "position", "receipt"} < enrolled.keys()
    rollup = read["rollup"]
    assert isinstance(rollup, dict)
    assert (rollup["area"], rollup["enrolled"], rollup["evidence"]) == ("S11-PC04", 1, "named")
    assert withdrawn["mitra_id"] == enrolled["mitra_id"]
    assert str(issuer["id"]).startswith("did:web:127.0.0.1%3A")
    assert verdict["outcome"] == "unreadable"


@needs("curl")
async def test_the_live_feed_is_subscribed_to_with_curl(checkout: Checkout) -> None:
    (begin, *_), (feed, _) = blocks("sh", "Enrol, read, withdraw"), blocks("sh", "Subscribe to rollups")
    async with checkout.running("bash", "-c", checkout.adapted(begin + feed)) as output:
        async for line in output:
            if line.startswith(b"data:"):
                break
    areas = json.loads(line.removeprefix(b"data:"))["areas"]
    assert len(areas) == 65
    assert {area["level"] for area in areas} == {"constituency"}


@needs("redis-cli")
async def test_the_stream_is_read_with_redis_cli(checkout: Checkout) -> None:
    said = await checkout.shell(blocks("sh", "Subscribe to rollups")[1])
    assert said.count("RollupV1") >= 5
    assert "modi-mitra" in said


async def test_ten_lines_of_faststream_subscribe(checkout: Checkout) -> None:
    (program,) = blocks("python", "Subscribe to rollups")
    assert len(list(filter(None, program.splitlines()))) == 10
    (checkout.path / "watch.py").write_text(program)
    async with checkout.running(str(checkout.path / ".venv/bin/python"), "watch.py") as output:
        async for line in output:
            if line.startswith(b"S11-PC04 Wayanad "):
                break
    assert re.fullmatch(rb"S11-PC04 Wayanad \d+ of \d+\n", line)


async def test_the_readiness_checks_are_those_of_the_operations_document(checkout: Checkout) -> None:
    rows = re.findall(
        r"^\| [^|]+ \| (`[^|]+`) \| ", section_of(OPERATIONS, "Ready, or why not"), flags=re.MULTILINE
    )
    checks: set[str] = set()
    async with httpx.AsyncClient(trust_env=False) as client:
        for process in checkout.stack.services.values():
            checks |= (await client.get(f"{process.plan.url}/ready")).json()["checks"].keys()
    assert set(re.findall(r"`([^`]+)`", " ".join(rows))) == checks


async def test_each_metric_of_the_operations_document_is_there(checkout: Checkout) -> None:
    missing = set(re.findall(r"`(mitra_[a-z_]+)", section_of(OPERATIONS, "Metrics")))
    assert len(missing) > 10
    sample = re.compile(r"^(mitra_[a-z_]+?)(?:_bucket)?[ {]", flags=re.MULTILINE)
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(20):
            await client.get(f"{checkout.stack.urls('enrolment')[0]}/v1/campaigns/modi-mitra")
            for process in checkout.stack.services.values():
                missing -= set(sample.findall((await client.get(f"{process.plan.url}/metrics")).text))
            if not missing:
                break
            await asyncio.sleep(0.5)
    assert missing == set()


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(README.read_text().splitlines()) < MOST_LINES


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", "".join(each.read_text() for each in DOCUMENTS))
    assert len(named) >= 10
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or f"def {name}(" not in (ROOT / path).read_text()
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_setting_is_listed_and_no_other() -> None:
    kinds: tuple[type[BaseSettings], ...] = (
        enrolment.settings.ApiSettings,
        enrolment.settings.ImportsSettings,
        enrolment.settings.MatcherSettings,
        enrolment.settings.MessagesSettings,
        enrolment.settings.RelaySettings,
        CertificatesApiSettings,
        CertificatesConsumerSettings,
        SignerSettings,
        reporting.settings.ApiSettings,
        reporting.settings.ReportingConsumerSettings,
        reporting.settings.WebhooksSettings,
        reporting.settings.RebuildSettings,
    )
    declared = {f"{PREFIX}{name.upper()}" for kind in kinds for name in kind.model_fields}
    rows = re.findall(r"^\| (`MITRA_.*?) \|", SETTINGS.read_text(), flags=re.MULTILINE)
    assert set(re.findall(r"MITRA_\w+", " ".join(rows))) == declared

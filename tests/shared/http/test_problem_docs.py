"""`docs/problems.md` lists every problem of the code, and no other, with its status and title."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import certificates
import enrolment
import mitra_shared
import reporting
from mitra_shared.http.problems import ProblemKind, declared_kinds

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"\| `([a-z0-9-]+)` \| (\d{3}) \| ([^|]+?) \| [^|]+ \|")


def kinds() -> set[tuple[str, str, str]]:
    """What every module declares, and every `Problem("slug", "title", status, ...)` in their sources."""
    found: set[tuple[str, str, str]] = set()
    for package in (mitra_shared, enrolment, certificates, reporting):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            # Migrations and entry points do something when they are imported.
            if not {"__main__", "migrations"} & set(module.name.split(".")):
                importlib.import_module(module.name)
        for path in package.__path__:
            for source in Path(path).rglob("*.py"):
                found.update(written_out(ast.parse(source.read_text(encoding="utf-8"))))
    found.update((kind.slug, str(kind.status), kind.title) for kind in declared_kinds().values())
    return found


def written_out(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Problem" and len(node.args) > 2:
            slug, title, status = (getattr(argument, "value", None) for argument in node.args[:3])
            if isinstance(slug, str) and isinstance(title, str) and isinstance(status, int):
                yield slug, str(status), title


def test_every_problem_is_documented_and_every_documented_one_exists() -> None:
    documented = set(ROW.findall((ROOT / "docs/problems.md").read_text(encoding="utf-8")))
    assert sorted(kinds() - documented) == []
    assert sorted(documented - kinds()) == []


def test_a_slug_cannot_mean_two_things() -> None:
    with pytest.raises(ValueError, match="two meanings"):
        ProblemKind("not-found", "Another title", 404)
    assert ProblemKind("not-found", "There is nothing here", 404) == declared_kinds()["not-found"]

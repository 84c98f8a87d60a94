"""Imports go down, and requests are known to handlers only."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*ROOT.glob("newsapp/**/*.py"), *ROOT.glob("workers/*.py")])
GROUND = ("config", "database", "redis", "copies", "changes", "queues", "logs", "languages", "servers", "saving", "parent")
# Where a request may be looked at: handlers, and what stands right around them.
HANDLERS = (
    "pages", "page", "api", "feeds", "errors", "entry", "old_addresses", "roles", "signing_in", "saving", "files", "welcome", "sections",
    "settings", "settings_history", "operations", "most_viewed", "held", "door", "account", "invited", "signed_out",
    "finding", "previews", "editing", "saved_lists", "plain_pages", "many",
)  # fmt: skip
BANNED = ("utils", "helpers", "common", "services", "manager", "views")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_newsapp_never_imports_workers(path: Path) -> None:
    if path.is_relative_to(ROOT / "newsapp"):
        assert not [name for name in imports(path) if name.split(".")[0] == "workers"]


@pytest.mark.parametrize("name", GROUND)
def test_ground_imports_no_feature(name: str) -> None:
    ours = {part for part in imports(ROOT / "newsapp" / f"{name}.py") if part.startswith("newsapp.")}
    assert {part.split(".")[1] for part in ours} <= set(GROUND)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_requests_are_known_to_handlers_only(path: Path) -> None:
    uses = {"flask.request", "flask.session", "flask.g"} & set(imports(path))
    assert not uses or path.stem in HANDLERS


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_module_is_a_drawer_for_everything(path: Path) -> None:
    assert path.stem not in BANNED


def test_no_two_files_of_tests_use_the_same_port() -> None:
    """They run side by side."""
    ports = Counter(port for path in ROOT.glob("tests/*.py") for port in re.findall(r"^PORT\b.*?= (\d+)", path.read_text(), re.MULTILINE))
    assert [port for port, times in ports.items() if times > 1] == []

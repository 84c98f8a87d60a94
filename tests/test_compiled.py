"""Templates kept as they were compiled: the next process finds them, and a page needs none of it."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from jinja2 import DictLoader, Environment

from newsapp.compiled import compiled_for

PAGE = {"page.html": "Tide at {{ hour }}"}


def environment(home: Path, pages: dict[str, str], role: str = "site") -> Environment:
    return Environment(loader=DictLoader(pages), bytecode_cache=compiled_for({"NEWSAPP_HOME": home}, role), autoescape=True)


def rendered(home: Path, pages: dict[str, str]) -> str:
    return environment(home, pages).get_template("page.html").render(hour=9)


def test_a_second_process_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered(tmp_path, PAGE) == "Tide at 9"
    monkeypatch.setattr(jinja2.Environment, "_compile", None)
    assert rendered(tmp_path, PAGE) == "Tide at 9"


def test_a_template_that_changed_is_compiled_anew(tmp_path: Path) -> None:
    rendered(tmp_path, PAGE)
    assert rendered(tmp_path, {"page.html": "Low water at {{ hour }}"}) == "Low water at 9"


def test_a_page_is_whole_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("no folder")
    assert rendered(tmp_path, PAGE) == "Tide at 9"


def test_half_a_file_is_made_whole(tmp_path: Path) -> None:
    rendered(tmp_path, PAGE)
    [kept] = (tmp_path / "run" / "templates").iterdir()
    whole = kept.read_bytes()
    for length in range(0, len(whole), 7):
        kept.write_bytes(whole[:length])
        assert rendered(tmp_path, PAGE) == "Tide at 9"
    assert kept.read_bytes() == whole


def test_each_role_has_its_own_and_commands_write_none(tmp_path: Path) -> None:
    for role in ("site", "desk"):
        environment(tmp_path, PAGE, role).get_template("page.html")
    assert sorted(path.name.partition("-")[0] for path in (tmp_path / "run" / "templates").iterdir()) == ["desk", "site"]
    assert compiled_for({"NEWSAPP_HOME": tmp_path}, "tool") is None

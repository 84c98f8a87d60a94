"""What editors decide: the form that the records make, the history, the copy that readers' pages read, and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from markupsafe import escape

from newsapp.config import Config
from newsapp.database import db
from newsapp.news.models import Picture
from newsapp.people.commands import user
from newsapp.settings.commands import settings
from newsapp.settings.forms import groups
from newsapp.settings.registry import SETTINGS
from newsapp.settings.store import SETTINGS_COPY, change, history, stored
from tests.conftest import make_app
from tests.desk import Desk, desk_of, settings_of

OTHER: dict[str, Any] = {
    "text": "Something else", "long_text": "Something\nelse", "email": "chief@newsapp.example", "number": 7, "zone": "Asia/Tokyo",
    "language": "pt-BR", "links": "Letters https://letters.newsapp.example/", "url": "https://newsapp.example/", "secret": "between the two of us",
    "hosts": "partner.newsapp.example", "menu": "/sport\nLetters https://letters.newsapp.example/\n*", "colour": "#b3261e", "picture": 1,
    "columns": "Company\nLetters https://letters.newsapp.example/", "profiles": "https://x.com/paper\nForum https://forum.newsapp.example/",
}  # fmt: skip
WRONG: dict[str, Any] = {
    "text": "x" * 501,
    "email": "not an address",
    "number": "many",
    "choice": "none of them",
    "zone": "Atlantis",
    "language": "Klingon",
    "links": "alone",
    "hosts": "a host!",
    "menu": "alone",
    "columns": "Letters https://letters.newsapp.example/",
    "profiles": "alone",
    "colour": "#ffff00",
    "picture": 99,
}
SITE = [setting for setting in SETTINGS if "site" in setting.scopes]


@pytest.fixture
def editor(config: Config) -> Iterator[Desk]:
    """The desk with an editor signed in."""
    for desk in desk_of(config):
        desk.sign_in()
        yield desk


def save(editor: Desk, **changed: object) -> Any:
    return editor.send("/desk/settings", "/desk/settings", **{**settings_of(editor), **changed})


def site_values(editor: Desk) -> dict[str, Any]:
    with editor.app.app_context():
        return stored()[1].get("site", {})


def test_every_setting_of_the_site_is_a_field_under_its_group(editor: Desk) -> None:
    page = editor.open("/desk/settings").text
    for setting in SITE:
        assert f'name="{setting.name}"' in page, setting.name
        assert escape(setting.help) in page, setting.name
    assert {name for names in groups().values() for name in names} == {setting.name for setting in SITE}
    assert all(f"<legend>{group}</legend>" in page for group in groups())


@pytest.mark.parametrize("setting", SITE, ids=lambda setting: setting.name)
def test_each_setting_can_be_changed_and_comes_back(editor: Desk, setting: Any) -> None:
    if setting.kind == "picture":
        with editor.app.app_context():
            db.session.add(Picture(name="logo", widths="480", width=480, height=96))
            db.session.commit()
    value = [name for name, _ in setting.choices if name != setting.default][-1] if setting.kind == "choice" else OTHER[setting.kind]
    assert save(editor, **{setting.name: value}).status_code == 302
    assert site_values(editor) == {setting.name: setting.clean(value)}
    assert settings_of(editor)[setting.name] == value


@pytest.mark.parametrize("setting", [setting for setting in SITE if setting.kind in WRONG], ids=lambda setting: setting.name)
def test_a_value_that_a_setting_does_not_take_is_refused_and_kept_in_the_form(editor: Desk, setting: Any) -> None:
    answer = save(editor, **{setting.name: WRONG[setting.kind]})
    assert answer.status_code == 422
    assert site_values(editor) == {}


def test_saving_what_stands_there_changes_nothing(editor: Desk) -> None:
    save(editor)
    with editor.app.app_context():
        assert history() == []


def test_the_history_says_who_changed_what(editor: Desk) -> None:
    save(editor, site_name="The Plain Dealer")
    page = editor.open("/desk/settings").text
    assert "editor@newsapp.example" in page
    assert "The Plain Dealer" in page
    assert "Saved: Name of the paper." in page


def test_a_form_opened_before_another_save_undoes_nothing(editor: Desk) -> None:
    opened = settings_of(editor)
    save(editor, site_motto="By somebody else")
    answer = editor.send("/desk/settings", "/desk/settings", **{**opened, "site_name": "Mine"})
    assert answer.status_code == 409
    assert "Somebody else changed settings" in answer.text
    assert "Mine" in answer.text
    assert site_values(editor) == {"site_motto": "By somebody else"}


def test_the_page_says_when_readers_have_the_settings(editor: Desk) -> None:
    save(editor, site_name="The Plain Dealer")
    assert "reaching readers" in editor.open("/desk/settings/reach").text
    with editor.app.app_context():
        SETTINGS_COPY.refresh(editor.app.extensions["redis_desk"])
    answer = editor.open("/desk/settings/reach")
    assert "Readers have these settings" in answer.text
    assert editor.browser.get("/desk/settings/reach", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_without_redis_the_page_says_how_readers_get_them(config: Config) -> None:
    for desk in desk_of({**config, "REDIS_URL": "unix:///nowhere/redis.sock"}):
        desk.sign_in()
        assert save(desk, site_name="The Plain Dealer").status_code == 302
        assert "Redis does not answer" in desk.open("/desk/settings").text


# ---- the command line


@pytest.fixture
def shell(config: Config, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A shell with the environment of an installation that has its tables and two sections."""
    for name in ("NEWSAPP_HOME", "REDIS_URL", "DATABASE_URL", "LOG_LEVEL"):
        monkeypatch.setenv(name, str(config[name]))
    Desk(make_app(config, "desk"))
    return CliRunner()


def test_the_command_line_sets_and_lists_with_who_and_when(shell: CliRunner) -> None:
    assert "site site_name = Kurier" in shell.invoke(settings, ["set", "site_name", "Kurier"]).output
    assert "is so already" in shell.invoke(settings, ["set", "site_name", "Kurier"]).output
    listed = shell.invoke(settings, ["list"]).output
    assert "site_name = Kurier   (" in listed
    assert "(command line), 20" in listed
    assert all(f"{setting.name} = " in listed for setting in SETTINGS)


def test_the_command_line_sets_for_a_section_and_takes_it_back(shell: CliRunner) -> None:
    shell.invoke(settings, ["set", "protection_mode", "limit", "--section", "sport"])
    assert "section:2 protection_mode = limit" in shell.invoke(settings, ["list"]).output
    shell.invoke(settings, ["set", "protection_mode", "inherit", "--section", "sport"])
    assert "section:2" not in shell.invoke(settings, ["list"]).output


@pytest.mark.parametrize("arguments", [
    ("nonsense", "1"), ("most_viewed_length", "1000"), ("site_name", "X", "--section", "sport"), ("protection_mode", "off", "--section", "nowhere"),
])  # fmt: skip
def test_the_command_line_refuses_with_a_sentence(shell: CliRunner, arguments: tuple[str, ...]) -> None:
    answer = shell.invoke(settings, ["set", *arguments])
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: ")


def test_people_are_added_listed_and_given_new_passwords(shell: CliRunner) -> None:
    added = shell.invoke(user, ["add", "Night.Desk@Newsapp.example", "--role", "editor", "--role", "operator"])
    assert "signs in with" in added.output
    assert "night.desk@newsapp.example  editor, operator" in shell.invoke(user, ["list"]).output
    again = shell.invoke(user, ["password", "night.desk@newsapp.example"])
    assert "signs in with" in again.output
    assert added.output != again.output
    assert "is here already" in shell.invoke(user, ["add", "night.desk@newsapp.example"]).output
    assert "Nobody here" in shell.invoke(user, ["password", "someone@newsapp.example"]).output
    assert "cannot be an e-mail" in shell.invoke(user, ["add", "nobody"]).output


def test_an_unknown_setting_in_the_database_is_passed_over(editor: Desk) -> None:
    with editor.app.app_context():
        from newsapp.settings.models import SettingChange

        db.session.add(SettingChange(scope="site", name="a_setting_of_another_release", value=1, editor="x"))
        change("site", "site_name", "Kurier", "x")
        db.session.commit()
    assert site_values(editor) == {"site_name": "Kurier"}
    assert editor.open("/desk/settings").status_code == 200

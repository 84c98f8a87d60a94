"""The doctor: it finds what is set up wrong, says what to do, and tells scripts by its exit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from newsapp import create_app
from newsapp.config import Config, networks
from newsapp.database import db
from newsapp.migrate import upgrade
from newsapp.ops import doctor
from newsapp.ops.commands import doctor as command
from tests.conftest import Valkey, make_app
from tests.desk import desk_of
from tests.machine import man_all_queues

PUBLIC = {"SITE_URL": "https://news.example.org", "DESK_URL": "https://desk.example.org", "TRUSTED_PROXIES": networks("10.0.0.0/24")}


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """An installation whose tables came by migrations, in a home of its own."""
    config["NEWSAPP_HOME"].chmod(0o700)
    app = make_app(config, "work")
    with app.app_context():
        db.drop_all()
        upgrade()
        man_all_queues(app.extensions["redis_desk"])
        yield app
        db.session.remove()
        db.engine.dispose()


def found(app: Flask, **config: Any) -> dict[tuple[str, str], str]:
    """What is not well: what to do, by check and state."""
    return {(each.check, each.state): f"{each.said} {each.do}" for each in doctor.examine({**app.config, **config}) if each.state != doctor.GOOD}


def test_a_healthy_installation_has_nothing_bad(app: Flask) -> None:
    bad = {key: said for key, said in found(app, **PUBLIC, SPILL_DISK=1).items() if key[1] == doctor.BAD}
    assert bad == {}
    assert {each.check for each in doctor.examine(app.config)} == {check.name for check in doctor.CHECKS}


def test_what_is_wrong_says_what_to_do(app: Flask) -> None:
    for each in doctor.examine({**app.config, "SITE_URL": "http://news.example.org"}):
        assert bool(each.do) == (each.state != doctor.GOOD), each


@pytest.mark.parametrize(("setting", "value", "state", "words"), [
    ("maxmemory-policy", "allkeys-lru", "bad", "throws views away"),
    ("appendonly", "no", "bad", "appendonly is off"),
    ("appendfsync", "everysec", "warn", "a power cut may lose two"),
    ("appendfsync", "no", "bad", "a power cut may lose minutes"),
    ("maxmemory", "0", "warn", "no maxmemory"),
])  # fmt: skip
def test_a_redis_that_may_lose_views_is_found(app: Flask, valkey: Valkey, setting: str, value: str, state: str, words: str) -> None:
    client, before = valkey.client(), valkey.client().config_get(setting)[setting]
    client.config_set(setting, value)
    try:
        assert words in found(app)["redis", state]
    finally:
        client.config_set(setting, before)


def test_a_redis_that_does_not_answer_is_found(app: Flask) -> None:
    assert "does not answer" in found(app, REDIS_URL="unix:///nowhere/redis.sock")["redis", "bad"]


def test_another_installations_redis_is_found(app: Flask, valkey: Valkey) -> None:
    from newsapp.traffic.installation import KEY, installation_id

    installation_id()
    valkey.client().set(KEY, "somebody-else")
    assert "another installation" in found(app)["redis", "bad"]


@pytest.mark.parametrize(("wrong", "check", "words"), [
    ({"SITE_URL": "http://news.example.org"}, "proxies", "in the clear"),
    ({"SITE_URL": "https://news.example.org"}, "proxies", "all readers seem to be one"),
    ({"TRUSTED_PROXIES": networks("0.0.0.0/0")}, "proxies", "any reader can claim"),
    ({"SECRET_KEY": "short"}, "secrets", "5 characters"),
    ({"SPILL_DISK_FREE": 1 << 60}, "disk", "the spill takes nothing"),
])  # fmt: skip
def test_a_dangerous_configuration_is_found(app: Flask, wrong: dict[str, Any], check: str, words: str) -> None:
    assert words in found(app, **wrong)[check, "bad"]


def test_what_others_may_read_is_found(app: Flask) -> None:
    secret = app.config["NEWSAPP_HOME"] / "secret_key"
    secret.chmod(0o644)
    assert "can be read by others" in found(app)["secrets", "bad"]
    app.config["NEWSAPP_HOME"].chmod(0o755)
    assert "chmod 700" in found(app)["home", "bad"]


def test_tables_that_want_a_migration_are_found(app: Flask) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert "newsapp migrate" in found(app)["database", "bad"]
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert "newer newsapp" in found(app)["database", "bad"]


def test_a_database_without_tables_is_found(app: Flask) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert "revision None" in found(app)["database", "bad"]


def test_a_database_that_does_not_answer_is_found(config: Config) -> None:
    app = create_app({**config, "DATABASE_URL": "postgresql+psycopg://nobody@localhost:1/none"}, "work")
    with app.app_context():
        assert "does not answer" in found(app)["database", "bad"]


def test_a_queue_that_nobody_works_on_is_found(app: Flask) -> None:
    for key in app.extensions["redis_desk"].keys("rq:worker*"):
        app.extensions["redis_desk"].delete(key)
    assert "count, desk, slow" in found(app)["workers", "warn"]


def run(app: Flask, monkeypatch: pytest.MonkeyPatch, *options: str, **variables: str) -> Any:
    for name in ("NEWSAPP_HOME", "REDIS_URL", "DATABASE_URL"):
        monkeypatch.setenv(name, str(app.config[name]))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(command, options)


def test_scripts_are_told_by_the_exit_and_by_json(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    well = run(app, monkeypatch, SPILL_DISK="1kb")
    assert well.exit_code == 0, well.output
    assert "redis        " in well.output
    assert run(app, monkeypatch, "--strict").exit_code == 1, "nobody is told of alarms"
    ill = run(app, monkeypatch, "--json", SITE_URL="http://news.example.org")
    assert ill.exit_code == 1
    rows = json.loads(ill.output)
    assert {"check", "state", "said", "do"} == set(rows[0])
    assert [row["check"] for row in rows if row["state"] == "bad"] == ["proxies"]


def test_no_secret_is_told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(app, monkeypatch, "--json").output + run(app, monkeypatch).output
    for name in ("SECRET_KEY", "TOTP_SECRET"):
        assert app.config[name] not in told


def test_operators_ask_it_at_the_desk_too(config: Config) -> None:
    for desk in desk_of(config):
        desk.sign_in("operator")
        page = desk.open("/desk/ops/doctor").text
        assert "newsapp doctor" in page
        for check in doctor.CHECKS:
            assert f'<th scope="row">{check.name.capitalize()}</th>' in page, check.name

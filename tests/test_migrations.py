"""Migrations: a new database and one that was brought up to date are the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, text

from newsapp import create_app, migrate
from newsapp.config import load_config
from newsapp.database import db
from newsapp.search.models import is_ours


@pytest.fixture
def empty(every_database: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database without any table."""
    app = create_app(load_config({"NEWSAPP_HOME": str(tmp_path), "DATABASE_URL": every_database, "LOG_LEVEL": "ERROR"}))
    with app.app_context():
        drop_everything()
        yield app
        db.session.remove()
        drop_everything()
        db.engine.dispose()


def drop_everything() -> None:
    db.drop_all()
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def differences() -> list[Any]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True, "include_object": is_ours})
        return compare_metadata(context, db.metadata)


def definitions() -> set[str]:
    """What the database itself says of its tables and indexes."""
    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite%'"
    if db.engine.dialect.name == "postgresql":
        query = (
            "SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, column_default)"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
            " UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            " UNION SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass"
        )
    with db.engine.connect() as connection:
        return {in_any_order(row) for row in connection.scalars(text(query))}


def in_any_order(definition: str) -> str:
    """A table's constraints stand in no certain order, and a copied table's name in quotes."""
    return " ".join(sorted(definition.replace(",", " ").replace('"', "").split()))


def test_an_empty_database_is_brought_up_to_date(empty):
    with db.engine.connect() as connection:
        assert not migrate.is_current(connection)
    migrate.upgrade()
    with db.engine.connect() as connection:
        assert migrate.is_current(connection)


def test_a_second_upgrade_changes_nothing(empty):
    migrate.upgrade()
    before = definitions()
    migrate.upgrade()
    assert definitions() == before


def test_models_and_migrations_agree(empty):
    migrate.upgrade()
    assert differences() == []


def test_a_migrated_database_is_built_like_a_new_one(empty):
    migrate.upgrade()
    migrated = definitions()
    db.drop_all()
    db.create_all()
    assert migrated == definitions()


def test_the_way_back_leaves_nothing(empty):
    from alembic import command

    migrate.upgrade()
    command.downgrade(migrate.alembic_config(), "base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}


def test_the_way_back_is_open_after_thresholds_have_moved(empty):
    from alembic import command

    from newsapp.traffic import thresholds
    from newsapp.traffic.windows import BY_SLUG

    migrate.upgrade()
    for kind in thresholds.KINDS:
        thresholds.make_index(BY_SLUG["trend"], kind, 3)
    thresholds.move(BY_SLUG["trend"], 3)
    thresholds.drop(BY_SLUG["trend"], {thresholds.index_name(BY_SLUG["trend"], kind, 3) for kind in thresholds.KINDS})
    command.downgrade(migrate.alembic_config(), "0001")
    assert "trend" not in {column["name"] for column in inspect(db.engine).get_columns("article_view_sums")}


def go_to(revision: str) -> None:
    """Up or down to that revision."""
    from alembic import command

    with db.engine.connect() as connection:
        present = migrate.revision(connection) or ""
    (command.downgrade if present > revision else command.upgrade)(migrate.alembic_config(), revision)


def roles_of_everybody() -> dict[str, set[str]]:
    query = "SELECT email, name FROM (SELECT id AS user_id, email FROM desk_user) AS people JOIN roles_users USING (user_id)"
    query += " JOIN (SELECT id AS role_id, name FROM desk_role) AS roles USING (role_id)"
    found: dict[str, set[str]] = {}
    with db.engine.connect() as connection:
        for email, name in connection.execute(text(query)):
            assert name not in found.setdefault(email, set()), "held twice"
            found[email].add(name)
    return found


# At revision 0005: everybody by the roles of that time.
OLD_DESK = {
    "editor@newsapp.example": {"editor"}, "harbour@newsapp.example": {"editor", "operator"}, "machine@newsapp.example": {"operator"},
    "first@newsapp.example": {"editor", "operator", "admin"},
}  # fmt: skip


def old_desk() -> None:
    """A database of revision 0005 with people in it."""
    go_to("0005")
    roles = {name: number for number, name in enumerate(("editor", "operator", "admin"), 1)}
    with db.engine.begin() as connection:
        for name, number in roles.items():
            connection.execute(text("INSERT INTO desk_role (id, name, description) VALUES (:id, :name, '')"), {"id": number, "name": name})
        if db.engine.dialect.name == "postgresql":
            connection.execute(text("SELECT setval(pg_get_serial_sequence('desk_role', 'id'), 3)"))
        for number, (email, held) in enumerate(OLD_DESK.items(), 1):
            row = {"id": number, "email": email, "mark": f"mark-{number}"}
            connection.execute(text("INSERT INTO desk_user (id, email, password, active, fs_uniquifier) VALUES (:id, :email, 'x', true, :mark)"), row)
            for name in held:
                connection.execute(text("INSERT INTO roles_users (user_id, role_id) VALUES (:user, :role)"), {"user": number, "role": roles[name]})


def test_who_was_an_editor_keeps_all_that_an_editor_could_do(empty):
    old_desk()
    go_to("0006")
    assert roles_of_everybody() == {email: held | ({"chief"} if "editor" in held else set()) for email, held in OLD_DESK.items()}
    migrate.upgrade()
    assert differences() == []


def test_the_way_back_to_one_role_and_forth_again_keeps_what_people_may_do(empty):
    old_desk()
    go_to("0006")
    before = roles_of_everybody()
    go_to("0005")
    go_to("0006")
    assert roles_of_everybody() == before


def test_a_database_of_a_newer_newsapp_is_refused(empty):
    migrate.upgrade()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with db.engine.connect() as connection, pytest.raises(migrate.NewerDatabase, match="9999"):
        migrate.is_current(connection)


def test_the_migrations_lack_nothing_of_the_models():
    assert migrate.write_new("nothing") is None


def test_revisions_follow_each_other_by_number():
    assert migrate.revisions() == [f"{number:04}" for number in range(1, len(migrate.revisions()) + 1)]

"""newsapp: a self-hosted news site. create_app() is the one place where things meet."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy.orm import configure_mappers

from newsapp import database, logs
from newsapp import redis as connections
from newsapp.compiled import compiled_for
from newsapp.config import Config, load_config

__version__ = "0.1.0"

ROOT = Path(__file__).resolve().parent.parent

# Seconds that each role may wait for the database before it gives up.
DATABASE_TIMEOUT = {"site": 1.0, "desk": 5.0, "work": 5.0, "tool": 5.0}


def create_app(config: Config | None = None, role: str = "tool") -> Flask:
    """The application in one of its roles.

    `site` serves readers, `desk` serves editors and operators; `work` (a worker) and `tool` (the
    command line) serve no one. Opens no connection and starts no thread.
    """
    config = config or load_config()
    logs.configure(config)
    app = Flask("newsapp", root_path=str(ROOT), static_folder=None, template_folder="templates")
    app.jinja_options = {"bytecode_cache": compiled_for(config, role)}
    app.config.update(config)
    app.config["ROLE"] = role
    app.config["SQLALCHEMY_DATABASE_URI"] = config["DATABASE_URL"]
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(config["DATABASE_URL"], DATABASE_TIMEOUT[role])
    database.db.init_app(app)
    import_models(role)
    if role != "tool":  # which may need no table at all; a server's first query would do it, in whichever thread
        configure_mappers()
    keep_index()
    with app.app_context():
        database.prepare(database.db.engine, DATABASE_TIMEOUT[role])
        if role in ("desk", "tool"):
            from newsapp.audit.deeds import listen

            listen(database.db.engine)
    app.extensions["redis_desk"] = connections.for_desk(config)
    app.extensions["redis_jobs"] = connections.for_jobs(config)
    note_slow_queries(app)
    if role == "site":
        from newsapp.delivery import init_site

        init_site(app)
    if role == "desk":
        from newsapp.desk import init_desk

        init_desk(app)
    return app


def note_slow_queries(app: Flask) -> None:
    """Let the board show what took long in the database."""
    from newsapp.ops.slow_queries import SlowQueries

    with app.app_context():
        SlowQueries(app.extensions["redis_desk"], app.config["ROLE"]).listen(database.db.engine)


def keep_index() -> None:
    """Let whatever writes a story keep the full text."""
    from newsapp.search.keeping import keep_true

    keep_true()


def import_models(role: str) -> None:
    """Every table that the role uses; a reader's process need not load what signs editors in."""
    from newsapp import changes  # noqa: F401
    from newsapp.audit import models as audit_models  # noqa: F401
    from newsapp.front import models as front_models  # noqa: F401
    from newsapp.news import models as news_models  # noqa: F401
    from newsapp.ops import models as ops_models  # noqa: F401
    from newsapp.publishing import models as publishing_models  # noqa: F401
    from newsapp.search import models as search_models  # noqa: F401
    from newsapp.settings import models as settings_models  # noqa: F401
    from newsapp.traffic import models as traffic_models  # noqa: F401
    from newsapp.websub import models as websub_models  # noqa: F401

    if role in ("desk", "tool"):
        from newsapp.desk import models as desk_models  # noqa: F401
        from newsapp.imports import models as imports_models  # noqa: F401
        from newsapp.people import models as people_models  # noqa: F401
        from newsapp.revisions import models as revisions_models  # noqa: F401

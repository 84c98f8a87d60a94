"""Where editors and operators work. init_desk() makes the desk's application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask


def init_desk(app: Flask) -> None:
    """Make the desk: signing in, articles, settings, sections, the operators' board, and static files before it all."""
    from newsapp.delivery.assets import PREFIX, Assets
    from newsapp.delivery.headers import with_headers
    from newsapp.desk.entry import behind, greet
    from newsapp.desk.operations import operations
    from newsapp.desk.own_password import own_password
    from newsapp.desk.pages import desk
    from newsapp.desk.sections import sections
    from newsapp.desk.settings import settings
    from newsapp.desk.signing_in import init_signing_in
    from newsapp.desk.welcome import first_run
    from newsapp.ops.pages import health

    assets = Assets(Path(app.root_path) / "static")
    app.jinja_env.globals.update(asset=assets.address)
    app.config.update(MAX_CONTENT_LENGTH=16 << 20, MAX_FORM_MEMORY_SIZE=4 << 20)
    init_signing_in(app)
    for blueprint in (desk, sections, settings, first_run, own_password, operations, health):
        app.register_blueprint(blueprint)
    greet(app)
    app.wsgi_app = behind(assets.serve, PREFIX, app.wsgi_app)  # type: ignore[method-assign, assignment]
    app.extensions["entry"] = with_headers(app, app.config["DESK_URL"])

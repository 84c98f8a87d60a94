"""Where editors and operators work. init_desk() makes the desk's application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask


def init_desk(app: Flask) -> None:
    """Make the desk: signing in, articles, settings, sections, the operators' board, and static files before it all."""
    from newsapp.audit.pages import audit
    from newsapp.delivery.assets import PREFIX, Assets
    from newsapp.delivery.headers import with_headers
    from newsapp.desk.api import init_api
    from newsapp.desk.entry import behind, greet
    from newsapp.desk.finding import finding
    from newsapp.desk.held import held
    from newsapp.desk.most_viewed import most_viewed
    from newsapp.desk.operations import operations
    from newsapp.desk.pages import desk
    from newsapp.desk.saved_lists import saved_lists
    from newsapp.desk.sections import sections
    from newsapp.desk.settings import settings
    from newsapp.desk.settings_history import settings_history
    from newsapp.desk.welcome import first_run
    from newsapp.filing.pages import filing
    from newsapp.filing.plain_pages import plain_pages
    from newsapp.front.pages import front
    from newsapp.media.pages import init_uploads, pictures
    from newsapp.numbers.pages import numbers
    from newsapp.ops.pages import health
    from newsapp.people.account import account
    from newsapp.people.invited import invited
    from newsapp.people.pages import people
    from newsapp.people.signing_in import init_signing_in
    from newsapp.publishing.pages import publishing
    from newsapp.publishing.previews import previews
    from newsapp.publishing.staging import set_stage
    from newsapp.revisions.api import opened_forms
    from newsapp.revisions.pages import revisions
    from newsapp.revisions.signed_out import init_signed_out
    from newsapp.rights.pages import rights

    assets = Assets(Path(app.root_path) / "static")
    app.jinja_env.globals.update(asset=assets.address)
    app.config.update(MAX_CONTENT_LENGTH=16 << 20, MAX_FORM_MEMORY_SIZE=4 << 20)
    limiter = init_signing_in(app)
    init_api(app, limiter)
    for blueprint in (
        desk, saved_lists, front, filing, plain_pages, finding, pictures, revisions, opened_forms, numbers, held, sections, most_viewed, settings,
        settings_history, first_run, people, account, invited, audit, operations, health, publishing, previews, rights,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    init_uploads(app, limiter)
    set_stage(app)
    greet(app)
    init_signed_out(app, limiter)
    app.wsgi_app = behind(assets.serve, PREFIX, app.wsgi_app)  # type: ignore[method-assign, assignment]
    app.extensions["entry"] = with_headers(app, app.config["DESK_URL"])

"""Seconds that a story's page takes when it is made of the database, and when its template gets the same things from memory; bench/pages.py asks."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from flask import render_template, template_rendered
from werkzeug.test import EnvironBuilder

from newsapp import create_app

TIMES = 40


def seconds(work: Callable[[], object]) -> float:
    """The median of some runs, after a few that warm what is warm in a server."""
    took = []
    for _ in range(TIMES + 5):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took[5:])


def main(path: str) -> None:
    app = create_app(role="site")
    found: list[dict[str, object]] = []
    template_rendered.connect(lambda sender, template, context, **_: found.append(dict(context)), app, weak=False)

    def page() -> None:
        environ = EnvironBuilder(path, base_url=app.config["SITE_URL"]).get_environ()
        list(app.wsgi_app(environ, lambda status, headers, exc_info=None: None))

    whole = seconds(page)
    context = {name: value for name, value in found[-1].items() if name not in ("g", "request", "session")}
    with app.test_request_context(path, base_url=app.config["SITE_URL"]):
        template = seconds(lambda: render_template("news/article.html", **context))
    print(whole, template)


if __name__ == "__main__":
    main(sys.argv[1])

"""Traces to an OpenTelemetry collector and errors to Sentry, where the configuration names them; neither is imported otherwise.

No value leaves the paper with them: no address, query, cookie, form or parameter of a statement, and no local variable.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy import Engine, event
from werkzeug.exceptions import HTTPException

from newsapp import __version__
from newsapp.config import ConfigError
from newsapp.database import db

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

LONGEST = 1000  # characters of a statement
PATIENCE = 2.0  # seconds that a process which ends lets the last ones go out
PROVIDER = "traces"  # in app.extensions


def begin(app: Flask) -> None:
    """Begin to send what the configuration asks for, from this process. Raises ConfigError where its package is missing."""
    if app.config["SENTRY_DSN"]:
        with needing("SENTRY_DSN", "sentry"):
            begin_errors(app.config["SENTRY_DSN"], app.config["ROLE"])
    if app.config["OTEL_EXPORTER_OTLP_ENDPOINT"]:
        with needing("OTEL_EXPORTER_OTLP_ENDPOINT", "otel"):
            begin_traces(app)


@contextlib.contextmanager
def needing(variable: str, extra: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigError(f"{variable} needs a package that is not installed ({error.name}): pip install 'newsapp[{extra}]'") from error


# ---- errors


def begin_errors(dsn: str, role: str) -> None:
    import sentry_sdk
    from sentry_sdk.integrations.flask import FlaskIntegration

    sentry_sdk.init(
        dsn, release=f"newsapp@{__version__}", send_default_pii=False, include_local_variables=False, max_request_body_size="never",
        auto_enabling_integrations=False, integrations=[FlaskIntegration()], before_send=without_request, traces_sample_rate=None,
    )  # fmt: skip
    sentry_sdk.set_tag("role", role)


def without_request(event: Any, hint: Any) -> Any:
    """The route is told; the address may be a secret itself."""
    event.pop("request", None)
    event.pop("user", None)
    return event


def tell_failure(job: Any, *error: Any) -> bool:
    """An exception handler of RQ's workers. True lets the others have it too."""
    import sentry_sdk

    sentry_sdk.capture_exception(error[1])
    sentry_sdk.flush(PATIENCE)  # a forked worker is gone a moment later
    return True


# ---- traces


def begin_traces(app: Flask) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    said = {"service.name": f"newsapp-{app.config['ROLE']}", "service.version": __version__}
    provider = app.extensions[PROVIDER] = TracerProvider(resource=Resource.create(said))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{app.config['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/traces")))
    tracer = provider.get_tracer("newsapp")
    app.wsgi_app = Traced(app, app.wsgi_app, tracer)  # type: ignore[method-assign]
    with app.app_context():
        trace_statements(db.engine, tracer)


class Traced:
    """A span for each request that reaches Flask, by its route. Pages that go out of memory leave none."""

    def __init__(self, app: Flask, inner: Any, tracer: Tracer) -> None:
        self.app, self.inner, self.tracer = app, inner, tracer

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        route = self.route(environ)
        with self.tracer.start_as_current_span(f"{environ['REQUEST_METHOD']} {route}".strip()) as span:
            span.set_attribute("http.request.method", environ["REQUEST_METHOD"])
            span.set_attribute("http.route", route)

            def started(status: str, headers: Any, *more: Any) -> Any:
                span.set_attribute("http.response.status_code", int(status.split()[0]))
                return start_response(status, headers, *more)

            found: Iterable[bytes] = self.inner(environ, started)
            return found

    def route(self, environ: dict[str, Any]) -> str:
        try:
            rule, _ = self.app.url_map.bind_to_environ(environ).match(return_rule=True)
        except HTTPException:
            return ""
        return str(rule.rule)


def trace_statements(engine: Engine, tracer: Tracer) -> None:
    """A span for each statement, without its values."""

    @event.listens_for(engine, "before_cursor_execute")
    def begun(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        span = connection.info["span"] = tracer.start_span(statement.split(maxsplit=1)[0].upper())
        span.set_attribute("db.system.name", engine.dialect.name)
        span.set_attribute("db.query.text", " ".join(statement.split())[:LONGEST])

    @event.listens_for(engine, "after_cursor_execute")
    def done(connection: Any, *rest: Any) -> None:
        if span := connection.info.pop("span", None):
            span.end()

    @event.listens_for(engine, "handle_error")
    def failed(context: Any) -> None:
        if context.connection is not None and (span := context.connection.info.pop("span", None)):
            span.end()


@contextlib.contextmanager
def job_span(app: Flask, queue: str, name: str) -> Iterator[None]:
    """A span for a job, where traces are sent."""
    provider = app.extensions.get(PROVIDER)
    if provider is None:
        yield
        return
    with provider.get_tracer("newsapp").start_as_current_span(f"job {name}") as span:
        span.set_attribute("messaging.destination.name", queue)
        yield


def flush(app: Flask) -> None:
    """Let out what waits; for a process that is about to end."""
    if provider := app.extensions.get(PROVIDER):
        provider.force_flush(int(PATIENCE * 1000))

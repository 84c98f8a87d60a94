"""Traces and errors: they reach a collector and a Sentry, and say nothing that is anybody's own."""

from __future__ import annotations

import gzip
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from newsapp.config import Config, ConfigError
from newsapp.ops import tracing
from newsapp.queues import queue
from tests.conftest import make_app
from tests.desk import Desk, desk_of
from tests.test_webhook import Receiver
from workers.__main__ import InProcess


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def host(receiver: Receiver) -> str:
    return receiver.address.partition("//")[2].partition("/")[0]


@pytest.fixture
def desk(config: Config, host: str) -> Iterator[Desk]:
    """A desk that sends both."""
    for desk in desk_of({**config, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}", "SENTRY_DSN": f"http://key@{host}/1"}):
        tracing.begin(desk.app)
        yield desk
        desk.app.extensions[tracing.PROVIDER].shutdown()
    sentry_sdk.init()


def body_of(headers: dict[str, str], body: bytes) -> bytes:
    if headers.get("Content-Encoding") == "br":  # where that is installed
        import brotli

        return bytes(brotli.decompress(body))
    return gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body


def sent(receiver: Receiver, path: str) -> list[bytes]:
    return [body_of(headers, body) for where, headers, body in receiver.got if where == path]


def spans(receiver: Receiver) -> list[Any]:
    found = [ExportTraceServiceRequest.FromString(body) for body in sent(receiver, "/v1/traces")]
    return [span for each in found for group in each.resource_spans for scope in group.scope_spans for span in scope.spans]


def test_a_request_is_traced_by_its_route_with_its_statements(desk: Desk, receiver: Receiver) -> None:
    desk.open("/desk/preview/shared/a-secret-word?token=another-secret")
    tracing.flush(desk.app)
    request = next(span for span in spans(receiver) if span.name.startswith("GET /desk/preview/shared/<"))
    assert {each.key: each.value.int_value for each in request.attributes}["http.response.status_code"] == 404
    inside = [span for span in spans(receiver) if span.parent_span_id == request.span_id]
    assert "SELECT" in {span.name for span in inside}
    told = b"".join(sent(receiver, "/v1/traces"))
    assert b"a-secret-word" not in told
    assert b"another-secret" not in told


def test_an_error_is_told_without_what_was_sent(desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    private = [secrets.token_hex(8) for _ in range(3)]  # lines of code are told, so they must not hold what is looked for

    def broken() -> str:
        local = private[0] * 2
        raise LookupError(f"no board of {len(local)} parts")

    desk.sign_in("operator")
    monkeypatch.setitem(desk.app.view_functions, "operations.board", broken)
    answer = desk.browser.get(f"/desk/ops?q={private[1]}", headers={"X-Own": private[2]})
    assert answer.status_code == 500
    sentry_sdk.flush(5)
    told = b"".join(sent(receiver, "/api/1/envelope/"))
    assert b"LookupError" in told
    assert b"no board of 32 parts" in told
    assert b"operations.board" in told
    for word in (*private, "@newsapp.example", "session="):
        assert word.encode() not in told, word


def test_a_job_is_traced_and_its_failure_told(desk: Desk, receiver: Receiver, config: Config) -> None:
    connection = desk.app.extensions["redis_desk"]
    InProcess.app, InProcess.notes = desk.app, connection
    from rq.serializers import JSONSerializer

    jobs = queue("desk", connection)
    jobs.enqueue("workers.jobs.forget_ids")
    jobs.enqueue("workers.jobs.no_such_job")
    worker = InProcess([jobs], connection=connection, serializer=JSONSerializer)
    worker.push_exc_handler(tracing.tell_failure)
    worker.work(burst=True, logging_level="CRITICAL")
    tracing.flush(desk.app)
    assert {"job forget_ids", "job no_such_job"} <= {span.name for span in spans(receiver)}
    assert any(b"no_such_job" in body for body in sent(receiver, "/api/1/envelope/"))


def test_a_collector_that_is_gone_costs_a_request_nothing(config: Config) -> None:
    for desk in desk_of({**config, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}):
        tracing.begin(desk.app)
        began = time.monotonic()
        assert desk.open("/desk/sign-in").status_code == 200
        assert time.monotonic() - began < 2
        desk.app.extensions[tracing.PROVIDER].shutdown()


def test_nothing_is_imported_that_nobody_asked_for(config: Config) -> None:
    app = make_app(config, "desk")
    before = app.wsgi_app
    tracing.begin(app)
    assert app.wsgi_app == before
    assert tracing.PROVIDER not in app.extensions


def test_a_missing_package_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"SENTRY_DSN needs .*pip install 'newsapp\[sentry\]'"), tracing.needing("SENTRY_DSN", "sentry"):
        raise ImportError("No module", name="sentry_sdk")

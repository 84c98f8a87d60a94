"""/livez, /readyz and /metrics, on both listeners."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify, request

from newsapp.ops.health import readyz
from newsapp.traffic.visitors import client_address, is_within

health = Blueprint("health", __name__)


@health.get("/livez")
def livez() -> Response:
    """The process lives."""
    return plain("ok\n")


@health.get("/readyz", endpoint="readyz")
def is_ready() -> tuple[Response, int]:
    """The process can serve: its database answers."""
    memory = current_app.extensions.get("memory")  # a reader's process knows already whether Redis answers
    states, status = readyz(current_app.extensions["redis_desk"], silent=memory.silent if memory else None)
    return jsonify(states), status


@health.get("/metrics")
def metrics() -> Response:
    """The figures for Prometheus, for the networks that may have them."""
    if not may_read_metrics():
        abort(403)
    from newsapp.ops import reading  # RQ comes with it, and only who is asked for metrics needs that
    from newsapp.ops.metrics import exposition

    return Response(exposition(reading.read()), content_type="text/plain; version=1.0.0; charset=utf-8")


def may_read_metrics() -> bool:
    """Whether the asker's network is among those allowed. What a proxy passes on counts only when the proxy is ours."""
    config = current_app.config
    if "X-Forwarded-For" in request.headers and not is_within(request.remote_addr or "", config["TRUSTED_PROXIES"]):
        return False
    return is_within(client_address(request.environ, config["TRUSTED_PROXIES"]), config["METRICS_ALLOW"])


def plain(text: str) -> Response:
    return Response(text, content_type="text/plain; charset=utf-8")

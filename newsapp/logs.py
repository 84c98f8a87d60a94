"""Structured logs: one JSON object a line, or coloured lines for people."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from newsapp.config import Config

# Without locals: they hold sessions, addresses and passwords.
TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def configure(config: Config) -> None:
    """Send structlog's and the standard library's records to stderr in the configured form."""
    level = logging.getLevelNamesMapping().get(config["LOG_LEVEL"].upper(), logging.INFO)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    pretty = config["LOG_FORMAT"] == "console"
    last: list[Any] = [structlog.dev.ConsoleRenderer()] if pretty else [TRACEBACKS, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for noisy in ("rq.worker", "alembic", "werkzeug"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))

"""What a beacon is answered: a few constant answers, whoever serves them."""

from __future__ import annotations

import base64
from typing import NamedTuple

from newsapp.ops.metrics import REFUSED

STATUS = {"malformed": "400 Bad Request", "forged": "403 Forbidden", "foreign": "403 Forbidden", "flood": "429 Too Many Requests"}
HEADERS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
PLAIN = "text/plain; charset=utf-8"
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
RETRY_AFTER = 5  # seconds that a 503 asks for; the page waits 2 to 10


class Answer(NamedTuple):
    """What a browser is told."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    @property
    def numbered(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """As RSGI takes it."""
        return int(self.status[:3]), self.headers, self.body

    @classmethod
    def of(cls, status: str, kind: str, body: bytes, *more: tuple[str, str]) -> Answer:
        return cls(status, [*HEADERS, *more, ("Content-Type", kind), ("Content-Length", str(len(body)))], body)


class Refused(Exception):
    """Not received; the argument is the reason."""


STORED = Answer("204 No Content", HEADERS)
SEEN = Answer.of("200 OK", "image/gif", PIXEL)
AGAIN = Answer.of("503 Service Unavailable", PLAIN, b"try once more", ("Retry-After", str(RETRY_AFTER)))
REFUSALS = {reason: Answer.of(status, PLAIN, reason.encode()) for reason, status in STATUS.items()}


def kept(is_kept: bool, pixel: bool) -> Answer:
    """What is told of an event that was let in. A pixel's answer is an image, else the browser would show a broken one."""
    if not is_kept:
        return AGAIN
    return SEEN if pixel else STORED


def refusal(refused: Refused) -> Answer:
    """Count a refusal by its reason, and tell it."""
    reason = str(refused)
    REFUSED.labels(reason).inc()
    return REFUSALS[reason]

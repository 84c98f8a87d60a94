"""The headers of every answer, from one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from newsapp.news.providers import ORIGINS

A = TypeVar("A")
Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Told = tuple[int, Headers, bytes]  # status, headers, body
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
MaybeWsgi = Callable[[Environ, StartResponse], Iterable[bytes] | None]  # None: it does not answer this one

# What EMBED_ORIGINS widens. A script may do all that a page of ours can, so styles and pictures of the same host add no risk to it.
WIDENED = frozenset({"script-src", "style-src", "img-src", "media-src", "connect-src", "frame-src"})
# Constant, without nonces: a nonce in a cached page protects nothing.
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-src": " ".join(ORIGINS),  # loaded by a reader's click alone (news/providers.py)
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy(embedded: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of pages that may also load from these origins. A directive without a source falls back to none."""
    more = " ".join(embedded)
    sources = {name: f"{said} {more}".strip() if name in WIDENED else said for name, said in DIRECTIVES.items()}
    return "; ".join(f"{name} {said}" for name, said in sources.items() if said)


CONTENT_SECURITY_POLICY = policy()
HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), browsing-topics=()"),
)
STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")


def table(url: str, embedded: Iterable[str] = ()) -> Headers:
    """The headers for a listener with that public address, whose pages may load from these origins."""
    told = [("Content-Security-Policy", policy(embedded)), *HEADERS]
    return [*told, STRICT_TRANSPORT] if url.startswith("https:") else told


def with_headers(
    app: Callable[[Environ, StartResponse], A], url: str = "", more: Callable[[], Headers] = list, embedded: Iterable[str] = ()
) -> Callable[[Environ, StartResponse], A]:
    """Add the table to every answer of an application, errors included; and `more`, as it is at that moment.

    A 304 goes without the table, as RFC 9110 §15.4.5 wants it: who asks has it from the answer of the same ETag.
    """
    constant = table(url, embedded)

    def entry(environ: Environ, start_response: StartResponse) -> A:
        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            told = headers + ([] if status.startswith("304") else constant) + more()
            return start_response(status, told, exc_info) if exc_info else start_response(status, told)

        return app(environ, start)

    return entry

"""How a handler says that its page may be cached, on what it depends, and until when."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from flask import Response, current_app, g, has_request_context, make_response, render_template, request

from newsapp.database import now

P = ParamSpec("P")
T = TypeVar("T")
KEY = "newsapp.page"  # where the handler leaves its note in the WSGI environment
AT = "newsapp.at"  # where a preview of another moment leaves that moment; no header of a request can


@dataclass(frozen=True)
class PageNote:
    """What the page cache needs to know of a page."""

    depends: frozenset[str]
    valid_until: float  # seconds since 1970
    params: tuple[str, ...]
    story: int = 0  # the article that is read there; 0 for lists and all else
    ends: float = math.inf  # from then on it may not be shown at all, not even while a new one is made


def cacheable(params: tuple[str, ...] = (), seconds: float | None = None) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Let the page cache keep what a handler returns through page().

    `params` are the query parameters that it reads; all others are unseen. `seconds` bounds the age.
    """

    def decorate(handler: Callable[P, Any]) -> Callable[P, Any]:
        @functools.wraps(handler)
        def handle(*args: P.args, **kwargs: P.kwargs) -> Any:
            g.page_params, g.page_seconds = params, seconds
            return handler(*args, **kwargs)

        return handle

    return decorate


def wanted(name: str, default: str = "") -> str:
    """A declared query parameter. Raises KeyError for one that the handler did not declare."""
    if name not in g.page_params:
        raise KeyError(f"{name} is not among the params of this handler's @cacheable")
    return request.args.get(name, default)


def reading_at() -> datetime:
    """The moment for which a page is made: the present, or the one that is previewed."""
    return request.environ.get(AT) or now()


def once(name: str, made: Callable[[], T]) -> T:
    """What one page asks for several times, made once in a request and kept there by its name."""
    if not has_request_context():
        return made()
    if name not in request.environ:
        request.environ[name] = made()
    found: T = request.environ[name]
    return found


def page(
    template: str, *, depends: Iterable[str] = (), valid_until: datetime | None = None, story: int = 0, ends: datetime | None = None, **context: Any
) -> Response:
    """Render a page and note what the cache needs to know of it."""
    return note(make_response(render_template(template, **context)), depends, valid_until, story, ends)


def note(
    response: Response, depends: Iterable[str] = (), valid_until: datetime | None = None, story: int = 0, ends: datetime | None = None
) -> Response:
    """Mark a finished response as cacheable."""
    until = valid_until.timestamp() if valid_until else math.inf
    if g.page_seconds is not None:
        until = min(until, current_app.extensions["clock"]() + g.page_seconds)
    request.environ[KEY] = PageNote(frozenset(depends), until, g.page_params, story, ends.timestamp() if ends else math.inf)
    return response

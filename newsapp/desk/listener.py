"""The desk's listener, on granian's RSGI interface: bodies are taken in by the event loop, and only whole requests are given to a thread.

So who sends a form a byte at a time, or never to its end, holds no thread that editors need.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from newsapp.delivery.headers import Environ, Told, Wsgi, table
from newsapp.delivery.listener import ask
from newsapp.delivery.requests import environ_of, whole_environ_of

LARGEST = 17 << 20  # bytes; a form of 16 MB, which the desk refuses in its own words above that
LARGEST_OF_STRANGERS = 4 << 20  # from browsers without any cookie of ours, and programs without a key
IN_MEMORY = 64 << 10  # of a body; the rest goes into a file
QUIET = 15.0  # seconds without a byte
LEAST, SLOWEST = 30.0, 16 << 10  # seconds for any body, and bytes a second beyond that


class Refused(Exception):
    """The body is not taken; the argument is the status."""


class Listener:
    """What granian calls for each request of the desk."""

    def __init__(self, entry: Wsgi, threads: int, url: str) -> None:
        self.entry, self.headers = entry, table(url)
        self.threads = ThreadPoolExecutor(threads, "desk")

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        environ = environ_of(scope)
        try:
            body = await received(protocol, environ)
        except Refused as refused:
            with contextlib.suppress(RuntimeError):  # nobody is there any more
                protocol.response_bytes(*self.refusal(str(refused)))
            return
        with body:
            whole = {**whole_environ_of(scope, environ), "wsgi.input": body}
            protocol.response_bytes(*await self.loop.run_in_executor(self.threads, answered, self.entry, whole))

    def refusal(self, status: str) -> Told:
        body = f"{status[4:]}\n".encode()
        kind = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), ("Connection", "close")]
        return int(status[:3]), [*kind, *self.headers], body


def answered(entry: Wsgi, environ: Environ) -> Told:
    told = ask(entry, environ)
    assert told  # an application answers
    return told


def most(environ: Environ) -> int:
    """How large a body may be."""
    is_known = environ.get("HTTP_COOKIE") or environ.get("HTTP_AUTHORIZATION")
    return LARGEST if is_known else LARGEST_OF_STRANGERS


async def received(protocol: Any, environ: Environ) -> IO[bytes]:
    """The whole body. Raises Refused for one that is too large, or comes too slowly."""
    body: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller closes it
    declared = environ.get("CONTENT_LENGTH", "")
    if not environ.get("HTTP_TRANSFER_ENCODING") and declared in ("", "0"):
        return body
    largest = most(environ)
    if not declared.isdigit() and declared:
        raise Refused("400 Bad Request")
    if int(declared or 0) > LARGEST:
        return body  # unread: the desk says in its own words that it is too large
    if int(declared or 0) > largest:
        raise Refused("413 Content Too Large")
    try:
        await take_in(protocol, body, largest)
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body


async def take_in(protocol: Any, body: IO[bytes], largest: int) -> None:
    loop, chunks = asyncio.get_running_loop(), protocol.__aiter__()
    began, size = loop.time(), 0
    while True:
        left = began + LEAST + size / SLOWEST - loop.time()
        try:
            chunk = await asyncio.wait_for(anext(chunks), min(QUIET, max(left, 0)))
        except StopAsyncIteration:
            return
        except RuntimeError:  # granian's: the connection broke off
            raise Refused("400 Bad Request") from None
        except TimeoutError:
            raise Refused("408 Request Timeout") from None
        size += len(chunk)
        if size > largest:
            raise Refused("413 Content Too Large")
        body.write(chunk)

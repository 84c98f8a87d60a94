"""A mail server to test with: it takes every letter, or refuses as it is told to."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller

from tests.conftest import wait_for


class Letterbox:
    """What was sent, by whom it was meant for."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, str]] = []  # (to, subject, text)
        self.refuses = ""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.letters.append((envelope.rcpt_tos[0], str(letter["Subject"]), letter.get_content()))
        return "250 OK"

    def link(self, to: str, word: str) -> str:
        """The link with that word in the newest letter to somebody, waited for."""
        found = wait_for(lambda: [text for address, _, text in self.letters if address == to and word in text], 15, f"a letter to {to}")
        address = re.search(r"https?://\S+", found[-1])
        assert address, found[-1]
        return address[0]


@contextmanager
def letterbox() -> Iterator[Letterbox]:
    box = Letterbox()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()

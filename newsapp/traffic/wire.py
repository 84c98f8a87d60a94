"""The wire to the inbox: commands as bytes over a bare socket, and whether each was taken.

redis-py opens the connection (address, TLS, password, database). Its own way to send a command and
to read the answer costs more than all else that a beacon does.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import time
from typing import Any

ANSWERS = 16_384  # bytes read at once; the answer to an XADD has about 20
END = b"\r\n"


class Refusal(Exception):
    """Redis took the command and said no: LOADING, OOM, READONLY, MISCONF, NOAUTH and the like."""


class NotSent(Exception):
    """The command did not leave, so Redis cannot have obeyed it."""


class Silence(Exception):
    """The command left and no whole answer came: nobody can say what became of it."""


def word(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)


def command(*words: bytes) -> bytes:
    """A command as Redis reads it."""
    return b"*%d\r\n" % len(words) + b"".join(map(word, words))


def end_of_answer(received: bytes) -> int:
    """Where the first answer ends: after its line, or after the text whose length the line tells. 0 while it is not whole."""
    line = received.find(END) + len(END)
    if line < len(END):
        return 0
    if received[:1] != b"$":
        return line
    end = line + int(received[1:line]) + len(END)
    return end if len(received) >= end else 0


def look_at(answer: bytes) -> None:
    """Raises Refusal when the answer is one, and Silence when it is none at all."""
    if answer[:1] == b"-":
        raise Refusal(answer[1:].decode(errors="replace").strip())
    if answer[:1] not in (b"$", b"+"):
        raise Silence("what answers is not Redis")


class Wire:
    """One connection."""

    def __init__(self, pool: Any, timeout: float) -> None:
        self.connection: Any = pool.make_connection()
        self.timeout = timeout
        self.run = ""  # of the server: another one means that it was started anew
        self.socket: Any = None
        self.poll: Any = None

    def is_good(self) -> bool:
        """Whether it is open, and the server has not closed it: something to read before anything was asked is the end."""
        return self.socket is not None and not self.poll(0)

    def open(self) -> None:
        """Connect anew. Raises RedisError or OSError."""
        self.close()
        self.connection.connect()
        self.run = self.ask_run()
        self.socket = self.connection._sock
        poller = select.poll()
        poller.register(self.socket, select.POLLIN)
        self.poll = poller.poll
        limit_waiting(self.socket, self.timeout)

    def ask_run(self) -> str:
        self.connection.send_command("INFO", "server")
        told: bytes = self.connection.read_response()
        return told.partition(b"run_id:")[2].partition(b"\r")[0].decode()

    def ask(self, sent: bytes) -> None:
        """Send one command and wait until Redis has obeyed. Raises Refusal, NotSent or Silence.

        Where no whole answer came the connection is closed, so that a late one is not taken for the next command's.
        """
        try:
            self.send(sent)
            look_at(self.answer())
        except (NotSent, Silence):
            self.close()
            raise

    def send(self, commands: bytes) -> None:
        """Raises NotSent, or Silence when only a part has left."""
        try:
            left = self.socket.send(commands)
        except OSError as error:
            raise NotSent(str(error)) from error
        if left < len(commands):
            raise Silence("only a part was sent")

    def answer(self) -> bytes:
        """The answer to the only command under way. Raises Silence."""
        received = self.receive()
        if not end_of_answer(received):
            end = time.monotonic() + self.timeout
            while not end_of_answer(received):
                if time.monotonic() > end:
                    raise Silence("the answer did not come to its end")
                received += self.receive()
        return received

    def receive(self) -> bytes:
        """What has come, or comes in time. Raises Silence."""
        try:
            received: bytes = self.socket.recv(ANSWERS)
        except OSError as error:
            raise Silence(str(error)) from error
        if not received:
            raise Silence("Redis has closed the connection")
        return received

    def close(self) -> None:
        self.connection.disconnect()
        self.socket = None


def limit_waiting(connected: socket.socket, timeout: float) -> None:
    """Let the kernel keep the time of a bare socket: Python's own way asks it once more before every read and write."""
    if isinstance(connected, ssl.SSLSocket):
        connected.settimeout(timeout)
        return
    span = struct.pack("ll", int(timeout), round(timeout % 1 * 1_000_000))
    for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connected.setsockopt(socket.SOL_SOCKET, direction, span)
    connected.settimeout(None)

"""Group commit: events that come while a write is under way wait for the next one, and share its entries.

Lives in the thread of an event loop. Each event has a future of its own, which tells what became
of it once Redis has answered, and not before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from newsapp.redis import BEACON_TIMEOUT
from newsapp.traffic.inbox import Inbox, Outcome
from newsapp.traffic.wire import NotSent, Refusal, Silence, end_of_answer, look_at, word

TOGETHER = 64  # events of one entry
ENTRIES = 12  # of one write: all of them fit into one TLS record, so that it leaves whole or not at all


class Waiting(NamedTuple):
    """An event, and who wants to know."""

    packed: bytes
    told: asyncio.Future[Outcome]


Group = list[Waiting]


class Groups:
    """Adds events over one connection, one write at a time, without ever sending one twice."""

    def __init__(self, inbox: Inbox, loop: asyncio.AbstractEventLoop) -> None:
        self.inbox, self.loop = inbox, loop
        self.wire = inbox.new_wire()
        self.waiting: dict[bytes, Group] = {}  # by the begin of the command that adds them
        self.sent: deque[Group] = deque()  # not answered yet, in the order of their answers
        self.received = b""
        self.called = False
        self.deadline: asyncio.TimerHandle | None = None
        self.opening: asyncio.Future[None] | None = None  # a connection that is being made

    def add(self, stream: str, number: int, packed: bytes) -> asyncio.Future[Outcome]:
        """Offer an event (its 20 bytes), as Inbox.add does."""
        told: asyncio.Future[Outcome] = self.loop.create_future()
        self.waiting.setdefault(self.inbox.opening(stream, number), []).append(Waiting(packed, told))
        if not self.sent and not self.called:
            self.called = True
            self.loop.call_soon(self.write)  # after all requests that are there already
        return told

    def write(self) -> None:
        """Send what waits, unless a write is under way. What cannot be sent is told so at once."""
        self.called = False
        while self.waiting and not self.sent and not self.opening:
            if self.inbox.is_there() and not self.wire.is_good():
                self.open()
                return
            entries = self.take()
            try:
                if self.inbox.takes():
                    self.send(entries)
                    continue
                outcome = Outcome.NOT_SENT
            except Silence as error:
                outcome = self.lose(error, Outcome.UNKNOWN)
            except NotSent as error:
                outcome = self.lose(error, Outcome.NOT_SENT)
            for group in entries.values():
                tell(group, outcome)

    def take(self) -> dict[bytes, Group]:
        """The groups of the next write. What does not fit into one stays, behind the others."""
        entries = {}
        for opening in list(self.waiting)[:ENTRIES]:
            group = self.waiting.pop(opening)
            entries[opening] = group[:TOGETHER]
            if group[TOGETHER:]:
                self.waiting[opening] = group[TOGETHER:]
        return entries

    def open(self) -> None:
        """Connect in a thread: a Redis that hangs must not hold up the loop, in which pages are answered too."""
        self.hang_up()
        self.opening = self.loop.run_in_executor(None, self.inbox.open, self.wire)
        self.opening.add_done_callback(self.opened)

    def opened(self, opening: asyncio.Future[None]) -> None:
        self.opening = None
        if error := opening.exception():
            self.lose(error, Outcome.NOT_SENT)
        else:
            self.loop.add_reader(self.wire.socket.fileno(), self.read)
        self.write()

    def send(self, entries: dict[bytes, Group]) -> None:
        """Raises Silence or NotSent."""
        self.wire.send(b"".join([opening + word(b"".join([event.packed for event in group])) for opening, group in entries.items()]))
        self.sent.extend(entries.values())
        self.deadline = self.loop.call_later(BEACON_TIMEOUT, self.fail, Silence("no answer in time"))

    def read(self) -> None:
        """Something has come: answers, or the end of the connection."""
        try:
            self.received += self.wire.receive()
            while self.sent and (end := end_of_answer(self.received)):
                answer, self.received = self.received[:end], self.received[end:]
                self.obeyed(answer)
        except Silence as error:
            self.fail(error)
        if not self.sent:
            self.rest()

    def obeyed(self, answer: bytes) -> None:
        """Tell the oldest group what became of it. Raises Silence."""
        outcome = Outcome.STORED
        try:
            look_at(answer)
        except Refusal as error:
            outcome = self.inbox.down(error, Outcome.NOT_SENT)
        tell(self.sent.popleft(), outcome)

    def fail(self, error: Silence) -> None:
        """Nobody can say what became of those that were sent. An idle connection that ends harms nothing."""
        self.lose(error, Outcome.UNKNOWN) if self.sent else self.hang_up()
        while self.sent:
            tell(self.sent.popleft(), Outcome.UNKNOWN)
        self.rest()

    def rest(self) -> None:
        """The write is over: begin the next, if any event waits."""
        if self.deadline:
            self.deadline.cancel()
        self.write()

    def lose(self, error: BaseException, outcome: Outcome) -> Outcome:
        self.hang_up()
        return self.inbox.down(error, outcome)

    def hang_up(self) -> None:
        """Close the connection, so that a late answer is not taken for another's."""
        if self.wire.socket is not None:
            self.loop.remove_reader(self.wire.socket.fileno())
        self.wire.close()
        self.received = b""


def tell(group: Group, outcome: Outcome) -> None:
    for event in group:
        if not event.told.done():  # a request that was given up
            event.told.set_result(outcome)

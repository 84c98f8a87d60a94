"""What becomes of an event that is offered to the inbox: stored, certainly not sent, or nobody can say; and never twice."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from newsapp.config import load_config
from newsapp.redis import BEACON_TIMEOUT, find_server
from newsapp.servers import valkey_arguments
from newsapp.traffic.events import STREAMS, VIEWS
from newsapp.traffic.inbox import FIELD, Inbox, Outcome, stream_key
from newsapp.traffic.wire import command, end_of_answer
from tests.conftest import Valkey, wait_for

PORT = 8310
EVENT = b"20 bytes of an event"


def inbox_at(url: str, shards: int = 1) -> Inbox:
    """An inbox that has looked at its server, as a web process does before it serves."""
    inbox = Inbox(load_config({"REDIS_URL": url, "SHARDS": str(shards), "SECRET_KEY": "x"}))
    with suppress(redis.RedisError), redis.Redis.from_url(url, socket_timeout=2) as client:
        inbox.check(client)
    return inbox


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    """A server of the test's own, which it may spoil."""
    server = Valkey(tmp_path).start()
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.kill()


@pytest.fixture
def inbox(server: Valkey) -> Inbox:
    return inbox_at(server.url)


def stored(server: Valkey, stream: str = VIEWS) -> int:
    return server.client().xlen(stream_key(0, stream))


def test_each_stream_and_shard_has_a_key_of_its_own(server: Valkey) -> None:
    inbox = inbox_at(server.url, shards=3)
    for stream in STREAMS:
        for number in range(6):
            assert inbox.add(stream, number, EVENT) is Outcome.STORED
    assert sorted(server.client().keys()) == [f"{{{shard}}}{stream}".encode() for shard in range(3) for stream in sorted(STREAMS)]
    assert [fields for _, fields in server.client().xrange("{2}views")] == [{FIELD: EVENT}] * 2


@dataclass(frozen=True)
class Refusing:
    """A way in which Redis says no, and how to bring it about and to mend it."""

    name: str
    begin: Callable[[redis.Redis], object]
    mend: Callable[[redis.Redis], object]


REFUSING = (
    Refusing("OOM", lambda client: client.config_set("maxmemory", 1), lambda client: client.config_set("maxmemory", 64 << 20)),
    Refusing("READONLY", lambda client: client.replicaof("127.0.0.1", 1), lambda client: client.replicaof("NO", "ONE")),
    Refusing(
        "NOREPLICAS", lambda client: client.config_set("min-replicas-to-write", 1), lambda client: client.config_set("min-replicas-to-write", 0)
    ),
    Refusing("WRONGTYPE", lambda client: client.set(stream_key(0), "no stream"), lambda client: client.delete(stream_key(0))),
)


@pytest.mark.parametrize("refusing", REFUSING, ids=lambda refusing: refusing.name)
def test_what_redis_refuses_is_certainly_not_stored(server: Valkey, inbox: Inbox, refusing: Refusing) -> None:
    client = server.client()
    refusing.begin(client)
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.NOT_SENT
    assert inbox.why() == "refused"
    refusing.mend(client)
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.NOT_SENT  # until somebody has looked
    inbox.check(client)
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.STORED
    assert stored(server) == 1


def test_a_server_that_asks_for_a_password_refuses(server: Valkey, inbox: Inbox) -> None:
    server.client().config_set("requirepass", "secret")
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.NOT_SENT
    owner = redis.Redis.from_url(server.url, password="secret")
    assert owner.xlen(stream_key(0)) == 0


def test_a_server_that_still_loads_refuses(server: Valkey, inbox: Inbox) -> None:
    client = server.client()
    for start in range(0, 4000, 500):
        client.mset({f"key-{n}": "x" * 100 for n in range(start, start + 500)})
    client.bgrewriteaof()
    wait_for(lambda: not client.info("persistence")["aof_rewrite_in_progress"], 10, "the log to be written")
    server.kill()
    slow = ["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"]
    server.process = subprocess.Popen(
        [*valkey_arguments(find_server(), server.folder, server.socket, memory=64 << 20), *slow], stdout=subprocess.DEVNULL
    )
    assert wait_for(lambda: is_loading(server), 5, "Valkey to load")
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.NOT_SENT
    assert is_loading(server)
    wait_for(server.answers, 15, "Valkey to have loaded")
    inbox.check(server.client())
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.STORED
    assert stored(server) == 1


def is_loading(server: Valkey) -> bool:
    try:
        server.client().ping()
    except redis.exceptions.BusyLoadingError:
        return True
    except redis.RedisError:
        pass
    return False


def test_a_hung_server_costs_one_event_a_moment_and_the_next_ones_nothing(server: Valkey, inbox: Inbox) -> None:
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.STORED
    server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    assert inbox.add(VIEWS, 0, b"unknown".ljust(20)) is Outcome.UNKNOWN
    assert BEACON_TIMEOUT * 0.75 < time.monotonic() - began < BEACON_TIMEOUT * 2
    began = time.monotonic()
    assert [inbox.add(VIEWS, 0, EVENT) for _ in range(100)] == [Outcome.NOT_SENT] * 100
    assert time.monotonic() - began < 0.1
    with pytest.raises(redis.RedisError):
        inbox.check(redis.Redis.from_url(server.url, socket_timeout=0.2))
    server.process.send_signal(signal.SIGCONT)
    inbox.check(server.client())
    assert inbox.add(VIEWS, 0, b"refusal".ljust(20)) is Outcome.STORED
    kept = [fields[FIELD] for _, fields in server.client().xrange(stream_key(0))]
    assert kept in ([EVENT, b"refusal".ljust(20)], [EVENT, b"unknown".ljust(20), b"refusal".ljust(20)])


def test_a_connection_cut_while_an_answer_is_due_leaves_nobody_able_to_say(server: Valkey, inbox: Inbox) -> None:
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.STORED
    client = server.client()
    client.execute_command("CLIENT", "PAUSE", 5000, "WRITE")
    cut = threading.Timer(0.05, lambda: client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
    cut.start()
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.UNKNOWN
    cut.join()
    client.execute_command("CLIENT", "UNPAUSE")
    assert stored(server) == 1


def test_a_server_that_was_started_anew_is_looked_at_before_it_is_given_events(server: Valkey, inbox: Inbox) -> None:
    looked: list[redis.Redis] = []
    inbox.anew = looked.append
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.STORED
    server.kill()
    server.start()
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.NOT_SENT  # it goes to the spill
    inbox.check(client := server.client())
    assert looked == [client]
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.STORED
    assert stored(server) == 2


def test_without_a_server_nothing_is_sent(server: Valkey, inbox: Inbox) -> None:
    server.kill()
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.NOT_SENT
    assert inbox.why() == "away"


def test_threads_do_not_share_a_connection(server: Valkey, inbox: Inbox) -> None:
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.extend(inbox.add(VIEWS, n, EVENT) for n in range(200))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Outcome.STORED] * 800
    assert stored(server) == 800


# The ways to reach a server


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[redis.Redis]:
    """A server on TCP with a password."""
    options = ["--port", str(PORT), "--requirepass", "se/cret"]
    process = subprocess.Popen(
        [*valkey_arguments(find_server(), tmp_path, tmp_path / "v.sock", memory=64 << 20), *options], stdout=subprocess.DEVNULL
    )
    client = redis.Redis(port=PORT, password="se/cret", db=3)
    wait_for(lambda: answers(client), 10, "Valkey to answer")
    yield client
    process.kill()
    process.wait()


def answers(client: redis.Redis) -> bool:
    with suppress(redis.RedisError):
        return bool(client.ping())
    return False


def test_over_tcp_with_a_password_in_a_database_of_its_own(listening: redis.Redis) -> None:
    assert inbox_at(f"redis://:se%2Fcret@127.0.0.1:{PORT}/3").add(VIEWS, 0, EVENT) is Outcome.STORED
    assert listening.xlen(stream_key(0)) == 1


def test_with_a_wrong_password_nothing_is_sent(listening: redis.Redis) -> None:
    assert inbox_at(f"redis://:wrong@127.0.0.1:{PORT}/3").add(VIEWS, 0, EVENT) is Outcome.NOT_SENT
    assert listening.xlen(stream_key(0)) == 0


def test_over_tls(listening: redis.Redis, tmp_path: Path) -> None:
    with_tls(tmp_path)
    inbox = inbox_at(f"rediss://:se%2Fcret@localhost:{PORT + 1}/3?ssl_ca_certs={tmp_path}/cert.pem")
    assert [inbox.add(VIEWS, 0, EVENT) for _ in range(50)] == [Outcome.STORED] * 50
    assert listening.xlen(stream_key(0)) == 50
    listening.execute_command("CLIENT", "PAUSE", 1000, "WRITE")
    began = time.monotonic()
    assert inbox.add(VIEWS, 0, EVENT) is Outcome.UNKNOWN
    assert time.monotonic() - began < BEACON_TIMEOUT * 2


def with_tls(folder: Path) -> None:
    """Have a port that speaks TLS and passes on to the server's."""
    certificate = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*certificate.split(), "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    listener = socket.create_server(("127.0.0.1", PORT + 1))
    threading.Thread(target=pass_on, args=(listener, context), daemon=True).start()


def pass_on(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Serve two connections, one after the other, of who looks first and then sends: commands one way, answers the other."""
    with listener:
        for _ in range(2):
            with context.wrap_socket(listener.accept()[0], server_side=True) as client, socket.create_connection(("127.0.0.1", PORT)) as server:
                while sent := client.recv(4096):
                    server.sendall(sent)
                    client.sendall(server.recv(16384))


# Bytes


@pytest.mark.parametrize("answer", [b"$15\r\n1763999999999-0\r\n", b"-OOM command not allowed\r\n", b"+OK\r\n", b"$4\r\n\r\n\r\n\r\n"])
def test_an_answer_in_pieces_is_whole_only_at_its_end(answer: bytes) -> None:
    assert [end_of_answer(answer[:size]) for size in range(len(answer))] == [0] * len(answer)
    assert end_of_answer(answer) == len(answer)
    assert end_of_answer(answer + b"$15\r\n17") == len(answer)


@pytest.mark.parametrize(("together", "most"), [(1, 32), (64, 25)])
def test_a_waiting_event_takes_few_bytes_of_redis(server: Valkey, together: int, most: int) -> None:
    client, events = server.client(), 64 * 1000
    pipeline = client.pipeline(transaction=False)
    for n in range(0, events, together):
        pipeline.xadd(stream_key(0), {FIELD: b"".join((n + m).to_bytes(20, "little") for m in range(together))})
    pipeline.execute()
    assert client.memory_usage(stream_key(0), samples=0) / events <= most


def test_a_command_is_written_as_redis_reads_it(server: Valkey) -> None:
    with socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(server.socket))
        plain.sendall(command(b"ECHO", b"two\r\nlines"))
        assert plain.recv(100) == b"$10\r\ntwo\r\nlines\r\n"

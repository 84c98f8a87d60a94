"""Requests to addresses that somebody typed: never to our own networks, each redirect looked at anew, never for long."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from urllib.parse import quote, urljoin, urlsplit

from newsapp.config import Network

PATIENCE = 5.0  # seconds
SENT_AS_IS = "%/:=&?~#+!$,;'@()*[]"
REDIRECTS = 4  # that are followed
PORTS = {"http": 80, "https": 443}


class NotAllowed(Exception):
    """The address is none that we send to."""


class Unanswered(Exception):
    """The receiver did not take it."""


def post(address: str, body: bytes, headers: dict[str, str], allowed: Iterable[Network]) -> None:
    """Send a body. Raises NotAllowed, or Unanswered for all but a 2xx."""
    status, _ = send("POST", address, body, headers, allowed)
    if not 200 <= status < 300:
        raise Unanswered(f"the answer was {status}")


def ask(address: str, allowed: Iterable[Network]) -> int:
    """The status that an address answers in the end; nothing of its body is read. Raises NotAllowed or Unanswered."""
    networks = tuple(allowed)
    for _ in range(REDIRECTS + 1):
        status, location = send("GET", address, None, {"Accept": "text/html,*/*"}, networks)
        if not (300 <= status < 400 and location):
            return status
        address = urljoin(address, location)
    raise Unanswered("it is redirected again and again")


def send(method: str, address: str, body: bytes | None, headers: dict[str, str], allowed: Iterable[Network]) -> tuple[int, str]:
    """One request: the status, and where it is redirected to. Raises NotAllowed or Unanswered."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise NotAllowed(f"{address!r} is no address: {error}") from error
    if not host or parts.scheme not in PORTS:
        raise NotAllowed(f"{address!r} does not begin with http:// or https:// and a host")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection = connected(parts.scheme, host, port, usable(host, port, allowed))
        connection.request(method, quote(path, safe=SENT_AS_IS), body, {**headers, "User-Agent": "newsapp"})
        answer = connection.getresponse()
        connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unanswered(f"{type(error).__name__}: {error}") from error
    return answer.status, answer.getheader("Location", "")


def usable(host: str, port: int, allowed: Iterable[Network]) -> str:
    """The first address of a host, when all of them are the world's or allowed. Raises NotAllowed."""
    found = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    networks = tuple(allowed)
    for ip in found:
        plain = getattr(ip, "ipv4_mapped", None) or ip
        if (not plain.is_global or plain.is_multicast) and not any(plain in network for network in networks):
            raise NotAllowed(f"{host} is {plain}, an address of a private network; WEBHOOK_ALLOW names those that may be sent to")
    return str(found[0])


def connected(scheme: str, host: str, port: int, ip: str) -> http.client.HTTPConnection:
    """A connection to the very address that was looked at: asked again, a name could lead elsewhere."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    connection.sock = socket.create_connection((ip, port), PATIENCE)
    if scheme == "https":
        connection.default_port = PORTS["https"]
        connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
    return connection

"""What an operator can set: one environment variable each, with its type, default and help."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

Config = dict[str, Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SOCKET_PATH_LIMIT = 100  # bytes; the kernel's limit is 108 on Linux and 104 on macOS


class ConfigError(Exception):
    """A variable has a value that cannot be used; the message says which, and what would do."""


def number(text: str) -> int:
    return int(text)


def flag(text: str) -> bool:
    if text.lower() not in ("0", "1", "true", "false", "yes", "no", "on", "off"):
        raise ValueError("use 1 or 0")
    return text.lower() in ("1", "true", "yes", "on")


def size(text: str) -> int:
    """Bytes, from '64mb', '2gb' or a plain number."""
    for unit, factor in (("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30)):
        if text.lower().endswith(unit):
            return int(text[:-2]) * factor
    return int(text)


def folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def address(text: str) -> str:
    if not re.match(r"https?://[^/\s]+", text):
        raise ValueError("write it with http:// or https:// and a host")
    return text.rstrip("/")


ORIGIN = re.compile(r"https://(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:\d{1,5})?")


def origins(text: str) -> tuple[str, ...]:
    """Origins as a Content-Security-Policy lists them. Nothing that would end a directive, or let everybody in."""
    found = [part.strip().lower().removesuffix("/") for part in text.split(",") if part.strip()]
    for origin in found:
        if not ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no origin; write each as https://ads.example.com or https://*.example.com, commas between them")
    return tuple(dict.fromkeys(found))


def collector(text: str) -> str:
    return address(text) if text else ""


def smtp(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.port == 0):
        raise ValueError("write it as smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465")
    return text


def positive(text: str) -> int:
    if int(text) < 1:
        raise ValueError("at least 1")
    return int(text)


def database(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("write it as sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME")
    return text


class Cdn(NamedTuple):
    """A CDN in front of the site: its sort, and the zone, the service or the addresses there."""

    kind: str
    sites: tuple[str, ...]


def cdn(text: str) -> Cdn | None:
    if not text:
        return None
    kind, _, sites = text.partition(":")
    found = tuple(site.strip().rstrip("/") for site in sites.split(",") if site.strip())
    pattern = r"https?://\S+" if kind == "varnish" else r"\w+"
    if kind not in ("cloudflare", "fastly", "varnish") or not found or not all(re.fullmatch(pattern, site) for site in found):
        raise ValueError("write it as cloudflare:ZONE, fastly:SERVICE or varnish:http://HOST:PORT,…")
    return Cdn(kind, found)


def maybe_address(text: str) -> str:
    return address(text) if text else ""


@dataclass(frozen=True)
class Variable:
    """One environment variable. `default` is text, or a function of the variables above it."""

    name: str
    parse: Callable[[str], Any]
    default: str | Callable[[Config], str]
    help: str

    def value(self, environ: Mapping[str, str], above: Config) -> Any:
        text = environ.get(self.name) or ""
        if not text:
            text = self.default if isinstance(self.default, str) else self.default(above)
        try:
            return self.parse(text)
        except ValueError as error:
            shown = re.sub(r"//[^@/]*@", "//…@", text)  # never a password
            raise ConfigError(f"{self.name}={shown!r} cannot be used: {error}. {self.help}") from error


def embedded_socket(config: Config) -> str:
    """A socket path short enough for the kernel: in the home, or in a private folder of the system's."""
    path = config["NEWSAPP_HOME"] / "run" / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return f"unix://{path}"
    mark = blake2b(os.fsencode(path), digest_size=6).hexdigest()
    return f"unix://{tempfile.gettempdir()}/newsapp-{os.getuid()}-{mark}/redis.sock"


def kept_secret(config: Config, name: str = "secret_key") -> str:
    """The home's own secret of that name: made once, readable by its owner only, never printed."""
    path: Path = config["NEWSAPP_HOME"] / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, secrets.token_hex(32).encode())
        os.fsync(descriptor)
        os.close(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # of two first starts at once, one secret wins
        fresh.unlink()
        return path.read_text().strip()


def kept_totp_secret(config: Config) -> str:
    return kept_secret(config, "totp_secret")


CONFIG = (
    Variable("NEWSAPP_HOME", folder, "var", "Folder of everything that is kept: database, inbox, pictures, logs."),
    Variable("HOST", str, "127.0.0.1", "Address that both listeners bind."),
    Variable("PORT", number, "8000", "Port of the readers' site."),
    Variable("DESK_PORT", number, lambda c: str(c["PORT"] + 1), "Port of the desk."),
    Variable("SITE_URL", address, lambda c: f"http://localhost:{c['PORT']}", "The site's public address; all absolute links start with it."),
    Variable("DESK_URL", address, lambda c: f"http://localhost:{c['DESK_PORT']}", "The desk's public address."),
    Variable(
        "DATABASE_URL", database, lambda c: f"sqlite:///{c['NEWSAPP_HOME']}/newsapp.db", "SQLAlchemy address: sqlite:///… or postgresql+psycopg://…"
    ),
    Variable(
        "REDIS_URL", str, embedded_socket, "Redis or Valkey, 7.2 or newer, or redis+sentinel://HOST:PORT,…/NAME; unset: one of our own is started."
    ),
    Variable("REDIS_MEMORY", size, "256mb", "maxmemory of the Valkey that newsapp starts itself."),
    Variable("INBOX_MEMORY", size, "0", "Bytes of events in Redis above which beacons go to the spill; 0: half of Redis's maxmemory."),
    Variable("SPILL_DISK", size, "1gb", "Bytes of spill files above which beacons are answered with 503."),
    Variable("SPILL_DISK_FREE", size, "64mb", "Free bytes on the home's disk below which the spill takes no more; the database needs them to count."),
    Variable("SHARDS", positive, "1", "Streams that the inbox is split into; may grow, must not shrink."),
    Variable("SECRET_KEY", str, kept_secret, "Signs sessions and page tokens; unset: made once and kept in the home."),
    Variable("SECRET_KEY_PREVIOUS", str, "", "The key before this one; its page tokens stay good while they last."),
    Variable(
        "TOTP_SECRET",
        str,
        kept_totp_secret,
        "Encrypts what authenticator apps share with the desk, and recovery codes; unset: made once and kept in the home.",
    ),
    Variable("SMTP_URL", smtp, "", "Mail server: smtp://USER:PASSWORD@HOST:587 or smtps://…:465; unset: no letters, links are handed over."),
    Variable("MAIL_FROM", str, lambda c: f"desk@{urlsplit(c['SITE_URL']).hostname}", "Whom letters come from."),
    Variable("TRUSTED_PROXIES", networks, "", "Networks (CIDR, comma-separated) whose X-Forwarded-For is believed."),
    Variable("WEBHOOK_ALLOW", networks, "", "Private networks (CIDR, comma-separated) that the webhook may be sent to."),
    Variable("EMBED_ORIGINS", origins, "", "Origins (https://…, comma-separated) whose scripts, frames and pictures readers' pages may load."),
    Variable("METRICS_ALLOW", networks, "127.0.0.0/8,::1/128", "Networks that may read /metrics."),
    Variable("SITE_WORKERS", number, "2", "Web processes of the site."),
    Variable("SITE_THREADS", number, "4", "Threads in each web process of the site, beside its event loop."),
    Variable("DESK_THREADS", number, "8", "Threads of the desk."),
    Variable("COUNT_WORKERS", number, "1", "Worker processes on the queue count."),
    Variable("PAGE_CACHE_MEMORY", size, "64mb", "Bytes of composed pages that each web process keeps."),
    Variable("CDN", cdn, "", "A CDN that keeps pages: cloudflare:ZONE, fastly:SERVICE or varnish:http://HOST:PORT,…; unset: none does."),
    Variable("CDN_TOKEN", str, "", "What lets newsapp tell the CDN which pages have changed."),
    Variable("CDN_SECONDS", number, "60", "How long the CDN may keep a page that has not changed; moving lists in it may be as old."),
    Variable("CDN_API", maybe_address, "", "Where that is told, if not where Cloudflare and Fastly are told it."),
    Variable("OFFLINE_READING", flag, "1", "1: browsers keep what was read last for when there is no network; 0: they give it up again."),
    Variable("SENTRY_DSN", str, "", "Where errors are sent, without any value: Sentry or the like; needs the extra sentry."),
    Variable("OTEL_EXPORTER_OTLP_ENDPOINT", collector, "", "OpenTelemetry collector (OTLP over HTTP) that traces are sent to; needs the extra otel."),
    Variable("LOG_FORMAT", str, "json", "json, or console for people."),
    Variable("LOG_LEVEL", str, "INFO", "DEBUG, INFO, WARNING or ERROR."),
)


def load_config(environ: Mapping[str, str] = os.environ) -> Config:
    """Every variable's value, by name.

    Raises ConfigError for a value that cannot be used.
    """
    config: Config = {}
    for variable in CONFIG:
        config[variable.name] = variable.value(environ, config)
    return config

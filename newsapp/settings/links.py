"""Lists of links as editors type them, one a line, and as they are stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Pair = list[str]  # name, address
Column = list[Any]  # heading, pairs
BEGINNINGS = ("https://", "http://", "mailto:", "/")
REST = "*"  # a line of the menu that stands for all sections which no other line names
COLUMNS = 4


@dataclass(frozen=True)
class Network:
    """Where a paper has a profile. `slug` names its icon in templates/_network.html."""

    slug: str
    name: str
    hosts: tuple[str, ...]


NETWORKS = (
    Network("facebook", "Facebook", ("facebook.com", "fb.com")),
    Network("instagram", "Instagram", ("instagram.com",)),
    Network("x", "X", ("x.com", "twitter.com")),
    Network("youtube", "YouTube", ("youtube.com", "youtu.be")),
    Network("tiktok", "TikTok", ("tiktok.com",)),
    Network("linkedin", "LinkedIn", ("linkedin.com",)),
    Network("whatsapp", "WhatsApp", ("whatsapp.com", "wa.me")),
    Network("telegram", "Telegram", ("t.me", "telegram.me")),
    Network("threads", "Threads", ("threads.net", "threads.com")),
    Network("bluesky", "Bluesky", ("bsky.app",)),
    Network("mastodon", "Mastodon", ("mastodon.social", "mastodon.online")),
)
MASTODON = NETWORKS[-1]


def network_of(address: str) -> Network | None:
    """The network that a profile is on. Mastodon has many hosts: any other with /@name is taken for one."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    known = next((each for each in NETWORKS if any(host == name or host.endswith(f".{name}") for name in each.hosts)), None)
    return known or (MASTODON if parts.path.startswith("/@") else None)


def lines_of(value: Any) -> list[str]:
    return [" ".join(line.split()) for line in str(value).splitlines() if line.strip()]


def split(line: str) -> Pair:
    """A line's name and address, either of which may be empty."""
    name, _, last = line.rpartition(" ")
    return [name, last] if last.startswith(BEGINNINGS) else [line, ""]


def menu(value: Any) -> list[Pair]:
    """`/section`, `Name address`, or * for the sections not named. Raises ValueError."""
    pairs = [[*pair] for pair in value] if isinstance(value, list) else [split(line) for line in lines_of(value)]
    for name, address in pairs:
        if not address and name != REST:
            raise ValueError(f"{name!r} is neither the address of a section, like /world, nor a name, a space and an address, nor {REST}")
        if not name and not address.startswith("/"):
            raise ValueError(f"{address!r} needs a name before it")
    return pairs


def menu_text(pairs: Iterable[Pair]) -> str:
    return "\n".join(" ".join(filter(None, pair)) for pair in pairs)


def columns(value: Any) -> list[Column]:
    """Lines that are the heading of a column, each followed by its lines `Name address`. Raises ValueError."""
    if isinstance(value, list):
        return value
    found: list[Column] = []
    for line in lines_of(value):
        name, address = split(line)
        if not address:
            found.append([name, []])
        elif not name:
            raise ValueError(f"{address!r} needs a name before it")
        elif not found:
            raise ValueError(f"begin with the heading of a column, a line without an address, before {line!r}")
        else:
            found[-1][1].append([name, address])
    if empty := next((heading for heading, pairs in found if not pairs), None):
        raise ValueError(f"no links follow {empty!r}; write each as a name, a space and an address")
    if len(found) > COLUMNS:
        raise ValueError(f"at most {COLUMNS} columns, these are {len(found)}")
    return found


def columns_text(found: Iterable[Column]) -> str:
    return "\n".join("\n".join([heading, *(" ".join(pair) for pair in pairs)]) for heading, pairs in found)


def profiles(value: Any) -> list[Pair]:
    """Addresses of profiles, with names before those whose network nobody knows. Raises ValueError."""
    pairs = [[*pair] for pair in value] if isinstance(value, list) else [split(line) for line in lines_of(value)]
    found: list[Pair] = []
    for name, address in pairs:
        if not address.startswith("https://") or not urlsplit(address).hostname:
            raise ValueError(f"{' '.join(filter(None, (name, address)))!r} is no address that begins with https:// and a host")
        network = network_of(address)
        if not name and network is None:
            raise ValueError(f"write a name before {address!r}: it is on no network that is known here")
        found.append([name or (network.name if network else ""), address])
    return found


def profiles_text(pairs: Iterable[Pair]) -> str:
    """As they are typed: a name that the address says anyway is left out."""
    known = {address: network.name for _, address in pairs if (network := network_of(address))}
    return "\n".join(address if known.get(address) == name else f"{name} {address}" for name, address in pairs)

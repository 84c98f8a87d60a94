"""Where stories may embed from: how an address is known, and the address that a reader's click loads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

Match = re.Match[str]
VIDEO, POST, WIDE, AUDIO, TALL = "video", "post", "wide", "audio", "tall"  # the shapes that their frames have


@dataclass(frozen=True)
class Provider:
    """Somebody whose things stand in stories: the pattern of their addresses, and what their frame is called with."""

    slug: str
    name: str
    pattern: re.Pattern[str]
    frame: Callable[[Match], str]
    origins: tuple[str, ...]  # of the frames, as the Content-Security-Policy lists them
    shape: str = POST


@dataclass(frozen=True)
class Embed:
    """One thing of a provider's: where it is to be read, and what a click loads."""

    provider: Provider
    address: str
    frame: str


def known(pattern: str) -> re.Pattern[str]:
    """The pattern of an address, with or without www. and with anything behind it."""
    return re.compile(rf"https?://(?:www\.|m\.)?{pattern}", re.IGNORECASE | re.ASCII)


def youtube(found: Match) -> str:
    start = re.search(r"[?&#](?:t|start)=(\d+)", found.string)
    return f"https://www.youtube-nocookie.com/embed/{found['id']}{f'?start={start[1]}' if start else ''}"


def vimeo(found: Match) -> str:
    key = f"&h={found['key']}" if found["key"] else ""
    return f"https://player.vimeo.com/video/{found['id']}?dnt=1{key}"


def facebook(found: Match) -> str:
    kind = "video" if re.search(r"/(videos|watch|reel)\b", found[0]) else "post"
    return f"https://www.facebook.com/plugins/{kind}.php?href={quote(found[0], safe='')}"


def soundcloud(found: Match) -> str:
    return f"https://w.soundcloud.com/player/?url={quote(found[0], safe='')}&visual=false"


def street_map(found: Match) -> str:
    """A box around the point: the nearer the zoom, the smaller."""
    zoom, latitude, longitude = int(found["zoom"]), float(found["lat"]), float(found["lon"])
    reach = 360 / 2**zoom
    box = f"{longitude - reach:.5f},{latitude - reach / 2:.5f},{longitude + reach:.5f},{latitude + reach / 2:.5f}"
    return f"https://www.openstreetmap.org/export/embed.html?bbox={quote(box)}&layer=mapnik&marker={quote(f'{latitude},{longitude}')}"


DEGREES = r"-?\d+(?:\.\d+)?"
MASTODON = ("mastodon.social", "mastodon.online", "mstdn.social", "mas.to", "fosstodon.org", "social.vivaldi.net", "mastodon.world")

PROVIDERS = (
    Provider(
        "youtube", "YouTube",
        known(r"(?:youtube(?:-nocookie)?\.com/(?:watch\?(?:[^#\s]*&)?v=|shorts/|live/|embed/)|youtu\.be/)(?P<id>[\w-]{11})(?![\w-])[^\s]*"),
        youtube, ("https://www.youtube-nocookie.com",), VIDEO,
    ),
    Provider(
        "vimeo", "Vimeo", known(r"(?:player\.)?vimeo\.com/(?:video/)?(?P<id>\d+)(?:/(?P<key>[0-9a-f]+))?[^\s]*"),
        vimeo, ("https://player.vimeo.com",), VIDEO,
    ),
    Provider(
        "x", "X", known(r"(?:x|twitter)\.com/\w+/status/(?P<id>\d+)[^\s]*"),
        lambda found: f"https://platform.twitter.com/embed/Tweet.html?id={found['id']}&dnt=true", ("https://platform.twitter.com",),
    ),
    Provider(
        "instagram", "Instagram", known(r"instagram\.com/(?:[\w.]+/)?(?P<kind>p|reel|tv)/(?P<id>[\w-]+)[^\s]*"),
        lambda found: f"https://www.instagram.com/{found['kind'].lower()}/{found['id']}/embed/", ("https://www.instagram.com",), TALL,
    ),
    Provider(
        "tiktok", "TikTok", known(r"tiktok\.com/@[\w.-]+/video/(?P<id>\d+)[^\s]*"),
        lambda found: f"https://www.tiktok.com/embed/v2/{found['id']}", ("https://www.tiktok.com",), TALL,
    ),
    Provider(
        "facebook", "Facebook",
        known(r"facebook\.com/(?:[\w.-]+/(?:posts|videos|photos)/[\w.:%/-]+|watch/?\?v=\d+|reel/\d+|permalink\.php\?[\w=&-]+)[^\s]*"),
        facebook, ("https://www.facebook.com",),
    ),
    Provider(
        "bluesky", "Bluesky", known(r"bsky\.app/profile/(?P<who>[\w.:-]+)/post/(?P<id>\w+)[^\s]*"),
        lambda found: f"https://embed.bsky.app/embed/{found['who']}/app.bsky.feed.post/{found['id']}", ("https://embed.bsky.app",),
    ),
    Provider(
        "mastodon", "Mastodon", known(rf"(?P<host>{'|'.join(map(re.escape, MASTODON))})/@(?P<who>[\w.@-]+)/(?P<id>\d+)[^\s]*"),
        lambda found: f"https://{found['host'].lower()}/@{found['who']}/{found['id']}/embed", tuple(f"https://{host}" for host in MASTODON),
    ),
    Provider(
        "spotify", "Spotify",
        known(r"open\.spotify\.com/(?:intl-\w+/)?(?:embed/)?(?P<kind>track|album|playlist|episode|show|artist)/(?P<id>\w+)[^\s]*"),
        lambda found: f"https://open.spotify.com/embed/{found['kind'].lower()}/{found['id']}", ("https://open.spotify.com",), AUDIO,
    ),
    Provider("soundcloud", "SoundCloud", known(r"soundcloud\.com/[\w-]+/[\w/-]+"), soundcloud, ("https://w.soundcloud.com",), AUDIO),
    Provider(
        "datawrapper", "Datawrapper", known(r"(?:datawrapper\.dwcdn\.net|datawrapper\.de/_)/(?P<id>\w{5})(?:/(?P<version>\d+))?[^\s]*"),
        lambda found: f"https://datawrapper.dwcdn.net/{found['id']}/{found['version'] or 1}/", ("https://datawrapper.dwcdn.net",), WIDE,
    ),
    Provider(
        "openstreetmap", "OpenStreetMap",
        known(rf"openstreetmap\.org/[^#\s]*#map=(?P<zoom>\d{{1,2}})/(?P<lat>{DEGREES})/(?P<lon>{DEGREES})[^\s]*"),
        street_map, ("https://www.openstreetmap.org",), WIDE,
    ),
    Provider(
        "google-maps", "Google Maps",
        known(rf"google\.com/maps/(?:[^@\s]*/)?@(?P<lat>{DEGREES}),(?P<lon>{DEGREES}),(?P<zoom>\d{{1,2}})(?:\.\d+)?z[^\s]*"),
        lambda found: f"https://www.google.com/maps?q={found['lat']},{found['lon']}&z={found['zoom']}&output=embed",
        ("https://www.google.com",), WIDE,
    ),
)  # fmt: skip
ORIGINS = tuple(dict.fromkeys(origin for provider in PROVIDERS for origin in provider.origins))


def embed_of(address: str) -> Embed | None:
    """What an address embeds; None for one of nobody listed."""
    address = address.strip()
    for provider in PROVIDERS:
        if found := provider.pattern.fullmatch(address):
            return Embed(provider, address, provider.frame(found))
    return None

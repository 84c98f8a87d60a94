"""EMBED_ORIGINS: hosts that an operator lets readers' pages load from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from newsapp.config import Config, ConfigError, load_config
from newsapp.delivery.headers import DIRECTIVES, WIDENED
from newsapp.news.providers import ORIGINS
from tests.conftest import make_app
from tests.desk import Desk
from tests.reading import Reader, publish, reader_of

NAMED = ("https://player.example.com", "https://*.ads.example.net:8443")


@pytest.fixture
def reader(config: Config) -> Iterator[Reader]:
    for reader in reader_of(config | {"EMBED_ORIGINS": NAMED}):
        publish("ferry")
        yield reader


def sources(policy: str) -> dict[str, list[str]]:
    return {name: rest.split() for name, _, rest in (directive.partition(" ") for directive in policy.split("; "))}


@pytest.mark.parametrize("path", ["/", "/world/ferry", "/nothing-here", "/feed.xml"])
def test_pages_may_load_from_the_named_hosts_and_no_others(reader: Reader, path: str) -> None:
    for _ in range(2):  # made, and kept
        told = sources(reader.get(path).headers["Content-Security-Policy"])
        assert told["script-src"] == told["connect-src"] == told["style-src"] == ["'self'", *NAMED]
        assert told["frame-src"] == [*ORIGINS, *NAMED]
        assert told["media-src"] == [*NAMED]
        assert not any("unsafe" in source or source in ("*", "https:") for each in told.values() for source in each)
        narrow = {name: said.split() for name, said in DIRECTIVES.items() if name not in WIDENED}
        assert {name: told[name] for name in narrow} == narrow


def test_without_it_nothing_is_widened(config: Config) -> None:
    for reader in reader_of(config):
        told = sources(reader.get("/").headers["Content-Security-Policy"])
        assert told["script-src"] == told["connect-src"] == ["'self'"]
        assert "media-src" not in told


def test_the_desk_keeps_its_own_policy(config: Config) -> None:
    desk = Desk(make_app(config | {"EMBED_ORIGINS": NAMED}, "desk"))
    told: list[tuple[str, str]] = []
    environ = desk.browser.get("/desk/sign-in").request.environ
    list(desk.app.extensions["entry"](environ, lambda status, headers, exc_info=None: told.extend(headers)))
    assert "example" not in dict(told)["Content-Security-Policy"]


def test_origins_are_read_as_people_write_them() -> None:
    written = " https://Player.Example.com/, https://*.ads.example.net:8443 ,https://player.example.com"
    assert load_config({"EMBED_ORIGINS": written})["EMBED_ORIGINS"] == NAMED


@pytest.mark.parametrize("written", [
    "*", "https:", "https://*", "https://*.com", "player.example.com", "http://player.example.com", "https://player.example.com/embed",
    "'unsafe-inline'", "https://a.example; script-src *", "https://a.example https://b.example", "data:",
])  # fmt: skip
def test_what_would_let_more_in_stops_the_start_and_says_what_to_write(written: str) -> None:
    with pytest.raises(ConfigError, match=r"^EMBED_ORIGINS=.* write each as https://ads\.example\.com or https://\*\.example\.com"):
        load_config({"EMBED_ORIGINS": written})

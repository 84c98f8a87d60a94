"""Attacks through every door of the desk and through an import: whatever somebody types, nothing of it runs on any page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from itertools import cycle
from pathlib import Path

import html5lib
import pytest
from flask import Flask
from lxml import etree
from playwright.sync_api import Dialog, Request, Route, sync_playwright
from werkzeug.test import Client, TestResponse

from newsapp import create_app
from newsapp.config import Config
from newsapp.database import db, now, writes
from newsapp.imports.wordpress import import_wordpress
from newsapp.news.models import Article, Author, Page, Section, Tag
from newsapp.search import keeping
from tests import attacks
from tests.conftest import make_app
from tests.desk import Desk, settings_of
from tests.moving import Move, category, item
from tests.reading import Reader

RUNS = re.compile(r"\s*(javascript|vbscript|data):", re.IGNORECASE)
# Elements that our templates never have: they come from somebody's text.
NEVER = {"iframe", "object", "embed", "applet", "base", "style", "svg:style", "math", "frame", "frameset", "video", "audio", "marquee", "dialog"}
ADDRESSES = {"href", "src", "action", "formaction", "cite", "poster", "data", "xlink:href", "srcset"}
HOVER = """() => document.querySelectorAll('main a, main img, details')
  .forEach((each) => each.dispatchEvent(new MouseEvent('mouseover', { bubbles: true })))"""
SETTINGS = ("site_name", "site_motto", "corrections_name", "protection_message", "protection_credit", "rights_holder", "rights_notice")


@dataclass
class Hostile:
    """A paper whose every word is an attack, seen by readers and by the desk."""

    site: Reader
    desk: Desk
    reader_paths: list[str] = field(default_factory=list)
    desk_paths: list[str] = field(default_factory=list)

    def get(self, url: str) -> TestResponse:
        """What either listener answers."""
        path = re.sub(r"^https?://[^/]+", "", url)
        if path.startswith("/desk"):
            client = Client(self.desk.app.extensions["entry"])
            client._cookies = self.desk.browser._cookies
            return client.get(path, base_url="http://localhost")
        return self.site.get(path)


def write_all(desk: Desk) -> None:
    """Stories: attacks in every field, and all of them in bodies."""
    words = cycle(attacks.short(70))
    everything = attacks.every()
    bodies = ["\n".join(everything[start : start + 400]) for start in range(0, len(everything), 800)]
    for n, body in enumerate(bodies + [f"<p>{next(words)}</p>" for _ in range(8)]):
        typed = {name: next(words) for name in ("list_headline", "kicker", "caption", "credit", "alt", "guests")}
        typed |= {name: f"{next(words)} {next(words)} {next(words)}" for name in ("headline", "standfirst")}
        typed |= {"tags": f"{next(words).replace(',', '')}, Harbour", "bylines": f"{next(words).replace(',', '')}, City Desk"}
        desk.write("publication", body=body, slug=f"attack-{n}", **typed)


def decide_all(desk: Desk) -> None:
    """Settings, sections, plain pages, corrections, breaking news, previews, redirects, lists, people."""
    words = cycle(attacks.short(60))
    send = desk.send
    changed = {name: next(words) for name in SETTINGS} | {"connect_links": "\n".join(f"{word.strip()} /x" for word in attacks.short(60)[:10])}
    send("/desk/settings", "/desk/settings", **settings_of(desk, protection_mode="message", **changed))
    send("/desk/sections", "/desk/sections", **{"new-name": next(words), "new-protection_mode": ""})
    send("/desk/sections/1", "/desk/sections", **{"s1-name": next(words), "s1-protection_mode": ""})
    for n in range(4):
        send(
            "/desk/pages",
            "/desk/pages/new",
            title=next(words),
            slug=f"page-{n}",
            standfirst=next(words),
            body="\n".join(attacks.OWN),
            position=n,
            state="live",
        )
        send("/desk/articles/1/corrections", "/desk/articles/1/corrections", text=" ".join(attacks.OWN[:12]), kind="correction")
    send("/desk/front/breaking", "/desk/front", text=next(words)[:100], number=1, until=f"{now() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    send("/desk/redirects", "/desk/redirects", old="/old/<script>alert(1)</script>", new="/world")
    send("/desk/lists", "/desk/", query="q=<script>alert(1)</script>", name=next(words))
    send("/desk/most-viewed/1/pin", "/desk/most-viewed/1", **{
        "pin-position": 1, "pin-reason": " ".join(attacks.OWN[:3]), "pin-until": f"{now() + timedelta(hours=3):%Y-%m-%dT%H:%M}",
    })  # fmt: skip
    send("/desk/account/name", "/desk/account", name=next(words))
    with desk.app.app_context(), writes():
        for n, author in enumerate(db.session.query(Author)):
            author.bio = next(words)
            author.slug = f"author-{n}"
        for n, tag in enumerate(db.session.query(Tag)):
            tag.slug = f"tag-{n}"
        db.session.commit()


def bring_all(app: Flask, folder: Path) -> None:
    """An export whose every field is an attack."""
    words = cycle(attack for attack in attacks.short(120) if "]]>" not in attack and attack.isprintable())
    terms = [category(f"term-{n}", next(words)) + category(f"tag-{n}", next(words), "post_tag") for n in range(12)]
    items = [
        item(n + 1, title=next(words), excerpt=next(words), content="\n".join(next(words) for _ in range(25)), categories=terms[n % 12],
             creator=next(words) if n % 5 == 0 else "harbour", post_name=next(words), link=f"https://old.example/{n}?{next(words)}")
        for n in range(30)
    ]  # fmt: skip
    with app.app_context():
        import_wordpress(Move(folder).write(*items).file)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, valkey_session) -> Iterator[Hostile]:
    from newsapp.config import load_config

    folder = tmp_path_factory.mktemp("hostile")
    config: Config = load_config({"NEWSAPP_HOME": str(folder), "REDIS_URL": valkey_session.url, "LOG_LEVEL": "CRITICAL"})
    valkey_session.client().flushall()
    desk = Desk(make_app(config, "desk"))
    desk.sign_in("admin")
    write_all(desk)
    decide_all(desk)
    bring_all(create_app(config, "tool"), folder)
    app = create_app(config, "site")
    with app.app_context():
        keeping.index_texts()
        app.extensions["memory"].begin()
        found = Hostile(Reader(app), desk)
        stories = [
            f"/{section}/{slug}" for section, slug in db.session.query(Section.slug, Article.slug).join(Article, Article.section_id == Section.id)
        ]
        named = [thing.path for kind in (Section, Tag, Author, Page) for thing in db.session.query(kind)]
        found.reader_paths = ["/", *stories, *(f"{path}?fragment=1" for path in stories[:5]), *named, "/sections", "/corrections", "/most-viewed/day"]
        found.reader_paths += ["/how-we-count", "/search", "/offline", "/nothing/<script>alert(1)</script>", "/<script>alert(1)</script>"]
        found.reader_paths += [
            f"/search?q={word}" for word in ("alert", "%3Cscript%3Ealert(1)%3C/script%3E", "%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E")
        ]
        numbers = [number for (number,) in db.session.query(Article.id)]
    found.desk_paths = [f"/desk/articles/{number}" for number in (*numbers[:14], *numbers[-4:])]
    found.desk_paths += [f"/desk/articles/{numbers[0]}/{part}" for part in ("revisions", "numbers", "corrections", "preview-links", "takedown")]
    found.desk_paths += [f"/desk/preview/articles/{numbers[0]}", "/desk/", "/desk/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"]
    found.desk_paths += [
        f"/desk/{page}" for page in ("front", "pictures/", "most-viewed", "numbers", "sections", "settings", "settings/history", "people")
    ]
    found.desk_paths += [
        f"/desk/{page}" for page in ("audit", "account", "names/tags", "names/authors", "redirects", "pages", "pages/1", "ops", "welcome")
    ]
    found.desk_paths += ["/desk/most-viewed/1", "/desk/rights?address=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/desk/held"]
    yield found
    for app in (found.site.app, found.desk.app):
        with app.app_context():
            db.engine.dispose()


def dangers(html: str) -> list[str]:
    """What a browser would run, or load from elsewhere, on a page of ours."""
    found = []
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    for node in tree.iter():
        if not isinstance(node.tag, str):
            continue
        tag = re.sub(r"^\{.*\}", "", node.tag)
        if tag in NEVER:
            found.append(f"<{tag}>")
        if tag == "script" and node.get("type") == "application/ld+json":
            json.loads("".join(node.itertext()))
        elif tag == "script" and not re.match(r"/static/[0-9a-f]+/(js|vendor)/[\w./-]+$", node.get("src", "")):
            found.append(f"script {node.get('src')!r} {''.join(node.itertext())[:100]!r}")
        if tag == "meta" and node.get("http-equiv"):
            found.append(f"meta {node.get('http-equiv')}")
        if tag == "link" and "stylesheet" in node.get("rel", "") and not node.get("href", "").startswith("/static/"):
            found.append(f"stylesheet {node.get('href')}")
        for name, value in node.attrib.items():
            if str(name).lower().startswith("on") or str(name).lower() in ("srcdoc", "style"):
                found.append(f"<{tag} {name}={value[:80]!r}>")
            if str(name).lower() in ADDRESSES and RUNS.match(re.sub(r"[\x00-\x20]", "", value)) and not value.startswith("data:image/"):
                found.append(f"<{tag} {name}={value[:80]!r}>")
            if tag in ("img", "source", "input", "track") and str(name) in ("src", "srcset") and re.match(r"(https?:)?//", value):
                found.append(f"<{tag} {name}={value[:80]!r}>")
    return found


def test_what_is_dangerous_is_seen() -> None:
    for attack in ("<script>a</script>", "<p onclick=a>", "<a href=' javascript:a'>", "<p style=a>", "<iframe>", "<script src=//e.example></script>"):
        assert dangers(f"<!doctype html><body>{attack}"), attack
    assert not dangers("<!doctype html><body><p>&lt;script&gt;")


def test_every_attack_has_come_in(hostile: Hostile) -> None:
    with hostile.desk.app.app_context():
        assert db.session.query(Article).count() > 20
        assert db.session.query(Page).count() >= 4
    text = unescape(hostile.get("/").text)
    assert "<script>alert(1)</script>" in text or "onerror=alert(1)" in text  # as words that readers see


def test_no_page_of_readers_or_of_the_desk_has_anything_of_it(hostile: Hostile) -> None:
    wrong = []
    for path in [*hostile.reader_paths, *hostile.desk_paths]:
        answer = hostile.get(path)
        assert answer.status_code in (200, 301, 302, 303, 404, 410), (path, answer.status)
        if answer.status_code in (200, 404, 410) and answer.mimetype == "text/html":
            wrong += [f"{path}: {danger}" for danger in dangers(answer.text)]
    assert not wrong, "\n".join(wrong[:30])


@pytest.mark.parametrize(
    "path", ["/feed.xml", "/atom.xml", "/world/feed.xml", "/sitemap.xml", "/sitemap/articles-0.xml", "/sitemap/news.xml", "/opensearch.xml"]
)
def test_what_machines_read_stays_well_formed(hostile: Hostile, path: str) -> None:
    answer = hostile.get(path)
    assert answer.status_code == 200
    etree.fromstring(answer.data)
    for text in etree.fromstring(answer.data).iterfind(".//item/*"):
        if text.tag in ("description", "{http://purl.org/rss/1.0/modules/content/}encoded"):
            assert not [danger for danger in dangers(text.text or "") if not danger.startswith("<img src")], path


def test_what_programs_read_is_json(hostile: Hostile) -> None:
    for path in ("/feed.json", "/manifest.webmanifest", "/search/suggestions?q=alert", "/api/v1/most-viewed", "/.well-known/tdmrep.json"):
        answer = hostile.get(path)
        json.loads(answer.text)
        assert "html" not in answer.mimetype


@pytest.mark.browser
@pytest.mark.slow
def test_nothing_runs_in_a_browser_even_without_the_policy(hostile: Hostile, chromium_path: str) -> None:
    """Chromium reads the pages from both listeners with the content security policy switched off: not even that is needed."""
    ran: list[str] = []
    where = ""

    def fulfil(route: Route, request: Request) -> None:
        if not request.url.startswith("http://localhost/"):
            ran.append(f"{where} asked for {request.url}")
            return route.abort()
        answer = hostile.get(request.url)
        route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.data)

    def dialog(seen: Dialog) -> None:
        if seen.type != "beforeunload":
            ran.append(f"{where} said {seen.message}")
        seen.dismiss()

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        context = chromium.new_context(bypass_csp=True, service_workers="block")
        context.route("**/*", fulfil)
        page = context.new_page()
        page.on("dialog", dialog)
        bodies = [path for path in hostile.reader_paths if re.search(r"/attack-\d+$", path)][:14]
        others = ["/", "/world", "/corrections", "/sections", "/page-0", "/search?q=alert", "/tag/tag-0", "/author/author-0"]
        desk = [path for path in hostile.desk_paths if not path.endswith("/takedown")]
        for where in [*bodies, *others, *desk[:4], *desk[14:]]:
            page.goto(f"http://localhost{where}", wait_until="load")
            page.wait_for_timeout(50)
            page.evaluate(HOVER)
            if not page.url.startswith("http://localhost/"):
                ran.append(f"{where} led to {page.url}")
        chromium.close()
    assert not ran, "\n".join(ran[:20])

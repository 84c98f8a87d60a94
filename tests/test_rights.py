"""What others may do with the paper is said alike everywhere: robots.txt, headers, pages, TDMRep, RSL and structured data."""

from __future__ import annotations

import itertools
import json
import re
import urllib.robotparser
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import etree, html
from protego import Protego
from werkzeug.test import Client, TestResponse

from newsapp.changes import tell
from newsapp.config import Config
from newsapp.database import db, writes
from newsapp.news.models import Article
from newsapp.rights.crawlers import RENEWED, SEARCH, SHIPPED, USES, Crawler, from_index, newest, read_list
from newsapp.rights.hotlinks import is_hotlink
from newsapp.rights.policy import Policy
from newsapp.rights.trial import Answer, NotOurs, Trial, path_of, rule_for, told
from newsapp.settings.registry import BY_NAME, SettingError
from newsapp.settings.store import SETTINGS_COPY, change, effective
from tests.conftest import Valkey, make_app
from tests.desk import desk_of
from tests.reading import publish

TERMS, LICENCE = "https://newsapp.example/rights", "https://creativecommons.org/licenses/by-nd/4.0/"
STORY = "/world/ferry-strike-ends"
GRAMMAR = etree.RelaxNG(etree.parse(Path(__file__).parent / "fixtures" / "rsl.rng"))


class Site:
    """The readers' site in this process, its memory turned by hand."""

    def __init__(self, app: Flask, valkey: Valkey) -> None:
        self.app, self.valkey, self.memory = app, valkey, app.extensions["memory"]
        self.address = app.config["SITE_URL"]

    def get(self, path: str, **headers: str) -> TestResponse:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client(self.app.extensions["entry"]).get(path, base_url=self.address, headers=given)

    def decide(self, **values: Any) -> None:
        with self.app.app_context():
            with writes():
                db.session.rollback()
                for name, value in values.items():
                    change("site", name, value, "chief@newsapp.example")
                db.session.commit()
            SETTINGS_COPY.refresh(self.valkey.client())
            tell(self.valkey.client())
        self.memory.fetch(self.memory.connection)
        self.memory.listen()

    def robots(self) -> Protego:
        return Protego.parse(self.get("/robots.txt").text)

    def metas(self, path: str) -> list[tuple[str, str]]:
        root = html.fromstring(self.get(path).data)
        return [(meta.get("name"), meta.get("content")) for meta in root.iter("meta") if meta.get("name")]

    def facts(self) -> dict[str, Any]:
        found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', self.get(STORY).text)
        return next(facts for facts in map(json.loads, found) if facts["@type"] == "NewsArticle")


@pytest.fixture
def site(config: Config, valkey: Valkey) -> Iterator[Site]:
    site = Site(make_app(config, "site"), valkey)
    with site.app.app_context():
        publish("ferry-strike-ends")
        tell(valkey.client())
    site.memory.begin()
    yield site
    with site.app.app_context():
        db.engine.dispose()


CHOICES = [dict(zip([use.setting for use in USES], words, strict=True)) for words in itertools.product(("allowed", "refused"), repeat=len(USES))]
PAGES = [{"rights_terms": "", "rights_licence": ""}, {"rights_terms": TERMS, "rights_licence": LICENCE}]


def test_every_place_says_the_same_whatever_is_chosen(site: Site) -> None:
    for choices, pages in itertools.product(CHOICES, PAGES):
        chosen = {**choices, **pages}
        site.decide(**chosen)
        agree(site, chosen)


def agree(site: Site, chosen: dict[str, str]) -> None:
    """Each place is read as a crawler reads it, and says what was chosen."""
    allowed = {use.slug: chosen[use.setting] == "allowed" for use in USES}
    robots, page = site.robots(), site.get(STORY)
    for use in USES:
        for token in newest(None).tokens(use.slug):
            assert robots.can_fetch(site.address + STORY, token) is allowed[use.slug], (token, chosen)
            assert robots.can_fetch(f"{site.address}/license.xml", token)
    headers, metas = dict(page.headers), dict(site.metas(STORY))
    assert headers["tdm-reservation"] == metas["tdm-reservation"] == str(int(not allowed["training"]))
    policy = chosen["rights_terms"] if not allowed["training"] else ""
    assert headers.get("tdm-policy", "") == metas.get("tdm-policy", "") == policy
    (rule,) = json.loads(site.get("/.well-known/tdmrep.json").text)
    expected = {"location": "/", "tdm-reservation": int(not allowed["training"])}
    assert rule == ({**expected, "tdm-policy": policy} if policy else expected)
    assert usages(site) == {
        "search": True, "ai-train": allowed["training"], "ai-index": allowed["answers"], "ai-input": allowed["answers"] or allowed["fetchers"],
    }  # fmt: skip
    assert bing(page) == [content for name, content in site.metas(STORY) if name == "bingbot"]
    assert ("noarchive" in page.headers.getlist("X-Robots-Tag")) is not allowed["training"]
    facts = site.facts()
    assert facts["license"] == (chosen["rights_licence"] or f"{site.address}/license.xml")
    assert facts.get("usageInfo", "") == chosen["rights_terms"]


def usages(site: Site) -> dict[str, bool]:
    """What the RSL licence permits, and prohibits."""
    root = etree.fromstring(site.get("/license.xml").data)
    GRAMMAR.assertValid(root)
    words = {word: True for each in root.iterfind(".//{*}permits") for word in each.text.split()}
    return words | {word: False for each in root.iterfind(".//{*}prohibits") for word in each.text.split()}


def bing(page: TestResponse) -> list[str]:
    return [value.partition(": ")[2] for value in page.headers.getlist("X-Robots-Tag") if value.startswith("bingbot: ")]


@pytest.mark.parametrize("choices", CHOICES, ids=lambda choices: "-".join(choices.values()))
def test_no_choice_keeps_a_search_engine_out(site: Site, choices: dict[str, str]) -> None:
    site.decide(**choices)
    said = site.get("/robots.txt").text
    plain = urllib.robotparser.RobotFileParser()  # which takes the first that fits, and names by their parts
    plain.parse(said.splitlines())
    engines = newest(None).tokens(SEARCH.slug)
    assert {"Googlebot", "bingbot", "DuckDuckBot", "YandexBot", "Applebot"} <= set(engines)
    for token in engines:
        assert Protego.parse(said).can_fetch(site.address + STORY, token), token
        assert plain.can_fetch(token, site.address + STORY), token
    for _, content in [*site.metas(STORY), *site.metas("/")]:
        assert "noindex" not in content
        assert "nosnippet" not in content
    for path in ("/", "/world", STORY, "/how-we-count"):
        assert ("robots", "max-image-preview:large") in site.metas(path)
        assert "max-image-preview:large" in site.get(path).headers.getlist("X-Robots-Tag")


def test_out_of_the_box_training_is_refused_and_answers_are_not(site: Site) -> None:
    robots = site.robots()
    assert [robots.can_fetch(site.address + "/", token) for token in ("GPTBot", "CCBot", "Google-Extended")] == [False] * 3
    assert [robots.can_fetch(site.address + "/", token) for token in ("OAI-SearchBot", "ChatGPT-User", "Googlebot", "curl")] == [True] * 4
    assert not robots.can_fetch(f"{site.address}/desk/articles", "Googlebot")
    assert bing(site.get("/")) == ["nocache"]  # in answers by title and excerpt, not trained on


@pytest.mark.parametrize("offer", ["rights_licence", "rights_terms"])
def test_robots_txt_leads_to_what_the_paper_offers_and_to_the_sitemap(site: Site, offer: str) -> None:
    assert "License:" not in site.get("/robots.txt").text  # only what checkers of websites know
    site.decide(**{offer: f"{site.address}/rights"})
    said = site.get("/robots.txt").text
    assert said.index(f"License: {site.address}/license.xml") < said.index("User-agent:")  # in no group, so for all of them
    assert said.rstrip().endswith(f"Sitemap: {site.address}/sitemap.xml")


@pytest.mark.parametrize("path", ["/", STORY, "/world", "/feed.xml", "/sitemap.xml", "/robots.txt", "/nothing-here", "/media/quay-960.webp"])
def test_the_headers_go_with_every_answer_to_readers(site: Site, path: str) -> None:
    a_picture(site)
    for _ in ("made", "kept"):
        headers = site.get(path).headers
        assert headers["tdm-reservation"] == "1"
        assert f'<{site.address}/license.xml>; rel="license"; type="application/rsl+xml"' in headers.getlist("Link")


def test_a_changed_choice_reaches_kept_pages_and_who_asks_whether_they_moved(site: Site) -> None:
    before = site.get(STORY)
    assert site.get(STORY).headers["ETag"] == before.headers["ETag"]
    site.decide(rights_training="allowed")
    after = site.get(STORY, If_None_Match=before.headers["ETag"])
    assert after.status_code == 200
    assert after.headers["tdm-reservation"] == dict(site.metas(STORY))["tdm-reservation"] == "0"
    same = site.get(STORY, If_None_Match=after.headers["ETag"])
    assert (same.status_code, same.headers["tdm-reservation"]) == (304, "0")


def test_a_storys_own_choice_stands_beside_the_papers(site: Site) -> None:
    with site.app.app_context(), writes():
        db.session.query(Article).one().robots = "noindex"
        db.session.commit()
    tags = site.get(STORY).headers.getlist("X-Robots-Tag")
    assert tags[0] == "noindex"
    assert ("robots", "noindex") in site.metas(STORY)
    assert set(tags[1:]) == {"max-image-preview:large", "noarchive", "bingbot: nocache"}


def test_the_notice_names_the_year_and_the_holder_until_another_is_given(site: Site) -> None:
    year = date.today().year
    assert site.facts()["copyrightNotice"] == f"© {year} The Meridian"
    assert site.facts()["copyrightHolder"] == {"@type": "Organization", "name": "The Meridian"}
    site.decide(rights_holder="Meridian Press", rights_notice="All ours")
    assert (site.facts()["copyrightHolder"]["name"], site.facts()["copyrightNotice"]) == ("Meridian Press", "All ours")
    assert "Meridian Press" in site.get("/license.xml").text
    assert "<copyright>All ours</copyright>" in site.get("/feed.xml").text
    assert "<rights>All ours</rights>" in site.get("/atom.xml").text


def test_files_are_of_the_kinds_that_their_readers_expect(site: Site) -> None:
    kinds = {path: site.get(path).content_type for path in ("/robots.txt", "/.well-known/tdmrep.json", "/license.xml")}
    assert list(kinds.values()) == ["text/plain; charset=utf-8", "application/json", "application/rsl+xml"]


@pytest.mark.parametrize("terms", ["https://newsapp.example/réservé", 'https://xn--zeitung.example/?a=ü&b="<'])
def test_an_address_in_any_script_is_a_header_and_an_element(site: Site, terms: str) -> None:
    site.decide(rights_terms=terms)
    page = site.get(STORY)
    assert page.headers["tdm-policy"].isascii()
    assert page.headers["tdm-policy"] == dict(site.metas(STORY))["tdm-policy"]
    GRAMMAR.assertValid(etree.fromstring(site.get("/license.xml").data))


def test_without_settings_the_defaults_hold(config: Config) -> None:
    policy = Policy.of(effective({}), "https://newsapp.example")
    assert policy.reserves_mining
    assert dict(policy.headers())["tdm-reservation"] == "1"


# The list of crawlers


INDEX = {"crawlers": [
    {"robots_token": token, "category": kind, "operator": "Somebody", "respects_robots_txt": "documented", "docs": "https://newsapp.example/"}
    for token, kind in (("Googlebot", "search"), ("NewBot", "ai-training"), ("Google", "ai-training"), ("a b", "ai-search"), ("SeoBot", "seo"))
]}  # fmt: skip


def test_a_renewed_list_is_taken_up_and_a_broken_one_is_not(tmp_path: Path) -> None:
    found = from_index(json.dumps(INDEX), "2.0.0", date(2030, 1, 1))
    assert [(crawler.token, crawler.use) for crawler in found.crawlers] == [("Googlebot", "search"), ("NewBot", "training")]
    found.write(tmp_path / RENEWED)
    assert newest(tmp_path) == found
    (tmp_path / RENEWED).write_text('{"version": ')
    assert newest(tmp_path) == read_list(SHIPPED)


def test_robots_txt_has_a_renewed_list(site: Site) -> None:
    from_index(json.dumps(INDEX), "2.0.0", date(2030, 1, 1)).write(site.app.config["NEWSAPP_HOME"] / "lists" / RENEWED)
    assert "User-agent: NewBot" in site.get("/robots.txt").text


def test_each_use_has_crawlers_each_once_and_a_setting() -> None:
    rows = read_list(SHIPPED).crawlers
    assert len({crawler.token.lower() for crawler in rows}) == len(rows)
    for use in USES:
        assert len([crawler for crawler in rows if crawler.use == use.slug]) >= 10
        assert BY_NAME[use.setting].group == "Rights"


# Pictures on pages of other sites


PICTURE = "/media/quay-960.webp"


def a_picture(site: Site) -> None:
    folder = site.app.config["NEWSAPP_HOME"] / "media"
    folder.mkdir(exist_ok=True)
    (folder / "quay-960.webp").write_bytes(b"RIFF")


ELSEWHERE = {"Referer": "https://copies.example/page", "Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "image"}
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot-Image/1.0)"
WHO = [
    ("a page of another site", ELSEWHERE, 403),
    ("an old browser there", {"Referer": "http://copies.example/"}, 403),
    ("a page that hides its name", {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "image"}, 403),
    ("a frame there", ELSEWHERE | {"Sec_Fetch_Dest": "iframe"}, 403),
    ("a name like ours", {"Referer": "http://localhost.copies.example/"}, 403),
    ("an address that is none", {"Referer": "http://[copies/"}, 403),
    ("a page of ours", {"Referer": "http://localhost:8000/world/x", "Sec_Fetch_Site": "same-origin"}, 200),
    ("nobody's page", {}, 200),
    ("who types the address", {"Sec_Fetch_Site": "none", "Sec_Fetch_Dest": "document"}, 200),
    ("who follows a link to the picture", ELSEWHERE | {"Sec_Fetch_Dest": "document"}, 200),
    ("a listed site", {"Referer": "https://partner.example/"}, 200),
    ("a part of a listed site", {"Referer": "https://www.partner.example/x"}, 200),
    ("a reader of feeds", {"Referer": "https://www.inoreader.com/"}, 200),
    ("a search engine's page", {"Referer": "https://www.google.co.uk/", "Sec_Fetch_Site": "cross-site"}, 200),
    ("a search engine's crawler", ELSEWHERE | {"User_Agent": GOOGLEBOT}, 200),
    ("a messenger that draws a card", ELSEWHERE | {"User_Agent": "TelegramBot (like TwitterBot)"}, 200),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "status"), [row[1:] for row in WHO], ids=[row[0] for row in WHO])
def test_who_gets_a_picture_where_other_pages_do_not(site: Site, headers: dict[str, str], status: int) -> None:
    a_picture(site)
    site.decide(hotlinks="refused", hotlink_hosts="partner.example")
    answer = site.get(PICTURE, **{"User_Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", **headers})
    assert answer.status_code == status
    assert "public" not in answer.headers["Cache-Control"]
    if status == 403:
        assert f"It can be seen at {site.address}{PICTURE}" in answer.text
        assert (answer.headers["Cache-Control"], answer.content_type) == ("no-store", "text/plain; charset=utf-8")
        assert "Referer" in answer.headers["Vary"]
    else:
        assert "private" in answer.headers["Cache-Control"]


def test_other_pages_may_show_pictures_unless_somebody_decides(site: Site) -> None:
    a_picture(site)
    answer = site.get(PICTURE, **ELSEWHERE)
    assert answer.status_code == 200
    assert "public" in answer.headers["Cache-Control"]


def test_parts_of_the_papers_own_domain_are_the_paper(config: Config) -> None:
    ours: Any = dict(config) | {"SITE_URL": "https://news.meridian.co.uk", "DESK_URL": "https://desk.meridian.co.uk"}
    referers = {"https://blog.meridian.co.uk/": False, "https://other.co.uk/": True, "https://meridian.co.uk.example/": True}
    for referer, is_one in referers.items():
        assert is_hotlink({"HTTP_REFERER": referer, "HTTP_USER_AGENT": "x"}, ours, []) is is_one, referer


def test_hosts_are_read_as_people_write_them() -> None:
    setting = BY_NAME["hotlink_hosts"]
    assert setting.clean("https://Partner.example/page, *.other.example\npartner.example") == ["partner.example", "other.example"]
    with pytest.raises(SettingError, match="is not the name of a site"):
        setting.clean("no host!")


# Trying an address


@pytest.mark.parametrize(
    ("typed", "path"), [("/world?page=2", "/world?page=2"), ("https://news.example/a b", "/a%20b"), ("https://news.example", "/")]
)
def test_an_address_is_tried_as_it_is_written(typed: str, path: str) -> None:
    assert path_of(typed, "https://news.example") == path


@pytest.mark.parametrize(
    "typed", ["https://other.example/", "world", "//other.example/", "file:///etc/passwd", "https://news.example:9/", "http://[x/"]
)
def test_no_other_site_is_tried(typed: str) -> None:
    with pytest.raises(NotOurs):
        path_of(typed, "https://news.example")


@pytest.mark.parametrize(
    ("value", "rule"),
    [("noindex", "noindex"), ("bingbot: nocache", ""), ("Googlebot: noindex", "noindex"), ("max-image-preview:large", "max-image-preview:large")],
)
def test_a_rule_is_told_to_whom_it_is_for(value: str, rule: str) -> None:
    assert rule_for({"robots", "googlebot"}, value) == rule


GOOGLE = Crawler("Googlebot", "search", "Google", "documented", "https://newsapp.example/")


@pytest.mark.parametrize(
    ("may_fetch", "status", "meta", "tag", "listed"),
    [
        (True, 200, "max-image-preview:large", "noarchive", True),
        (True, 200, "noindex", "", False),
        (True, 200, "", "googlebot: noindex", False),
        (True, 200, "", "bingbot: noindex", True),
        (True, 404, "", "", False),
        (False, 200, "", "", False),
    ],
)
def test_whether_a_search_may_show_it(may_fetch: bool, status: int, meta: str, tag: str, listed: bool) -> None:
    answer = Answer(status, [("X-Robots-Tag", tag)] if tag else [], b"")
    assert told("Googlebot", GOOGLE, may_fetch, answer, [("robots", meta)] if meta else []).may_list is listed


def test_the_desk_says_so_when_the_site_does_not_answer(config: Config) -> None:
    for desk in desk_of(config | {"SITE_URL": "http://localhost:1"}):
        desk.sign_in("deputy")
        page = desk.open("/desk/rights?address=/").text
        assert "http://localhost:1 does not answer this server" in page
        assert 'value="/"' in page
        assert "See what crawlers get" not in page


def test_a_proxy_that_takes_a_header_away_is_noticed() -> None:
    page = told("A person", None, None, Answer(200, [], b""), [])
    trial = Trial("https://news.example/", [page], {"tdm-reservation": "1"}, "", [])
    assert trial.disagreements == ["tdm-reservation"]


def test_a_crawler_has_a_maker() -> None:
    assert all(isinstance(crawler, Crawler) and crawler.operator and crawler.docs.startswith("https://") for crawler in read_list(SHIPPED).crawlers)

"""What can be made of a story, by whom and from which state; its times, its checks, its notes to readers, its previews."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from newsapp.config import Config
from newsapp.database import db, now, writes
from newsapp.news.models import APPROVED, DRAFT, LIVE, REVIEW, SPIKED, STATES, TAKEN_DOWN, UNPUBLISHED, Article, Correction
from newsapp.publishing import clock, links, times
from newsapp.publishing.actions import ACTIONS, BY_NAME
from newsapp.publishing.approval import Person, refusal
from newsapp.publishing.checks import BLOCK, CHECKS, OFF, WARN, Draft, problems
from newsapp.publishing.models import ArticleTurn, PreviewLink
from newsapp.publishing.previews import named
from newsapp.settings.store import change
from tests.desk import Desk, desk_of, form
from tests.newsroom import Newsroom

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def desk(config: Config) -> Iterator[Desk]:
    """The desk with an editor signed in."""
    for desk in desk_of(config):
        desk.sign_in()
        yield desk


def decide(desk: Desk, **settings: Any) -> None:
    with desk.app.app_context(), writes():
        for name, value in settings.items():
            change("site", name, value, "chief@newsapp.example")
        db.session.commit()


def history(desk: Desk, article: Article) -> list[tuple[str, str]]:
    """(action, by whom), the oldest first."""
    with desk.app.app_context():
        rows = db.session.execute(select(ArticleTurn.action, ArticleTurn.editor).where(ArticleTurn.article_id == article.id).order_by(ArticleTurn.id))
        return [(row.action, row.editor) for row in rows]


# ---- states: which action leads where

LEADS = {  # action: the states from which it can be done, and where it leads
    "ask_review": ({DRAFT}, REVIEW), "approve": ({REVIEW}, APPROVED), "send_back": ({REVIEW, APPROVED}, DRAFT), "lapse": ({APPROVED}, REVIEW),
    "publish": ({DRAFT, REVIEW, APPROVED, LIVE}, LIVE), "embargo": ({DRAFT, REVIEW, APPROVED, LIVE}, LIVE),
    "set_end": ({DRAFT, REVIEW, APPROVED, LIVE, SPIKED}, None), "remove_end": ({DRAFT, REVIEW, APPROVED, LIVE, SPIKED}, None),
    "update": ({LIVE}, None), "correct": ({LIVE}, None), "change_note": ({LIVE, SPIKED}, None), "remove_note": ({LIVE, SPIKED}, None),
    "spike": ({DRAFT, REVIEW, APPROVED, LIVE}, SPIKED), "unspike": ({SPIKED}, DRAFT), "take_down": (set(STATES) - {TAKEN_DOWN}, TAKEN_DOWN),
    "went_out": ({LIVE}, None), "ended": ({LIVE}, None),
}  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_action_leads_from_its_states_to_one(action: Any) -> None:
    assert (set(action.sources), action.to) == LEADS[action.name]


# (approval, who may publish, action, state, role) → whether it is let through. `asker`: the one who asked for the review.
WRITER, EDITOR, CHIEF, ADMIN = ("writer",), ("editor",), ("chief",), ("admin",)
RULE = [
    ("nobody", "editor", "publish", DRAFT, WRITER, True),
    ("nobody", "chief", "publish", DRAFT, EDITOR, True),
    ("nobody", "editor", "take_down", LIVE, WRITER, True),
    ("writers", "editor", "publish", DRAFT, WRITER, False),
    ("writers", "editor", "embargo", REVIEW, WRITER, False),
    ("writers", "editor", "publish", APPROVED, WRITER, True),
    ("writers", "editor", "publish", DRAFT, EDITOR, True),
    ("writers", "editor", "approve", REVIEW, WRITER, False),
    ("writers", "editor", "approve", REVIEW, EDITOR, True),
    ("writers", "editor", "spike", LIVE, WRITER, False),
    ("writers", "chief", "publish", DRAFT, EDITOR, False),
    ("writers", "chief", "approve", REVIEW, EDITOR, False),
    ("writers", "chief", "approve", REVIEW, CHIEF, True),
    ("writers", "chief", "publish", DRAFT, ADMIN, True),
    ("everybody", "editor", "publish", DRAFT, EDITOR, False),
    ("everybody", "editor", "publish", DRAFT, ADMIN, False),
    ("everybody", "editor", "publish", APPROVED, EDITOR, True),
    ("everybody", "editor", "approve", REVIEW, EDITOR, True),
    ("everybody", "editor", "approve", REVIEW, ("editor", "asker"), False),
    ("writers", "editor", "approve", REVIEW, ("editor", "asker"), True),
    ("everybody", "editor", "take_down", LIVE, EDITOR, True),
]


@pytest.mark.parametrize(("approval", "publishers", "action", "state", "roles", "passes"), RULE)
def test_who_may_do_what(approval: str, publishers: str, action: str, state: str, roles: tuple[str, ...], passes: bool) -> None:
    settings = {"approval": approval, "who_may_publish": publishers}
    person = Person("somebody@newsapp.example", frozenset(roles) - {"asker"})
    askers = {person.email} if "asker" in roles else {"another@newsapp.example"}
    assert (refusal(BY_NAME[action], state, person, settings, askers) == "") is passes


@pytest.mark.parametrize(
    ("approval", "state", "action"), list(itertools.product(["nobody", "writers", "everybody"], UNPUBLISHED, ["publish", "embargo"]))
)
def test_nothing_unapproved_goes_out_by_a_writer_where_approval_is_wanted(approval: str, state: str, action: str) -> None:
    writer = Person("writer@newsapp.example", frozenset({"writer"}))
    passes = not refusal(BY_NAME[action], state, writer, {"approval": approval, "who_may_publish": "editor"}, ())
    assert passes is (approval == "nobody" or state == APPROVED)


def test_a_story_goes_through_review_with_who_and_when(desk: Desk) -> None:
    decide(desk, approval="everybody")
    article = desk.write("review", headline="Harbour fire put out")
    assert article.state == REVIEW
    assert "Somebody else approves it" in desk.open(f"/desk/articles/{article.id}").text
    assert desk.act(article, "approval").status_code == 409
    assert desk.save(article, "publication").status_code == 409
    desk.send("/desk/sign-out", "/desk/")
    desk.sign_in("admin")
    desk.act(article, "return", note="Who says so?")
    assert "Who says so?" in desk.open(f"/desk/articles/{article.id}").text
    desk.save(desk.article(article.id), "review")  # the admin asks this time
    desk.send("/desk/sign-out", "/desk/")
    desk.sign_in()
    desk.act(article, "approval")
    desk.save(desk.article(article.id), "publication", headline=article.headline)
    assert desk.article(article.id).state == LIVE
    editor, admin = "editor@newsapp.example", "admin@newsapp.example"
    done = [("ask_review", editor), ("send_back", admin), ("ask_review", admin), ("approve", editor), ("publish", editor)]
    assert history(desk, article) == done


def test_other_words_after_an_approval_want_another(desk: Desk) -> None:
    article = desk.write("review")
    desk.act(article, "approval")
    decide(desk, approval="everybody")
    answer = desk.save(desk.article(article.id), "publication", headline="Quite another headline")
    assert answer.status_code == 409
    assert "Quite another headline" in answer.text, "what was typed is lost"
    desk.save(desk.article(article.id), headline="Quite another headline")
    assert desk.article(article.id).state == REVIEW


def test_what_cannot_be_done_is_refused_and_changes_nothing(desk: Desk) -> None:
    article = desk.write()
    assert desk.act(article, "approval").status_code == 409
    assert desk.act(article, "spike/removal").status_code == 409
    assert desk.article(article.id).state == DRAFT
    assert history(desk, article) == []


def test_the_list_says_what_was_done_last(desk: Desk) -> None:
    desk.write("publication")
    assert "Published, editor@newsapp.example" in re.sub(r"\s+", " ", desk.open("/desk/").text)


# ---- times


@pytest.mark.parametrize(("zone", "local", "before", "after"), [
    ("Europe/Berlin", "2027-03-28T02:30", "2027-03-28 01:59", "2027-03-28 03:00"),
    ("America/New_York", "2027-03-14T02:00", "2027-03-14 01:59", "2027-03-14 03:00"),
    ("Australia/Lord_Howe", "2027-10-03T02:15", "2027-10-03 01:59", "2027-10-03 02:30"),
    ("Pacific/Apia", "2011-12-30T12:00", "2011-12-29 23:59", "2011-12-31 00:00"),
])  # fmt: skip
def test_a_time_that_the_clocks_skip_has_two_neighbours(zone: str, local: str, before: str, after: str) -> None:
    reading = times.reading_of(datetime.fromisoformat(local), ZoneInfo(zone))
    assert isinstance(reading, times.Missing)
    assert (times.said(reading.before), times.said(reading.after)) == (before, after)


@pytest.mark.parametrize(("zone", "local", "offsets"), [
    ("Europe/Berlin", "2027-10-31T02:30", ["UTC+02:00", "UTC+01:00"]),
    ("America/St_Johns", "2027-11-07T01:30", ["UTC−02:30", "UTC−03:30"]),
    ("Australia/Lord_Howe", "2027-04-04T01:45", ["UTC+11:00", "UTC+10:30"]),
])  # fmt: skip
def test_a_time_that_comes_twice_is_told_apart_by_its_offsets(zone: str, local: str, offsets: list[str]) -> None:
    choices = times.which(datetime.fromisoformat(local), ZoneInfo(zone))
    assert [label.rpartition(" ")[2] for _, label in choices] == offsets


def test_the_form_refuses_a_time_that_does_not_exist_and_asks_about_one_that_comes_twice(desk: Desk) -> None:
    decide(desk, time_zone="Europe/Berlin")
    page = "/desk/articles/new"
    answer = desk.send("/desk/articles", page, **form({"publish_at": "2027-03-28T02:30"}))
    assert answer.status_code == 422
    assert "The nearest times are 2027-03-28 01:59 or 2027-03-28 03:00" in answer.text
    answer = desk.send("/desk/articles", page, **form({"publish_at": "2027-10-31T02:30"}))
    assert answer.status_code == 422
    assert "The second, UTC+01:00" in answer.text
    first = desk.write("publication", publish_at="2027-10-31T02:30", publish_at_which="first")
    second = desk.write("publication", publish_at="2027-10-31T02:30", publish_at_which="second")
    assert (second.published_at, first.published_at) == (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), datetime(2027, 10, 31, 0, 30, tzinfo=UTC))
    shown = desk.open(f"/desk/articles/{second.id}").text
    assert re.search(r'<input checked[^>]+value="second"', shown), "the form forgets which one it was"
    desk.save(second, publish_at="2027-10-31T02:30", publish_at_which="first")
    assert desk.article(second.id).published_at == first.published_at


def test_a_story_cannot_end_before_it_goes_out(desk: Desk) -> None:
    answer = desk.send("/desk/articles", "/desk/articles/new", **form({"publish_at": "2040-01-01T10:00", "expires_at": "2040-01-01T10:00"}))
    assert answer.status_code == 422
    assert "cannot end before" in answer.text


@pytest.mark.parametrize(("seconds", "said"), [(0, "now"), (-5, "now"), (59, "in 59 s"), (61, "in 1 min 1 s"), (3600, "in 1 h"),
                                               (3 * 3600 + 12 * 60 + 8, "in 3 h 12 min"), (50 * 3600, "in 2 days 2 h")])  # fmt: skip
def test_how_long_it_is_is_said_in_two_units(seconds: int, said: str) -> None:
    assert times.until(now() + timedelta(seconds=seconds + 0.5), now()) == said


# ---- the checklist

WHOLE = Draft(
    headline="Harbour fire put out", standfirst="In an hour.", body='<p>Text. <a href="/">x</a></p>', section="World", bylines=("Sea desk",),
    has_picture=True, alt="A harbour",
)  # fmt: skip
FAULTS = {
    "headline": {"headline": "x" * 91, "list_headline": "Fire"}, "list_headline": {"list_headline": "x" * 66}, "standfirst": {"standfirst": ""},
    "section": {"section": ""},
    "byline": {"bylines": ()}, "picture": {"has_picture": False}, "alt_text": {"alt": ""},
    "links_inside": {"broken_inside": ("/x leads to no story",)},
    "links_outside": {"broken_outside": ("https://x.example answers 404",)}, "unfinished": {"body": "<p>It cost TK euros.</p>"},
}  # fmt: skip
USUAL = {check.setting: check.weight for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_each_check_finds_its_fault_alone_and_weighs_as_the_paper_says(check: Any) -> None:
    faulty = Draft(**{**vars(WHOLE), **FAULTS[check.name]})
    assert problems(WHOLE, USUAL) == []
    for weight in (WARN, BLOCK):
        found = problems(faulty, {**USUAL, check.setting: weight})
        assert [(problem.check.name, problem.blocks) for problem in found] == [(check.name, weight == BLOCK)]
    assert problems(faulty, {**USUAL, check.setting: OFF}) == []


@pytest.mark.parametrize("words", ["The atk unit", "Talks XX", "https://x.example/TKmax", "Question? Yes?"])
def test_words_that_only_look_unfinished_pass(words: str) -> None:
    assert problems(Draft(**{**vars(WHOLE), "body": words}), USUAL) == []


def test_what_warns_takes_one_more_click_and_what_blocks_takes_none(desk: Desk) -> None:
    bare = {"confirmed": "", "headline": "Harbour fire put out"}
    article = desk.write("publication", **bare)
    assert article.state == DRAFT, "published without a click on the warning"
    page = desk.open(f"/desk/articles/{article.id}").text
    assert "Publish all the same" in page
    assert re.search(r'aria-describedby="[^"]*standfirst-check', page), "the problem does not stand beside its field"
    desk.save(article, "publication")
    assert desk.article(article.id).state == LIVE
    blocked = desk.write("publication", headline="It cost TK euros")
    assert blocked.state == DRAFT
    assert "Publish all the same" not in desk.open(f"/desk/articles/{blocked.id}").text
    decide(desk, check_unfinished=OFF)
    desk.save(blocked, "publication")
    assert desk.article(blocked.id).state == LIVE


def test_links_within_the_paper_are_asked_of_the_database(desk: Desk) -> None:
    live, draft = desk.write("publication", headline="Live story"), desk.write(headline="Only a draft")
    later = desk.write("publication", headline="Comes later", publish_at="2040-01-01T10:00")
    over = desk.write("publication", headline="Over since long", publish_at="2020-01-01T10:00", expires_at="2020-02-01T10:00")
    gone = desk.write("publication", headline="Gone for good")
    desk.act(gone, "takedown", sure="1")
    with desk.app.app_context():
        site = desk.app.config["SITE_URL"]
        good = ["/", "/world", "/corrections", "/most-viewed/day", f"/world/{live.slug}", f"/world/{later.slug}", f"{site}/world/{live.slug}?a=1#b"]
        bad = ["/nowhere", "/world/never-written", f"/world/{draft.slug}", f"{site}/world/{over.slug}", f"/world/{gone.slug}", "/tag/none"]
        body = "".join(f'<a href="{address}">x</a>' for address in (*good, *bad, "https://elsewhere.example/world/x", "mailto:a@b.example"))
        found = [problem.split()[0] for problem in links.broken_inside(body, now())]
        assert found == [address.removeprefix(site) for address in bad]
        assert links.outside(body) == ["https://elsewhere.example/world/x"]


class Elsewhere(BaseHTTPRequestHandler):
    """Another site, with a page, a dead link, a redirect to it, and one into our own network."""

    def do_GET(self) -> None:
        moved = {"/moved": "/dead", "/inside": "http://169.254.169.254/secret"}
        self.send_response(302 if self.path in moved else 404 if self.path == "/dead" else 200)
        if self.path in moved:
            self.send_header("Location", moved[self.path])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def test_other_sites_are_asked_carefully_and_remembered(desk: Desk) -> None:
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    body = "".join(f'<p><a href="{base}/{name}">x</a></p>' for name in ("fine", "dead", "moved", "inside"))
    article = desk.write(body=body)
    with desk.app.app_context():
        desk.app.config["WEBHOOK_ALLOW"] = (ip_network("127.0.0.0/8"),)
        assert len(links.unasked(article.body, now())) == 4
        assert links.ask_links(article.id, now()) == 4
        said = [f"{base}/dead answers 404", f"{base}/moved answers 404", f"{base}/inside is no address of the public network"]
        assert links.broken_outside(article.body) == said
        assert links.ask_links(article.id, now()) == 0, "asked again within the day"
        desk.app.config["WEBHOOK_ALLOW"] = ()
        assert links.problem_of(f"{base}/fine") == "is no address of the public network"
    server.shutdown()
    assert "answers 404" in desk.open(f"/desk/articles/{article.id}").text


# ---- notes to readers


def test_a_note_is_made_changed_and_removed_and_the_history_keeps_it(desk: Desk) -> None:
    article = desk.write("publication")
    page = f"/desk/articles/{article.id}/corrections"
    minute = f"{now():%Y-%m-%dT%H:%M}"
    assert desk.send(page, page, kind="correction", text="", at=minute).status_code == 422
    assert desk.send(page, page, kind="correction", text="It was ten.", at="2040-01-01T10:00").status_code == 422
    desk.send(page, page, kind="correction", text="There were ten boats.", at=minute)
    with desk.app.app_context():
        note = db.session.scalars(select(Correction)).one()
        assert (note.kind, note.editor, note.article_id) == ("correction", "editor@newsapp.example", article.id)
        assert db.session.get_one(Article, article.id).revised_at == note.at
    desk.send(f"{page}/{note.id}", f"{page}/{note.id}", kind="clarification", text="Ten boats and a ferry.", at=minute)
    assert "Ten boats and a ferry." in desk.open(page).text
    desk.send(f"{page}/{note.id}/removal", page)
    with desk.app.app_context():
        assert db.session.scalars(select(Correction)).all() == []
        assert db.session.get_one(Article, article.id).revised_at is None
        kept = db.session.scalars(select(ArticleTurn.note).order_by(ArticleTurn.id)).all()
    assert kept[-3:] == ["There were ten boats.", "It said: There were ten boats.", "It said: Ten boats and a ferry."]
    assert [action for action, _ in history(desk, article)] == ["publish", "correct", "change_note", "remove_note"]
    assert {"front", f"article:{article.id}", "section:1", "sitemap:0"} <= desk.touched()


def test_only_what_an_editor_calls_an_update_is_told_to_readers(desk: Desk) -> None:
    article = desk.write("publication")
    desk.save(desk.article(article.id), headline="A typo less")
    assert desk.article(article.id).revised_at is None
    desk.save(desk.article(article.id), is_update="y")
    assert desk.article(article.id).revised_at is not None
    assert [action for action, _ in history(desk, article)] == ["publish", "update"]


# ---- previews


def shown(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "data-beacon" not in answer.text
    assert "beacon.gif" not in answer.text
    assert "\x02" not in answer.text, "a block was left out"
    return str(answer.text)


def test_the_form_is_shown_as_readers_will_see_it_and_nothing_of_it_stays(desk: Desk) -> None:
    article = desk.write(headline="As saved")
    page = f"/desk/articles/{article.id}"
    typed = form({"version": 0, "headline": "As typed", "tags": "Never seen", "bylines": "Sea desk", "body": "<p>New words</p>"})
    html = shown(desk.send(f"/desk/preview/articles/{article.id}", page, **typed))
    for words in ("As typed", "Never seen", "Sea desk", "New words", 'class="stage"', 'class="masthead'):
        assert words in html, words
    assert "As typed" in shown(desk.send("/desk/preview/articles", "/desk/articles/new", **typed))
    assert desk.article(article.id).headline == "As saved"
    with desk.app.app_context():
        assert len(db.session.scalars(select(Article)).all()) == 1
    assert "As saved" in shown(desk.open(f"/desk/preview/articles/{article.id}"))
    assert desk.send("/desk/preview/articles", "/desk/articles/new", **form({"headline": ""})).status_code == 422


def test_a_secret_link_opens_without_signing_in_until_it_is_over(desk: Desk) -> None:
    article = desk.write(headline="Not out yet")
    page = f"/desk/articles/{article.id}/preview-links"
    desk.send(page, page, days="1")
    secret = re.search(r'value="[^"]*(/desk/preview/shared/[^"]+)"', desk.open(page).text)
    assert secret
    assert secret[1] not in desk.open(page).text, "the secret is told more than once"
    stranger = desk.app.test_client()
    html = shown(stranger.get(secret[1]))
    assert "Not out yet" in html
    assert f'href="{desk.app.config["SITE_URL"]}/world"' in html, "its links do not lead to the site"
    assert stranger.get(f"/desk/preview/articles/{article.id}").status_code == 302
    assert stranger.get(secret[1] + "x").status_code == 404
    with desk.app.app_context(), writes():
        link = db.session.scalars(select(PreviewLink)).one()
        assert secret[1].rpartition("/")[2] not in link.hash
        link.until = now()
        db.session.commit()
    assert stranger.get(secret[1]).status_code == 404
    desk.send(page, page, days="1")
    again = re.search(r'value="[^"]*(/desk/preview/shared/[^"]+)"', desk.open(page).text)
    assert again
    with desk.app.app_context():
        number = db.session.scalars(select(PreviewLink.id)).one()
    desk.send(f"{page}/{number}/removal", page)
    assert stranger.get(again[1]).status_code == 404


def test_the_site_is_shown_as_of_any_moment_and_its_links_stay_inside(desk: Desk) -> None:
    desk.write("publication", headline="Here since long", publish_at="2020-01-01T10:00", expires_at="2040-01-01T11:00")
    desk.write("publication", headline="Comes at ten", publish_at="2040-01-01T10:00")

    def at(moment: str, path: str = "") -> Any:
        return desk.open(f"/desk/preview/site/{moment}/{path}")

    before, between, after = "20400101T095959Z", "20400101T100000Z", "20400101T110000Z"
    assert "Comes at ten" not in shown(at(before))
    assert "Comes at ten" in (html := shown(at(between)))
    assert f'href="/desk/preview/site/{between}/world/comes-at-ten"' in html
    assert "The site at 10:00, 1 Jan 2040" in html
    assert "Comes at ten" in shown(at(between, "world"))
    assert "Comes at ten" in shown(at(between, "world/comes-at-ten"))
    assert at(before, "world/comes-at-ten").status_code == 404
    assert "Here since long" in shown(at(between))
    assert "Here since long" not in shown(at(after))
    assert "no longer available" in at(after, "world/here-since-long").text
    assert at(between, "most-viewed/day").status_code == 404
    assert desk.open("/desk/preview/site/tomorrow/").status_code == 404
    chosen = desk.open("/desk/preview/site?at=2040-01-01T10:00")
    assert chosen.location == f"/desk/preview/site/{between}/"
    assert "Comes at ten" in desk.open("/desk/preview/site").text
    assert named(datetime(2040, 1, 1, 10, tzinfo=UTC)) == between


def test_nobody_sees_the_site_of_tomorrow_without_signing_in(desk: Desk) -> None:
    assert desk.app.test_client().get("/desk/preview/site/20400101T100000Z/").status_code == 302


# ---- the clock


def test_what_the_clock_turns_is_done_once_and_told_with_the_history(newsroom: Newsroom) -> None:
    at = now()
    assert clock.turn_due(at) == 0
    with writes():
        db.session.rollback()
        story = db.session.get_one(Article, newsroom.articles["night-ferry"])
        story.published_at, story.expires_at = at + timedelta(minutes=5), at + timedelta(minutes=9)
        db.session.add(ArticleTurn(article_id=story.id, action="embargo", editor="desk@newsapp.example", at=at, planned_for=story.published_at))
        db.session.commit()
    assert clock.turn_due(at + timedelta(minutes=4)) == 0
    late = at + timedelta(minutes=5, seconds=30)
    assert clock.lateness(late) == 30
    assert [clock.turn_due(late), clock.turn_due(late)] == [1, 0]
    assert clock.lateness(late) == 0
    assert clock.turn_due(at + timedelta(hours=9)) == 1, "what a downtime has missed is not made up for"
    turns = db.session.execute(select(ArticleTurn.action, ArticleTurn.editor, ArticleTurn.at).order_by(ArticleTurn.id)).all()
    assert [tuple(row) for row in turns[1:]] == [
        ("went_out", "the clock", at + timedelta(minutes=5)), ("ended", "the clock", at + timedelta(minutes=9)),
    ]  # fmt: skip


def test_operators_see_a_turn_that_is_late(desk: Desk) -> None:
    with desk.app.app_context(), writes():
        clock.turn_due(now() - timedelta(minutes=3))
        db.session.add(Article(slug="late", headline="Late", section_id=1, state=LIVE, published_at=now() - timedelta(minutes=2)))
        db.session.commit()
    desk.send("/desk/sign-out", "/desk/")
    desk.sign_in("operator")
    assert "An embargo or an end is 2 min late" in desk.open("/desk/ops").text
    with desk.app.app_context():
        clock.turn_due(now())
    assert "An embargo or an end is" not in desk.open("/desk/ops").text


def test_a_note_to_readers_is_a_revision_and_keeps_nobody_from_saving(desk: Desk) -> None:
    article = desk.write("publication")
    page = f"/desk/articles/{article.id}/corrections"
    desk.send(page, page, kind="correction", text="There were ten boats.", at=f"{now():%Y-%m-%dT%H:%M}")
    assert "Note to readers made" in desk.open(f"/desk/articles/{article.id}/revisions").text
    assert desk.save(desk.article(article.id), headline="Saved after the note").status_code == 302


def test_a_guest_is_a_byline_to_the_checklist(desk: Desk) -> None:
    named_guest = desk.write(guests="A reader of ours")
    assert "Nobody is named" not in desk.open(f"/desk/articles/{named_guest.id}").text
    assert "Nobody is named" in desk.open(f"/desk/articles/{desk.write().id}").text

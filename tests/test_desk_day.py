"""A day of two people at the desk, in a real chromium, with the desk killed under their hands: no text is lost, and all of it is told."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import undefer

from newsapp import create_app
from newsapp.audit.models import AuditEntry
from newsapp.config import load_config
from newsapp.database import db
from newsapp.news.models import Article, Section
from newsapp.revisions.contents import unpacked, unpacked_fields
from newsapp.revisions.models import Revision, Unsaved
from tests.conftest import wait_for
from tests.desk_day import ENDED, LIVE, Day, Person, Story
from tests.desk_deeds import ACTIONS, CHIEF, WRITER, Action
from tests.home import Home
from tests.newsroom import FIREFOX
from tests.prepared import Prepared
from tests.tabs import AGENT, UNDRIVEN

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

PORT = 8410
DESK = f"http://localhost:{PORT + 1}"
SEED = int(os.environ.get("DAY_SEED", "1851"))  # another one makes another day
DEEDS = int(os.environ.get("DAY_DEEDS", "80"))  # the whole day, of 200, takes minutes: `make day`
KILLS = ("typing", "saving", "typing", "saving", "saving")[: DEEDS // 40]
WORDS = "harbour lemon clock thunder"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path_factory.mktemp("day") / "home", PORT=PORT, SITE_WORKERS=1).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu", "--disable-remote-fonts", UNDRIVEN]
        )
        yield browser
        browser.close()
    expect.set_options(timeout=5_000)


def person(chromium: Browser, name: str, email: str) -> Person:
    context = chromium.new_context(user_agent=AGENT, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    return Person(name, email, context, DESK)


def come_in(home: Home, chromium: Browser) -> dict[str, Person]:
    """The paper's first person, and a writer whom that one invites."""
    email, password = home.editor
    chief, writer = person(chromium, CHIEF, email), person(chromium, WRITER, "writer@newsapp.example")
    page = chief.go("/desk/sign-in")
    chief.fill("E-mail", email)
    chief.fill("Password", password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).not_to_have_url(re.compile("sign-in"))
    chief.go("/desk/people")
    chief.fill("E-mail", writer.email)
    chief.press("Invite")
    writer.page.goto(page.get_by_label("The link to hand over").input_value())
    writer.fill("Name", "Writing desk")
    writer.fill("Password", WORDS)
    writer.page.get_by_role("button", name="Come in with this password").click()
    expect(writer.page.get_by_role("heading", name="Articles")).to_be_visible()
    return {WRITER: writer, CHIEF: chief}


def next_deed(day: Day, deck: list[Action]) -> tuple[Action, Person, Story | None] | None:
    """The first of the deck that can be done now, somebody who may, and a story that it needs. None: what is left waits for another day."""
    for action in deck:
        stories = [story for story in day.some(*action.needs) if action.ready(day, story)] if action.needs else []
        if stories or (not action.needs and action.ready(day, None)):
            who = day.people[day.chance.choice(action.who)]
            is_open = who.at in stories and day.chance.random() < 0.7  # people go on with what they have before them
            return action, who, who.at if is_open else day.chance.choice(stories) if stories else None
    return None


def test_a_day_at_a_desk_that_is_killed_loses_no_text(home: Home, chromium: Browser) -> None:
    day = Day(home, SEED, come_in(home, chromium), DESK)
    day.kills, day.pause = list(KILLS), DEEDS // (len(KILLS) + 1)
    whole = sum(action.times for action in ACTIONS)
    deck = [action for action in ACTIONS for _ in range(max(1, round(action.times * DEEDS / whole)))]
    assert abs(len(deck) - DEEDS) <= 5
    day.chance.shuffle(deck)
    try:
        while deed := next_deed(day, deck):
            action, who, story = deed
            deck.remove(action)
            day.done.append(f"{who.name}: {action.name}" + (f" ({story.headline})" if story else ""))
            action.do(day, who, story)
        assert len(deck) <= 2, [action.name for action in deck]
        assert day.killed == len(KILLS)
        assert [who.errors for who in day.people.values()] == [[], []]
        nothing_is_lost(day)
        all_is_told(day)
        the_site_has_it(day)
    except BaseException as error:
        error.add_note(f"DAY_SEED={SEED}, after {len(day.done)} deeds and {day.killed} kills; the last ones: {day.done[-5:]}")
        raise


@contextlib.contextmanager
def database(day: Day) -> Iterator[Flask]:
    app = create_app(load_config(day.home.environment), "tool")
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def nothing_is_lost(day: Day) -> None:
    """What was saved stands in the story or in a revision of it, what was not is kept by the desk or by the browser."""
    browsers = "".join(copy for who in day.people.values() for copy in who.at_desk().copies())
    with database(day):
        now = {article.id: article.body for article in db.session.scalars(select(Article).options(undefer(Article.body)))}
        past: dict[int, str] = defaultdict(str)
        for revision in db.session.scalars(select(Revision).options(undefer(Revision.content))):
            past[revision.article_id] += str(unpacked(revision.content, ZoneInfo("UTC")))
        unsaved = "".join(str(unpacked_fields(row.fields)) for row in db.session.scalars(select(Unsaved)))
    for story in day.stories:
        assert [line for line in story.lines if line not in now[story.number]] == [], story.headline
    for line in day.lines:
        kept = past[line.story.number] if line.saved else past[line.story.number] + unsaved + browsers
        assert line.text in kept, f"lost of {line.story.headline}: {line}"


def all_is_told(day: Day) -> None:
    """Each deed that was answered has an entry of the audit log, and there are no more than were tried."""
    with database(day):
        moments = defaultdict(set)
        for entry in db.session.scalars(select(AuditEntry)):
            moments[entry.who, entry.deed].add(entry.at)
    for deed, times in day.deeds.items():
        assert times <= len(moments[deed]), f"{deed}: {times} were done, {len(moments[deed])} are told"


def the_site_has_it(day: Day) -> None:
    with database(day):
        found = db.session.execute(select(Article.id, Section.slug, Article.slug).join(Section, Section.id == Article.section_id))
        paths = {number: f"/{section}/{slug}" for number, section, slug in found}
    for story in day.stories:
        wait_for(lambda story=story: is_shown_right(story, paths[story.number]), 20, f"readers to find {story.headline} {story.state}")
    front = ask("/")[2]
    assert day.breaking in front
    assert day.front is None or day.front.state != LIVE or day.front.headline in front
    for old, new in day.redirects.items():
        while new in day.redirects:  # a tag that was merged once more
            new = day.redirects[new]
        status, to, _ = ask(old)
        assert status in (301, 308), old
        assert to.endswith(new), f"{old} leads to {to}, not to {new}"


def is_shown_right(story: Story, path: str) -> bool:
    status, _, page = ask(path)
    if story.state == LIVE:
        return status == 200 and all(words in page for words in (story.headline, *story.lines, *story.notes))
    return status == 404 and (story.state != ENDED or "no longer available" in page)


def ask(path: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("localhost", PORT, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"User-Agent": FIREFOX})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location", ""), answer.read().decode()

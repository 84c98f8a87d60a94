"""A day at the desk as it is told by a table: what two people do in their browsers, and what each of them has typed."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, Locator, Page, expect

from newsapp.run import part
from tests.conftest import wait_for
from tests.home import Home, read

DRAFT, REVIEW, APPROVED, LIVE, EMBARGOED, ENDED, SPIKED = "draft", "review", "approved", "live", "embargoed", "ended", "spiked"
UNPUBLISHED = (DRAFT, REVIEW, APPROVED)
WORDS = ("tide", "quay", "ferry", "lantern", "granary", "orchard", "tram", "harbour", "choir", "viaduct")
WORD_HTML = (Path(__file__).parent / "fixtures" / "paste" / "word.html").read_text()
COPIES = "Object.entries(localStorage).filter(([key]) => key.startsWith('desk-text:')).map(([, copy]) => copy)"
SAVE = re.compile(r"^Save( draft|, keep it spiked)?$")


@dataclass(eq=False)
class Story:
    """A story as its two editors know it: the lines that it must hold now."""

    headline: str
    number: int = 0  # none until its first save was answered
    state: str = DRAFT
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # to readers
    last: Person | None = None  # who opened it last, if nothing else was done with it since


@dataclass(eq=False)
class Line:
    """A sentence that somebody typed, and where it must be found."""

    text: str
    story: Story
    saved: bool = False  # a save with it was answered


class Person:
    """Somebody of the desk, and the browser of that person."""

    def __init__(self, name: str, email: str, context: BrowserContext, desk: str) -> None:
        self.name, self.email, self.context, self.desk = name, email, context, desk
        self.errors: list[str] = []
        self.at: Story | None = None  # whose form stands in the tab
        self.page = self.tab()

    def tab(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        self.page = page
        return page

    def go(self, path: str) -> Page:
        self.at = None
        self.page.goto(self.desk + path, wait_until="domcontentloaded")
        return self.page

    def open(self, story: Story | None) -> Page:
        """The form of a story, or an empty one, ready to be typed into; the one that is open already, when nobody else was there since."""
        if story and story is self.at and story.last is self:
            page = self.page
        else:
            page = self.go(f"/desk/articles/{story.number}" if story and story.number else "/desk/articles/new")
        expect(page.locator(".story-text")).to_be_visible()
        self.at = story
        if story:
            story.last = self
        return page

    def type(self, text: str) -> None:
        """Type a paragraph after all that stands in the story."""
        self.page.locator(".story-text").focus()
        self.page.keyboard.press("Control+End")
        if self.body():
            self.page.keyboard.press("Enter")
        self.page.keyboard.type(text)

    def paste(self, html: str) -> None:
        self.page.locator(".story-text").focus()
        self.page.keyboard.press("Control+End")
        self.page.evaluate(PASTE, html)

    def body(self) -> str:
        return self.page.locator("textarea[name=body]").input_value()

    def press(self, button: str | re.Pattern[str], within: str = "main, .actions") -> None:
        """Press a button that leads to another page."""
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.page.locator(within).get_by_role("button", name=button).first.click()

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).first.fill(text)

    def at_desk(self) -> Person:
        """At a page of the desk, where the browser's own copies can be looked at."""
        self.go("/desk/")
        return self

    def copies(self) -> list[str]:
        """What this browser keeps of its own."""
        return [str(copy) for copy in self.page.evaluate(COPIES)]

    def told(self, words: str) -> None:
        """Letter by letter: "Not saved yet" does not say "Saved"."""
        expect(self.page.locator(".notice", has_text=re.compile(re.escape(words))).first).to_be_visible()

    def row(self, text: str) -> Locator:
        return self.page.locator("main").get_by_role("link", name=text)


PASTE = """(html) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/html', html);
  clipboardData.setData('text/plain', 'text');
  document.querySelector('.story-text').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}"""


class Day:
    """What has happened so far, and what the people of the desk expect of it."""

    def __init__(self, home: Home, seed: int, people: dict[str, Person], desk: str) -> None:
        self.home, self.desk, self.people, self.chance = home, desk, people, random.Random(seed)
        self.stories: list[Story] = []
        self.lines: list[Line] = []
        self.deeds: Counter[tuple[str, str]] = Counter()  # (e-mail, deed) -> how many were answered
        self.unsure: Counter[tuple[str, str]] = Counter()  # those whose answer never came
        self.done: list[str] = []
        self.kills: list[str] = []  # "typing" or "saving", in the order in which they will come
        self.killed, self.pause = 0, 0  # deeds between two of them
        self.redirects: dict[str, str] = {}
        self.front: Story | None = None
        self.breaking = ""
        self.names: list[str] = []  # of tags
        self.decisions: dict[Story, str] = {}  # in force for Most Viewed

    # ---- what there is to do it with

    def some(self, *states: str) -> list[Story]:
        return [story for story in self.stories if story.number and story.state in states]

    def sentence(self, story: Story) -> Line:
        number = len(self.lines) + 1
        line = Line(f"Sentence {number:03d}: the {self.chance.choice(WORDS)}.", story)
        self.lines.append(line)
        return line

    def deed(self, person: Person, *names: str) -> None:
        """Note what was answered, for the audit log."""
        self.deeds.update((person.email, name) for name in names)

    # ---- saving

    def saved(self, person: Person, story: Story, words: str = "Saved", whole: bool = True) -> None:
        """The answer to a save has come: the form holds every line of the story."""
        person.told(words)
        story.number = story.number or int(person.page.url.partition("#")[0].rpartition("/")[2])
        person.at, story.last = story, person
        expect(person.page.locator(".story-text")).to_be_visible()
        body = person.body()
        missing = [line for line in story.lines if line not in body]
        assert not missing, f"{person.name} saved {story.headline}, and missing is {missing}"
        for line in self.lines:
            line.saved |= line.story is story and line.text in body

    def type_and_save(self, person: Person, story: Story) -> None:
        """Type one sentence and save; if it is time for that, the desk is killed meanwhile."""
        line = self.sentence(story)
        kind = self.kills.pop(0) if self.kills and self.is_time_to_kill() else ""
        if kind == "typing":
            half = len(line.text) // 2
            person.type(line.text[:half])
            with self.killed_desk():
                person.page.keyboard.type(line.text[half:])
        else:
            person.type(line.text)
        story.lines.append(line.text)
        assert line.text in person.body()
        deed = "desk.change_article" if story.number else "desk.create"
        if kind == "saving":
            self.save_into_a_kill(person, story, line, deed)
        else:
            person.press(SAVE)
            self.saved(person, story)
            self.deed(person, deed)

    def is_time_to_kill(self) -> bool:
        """The kills are spread over the day."""
        return len(self.done) >= (self.killed + 1) * self.pause

    @contextlib.contextmanager
    def killed_desk(self) -> Iterator[None]:
        """The desk is dead while this is done; then it is there again."""
        before = self.kill()
        yield
        self.wait_for_desk(before)

    def kill(self) -> int | None:
        """Every process of the desk of this home, at once."""
        path, before = self.home.pid_file("desk"), self.home.pid("desk")
        mark = f"NEWSAPP_HOME={self.home.folder}".encode()
        for pid in sorted(part.holders(path), key=lambda pid: pid != before):
            if mark in read(f"/proc/{pid}/environ"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.killed += 1
        return before

    def wait_for_desk(self, before: int | None) -> None:
        wait_for(lambda: self.home.pid("desk") not in (None, before) and status(f"{self.desk}/livez") == 200, 30, "the desk to be there again")

    def save_into_a_kill(self, person: Person, story: Story, line: Line, deed: str) -> None:
        """The desk dies as the save is on its way. The browser shows an error, or the answer; the editor comes back and looks."""
        before: list[int | None] = []
        person.page.once("request", lambda request: before.append(self.kill()))
        self.unsure[person.email, deed] += 1
        with contextlib.suppress(Error):
            person.press(SAVE)
        wait_for(lambda: before, 10, "the request")
        self.wait_for_desk(before[0])
        self.come_back(person, story, line)

    def come_back(self, person: Person, story: Story, line: Line) -> None:
        """To the form: the text is saved, or offered to be taken over and saved now."""
        if not story.number and (number := self.number_in_list(person, story)):
            story.number = number
        person.at = None
        page = person.open(story)
        if line.text not in person.body():
            page.locator("[data-text]", has_text=line.text).get_by_role("link", name="Take it over").click()
            expect(page.locator("textarea[name=body]")).to_have_value(re.compile(re.escape(line.text)))
            expect(page.locator(".story-text")).to_be_visible()
            person.press(SAVE)
            self.deed(person, "desk.change_article" if story.number else "desk.create")
            self.saved(person, story)
        line.saved = True

    def number_in_list(self, person: Person, story: Story) -> int:
        """The number of a story that stands in the list, or 0."""
        page = person.go("/desk/?state=drafts")
        link = page.locator("td.c-hed a", has_text=story.headline)
        return int(str(link.get_attribute("href")).rpartition("/")[2]) if link.count() else 0


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0

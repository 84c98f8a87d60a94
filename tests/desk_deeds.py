"""ACTIONS: what editors do in a day, how often, who may, and which story it needs."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Error, expect

from tests.conftest import wait_for
from tests.desk_day import APPROVED, DRAFT, EMBARGOED, ENDED, LIVE, REVIEW, SAVE, SPIKED, UNPUBLISHED, WORD_HTML, WORDS, Day, Person, Story

WRITER, CHIEF = "writer", "chief"
BOTH = (WRITER, CHIEF)
MINUTES = "%Y-%m-%dT%H:%M"


def tomorrow() -> str:
    return f"{datetime.now(UTC) + timedelta(days=1):{MINUTES}}"


def png(day: Day) -> dict[str, object]:
    """A picture that no other is like."""
    content = io.BytesIO()
    Image.new("RGB", (480, 320), tuple(day.chance.randrange(256) for _ in range(3))).save(content, "PNG")
    return {"name": f"quay-{len(day.done)}.png", "mimeType": "image/png", "buffer": content.getvalue()}


# ---- writing


def write(day: Day, person: Person, _: Story | None) -> None:
    story = Story(f"The {day.chance.choice(WORDS)} of story {len(day.stories) + 1:03d}")
    page = person.open(None)
    page.locator("#headline").fill(story.headline)
    page.locator("#section").select_option(label="World")
    day.stories.append(story)
    day.type_and_save(person, story)


def go_on(day: Day, person: Person, story: Story) -> None:
    person.open(story)
    day.type_and_save(person, story)


def paste(day: Day, person: Person, story: Story) -> None:
    """From a word processor, in whose text a line of ours stands."""
    person.open(story)
    line = day.sentence(story)
    person.paste(WORD_HTML.replace("</body>", f"<p class=MsoNormal>{line.text}</p></body>"))
    story.lines.append(line.text)
    assert line.text in person.body()
    save(day, person, story)


def save(day: Day, person: Person, story: Story) -> None:
    person.press(SAVE)
    day.saved(person, story)
    day.deed(person, "desk.change_article")


def illustrate(day: Day, person: Person, story: Story) -> None:
    page = person.open(story)
    page.locator("#picture").set_input_files(png(day))  # type: ignore[arg-type]
    page.locator("#alt").fill("A quay in one colour")
    save(day, person, story)
    expect(page.locator("[data-picture-pane] img")).to_be_visible()


def bring(day: Day, person: Person, _: Story | None) -> None:
    page = person.go("/desk/pictures/")
    page.locator("input[type=file]").set_input_files(png(day))  # type: ignore[arg-type]
    page.locator("form[enctype] #alt").fill("A pier in one colour")
    person.press("Bring it")
    expect(page.get_by_text(re.compile("in the library|A pier in one colour")).first).to_be_visible()
    day.deed(person, "pictures.bring")


def name(day: Day, person: Person, story: Story) -> None:
    tag = f"{day.chance.choice(WORDS).title()} {len(day.done)}"
    page = person.open(story)
    page.locator("#tags").fill(tag)
    page.locator("#bylines").fill("Harbour desk, City desk")
    page.locator("#kicker").fill(tag)
    save(day, person, story)
    expect(page.locator("#tags")).to_have_value(tag)
    day.names.append(tag)


# ---- states


def ask_review(day: Day, person: Person, story: Story) -> None:
    person.open(story)
    person.press("Save and ask for a review")
    day.saved(person, story, "It waits for a review")
    day.deed(person, "desk.review")
    story.state = REVIEW


def approve(day: Day, person: Person, story: Story) -> None:
    person.open(story)
    person.press("Approve")
    person.told("Approved")
    day.deed(person, "publishing.approve")
    story.state = APPROVED


def send_back(day: Day, person: Person, story: Story) -> None:
    page = person.open(story)
    page.locator("#send-back-note").fill("The hour is missing.")
    person.press("Send back")
    person.told("Sent back to the drafts")
    day.deed(person, "publishing.send_back")
    story.state = DRAFT


def publish(day: Day, person: Person, story: Story) -> None:
    person.open(story)
    go_out(day, person, story, "Readers have it in a second")
    story.state = LIVE


def go_out(day: Day, person: Person, story: Story, words: str) -> None:
    """Publish, past the checklist's warnings."""
    person.press("Save and publish")
    expect(person.page.locator(".notice", has_text=re.compile(f"look at the checklist|{re.escape(words)}")).first).to_be_visible()
    if person.page.locator(".notice", has_text="look at the checklist").count():
        person.press("Publish all the same")
    day.saved(person, story, words)
    day.deed(person, "desk.publish")


def embargo(day: Day, person: Person, story: Story) -> None:
    page = person.open(story)
    page.locator("#publish_at").fill(tomorrow())
    go_out(day, person, story, "It goes out on")
    story.state = EMBARGOED


def end(day: Day, person: Person, story: Story) -> None:
    """To the second, so that it is over when the day is."""
    page = person.open(story)
    page.locator("#expires_at").evaluate("input => { input.step = 1 }")
    page.locator("#expires_at").fill(f"{datetime.now(UTC) + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}")
    save(day, person, story)
    story.state = ENDED


def spike(day: Day, person: Person, story: Story) -> None:
    person.open(story)
    person.press("Spike")
    person.told("Spiked: readers find nothing")
    day.deed(person, "desk.spike")
    story.state = SPIKED


def unspike(day: Day, person: Person, story: Story) -> None:
    person.open(story)
    person.press("Take off the spike")
    person.told("Back among the drafts")
    day.deed(person, "desk.unspike")
    story.state = DRAFT


def correct(day: Day, person: Person, story: Story) -> None:
    person.go(f"/desk/articles/{story.number}/corrections")
    story.last = None
    story.notes.append(f"Note {len(day.done):03d}: the hour was wrong.")
    person.fill("Note to readers", story.notes[-1])
    person.press("Publish the note")
    person.told("Readers see the note")
    day.deed(person, "publishing.make_note")


# ---- the front page, Most Viewed, filing


def compose(day: Day, person: Person, story: Story) -> None:
    """A story into one of the first places, and the page live."""
    page = person.go(f"/desk/front/{day.chance.randint(1, 4)}?story={story.number}")
    page.locator(".choices input[value='story']").check()
    page.locator(f"#stories input[value='{story.number}']").check()
    person.press("Set it in the proof")
    person.told("is set in the proof")
    person.press("Put it live")
    person.told("The front page is live")
    day.deed(person, "front.place", "front.go_live")
    day.front = story


def break_news(day: Day, person: Person, _: Story | None) -> None:
    page = person.go("/desk/front")
    day.breaking = f"Breaking line {len(day.done):03d}"
    page.locator("#text").fill(day.breaking)
    page.locator("#until").fill(tomorrow())
    person.press(re.compile("Put it above the news|Replace it"))
    person.told("It stands above the news")
    day.deed(person, "front.break_news")


def calm(day: Day, person: Person, _: Story | None) -> None:
    person.go("/desk/front")
    person.press("End it now")
    person.told("The line is gone")
    day.deed(person, "front.calm")
    day.breaking = ""


def pin(day: Day, person: Person, story: Story) -> None:
    page = person.go(f"/desk/most-viewed/{story.number}")
    page.locator("#pin-position").fill(str(day.chance.randint(1, 5)))
    person.press("Pin it")
    person.told("It stands at place")
    day.deed(person, "most_viewed.pin")
    day.decisions[story] = "pin"


def hold_out(day: Day, person: Person, story: Story) -> None:
    page = person.go(f"/desk/most-viewed/{story.number}")
    page.locator("#hold-reason").fill("It is old")
    person.press("Hold it out of the lists")
    person.told("It stands in no list now")
    day.deed(person, "most_viewed.hold_out")
    day.decisions[story] = "hold_out"


def take_back(day: Day, person: Person, _: Story | None) -> None:
    story = day.chance.choice(list(day.decisions))
    person.go(f"/desk/most-viewed/{story.number}")
    person.press(f"Take back {story.headline}")
    person.told("Taken back")
    day.deed(person, "most_viewed.take_back")
    del day.decisions[story]


def merge_tags(day: Day, person: Person, _: Story | None) -> None:
    """The older one leads to the newer one from now on."""
    old, new = day.names.pop(0), day.names[0]
    page = person.go(f"/desk/names/tags?q={quote(old)}")
    page.get_by_role("link", name=old, exact=True).click()
    page.locator("#into").fill(new)
    person.press("Merge this one into it")
    person.told(f"Merged into {new}")
    day.deed(person, "filing.merge")
    day.redirects[f"/tag/{old.lower().replace(' ', '-')}"] = f"/tag/{new.lower().replace(' ', '-')}"


def redirect(day: Day, person: Person, _: Story | None) -> None:
    page = person.go("/desk/redirects")
    old = f"/old/{len(day.done)}"
    page.locator("#old").fill(old)
    page.locator("#new").fill("/world")
    person.press("Let it lead there")
    expect(page.get_by_role("cell", name=old, exact=True)).to_be_visible()
    day.deed(person, "filing.make_redirect")
    day.redirects[old] = "/world"


# ---- finding, and the past


def search(day: Day, person: Person, story: Story) -> None:
    """By the words of a line that stands in it."""
    page = person.go("/desk/")
    page.locator("#q").fill(f'"{" ".join(day.chance.choice(story.lines).split()[:2])}"')
    person.press("Find")
    expect(page.get_by_role("link", name=story.headline).first).to_be_visible()


def filter_list(day: Day, person: Person, story: Story) -> None:
    page = person.go("/desk/")
    page.get_by_text("Section, byline, tag, dates").click()
    page.locator("#f-section").select_option(label="World")
    page.locator("#q").fill(story.headline)
    person.press("Find")
    expect(page.get_by_role("link", name=story.headline).first).to_be_visible()


def keep_list(day: Day, person: Person, story: Story) -> None:
    search(day, person, story)
    person.page.locator("#list-name").fill(f"List {len(day.done)}")
    person.press("Keep")
    person.told("for you alone")


def compare(day: Day, person: Person, story: Story) -> None:
    page = person.go(f"/desk/articles/{story.number}/revisions")
    person.press("Compare")
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()


def restore(day: Day, person: Person, story: Story) -> None:
    """The oldest version, once more; what it does not have stands in the revisions."""
    page = person.go(f"/desk/articles/{story.number}/revisions")
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.locator("tbody tr").last.get_by_role("button", name="Restore").click()
    person.told("Restored.")
    day.deed(person, "revisions.restore")
    person.open(story)
    story.lines = [line for line in story.lines if line in person.body()]


def preview(day: Day, person: Person, story: Story) -> None:
    page = person.open(story)
    with person.context.expect_page() as opened:
        page.get_by_role("link", name="Preview what is saved").click()
    expect(opened.value.locator("body")).to_contain_text(story.lines[-1] if story.lines else story.headline)
    opened.value.close()


# ---- at the same time, and against the odds


def conflict(day: Day, person: Person, story: Story) -> None:
    """Both write at the same place; who comes second puts both together."""
    other = next(each for each in day.people.values() if each is not person)
    lines = {each: day.sentence(story) for each in (person, other)}
    for each, line in lines.items():
        each.at = None
        each.open(story)
        each.type(line.text)
    story.lines.append(lines[other].text)
    save(day, other, story)
    person.press(SAVE)
    choose_both(person)
    story.lines.append(lines[person].text)
    save(day, person, story)


def choose_both(person: Person) -> None:
    """Where both wrote at the same place, let both stand; elsewhere nothing has to be chosen."""
    page = person.page
    expect(page.get_by_text("saved this article since you opened it")).to_be_visible()
    if page.get_by_role("heading", name="Two versions").count():
        for clash in page.locator("fieldset.clash").all():
            clash.get_by_label("Both, theirs first").check()
        person.press("Put together and look it over")
    expect(page.get_by_text("nothing of yours is saved in the article yet")).to_be_visible()
    expect(page.locator(".story-text")).to_be_visible()


def overtaken(day: Day, person: Person, story: Story) -> None:
    """The chief publishes what the writer has open: the writer may not save it any more, and keeps what was typed."""
    chief = day.people[CHIEF]
    person.open(story)
    person.type(day.sentence(story).text)
    publish(day, chief, story)
    person.press(SAVE)
    expect(person.page.get_by_role("heading", name="This is not yours to do")).to_be_visible()


def crash(day: Day, person: Person, story: Story) -> None:
    """The tab dies with a sentence in it; in another one it is taken over."""
    person.open(story)
    line = day.sentence(story)
    person.type(line.text)
    story.lines.append(line.text)
    wait_for(lambda: any(line.text in copy for copy in person.copies()), 5, "the browser's own copy")
    crashed = person.page
    with crashed.expect_event("crash"), contextlib.suppress(Error):
        crashed.goto("chrome://crash")
    crashed.close()
    person.tab()
    day.come_back(person, story, line)


@dataclass(frozen=True)
class Action:
    """One row: `times` is how often in a day, `needs` the states of a story that it is done to, `ready` what else there must be."""

    name: str
    who: tuple[str, ...]
    times: int
    do: Callable[..., None]
    needs: tuple[str, ...] = ()
    ready: Callable[[Day, Story | None], object] = lambda day, story: True


ANY = (*UNPUBLISHED, LIVE)
ACTIONS = (
    Action("write a story", BOTH, 26, write),
    Action("go on writing", BOTH, 30, go_on, UNPUBLISHED),
    Action("change what is live", (CHIEF,), 8, go_on, (LIVE,)),
    Action("paste from a word processor", BOTH, 7, paste, UNPUBLISHED),
    Action("set its picture", BOTH, 5, illustrate, UNPUBLISHED),
    Action("bring a picture to the library", BOTH, 3, bring),
    Action("set tags and bylines", BOTH, 8, name, UNPUBLISHED),
    Action("ask for a review", (WRITER,), 9, ask_review, (DRAFT,)),
    Action("approve", (CHIEF,), 5, approve, (REVIEW,)),
    Action("send back", (CHIEF,), 3, send_back, (REVIEW, APPROVED)),
    Action("publish", (CHIEF,), 15, publish, UNPUBLISHED),
    Action("hold back until a time", (CHIEF,), 4, embargo, UNPUBLISHED),
    Action("end", (CHIEF,), 3, end, (LIVE,)),
    Action("spike", (CHIEF,), 4, spike, (*UNPUBLISHED, LIVE)),
    Action("bring back", (CHIEF,), 3, unspike, (SPIKED,)),
    Action("correct", (CHIEF,), 6, correct, (LIVE,)),
    Action("compose the front page", (CHIEF,), 5, compose, (LIVE,)),
    Action("break news", (CHIEF,), 4, break_news),
    Action("calm news", (CHIEF,), 2, calm, ready=lambda day, story: day.breaking),
    Action("pin in Most Viewed", (CHIEF,), 3, pin, (LIVE,)),
    Action("hold out of Most Viewed", (CHIEF,), 3, hold_out, (LIVE,)),
    Action("take a decision back", (CHIEF,), 2, take_back, ready=lambda day, story: day.decisions),
    Action("merge tags", (CHIEF,), 3, merge_tags, ready=lambda day, story: len(day.names) > 1),
    Action("make a redirect", (CHIEF,), 3, redirect),
    Action("search the list", BOTH, 8, search, ANY, lambda day, story: story and story.lines),
    Action("filter the list", BOTH, 4, filter_list, ANY),
    Action("keep a list", BOTH, 3, keep_list, ANY, lambda day, story: story and story.lines),
    Action("compare revisions", BOTH, 5, compare, ANY, lambda day, story: story and len(story.lines) > 1),
    Action("restore a revision", BOTH, 4, restore, UNPUBLISHED, lambda day, story: story and len(story.lines) > 1),
    Action("preview", BOTH, 4, preview, ANY),
    Action("write at the same time", BOTH, 5, conflict, UNPUBLISHED),
    Action("be overtaken", (WRITER,), 1, overtaken, (DRAFT,)),
    Action("have a tab crash", BOTH, 2, crash, UNPUBLISHED),
)

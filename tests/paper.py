"""A paper as a desk has one on an ordinary day: stories in every state, and something on each page of the desk."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import APIResponse, Page

WRONG = re.compile(r'class="wrong"[^>]*>([^<]+)|role="alert"[^>]*>(.{,200})')
HEX = "0123456789abcdef"
FIGURE = """<figure data-picture="{picture}"><img src="{src}" alt="A quay, with the harbour behind it">
<figcaption>The quay on Tuesday.</figcaption></figure>"""
STORY = """<p>The harbour council voted on Tuesday to rebuild the north quay, which has carried the night ferry for sixty years.</p>
<h2>What it costs</h2>
{figure}
<table><tbody><tr><th>Part</th><th>Low</th><th>High</th></tr><tr><td>Piles</td><td>4.1</td><td>5.6</td></tr><tr><td>Deck</td><td>2.2</td><td>2.9</td></tr></tbody></table>
<aside class="fact-box"><h3>In short</h3><ul><li>Work begins in March.</li><li>The ferry moves to the south quay.</li></ul></aside>
<p>Nobody spoke against it.</p>"""


class Paper:
    """What was made, by the names that the addresses of the desk give it. Everything is made by the desk's own forms."""

    def __init__(self, page: Page, desk: str) -> None:
        self.page, self.desk = page, desk
        self.token = page.request.get(f"{desk}/desk/form-token").json()["token"]

    def send(self, path: str, **fields: Any) -> APIResponse:
        """Send a form of the desk. It is not refused."""
        multipart = {"csrf_token": self.token, **{name: value if isinstance(value, dict) else str(value) for name, value in fields.items()}}
        answer = self.page.request.post(self.desk + path, multipart=multipart, headers={"Origin": self.desk})
        assert answer.ok, (path, answer.status, WRONG.findall(answer.text()))
        return answer

    def write(self, then: str, headline: str, **typed: Any) -> int:
        typed = {"version": 0, "section": self.section, "protection_mode": "", "confirmed": 1, "bylines": "Harbour desk", **typed}
        answer = self.send(f"/desk/articles{then}", headline=headline, **typed)
        found = re.search(r"/desk/articles/(\d+)", answer.url)
        assert found, answer.url
        return int(found[1])

    def act(self, number: int, action: str, **fields: Any) -> APIResponse:
        return self.send(f"/desk/articles/{number}/{action}", **fields)

    def number(self, path: str, pattern: str) -> str:
        """The first number of that kind on a page."""
        return found_in(self.page.request.get(self.desk + path), pattern)

    def make(self) -> Paper:
        soon = datetime.now(UTC) + timedelta(days=2)
        until = f"{soon:%Y-%m-%dT%H:%M}"
        self.section = self.number("/desk/articles/new", r'<option (?:selected )?value="(\d+)"')
        found = self.send("/desk/pictures/", file=quay(), alt="A quay, with the harbour behind it", credit="Harbour desk")
        self.picture = int(found.url.rpartition("/")[2].partition("?")[0])
        source = self.number(f"/desk/pictures/{self.picture}", r'<img[^>]+src="([^"]+)"')
        body = STORY.format(figure=FIGURE.format(picture=self.picture, src=source))
        words = {"standfirst": "The night ferry moves for a year.", "tags": "Harbour, Ferries", "picture_id": self.picture, "kicker": "Port"}
        self.live = self.write("/publication", "North quay to be rebuilt from March", body=body, **words)
        self.draft = self.write("", "What a tide table does not say about the wind", body="<p>Unfinished.</p>")
        self.review = self.write("/review", "Ferry fares to stay as they are until the autumn", body="<p>The council was asked.</p>")
        self.write("/publication", "New pilots for the strait", body="<p>They begin on Monday.</p>", publish_at=until)
        self.act(self.write("/publication", "A rumour about the lighthouse", body="<p>It was none.</p>"), "spike")
        self.act(self.write("/publication", "A list of private addresses", body="<p>Gone.</p>"), "takedown", sure=1)
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M}"
        self.act(self.live, "corrections", kind="correction", text="The quay carried the ferry for sixty years, not for fifty.", at=at)
        self.note = self.number(f"/desk/articles/{self.live}/corrections", r"/corrections/(\d+)")
        self.secret = found_in(self.act(self.live, "preview-links", days=3), r"/preview/shared/([\w-]+)")
        self.set_aside()
        self.desk_day(until)
        self.settle()
        return self

    def settle(self) -> None:
        """Change a setting, on its page: the form asks for all of them."""
        self.page.goto(f"{self.desk}/desk/settings")
        self.page.get_by_label("Motto").fill("The country and the world, counted openly")
        self.page.get_by_role("button", name="Save settings").click()
        self.page.wait_for_load_state("load")

    def set_aside(self) -> None:
        """A save that came second, so that its version waits to be merged; and a text that was never saved."""
        base = {"section": self.section, "protection_mode": "", "confirmed": 1, "bylines": "Harbour desk"}
        version = self.number(f"/desk/articles/{self.draft}", r'name="version"[^>]*value="(\d+)"')
        self.act_on_draft(version, 200, headline="What a tide table leaves out", body="<p>Unfinished, but longer.</p>", **base)
        self.act_on_draft(version, 409, headline="What no tide table says", body="<p>Not finished.</p>", **base)
        self.aside = self.number(f"/desk/articles/{self.draft}/revisions", r"/versions/(\d+)")
        self.send(f"/desk/unsaved/{HEX}", article=self.draft, version=version, headline="What the wind says", body="<p>Typed, not saved.</p>")

    def act_on_draft(self, version: str, status: int, **fields: Any) -> None:
        multipart = {"csrf_token": self.token, "version": version, **{name: str(value) for name, value in fields.items()}}
        answer = self.page.request.post(f"{self.desk}/desk/articles/{self.draft}", multipart=multipart, headers={"Origin": self.desk})
        assert answer.status == status

    def desk_day(self, until: str) -> None:
        """What is decided around the stories."""
        self.send("/desk/front/breaking", text="The north quay is closed tonight", number=self.live, until=until)
        self.send(f"/desk/most-viewed/{self.live}/pin", **{"pin-position": 1, "pin-reason": "The vote is tonight", "pin-until": until})
        self.send("/desk/people/invitations", email="night.desk@newsapp.example", roles="writer")
        self.send("/desk/redirects", old="/2019/quay.html", new="/")
        self.send("/desk/lists", query="q=ferry", name="Ferries")
        self.plain = self.number("/desk/pages", r"/desk/pages/(\d+)")
        self.tag = self.number("/desk/names/tags", r"/desk/names/tags/(\d+)")
        self.invitation = self.number("/desk/people", r"/desk/invited/([\w.-]+)")
        self.person = self.number("/desk/people", r"/desk/people/(\d+)\"")
        self.reset = found_in(self.send(f"/desk/people/{self.person}/reset-link"), r"/desk/reset/([\w.-]+)")
        self.moment = self.number("/desk/preview/site", r"/preview/site/([^/\"]+)/")


def found_in(answer: APIResponse, pattern: str) -> str:
    found = re.search(pattern, answer.text())
    assert found, f"{pattern} on {answer.url}"
    return found[1]


def quay() -> dict[str, Any]:
    """A picture file."""
    image = Image.new("RGB", (1200, 800), "#9fc4d6")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 480, 1200, 800), fill="#2f5d73")
    draw.polygon([(0, 800), (0, 600), (900, 520), (1200, 560), (1200, 800)], fill="#6d5c4d")
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return {"name": "north-quay.png", "mimeType": "image/png", "buffer": kept.getvalue()}

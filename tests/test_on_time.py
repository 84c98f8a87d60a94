"""A whole newsapp: an embargo ends, a story ends and one is taken down, on time, also while Redis is away."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.conftest import Valkey, wait_for
from tests.home import ROOT, Home
from tests.letterbox import Letterbox, letterbox
from tests.machine import fail_a_job
from tests.newsroom import FIREFOX
from tests.prepared import Prepared
from tests.tabs import UNDRIVEN

pytestmark = pytest.mark.browser

PORT = 8380
DESK = f"http://localhost:{PORT + 1}"
IN_TIME = 2.0  # seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("v")).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def box() -> Iterator[Letterbox]:
    with letterbox() as box:
        yield box


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, server: Valkey, box: Letterbox, prepared: Prepared) -> Iterator[Home]:
    """A paper whose Valkey is not its own part, so that a test may stop it."""
    home = prepared.home_in(tmp_path_factory.mktemp("on_time") / "home", PORT=PORT, REDIS_URL=server.url, SMTP_URL=box.url).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def desk(paper: Home, chromium_path: str) -> Iterator[Page]:
    """The first person's browser, signed in."""
    email, password = paper.editor
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu", UNDRIVEN])
        page = browser.new_page()
        page.goto(f"{DESK}/desk/sign-in")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(re.compile("/desk/(welcome|$)"))
        yield page
        browser.close()


def ask(path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("localhost", PORT, timeout=5)
    with contextlib.closing(connection):
        connection.request(method, path, headers={"User-Agent": FIREFOX, "Origin": f"http://localhost:{PORT}", "Sec-Fetch-Site": "same-origin"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def soon(seconds: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def fill_moment(page: Page, label: str, moment: datetime) -> None:
    """Type a time to the second; the field offers minutes."""
    field = page.get_by_label(label, exact=True)
    field.evaluate("input => { input.step = 1 }")
    field.fill(f"{moment:%Y-%m-%dT%H:%M:%S}")


def write(page: Page, headline: str, goes_out: datetime | None = None) -> str:
    """Write and publish a story through the form, past the checklist's warnings. Returns its address on the site."""
    page.goto(f"{DESK}/desk/articles/new")
    page.get_by_label("Headline", exact=True).fill(headline)
    if goes_out:
        fill_moment(page, "Goes out", goes_out)
    page.get_by_role("button", name="Save and publish").click()
    page.get_by_role("button", name="Publish all the same").click()
    page.get_by_text("Saved. ").wait_for()
    section = page.get_by_label("Section").evaluate("select => select.selectedOptions[0].textContent").lower()
    return f"/{section}/{page.locator('#slug').input_value()}"


def after(desk: Page, moment: datetime) -> None:
    """Until the desk's page says that the moment is there, with nobody asking the site for anything."""
    clock = desk.locator(f"time[data-countdown][datetime='{moment.isoformat(timespec='seconds')}']").first
    expect(clock).to_have_text("now", timeout=40_000)


def lists(path: str) -> tuple[str, ...]:
    return "/", path.rpartition("/")[0], "/feed.xml", "/sitemap/articles-0.xml", "/api/v1/most-viewed?window=hour&limit=50"


def holding(path: str) -> list[str]:
    """The lists that hold a story."""
    return [address for address in lists(path) if path.rpartition("/")[2] in ask(address)[1]]


def test_an_embargo_and_an_end_come_by_the_clock_alone(paper: Home, desk: Page) -> None:
    begins = soon(20)
    path = write(desk, "Harbour fire put out", begins)
    assert desk.locator("time[data-countdown]").first.inner_text().startswith("in ")
    assert holding(path) == [], "shown before its time"
    assert ask(path)[0] == 404
    assert datetime.now(UTC) < begins, "this machine was too slow for the test"
    after(desk, begins)
    began = time.monotonic()
    assert ask(path)[0] == 200
    assert holding(path) == list(lists(path)[:4])
    assert time.monotonic() - began < IN_TIME
    beacon = re.search(r'data-beacon="([^"]+)"', ask(path)[1])
    assert beacon
    assert ask(f"{beacon[1].replace('&amp;', '&')}&n=navigate", "POST")[0] == 204
    wait_for(lambda: len(holding(path)) == 5, 20, "the story to be in Most Viewed")

    ends = soon(12)
    desk.reload()
    fill_moment(desk, "Ends", ends)
    desk.get_by_role("button", name="Save", exact=True).click()
    desk.get_by_text("Saved. ").wait_for()
    wait_for(lambda: ask(path)[0] == 200, 5, "the story once more")
    assert len(holding(path)) == 5
    assert datetime.now(UTC) < ends, "this machine was too slow for the test"
    after(desk, ends)
    began = time.monotonic()
    status, text = ask(path)
    assert (status, holding(path)) == (404, [])
    assert time.monotonic() - began < IN_TIME
    assert "no longer available" in text

    def told() -> bool:
        desk.reload()
        return "Went out" in (said := desk.locator(".turns").inner_text()) and "Ended" in said

    wait_for(told, 20, "the history to say what the clock did")


def board(desk: Page) -> Page:
    desk.goto(f"{DESK}/desk/ops")
    return desk


def worker_row(desk: Page, queue: str) -> Locator:
    """The row of a queue's worker, as the board has it now."""
    return desk.locator("section[aria-labelledby=workers] tbody tr").filter(has=desk.get_by_role("cell", name=queue, exact=True))


def alarm(desk: Page, name: str) -> Locator:
    return desk.locator(f"#alarm-{name}")


@pytest.fixture
def killed(paper: Home) -> Iterator[Callable[[str], None]]:
    """Kills a part that stays dead: who would start it again within a second, the supervisor, stands still until the end."""
    paper.process.send_signal(signal.SIGSTOP)
    yield lambda name: os.kill(paper.pid(name), signal.SIGKILL)
    paper.process.send_signal(signal.SIGCONT)


@pytest.mark.timeout(300)
def test_alarms_appear_name_their_cause_and_clear(paper: Home, desk: Page, server: Valkey, box: Letterbox, killed: Callable[[str], None]) -> None:
    """A worker is killed, another is quiet, a job fails, the inbox backs up and an embargo is late: operators are told of each once, see it,
    and mend it on the board.
    """
    for name, value in (("alert_email", "night@newsapp.example"), ("alert_after", "5")):
        command = [sys.executable, "-m", "newsapp.cli", "settings", "set", name, value]
        subprocess.run(command, cwd=ROOT, env=paper.environment, check=True, capture_output=True)
    path = write(desk, "Read while nobody counts")
    wait_for(lambda: ask(path)[0] == 200, 10, "the story")
    beacon = re.search(r'data-beacon="([^"]+)"', ask(path)[1])
    assert beacon
    board(desk)
    worker_row(desk, "desk").get_by_role("button", name=re.compile("^Quiet")).click()
    expect(desk.get_by_role("status").filter(has_text="takes no more jobs")).to_be_visible()
    expect(worker_row(desk, "desk").locator(".state")).to_have_text("Quiet", timeout=60_000)
    killed("count")
    fail_a_job(server.client(), "slow")
    write(desk, "Out when the clock stands still", soon(8))
    wait_for(lambda: ask(f"{beacon[1].replace('&amp;', '&')}&n=navigate", "POST")[0] in (204, 429), 5, "a view to be taken")
    board(desk)
    for name, title, cause in (
        ("jobs-failed", "Jobs failed: 1 on slow", "A job raised an error"),
        ("queue-idle", "Nobody works on: count, desk", "No worker process of the queue is heard"),
        ("views-waiting", "A view has waited", "nobody counts them"),
        ("turn-late", "An embargo or an end is", "turn_due has not run since its moment"),
    ):
        expect(alarm(desk, name)).to_contain_text(title, timeout=90_000)
        expect(alarm(desk, name)).to_contain_text(cause)
    titles = ("Jobs failed", "Nobody works on", "A view has waited", "An embargo or an end is")

    def told() -> list[int]:
        return [sum(title in subject for _, subject, _ in box.letters) for title in titles]

    wait_for(lambda: all(told()), 60, "a letter of each alarm")
    alarm(desk, "turn-late").get_by_role("link", name="Runbook").click()
    expect(desk.get_by_role("heading", name="An embargo or an end is late")).to_be_in_viewport()

    board(desk)
    worker_row(desk, "desk").get_by_role("button", name=re.compile("^Wake")).click()
    expect(desk.get_by_role("status").filter(has_text="takes jobs again")).to_be_visible()
    assert paper.pid("count") is None
    paper.process.send_signal(signal.SIGCONT)
    alarm(desk, "jobs-failed").get_by_role("link", name="See the failed jobs").click()
    expect(desk.get_by_text("nothing_of_that_name").first).to_be_visible()
    desk.get_by_role("checkbox").check()
    desk.get_by_role("button", name="Delete chosen").click()
    expect(desk.get_by_text("1 job deleted.")).to_be_visible()
    board(desk)
    for name in ("jobs-failed", "queue-idle", "views-waiting", "turn-late"):
        expect(alarm(desk, name)).to_have_count(0, timeout=60_000)
    assert told() == [1, 1, 1, 1], "four processes looked"


def test_a_takedown_without_redis_is_gone_at_once(paper: Home, desk: Page, server: Valkey) -> None:
    path = write(desk, "Regretted story")
    wait_for(lambda: len(holding(path)) == 4, 10, "the story in the lists")
    assert ask(path)[0] == 200
    edit = desk.url.partition("#")[0]
    server.kill()
    wait_for(
        lambda: '"redis": "silent"' in ask("/readyz")[1] or "silent" in (paper.folder / "log" / "site.log").read_text(), 20, "the site to notice"
    )
    desk.goto(f"{edit}/takedown")
    desk.get_by_label("Take it down for good").check()
    desk.get_by_role("button", name="Take down", exact=True).click()
    desk.get_by_text("Taken down for good").first.wait_for()
    began = time.monotonic()
    wait_for(lambda: ask(path)[0] == 410 and not holding(path), 10, "the takedown to reach readers")
    assert time.monotonic() - began < 2 * IN_TIME
    server.start()
    wait_for(lambda: ask(path)[0] == 410 and not holding(path), 10, "it to stay gone when Redis is back")

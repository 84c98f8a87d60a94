"""A chromium as people have it: tabs of which one is in front, a back/forward cache, pages loaded ahead, sessions that come back."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Playwright, TimeoutError, Worker

from tests.conftest import wait_for

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"]
# Without it chromium says in navigator.webdriver that it is driven, and is rightly not counted.
UNDRIVEN = "--disable-blink-features=AutomationControlled"

# What only the browser's own menus do with a tab, an extension may do too.
MANIFEST = {
    "manifest_version": 3, "name": "Menus", "version": "1", "permissions": ["tabs", "sessions"], "host_permissions": ["<all_urls>"],
    "background": {"service_worker": "menus.js"},
}  # fmt: skip
MENUS = """
const tab = async (url) => (await chrome.tabs.query({ url }))[0].id;
self.open = async (url) => { await chrome.tabs.create({ url, active: false }); };
self.duplicate = async (url) => { await chrome.tabs.duplicate(await tab(url)); };
self.discard = async (url) => { await chrome.tabs.discard(await tab(url)); };
self.show = async (url) => { await chrome.tabs.update(await tab(url), { active: true }); };
self.close = async (url) => { await chrome.tabs.remove(await tab(url)); };
self.reopen = () => chrome.sessions.restore().catch(() => null);
self.focus = async (focused) => { for (const { id } of await chrome.windows.getAll()) await chrome.windows.update(id, { focused }); };
"""


class Chromium:
    """A browser and its profile, which may be started more than once."""

    def __init__(self, path: str, profile: Path) -> None:
        self.profile, self.port_file, self.menus = profile / "profile", profile / "profile" / "DevToolsActivePort", profile / "menus"
        self.menus.mkdir(parents=True)
        (self.menus / "manifest.json").write_text(json.dumps(MANIFEST))
        (self.menus / "menus.js").write_text(MENUS)
        self.command = [path, *FLAGS, UNDRIVEN, f"--user-agent={AGENT}", f"--user-data-dir={self.profile}", "--remote-debugging-port=0"]
        self.command += [f"--load-extension={self.menus}", "--disable-features=DisableLoadExtensionCommandLineSwitch"]
        self.command += ["--host-resolver-rules=MAP * 127.0.0.1"]

    @contextmanager
    def alone(self, *arguments: str) -> Iterator[None]:
        """Runs with nobody looking on: chromium renders no page ahead while a debugger is attached."""
        with self.process(*arguments) as process:
            yield
            process.terminate()

    @contextmanager
    def watched(self, playwright: Playwright, *arguments: str) -> Iterator[BrowserContext]:
        """Runs with Playwright joining later: a browser that Playwright starts shows and focuses all of its tabs at once."""
        with self.process(*arguments):
            browser = self.joined(playwright)
            yield browser.contexts[0]
            browser.new_browser_cdp_session().send("Browser.close")

    def joined(self, playwright: Playwright) -> Browser:
        """Joining while chromium makes its first tab may hang for ever; once more then."""
        wait_for(self.tabs, 30, "a first tab")
        for seconds in (10, 20):
            with suppress(TimeoutError):
                return playwright.chromium.connect_over_cdp(self.address(), no_defaults=True, timeout=1000 * seconds)
        return playwright.chromium.connect_over_cdp(self.address(), no_defaults=True)

    @contextmanager
    def process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """The browser's process, gone at the end whatever happens."""
        self.port_file.unlink(missing_ok=True)
        process = subprocess.Popen([*self.command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield process
            process.wait(20)
        finally:
            process.kill()

    def address(self) -> str:
        """Where the running browser can be asked."""
        wait_for(lambda: self.port_file.exists() and "\n" in self.port_file.read_text(), 30, "chromium to listen")
        return f"http://127.0.0.1:{self.port_file.read_text().splitlines()[0]}"

    def tabs(self) -> set[str]:
        """The addresses of all tabs, without joining: Playwright would wait for one that has not been loaded."""
        with urllib.request.urlopen(f"{self.address()}/json/list", timeout=10) as answer:
            return {target["url"] for target in json.load(answer) if target["type"] == "page"}


def menus_of(context: BrowserContext) -> Worker:
    """What the menus do with tabs, as functions of the extension."""
    ours = [worker for worker in context.service_workers if worker.url.startswith("chrome-extension:")]
    return ours[0] if ours else context.wait_for_event("serviceworker", lambda worker: worker.url.startswith("chrome-extension:"))

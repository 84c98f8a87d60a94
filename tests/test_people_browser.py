"""People in a real browser with a real mail server: invited, in, out, a new password, a second factor, a passkey, sessions."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.home import Home
from tests.letterbox import Letterbox, letterbox
from tests.prepared import Prepared
from tests.tabs import AGENT, UNDRIVEN

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PORT = 8390
DESK = f"http://localhost:{PORT + 1}"
WORDS, OTHERS = "harbour lemon clock thunder", "velvet engine salt orchestra"
GUEST = "night.desk@newsapp.example"


@pytest.fixture(scope="module")
def box() -> Iterator[Letterbox]:
    with letterbox() as box:
        yield box


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, box: Letterbox, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(
        tmp_path_factory.mktemp("people") / "home", PORT=PORT, SMTP_URL=box.url, MAIL_FROM="desk@newsapp.example", SITE_WORKERS=1
    ).up()
    yield home
    home.stop()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", UNDRIVEN])
        yield browser
        browser.close()


def tab(browser: Browser) -> Page:
    """A browser of its own, in which an error of a script or of the policy fails the test."""
    page = browser.new_context(user_agent=AGENT).new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.set_default_timeout(30_000)
    return page


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto(f"{DESK}/desk/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in to the desk")).to_be_visible()


def test_from_an_invitation_to_a_passkey(home: Home, browser: Browser, box: Letterbox) -> None:
    admin, guest = tab(browser), tab(browser)
    sign_in(admin, *home.editor)
    admin.goto(f"{DESK}/desk/people")
    admin.get_by_role("button", name="Send me a test letter").click()
    expect(admin.get_by_text("took a letter to editor@newsapp.example")).to_be_visible()
    admin.get_by_label("E-mail").fill(GUEST)
    admin.get_by_role("button", name="Invite", exact=True).click()
    expect(admin.get_by_text(f"a letter to {GUEST} is on its way")).to_be_visible()
    # in
    guest.goto(box.link(GUEST, "invited"))
    guest.get_by_label("Name").fill("Night desk")
    guest.get_by_label("Password").fill(WORDS)
    guest.get_by_role("button", name="Come in with this password").click()
    expect(guest.get_by_role("heading", name="Articles")).to_be_visible()
    sign_out(guest)
    # a new password
    guest.get_by_role("link", name="Forgotten your password?").click()
    guest.get_by_label("E-mail").fill(GUEST)
    guest.get_by_role("button", name="Send the link").click()
    expect(guest.get_by_text("a letter is on its way")).to_be_visible()
    guest.goto(box.link(GUEST, "/desk/reset/"))
    guest.get_by_label("New password").fill(OTHERS)
    guest.get_by_role("button", name="Change it").click()
    sign_in(guest, GUEST, OTHERS)
    expect(guest.get_by_role("heading", name="Articles")).to_be_visible()
    app = codes(guest)
    sign_out(guest)
    sign_in(guest, GUEST, OTHERS)
    guest.get_by_label("The six digits").fill(app.at(time.time() + 30))
    guest.get_by_role("button", name="Go on").click()
    expect(guest.get_by_role("heading", name="Articles")).to_be_visible()
    passkey(guest)
    # sessions: the admin ends all of them
    admin.goto(f"{DESK}/desk/people")
    admin.get_by_role("link", name="Night desk").click()
    admin.get_by_role("button", name="Sign out everywhere").click()
    expect(admin.get_by_text("Signed out everywhere.")).to_be_visible()
    guest.goto(f"{DESK}/desk/account")
    expect(guest.get_by_role("heading", name="Sign in to the desk")).to_be_visible()
    admin.goto(f"{DESK}/desk/audit?thing={GUEST}")
    expect(admin.get_by_text("signed in with passkey").first).to_be_visible()


def codes(page: Page) -> pyotp.TOTP:
    """Set the authenticator app up, by the key that stands below the picture."""
    page.goto(f"{DESK}/desk/account/codes")
    page.get_by_role("button", name="Set it up").click()
    page.locator(".scan img").evaluate("image => image.decode()")  # refused for a picture that does not come
    app = pyotp.TOTP(page.locator(".key").inner_text().replace("-", "").replace(" ", ""))
    page.get_by_label("The six digits").fill(app.now())
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_text("The authenticator app is set up")).to_be_visible()
    return app


def passkey(page: Page) -> None:
    """Make one, and sign in with nothing else: no password and no code, though codes are set up."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "automaticPresenceSimulation": True}})
    page.goto(f"{DESK}/desk/account/passkeys")
    page.get_by_label("What you call it").fill("Telephone")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("button", name="Remove Telephone")).to_be_visible()
    sign_out(page)
    page.goto(f"{DESK}/desk/account")
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.get_by_text("with passkey")).to_be_visible()

"""People: invitations, new passwords, roles, sessions, second factors; what admins do with them, and what nobody can."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pyotp
import pytest
import time_machine
from click.testing import CliRunner
from sqlalchemy import select, text

from newsapp.config import Config, ConfigError, load_config
from newsapp.database import db, now
from newsapp.people import staff
from newsapp.people.commands import user
from newsapp.people.models import DeskSession, User
from newsapp.people.passwords import problems
from newsapp.people.sessions import browser
from newsapp.settings.store import change
from tests.conftest import make_app, wait_for
from tests.desk import Desk, desk_of
from tests.home import ROOT
from tests.letterbox import Letterbox, letterbox

WORDS = "harbour lemon clock thunder"


@pytest.fixture
def box() -> Iterator[Letterbox]:
    with letterbox() as box:
        yield box


@pytest.fixture
def desk(config: Config) -> Iterator[Desk]:
    """A desk without a mail server."""
    yield from desk_of(config)


@pytest.fixture
def mailing(config: Config, box: Letterbox) -> Iterator[Desk]:
    """A desk with a mail server."""
    yield from desk_of({**config, "SMTP_URL": box.url, "MAIL_FROM": "desk@newsapp.example"})


def other(desk: Desk) -> Desk:
    """Another browser at the same desk."""
    elsewhere = copy.copy(desk)
    elsewhere.browser = desk.app.test_client()
    return elsewhere


def invite(admin: Desk, email: str, *roles: str) -> Any:
    return admin.send("/desk/people/invitations", "/desk/people", email=email, roles=list(roles))


def shown_link(desk: Desk, page: str = "/desk/people") -> str:
    found = re.search(r'value="(http[^"]+/desk/(?:invited|reset)/[^"]+)"', desk.open(page).text)
    assert found
    return found[1].replace("http://localhost:8001", "")


def person(desk: Desk, email: str) -> User:
    with desk.app.app_context():
        found = staff.known(email)
        _ = [role.name for role in found.roles]
        db.session.expunge_all()
        return found


def decide(desk: Desk, name: str, value: str) -> None:
    with desk.app.app_context():
        change("site", name, value, "test")
        db.session.commit()


# ---- invitations


def test_an_invitation_brings_somebody_in_once(desk: Desk) -> None:
    desk.sign_in("admin")
    assert invite(desk, "Night.Desk@newsapp.example", "writer").status_code == 302
    link, guest = shown_link(desk), other(desk)
    assert "At least 12 characters" in guest.send(link, link, name="Night desk", password="short", **{"with": "password"}).text
    assert guest.send(link, link, name="Night desk", password=WORDS, **{"with": "password"}).location == "/desk/start"
    assert guest.open("/desk/").status_code == 200
    assert guest.open("/desk/settings").status_code == 403
    assert guest.open(link).status_code == 410
    assert person(desk, "night.desk@newsapp.example").role_names == ["writer"]
    assert "night.desk@newsapp.example is here already" in invite(desk, "night.desk@newsapp.example", "editor").text


def test_an_invitation_ends_by_time_by_hand_and_by_a_newer_one(desk: Desk) -> None:
    desk.sign_in("admin")
    invite(desk, "night.desk@newsapp.example", "writer")
    first, guest = shown_link(desk), other(desk)
    desk.send("/desk/people/invitations/1/renewal", "/desk/people")
    second = shown_link(desk)
    assert guest.open(first).status_code == 410
    assert guest.open(second).status_code == 200
    with time_machine.travel(now() + timedelta(days=7, minutes=1)):
        assert guest.open(second).status_code == 410
    desk.send("/desk/people/invitations/1/withdrawal", "/desk/people")
    assert guest.open(second).status_code == 410
    assert guest.open(second[:-3] + "abc").status_code == 410


def test_an_invitation_goes_out_as_a_letter(mailing: Desk, box: Letterbox) -> None:
    mailing.sign_in("admin")
    invite(mailing, "night.desk@newsapp.example", "writer", "operator")
    assert box.link("night.desk@newsapp.example", "invited").replace("http://localhost:8001", "") == shown_link(mailing)


def test_without_a_mail_server_the_pages_say_what_to_do(desk: Desk) -> None:
    desk.sign_in("admin")
    page = desk.open("/desk/people").text
    assert "No mail server is set" in page
    assert "test letter" not in page
    assert "An admin makes a link for you" in other(desk).open("/desk/reset").text


@pytest.mark.parametrize(("set_up", "words"), [
    ({"port": 1}, "Nothing listens at 127.0.0.1:1."), ({"host": "nowhere.invalid"}, "The name in nowhere.invalid"),
    ({"refuses": "550 no such box"}, "does not take letters for that address. (550 no such box)"),
    ({"scheme": "smtps"}, "does not speak TLS like that"), ({"login": "desk:secret@"}, "offers no encryption"), ({}, "took a letter to admin@"),
])  # fmt: skip
def test_the_test_letter_says_exactly_what_went_wrong(config: Config, box: Letterbox, set_up: dict[str, Any], words: str) -> None:
    box.refuses = set_up.get("refuses", "")
    url = f"{set_up.get('scheme', 'smtp')}://{set_up.get('login', '')}{set_up.get('host', '127.0.0.1')}:{set_up.get('port', box.port)}"
    for desk in desk_of({**config, "SMTP_URL": url, "MAIL_FROM": "desk@newsapp.example"}):
        desk.sign_in("admin")
        desk.send("/desk/people/test-letter", "/desk/people")
        page = desk.open("/desk/people").text
        assert words in page
        assert "secret" not in page


def test_a_mail_server_is_written_in_a_form_that_can_be_used() -> None:
    with pytest.raises(ConfigError, match="smtp://USER"):
        load_config({"SMTP_URL": "mail.newsapp.example"})


# ---- new passwords


def test_a_forgotten_password_is_replaced_by_letter(mailing: Desk, box: Letterbox) -> None:
    mailing.sign_in("writer")
    guest = other(mailing)
    for email in ("writer@newsapp.example", "nobody@newsapp.example"):
        fields = {"csrf_token": guest.token("/desk/reset"), "email": email}
        answer = guest.browser.post("/desk/reset", data=fields)
        assert "a letter is on its way" in answer.text, (answer.status_code, answer.location)
    link = box.link("writer@newsapp.example", "reset")
    assert link.startswith("http://localhost:8001/desk/reset/")  # the desk's public address, whatever Host was sent
    path = link.removeprefix("http://localhost:8001")
    assert guest.send(path, path, password="aaaaaaaaaaaaaaa").status_code == 200
    assert guest.send(path, path, password=WORDS).status_code == 302
    assert mailing.open("/desk/").status_code == 302
    assert guest.open(path).status_code == 302
    assert guest.sign_in("writer", WORDS).location == "/desk/start"
    assert all(address != "nobody@newsapp.example" for address, _, _ in box.letters)


def test_an_admin_makes_a_link_to_hand_over(desk: Desk) -> None:
    desk.password("writer")
    desk.sign_in("admin")
    number = person(desk, "writer@newsapp.example").id
    desk.send(f"/desk/people/{number}/reset-link", f"/desk/people/{number}")
    link = shown_link(desk, f"/desk/people/{number}")
    guest = other(desk)
    assert guest.send(link, link, password=WORDS).status_code == 302
    assert guest.sign_in("writer", WORDS).location == "/desk/start"


def test_a_hash_costs_what_it_should(config: Config) -> None:
    """In a process of its own, since tests pay less."""
    code = "from newsapp.people.staff import hashed; print(hashed('harbour lemon clock thunder'))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "NEWSAPP_HOME": config["NEWSAPP_HOME"]}, capture_output=True, text=True
    )
    assert said.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$"), said.stderr


@pytest.mark.parametrize("password", ["passwordpassword", "qwertyuiop12", "night.desk@newsapp", "aaaaaaaaaaaaaa", "short", "x" * 201])
def test_a_password_that_is_easily_guessed_is_refused_with_what_to_do(password: str) -> None:
    found = problems(password, ["night.desk@newsapp.example"])
    assert len(found) == 1
    assert "unrelated words" in found[0] or "At most" in found[0]


def test_a_good_password_needs_no_sign_or_digit() -> None:
    assert problems(WORDS, ["night.desk@newsapp.example"]) == []
    started = time.monotonic()
    problems("correct horse battery " * 9, [])
    assert time.monotonic() - started < 3


# ---- roles


def test_the_last_admin_can_neither_leave_nor_lose_the_role(desk: Desk) -> None:
    desk.sign_in("admin")
    number = person(desk, "admin@newsapp.example").id
    page = f"/desk/people/{number}"
    for action, fields in (("roles", {"roles": ["editor"]}), ("deactivation", {})):
        desk.send(f"{page}/{action}", page, **fields)
        assert "is the only admin" in desk.open(page).text
    with desk.app.app_context():
        staff.add("second@newsapp.example", ["admin"])
        db.session.commit()
    desk.send(f"{page}/roles", page, roles=["editor"])
    assert person(desk, "admin@newsapp.example").role_names == ["editor"]
    assert desk.open("/desk/people").status_code == 403


@pytest.mark.parametrize(("action", "fields"), [("roles", {"roles": ["editor"]}), ("deactivation", {})], ids=["the role", "the place"])
def test_two_admins_who_take_it_from_each_other_at_once_leave_one(config: Config, postgresql_url: str, action: str, fields: dict[str, Any]) -> None:
    """Both are past the door and wait for the same row before either is done."""
    for desk in desk_of({**config, "DATABASE_URL": postgresql_url}):
        pairs = {}
        with desk.app.app_context():
            for name in ("night", "day"):
                desk.passwords[name] = staff.add(f"{name}@newsapp.example", ["admin"])
            db.session.commit()
        for name in ("night", "day"):
            pairs[name] = (other(desk), person(desk, f"{name}@newsapp.example").id)
            pairs[name][0].sign_in(name)
        (night, night_id), (day, day_id) = pairs.values()
        pages = {each: (f"/desk/people/{number}", each.token("/desk/people")) for each, number in ((night, day_id), (day, night_id))}

        def take(admin: Desk, pages: Any = pages) -> None:
            page, token = pages[admin]
            admin.browser.post(f"{page}/{action}", data={"csrf_token": token, **fields})

        with desk.app.app_context():
            holder, asking = db.engine.connect(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        holder.execute(text("SELECT id FROM desk_role WHERE name = 'admin' FOR UPDATE"))
        threads = [Thread(target=take, args=(admin,)) for admin in (night, day)]
        for thread in threads:
            thread.start()
        wait_for(lambda asking=asking: asking.scalar(text(WAITING)) == 2, 10, "both to wait")
        holder.rollback()
        for thread in threads:
            thread.join(20)
        for connection in (holder, asking):
            connection.close()
        with desk.app.app_context():
            admins = [each.email for each in staff.everybody() if each.active and "admin" in each.role_names]
        assert len(admins) == 1, admins


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_who_is_shut_out_is_out_at_once_and_comes_back_with_all(desk: Desk) -> None:
    writer = other(desk)
    writer.sign_in("writer")
    desk.sign_in("admin")
    page = f"/desk/people/{person(desk, 'writer@newsapp.example').id}"
    desk.send(f"{page}/deactivation", page)
    assert writer.open("/desk/").status_code == 302
    assert "do not belong together" in writer.sign_in("writer").text
    desk.send(f"{page}/deactivation/removal", page)
    assert writer.sign_in("writer").status_code == 302


def test_writers_write_and_do_not_publish_unless_the_paper_lets_them(desk: Desk) -> None:
    desk.sign_in("writer")
    draft = desk.write(headline="Ferry strike ends")
    assert desk.save(draft, "publication").status_code == 403
    assert "Save and publish" not in desk.open(f"/desk/articles/{draft.id}").text
    decide(desk, "writers_publish", "on")
    assert desk.save(draft, "publication").status_code == 302
    decide(desk, "writers_publish", "off")
    assert desk.save(desk.article(draft.id), headline="Changed behind the editor").status_code == 403
    assert desk.article(draft.id).headline == "Ferry strike ends"


def test_what_a_page_offers_is_what_the_role_may_do(desk: Desk) -> None:
    desk.sign_in("deputy")
    article = desk.write("publication")
    page = desk.open(f"/desk/articles/{article.id}").text
    assert "Take down" not in page
    for name, is_there in (("Held views", True), ("Settings", False), ("People", False), ("Audit log", False)):
        assert (f">{name}</a>" in page) is is_there, name


def test_each_role_is_led_to_its_own_work(desk: Desk) -> None:
    for role, place in (("writer", "/desk/"), ("operator", "/desk/ops")):
        desk.sign_in(role)
        assert desk.open("/desk/start").location == place
        desk.send("/desk/sign-out", "/desk/account")


# ---- sessions


def test_sessions_are_listed_and_ended_one_by_one_or_all(desk: Desk) -> None:
    desk.sign_in("writer")
    telephone, library = other(desk), other(desk)
    for each in (telephone, library):
        each.sign_in("writer")
    assert desk.open("/desk/account").text.count("Sign out there") == 2
    with desk.app.app_context():
        rows = list(db.session.scalars(select(DeskSession)))
        assert len(rows) == 3
        assert "127.0.0.1" not in str([vars(row) for row in rows])
    first = re.search(r'action="(/desk/account/sessions/[0-9a-f]{64}/end)"', desk.open("/desk/account").text)
    assert first
    desk.send(first[1], "/desk/account")
    assert sorted(each.open("/desk/").status_code for each in (telephone, library)) == [200, 302]
    desk.send("/desk/account/sessions/end", "/desk/account")
    assert [each.open("/desk/").status_code for each in (desk, telephone, library)] == [200, 302, 302]


def test_nobody_ends_the_session_of_another(desk: Desk) -> None:
    editor = other(desk)
    editor.sign_in("editor")
    desk.sign_in("writer")
    with desk.app.app_context():
        theirs = db.session.scalars(
            select(DeskSession.id).join(User, User.id == DeskSession.user_id).where(User.email == "editor@newsapp.example")
        ).one()
    desk.send(f"/desk/account/sessions/{theirs}/end", "/desk/account")
    assert editor.open("/desk/").status_code == 200


def test_an_admin_ends_all_sessions_of_a_person(desk: Desk) -> None:
    writer = other(desk)
    writer.sign_in("writer")
    desk.sign_in("admin")
    page = f"/desk/people/{person(desk, 'writer@newsapp.example').id}"
    desk.send(f"{page}/sessions/end", page)
    assert writer.open("/desk/").status_code == 302


def test_signing_out_ends_the_session_for_a_stolen_cookie_too(desk: Desk) -> None:
    desk.sign_in("writer")
    cookie = desk.browser.get_cookie("desk", path="/desk")
    assert cookie
    desk.send("/desk/sign-out", "/desk/account")
    thief = other(desk)
    thief.browser.set_cookie("desk", cookie.value, path="/desk")
    assert thief.open("/desk/").status_code == 302


def test_a_session_that_was_left_is_over_and_one_in_use_is_noted_now_and_then(desk: Desk) -> None:
    desk.sign_in("writer")
    with time_machine.travel(now() + timedelta(hours=2)):
        desk.open("/desk/")
        with desk.app.app_context():
            assert db.session.scalars(select(DeskSession.seen)).one() > now() - timedelta(minutes=1)
    with time_machine.travel(now() + timedelta(days=32)):
        assert desk.open("/desk/").status_code == 302


def test_after_signing_in_a_sent_form_leads_back_to_its_page(desk: Desk) -> None:
    token = desk.token("/desk/sign-in")
    answer = desk.browser.post("/desk/articles", data={"csrf_token": token}, headers={"Referer": "http://localhost/desk/articles/new?section=2"})
    assert answer.location == "/desk/sign-in?next=/desk/articles/new?section%3D2"
    answer = desk.browser.post("/desk/articles", data={"csrf_token": token}, headers={"Referer": "https://evil.example/elsewhere"})
    assert answer.location == "/desk/sign-in"


def test_a_browser_is_told_in_words() -> None:
    assert browser("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36") == "Chrome on Linux"
    assert browser("curl/8") == "A browser"


# ---- the second factor


def set_up_codes(desk: Desk) -> pyotp.TOTP:
    """Set an authenticator app up, as its page leads to it."""
    page = desk.send("/desk/account/codes", "/desk/account/codes", setup="authenticator").text
    key = re.search(r'<code class="key">([^<]+)</code>', page)
    address = re.search(r'action="(/desk/account/codes/[^"]+)"', page)
    assert key
    assert address
    assert desk.open("/desk/account/codes.svg").data.startswith(b"<?xml")
    app = pyotp.TOTP(key[1].replace("-", "").replace(" ", ""))
    assert desk.send(address[1], "/desk/account", code=app.now()).status_code == 302
    assert "In use" in desk.open("/desk/account/codes").text
    return app


def test_codes_are_asked_for_after_the_password_and_each_is_good_once(desk: Desk) -> None:
    desk.sign_in("writer")
    app, guest = set_up_codes(desk), other(desk)
    assert guest.sign_in("writer").location.startswith("/desk/sign-in/code")
    assert guest.open("/desk/").status_code == 302
    assert "is not right" in guest.send("/desk/sign-in/code", "/desk/sign-in/code", code="000000").text
    code = app.at(time.time() + 30)
    assert guest.send("/desk/sign-in/code", "/desk/sign-in/code", code=code).location == "/desk/start"
    assert guest.open("/desk/").status_code == 200
    thief = other(desk)
    thief.sign_in("writer")
    assert "is not right" in thief.send("/desk/sign-in/code", "/desk/sign-in/code", code=code).text


def test_guessing_codes_is_slowed_down_for_the_person(desk: Desk) -> None:
    desk.sign_in("writer")
    set_up_codes(desk)
    statuses = []
    for _ in range(11):
        guest = other(desk)
        guest.sign_in("writer")
        statuses.append(guest.send("/desk/sign-in/code", "/desk/sign-in/code", code="000000").status_code)
    assert statuses == [200] * 10 + [429]


def test_a_recovery_code_lets_in_once(desk: Desk) -> None:
    desk.sign_in("writer")
    set_up_codes(desk)
    page = desk.send("/desk/account/recovery-codes", "/desk/account/recovery-codes", generate_new_codes="1").text
    codes = re.findall(r"<li><code>([^<]+)</code></li>", page)
    assert len(codes) == 8
    for status in (302, 200):
        guest = other(desk)
        guest.sign_in("writer")
        assert guest.send("/desk/sign-in/recovery", "/desk/sign-in/recovery", code=codes[0]).status_code == status
    assert "7 left" in desk.open("/desk/account").text
    with desk.app.app_context():
        assert codes[1] not in str(staff.known("writer@newsapp.example").mf_recovery_codes)


def test_the_second_factor_can_be_taken_away_by_its_owner_and_by_an_admin(desk: Desk) -> None:
    desk.sign_in("writer")
    set_up_codes(desk)
    desk.send("/desk/account/codes", "/desk/account/codes", setup="disable")
    assert "Not set up" in desk.open("/desk/account/codes").text
    set_up_codes(desk)
    admin = other(desk)
    admin.sign_in("admin")
    page = f"/desk/people/{person(desk, 'writer@newsapp.example').id}"
    admin.send(f"{page}/second-factor/removal", page)
    assert other(desk).sign_in("writer").location == "/desk/start"


def test_a_paper_may_ask_chiefs_for_a_second_factor(desk: Desk) -> None:
    decide(desk, "second_factor", "on")
    desk.sign_in("writer")
    assert desk.open("/desk/").status_code == 200
    chief = other(desk)
    chief.sign_in("chief")
    assert chief.open("/desk/").location == "/desk/account"
    assert "needs a second factor" in chief.open("/desk/account").text
    set_up_codes(chief)
    assert chief.open("/desk/").status_code == 200


def test_who_signed_in_long_ago_shows_again_who_it_is(desk: Desk) -> None:
    desk.sign_in("writer")
    with time_machine.travel(now() + timedelta(hours=3)):
        answer = desk.open("/desk/account/codes")
        assert answer.location.startswith("/desk/account/verify")
        assert "This is not your password" in desk.send(answer.location, answer.location, password="guess").text
        assert desk.send(answer.location, answer.location, password=desk.password("writer")).location.endswith("/desk/account/codes")
        assert desk.open("/desk/account/codes").status_code == 200


# ---- the command line


def test_roles_are_given_on_the_command_line_and_the_last_admin_stays(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NEWSAPP_HOME", "REDIS_URL", "DATABASE_URL", "LOG_LEVEL"):
        monkeypatch.setenv(name, str(config[name]))
    Desk(make_app(config, "desk"))
    shell = CliRunner()
    shell.invoke(user, ["add", "night.desk@newsapp.example", "--role", "admin"])
    assert "is the only admin" in shell.invoke(user, ["role", "night.desk@newsapp.example", "--role", "writer"]).output
    shell.invoke(user, ["add", "day.desk@newsapp.example", "--role", "admin"])
    shell.invoke(user, ["role", "night.desk@newsapp.example", "--role", "writer", "--role", "chief"])
    assert "night.desk@newsapp.example  chief, writer" in shell.invoke(user, ["list"]).output

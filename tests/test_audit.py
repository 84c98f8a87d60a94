"""The audit log: every change at the desk leaves an entry, in the transaction of the change; and the way back from a setting."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from PIL import Image
from sqlalchemy import func, select

from newsapp.audit import deeds, reading
from newsapp.audit.models import AuditEntry
from newsapp.config import Config
from newsapp.database import db, now, write_unit
from newsapp.front.models import STORY
from newsapp.news.models import Article, Section
from newsapp.people import staff
from newsapp.people.models import User
from newsapp.saving import saving
from newsapp.traffic.models import held_views
from tests.desk import Desk, desk_of, settings_of
from tests.machine import a_worker, fail_a_job
from tests.test_people import set_up_codes


@pytest.fixture
def desk(config: Config, every_database: str) -> Iterator[Desk]:
    """A desk with somebody signed in who may do all, on each database."""
    for desk in desk_of({**config, "DATABASE_URL": every_database}):
        with desk.app.app_context():
            desk.passwords["first"] = staff.add("first@newsapp.example", ["admin"])
            staff.add("second@newsapp.example", ["writer"])
            db.session.commit()
        desk.sign_in("first")
        yield desk


def entries(desk: Desk) -> list[AuditEntry]:
    with desk.app.app_context():
        found = list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
        db.session.expunge_all()
        return found


def told(desk: Desk, do: Callable[[], Any]) -> list[AuditEntry]:
    """What a deed leaves in the log."""
    before = len(entries(desk))
    do()
    return entries(desk)[before:]


def guess_at(desk: Desk, who: str) -> None:
    desk.send("/desk/sign-in", "/desk/sign-in", email=f"{who}@newsapp.example", password="a guess")


def person(desk: Desk, email: str) -> int:
    with desk.app.app_context():
        return int(db.session.scalars(select(User.id).where(User.email == email)).one())


def hold(desk: Desk) -> dict[str, int]:
    """A view that the rule holds back."""
    hour = int(now().timestamp()) // 3600 - 2
    with desk.app.app_context(), write_unit() as connection:
        connection.execute(held_views.insert().values(hour=hour, article_id=1, network=7, events=3))
    return {"hour": hour, "article": 1, "network": 7}


def brought(desk: Desk, path: str) -> Callable[[], Any]:
    """Bring a picture; each is another."""

    def bring() -> None:
        content = io.BytesIO()
        Image.new("RGB", (600, 400), (20, 90, len(path))).save(content, "JPEG")
        content.seek(0)
        desk.send(path, "/desk/account", file=(content, "pier.jpg"), alt="A pier")

    return bring


# Routes that take a form and change nothing that anybody would ask for, and those that only a browser's passkey gets through.
NOTHING = {
    "security.logout", "security.forgot_password", "security.verify", "security.two_factor_rescue", "security.tf_select", "people.test_letter",
    "revisions.choose", "previews.unsaved", "publishing.ask_links", *(f"opened_forms.{name}" for name in ("keep", "throw_away", "arrive", "leave")),
    "saved_lists.keep", "saved_lists.let_go",  # nobody but who keeps them sees them
}  # fmt: skip
PASSKEYS = {f"security.wan_{name}" for name in ("register", "register_response", "signin", "signin_response", "verify", "verify_response", "delete")}
# An address that each other route is tried at is found below; what is tried is told.


def test_every_route_that_changes_something_leaves_an_entry(desk: Desk) -> None:
    until = f"{now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    article = desk.write(headline="Harbour fire", tags="Boats, Ferry, Harbour")
    number, second = article.id, person(desk, "second@newsapp.example")
    story = {"headline": "Harbour fire", "section": 1, "protection_mode": "", "confirmed": 1}
    at, people, mine = f"/desk/articles/{number}", f"/desk/people/{second}", "/desk/account"

    def send(path: str, page: str = mine, **fields: Any) -> Callable[[], Any]:
        return lambda: desk.send(path, page, **fields)

    def saved(then: str = "") -> Callable[[], Any]:
        return lambda: desk.send(f"{at}{then}", at, **story, version=desk.article(number).version, kicker=f"Now {then or 'more'}")

    def publish_and_hold() -> None:
        hold(desk)
        desk.send(f"/desk/held/articles/{number}/releases", mine)

    def approved() -> None:
        saved("/review")()
        desk.send(f"{at}/approval", mine)

    def restored() -> None:
        desk.send(f"{at}/revisions/1/restoration", mine, version=desk.article(number).version)

    def come_back() -> None:
        desk.send("/desk/sign-out", mine)
        desk.sign_in("first")

    def failed_job(action: str) -> Callable[[], Any]:
        return lambda: desk.send(f"/desk/ops/failed/{action}", mine, queue="desk", job=fail_a_job(desk.app.extensions["redis_desk"]))

    def worker_told(what: str) -> Callable[[], Any]:
        return lambda: desk.send(f"/desk/ops/workers/{a_worker(desk.app.extensions['redis_desk'])}/{what}", mine)

    def run_now() -> None:
        desk.app.extensions["periods"] = {"tell": 2}
        desk.send("/desk/ops/schedule/tell/run", mine)

    deeds_of: dict[str, Callable[[], Any]] = {
        "desk.create": send("/desk/articles", **story, version=0),
        "desk.create_and_publish": send("/desk/articles/publication", **story, version=0),
        "desk.create_for_review": send("/desk/articles/review", **story, version=0),
        "desk.review": saved("/review"), "publishing.send_back": send(f"{at}/return", note="The time of it"), "publishing.approve": approved,
        "desk.change_article": saved(), "desk.publish": saved("/publication"),
        "publishing.make_note": send(f"{at}/corrections", kind="correction", text="It was noon.", at=f"{now():%Y-%m-%dT%H:%M}"),
        "publishing.change_note": send(f"{at}/corrections/1", kind="correction", text="At noon.", at=f"{now():%Y-%m-%dT%H:%M}"),
        "publishing.remove_note": send(f"{at}/corrections/1/removal"),
        "publishing.make_preview_link": send(f"{at}/preview-links", days="1"),
        "publishing.take_back_preview_link": send(f"{at}/preview-links/1/removal"),
        "revisions.restore": restored,
        "pictures.bring": brought(desk, "/desk/pictures/"), "pictures.replace": brought(desk, "/desk/pictures/1/file"),
        "pictures.describe": send("/desk/pictures/1", alt="A pier in flames", credit="", licence="", caption="", focus_x=50, focus_y=50),
        "pictures.remove": send("/desk/pictures/1/removal"),
        "front.place": send("/desk/front/1", "/desk/front/1", kind=STORY, window="day", section=0, article=number),
        "front.go_live": send("/desk/front/publication", "/desk/front"), "front.up": send("/desk/front/2/up", "/desk/front"),
        "front.empty": send("/desk/front/2/removal", "/desk/front"), "front.throw_away": send("/desk/front/proof/removal", "/desk/front"),
        "front.break_news": send("/desk/front/breaking", "/desk/front", text="Pier on fire", number=number, until="2100-01-01T10:00"),
        "front.calm": send("/desk/front/breaking/removal", "/desk/front"),
        "filing.rename": send("/desk/names/tags/1", name="Ferries", bio=""), "filing.merge": send("/desk/names/tags/1/merge", into="ferry"),
        "filing.remove": send("/desk/names/tags/3/removal", sure=1),
        "plain_pages.create": send("/desk/pages", title="Imprint", body="Us.", shown=1, version=0),
        "plain_pages.change": send("/desk/pages/1", title="Imprint", slug="about", body="Them.", shown=1, version=1),
        "plain_pages.remove": send("/desk/pages/1/removal", sure=1),
        "filing.many": send("/desk/articles/bulk", article=number, action="tag", tag="New"),
        "filing.make_redirect": send("/desk/redirects", old="/old", new="/world"),
        "filing.remove_redirect": send("/desk/redirects/removal", old="/old"),
        "numbers.take_over": send("/desk/numbers/lab", window="trend", half_life=12, per_section=2, max_age=30),
        "most_viewed.pin": send(f"/desk/most-viewed/{number}/pin", **{"pin-position": 1, "pin-until": until, "pin-reason": "Read this"}),
        "most_viewed.take_back": send(f"/desk/most-viewed/{number}/take-back"),
        "most_viewed.hold_out": send(f"/desk/most-viewed/{number}/hold-out", **{"hold-until": until, "hold-reason": "Old"}),
        "held.release": lambda: desk.send("/desk/held/releases", mine, **hold(desk)),
        "held.release_article": publish_and_hold,
        "desk.spike": send(f"{at}/spike"), "desk.unspike": send(f"{at}/spike/removal"), "desk.take_down": send(f"{at}/takedown", sure=1),
        "sections.create": send("/desk/sections", **{"new-name": "City", "new-protection_mode": ""}),
        "sections.change_section": send("/desk/sections/1", **{"s1-name": "The world", "s1-protection_mode": ""}),
        "settings.save": lambda: desk.send("/desk/settings", "/desk/settings", **settings_of(desk, site_motto="Ours")),
        "operations.close_desk": send("/desk/ops/read-only", says="Back at ten"), "operations.open_desk": send("/desk/ops/read-only/removal"),
        "settings_history.undo": send("/desk/settings/history/1/undo"),
        "welcome.settle": send("/desk/welcome", site_name="The Plain Dealer", time_zone="UTC", language="en"),
        "people.invite": send("/desk/people/invitations", email="night.desk@newsapp.example", roles="writer"),
        "people.invite_again": send("/desk/people/invitations/1/renewal"), "people.withdraw": send("/desk/people/invitations/1/withdrawal"),
        "people.change_roles": send(f"{people}/roles", roles=["editor"]), "people.deactivate": send(f"{people}/deactivation"),
        "people.reactivate": send(f"{people}/deactivation/removal"), "people.end_sessions": send(f"{people}/sessions/end"),
        "people.reset_link": send(f"{people}/reset-link"), "people.drop_second_factor": send(f"{people}/second-factor/removal"),
        "operations.requeue": failed_job("requeue"), "operations.delete": failed_job("deletion"),
        "operations.act_on_all": send("/desk/ops/failed/all", queue="desk", action="delete"),
        "operations.quiet_worker": worker_told("quiet"), "operations.wake_worker": worker_told("quiet/removal"),
        "operations.stop_worker": worker_told("stop"), "operations.run_now": run_now,
        "account.rename": send(f"{mine}/name", name="First desk"),
        "security.two_factor_setup_validate": lambda: set_up_codes(desk),
        "security.mf_recovery_codes": send(f"{mine}/recovery-codes", generate_new_codes=1),
        "security.two_factor_setup": send(f"{mine}/codes", setup="disable"),
        "security.login": come_back,
        "security.change_password": send(f"{mine}/password", password=desk.passwords["first"], new_password="harbour lemon clock thunder"),
    }  # fmt: skip
    elsewhere = {  # tried in tests/test_people.py with a session or a link that must be made first
        "account.drop_session", "account.drop_others", "security.reset_password", "invited.accept", "security.two_factor_token_validation",
        "security.mf_recovery",
    }  # fmt: skip
    takes_forms = {rule.endpoint for rule in desk.app.url_map.iter_rules() if "POST" in (rule.methods or ())} - {"app_api.receive_views"}
    assert takes_forms == deeds_of.keys() | elsewhere | NOTHING | PASSKEYS
    for endpoint, do in deeds_of.items():
        found = told(desk, do)
        assert found, endpoint
        assert {entry.who for entry in found} <= {"first@newsapp.example", ""}, endpoint
        assert endpoint in {entry.deed for entry in found}, (endpoint, [entry.deed for entry in found])


def test_an_entry_says_when_a_decision_ends(desk: Desk) -> None:
    number = desk.write("publication", headline="Harbour fire").id
    page, until = f"/desk/most-viewed/{number}", (now() + timedelta(days=1)).replace(second=0)
    fields = {"hold-reason": "Old news", "hold-until": f"{until:%Y-%m-%dT%H:%M}"}
    entry = told(desk, lambda: desk.send(f"{page}/hold-out", page, **fields))[0]
    assert f"until {until:%Y-%m-%d %H:%M}" in entry.what, entry.what


def test_an_entry_says_old_and_new_and_no_secret(desk: Desk) -> None:
    article = desk.write(headline="Harbour fire", bylines="City desk")
    changed = told(desk, lambda: desk.save(article, headline="Harbour fire is out", bylines="City desk", body="x" * 500))
    assert [(entry.kind, entry.thing, entry.label) for entry in changed] == [("article", f"article:{article.id}", "Harbour fire is out")]
    assert "headline “Harbour fire” → “Harbour fire is out”" in changed[0].what
    assert "body changed" in changed[0].what
    byline = told(desk, lambda: desk.save(desk.article(article.id), bylines="World desk", body="x" * 500))
    assert "bylines changed" in {entry.what for entry in byline}
    sent = told(desk, lambda: desk.send("/desk/settings", "/desk/settings", **settings_of(desk, webhook_secret="between us")))
    assert [(entry.thing, entry.what) for entry in sent] == [("setting:webhook_secret", "as above it → “•••”")]
    roles = told(desk, lambda: desk.send(f"/desk/people/{person(desk, 'second@newsapp.example')}/roles", "/desk/people", roles=["editor"]))
    assert roles[0].what == "roles writer → editor"
    words = " ".join(entry.what for entry in entries(desk))
    assert "between us" not in words
    assert "$argon2" not in words


def test_signing_in_and_being_refused_are_told_without_what_was_typed(desk: Desk) -> None:
    def tries() -> None:
        desk.send("/desk/sign-out", "/desk/account")
        desk.sign_in("first", "a guess")
        desk.send("/desk/sign-in", "/desk/sign-in", email="my-password-by-mistake", password="first@newsapp.example")
        desk.sign_in("first")

    found = told(desk, tries)
    assert [(entry.label, entry.what.split(",")[0]) for entry in found if entry.kind == "sign_in"] == [
        ("first@newsapp.example", "refused: wrong password"), ("", "refused: wrong password"), ("first@newsapp.example", "signed in with a password"),
    ]  # fmt: skip
    assert not any("mistake" in f"{entry.what}{entry.label}{entry.who}" for entry in found)


def test_who_tries_too_often_is_told_of_once_and_cannot_fill_the_log(desk: Desk) -> None:
    desk.send("/desk/sign-out", "/desk/account")

    def guess(times: int, email: str = "first") -> Counter[str]:
        found = told(desk, lambda: [guess_at(desk, email) for _ in range(times)])
        return Counter(f"{entry.label} {entry.what.split(',')[0]}" for entry in found)

    wrong, slowed = "first@newsapp.example refused: wrong password", "first@newsapp.example refused: too many tries"
    assert guess(14) == {wrong: 10, slowed: 1}
    assert guess(3, "second") == {}, "another name from the same address"
    with time_machine.travel(now() + timedelta(minutes=2), tick=False):
        assert guess(14) == {wrong: 10}, "slowed down again within the hour, and told of already"
    with time_machine.travel(now() + timedelta(minutes=70), tick=False):
        assert guess(14) == {wrong: 10, slowed: 1}


def test_what_is_rolled_back_is_not_told_and_what_no_person_does_neither(desk: Desk) -> None:
    with desk.app.app_context(), deeds.doing("somebody", "a test"):
        with contextlib.suppress(KeyError), saving():
            db.session.add(Section(slug="city", name="City"))
            db.session.flush()
            raise KeyError
        with saving():
            db.session.get_one(Section, 1).name = "The world"
    with desk.app.app_context(), saving():
        db.session.get_one(Section, 2).name = "Games"
    assert [(entry.who, entry.label) for entry in entries(desk) if entry.kind == "section"] == [("somebody", "The world")]


def test_a_table_that_nobody_thought_of_is_told_of_all_the_same(desk: Desk) -> None:
    with desk.app.app_context(), deeds.doing("somebody", "a test", "article:7"), write_unit() as connection:
        connection.exec_driver_sql("CREATE TABLE notes_of_the_desk (text VARCHAR(80))")
        from sqlalchemy import column, table

        connection.execute(table("notes_of_the_desk", column("text")).insert().values(text="Call the harbour"))
    with desk.app.app_context(), write_unit() as connection:
        connection.exec_driver_sql("DROP TABLE notes_of_the_desk")
    last = entries(desk)[-1]
    assert (last.kind, last.thing, last.what) == ("notes_of_the_desk", "article:7", "text “Call the harbour”")


def test_the_page_finds_by_person_kind_thing_and_day_and_gives_a_table(desk: Desk) -> None:
    article = desk.write(headline="=1+1 Harbour")
    desk.send("/desk/settings", "/desk/settings", **settings_of(desk, site_motto="Ours"))
    assert "=1+1 Harbour" in desk.open("/desk/audit?kind=article").text
    assert "Motto" not in desk.open("/desk/audit?kind=article").text
    assert "Motto" in desk.open("/desk/audit?thing=motto").text
    assert f'href="/desk/articles/{article.id}"' in desk.open(f"/desk/audit?thing=article:{article.id}").text
    for query in ("until=2020-01-01", "since=2099-01-01", "who=nobody%40newsapp.example"):
        assert "Nothing that fits" in desk.open(f"/desk/audit?{query}").text, query
    assert desk.open("/desk/audit?since=nonsense&page=-4").status_code == 200
    answer = desk.open("/desk/audit/log.csv?kind=article")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["label"] for row in rows] == ["'=1+1 Harbour"]
    assert rows[0]["who"] == "first@newsapp.example"


def test_old_entries_are_forgotten_when_the_paper_says_so(desk: Desk) -> None:
    assert entries(desk)
    with desk.app.app_context():
        reading.forget(now() + timedelta(days=900), 0)
        assert db.session.scalar(select(func.count(AuditEntry.id)))
        db.session.rollback()
        reading.forget(now() + timedelta(days=900), 730)
    assert entries(desk) == []


# ---- the way back


def test_a_setting_goes_back_to_what_it_was_unless_it_was_changed_again(desk: Desk) -> None:
    for motto in ("First", "Second"):
        desk.send("/desk/settings", "/desk/settings", **settings_of(desk, site_motto=motto))
    history, page = "/desk/settings/history", desk.open("/desk/settings/history").text
    assert "First → Second" in re.sub(r"\s+", " ", page)
    desk.send(f"{history}/1/undo", history)
    assert "was changed again since, and is Second now" in desk.open(history).text
    desk.send(f"{history}/2/undo", history)
    assert "Motto is First again" in desk.open(history).text
    assert settings_of(desk)["site_motto"] == "First"
    desk.send(f"{history}/1/undo", history)
    assert settings_of(desk)["site_motto"] != "First"


def test_undoing_a_storys_own_setting_gives_back_what_it_inherits(desk: Desk) -> None:
    article = desk.write(protection_mode="limit")
    desk.send("/desk/settings/history/1/undo", "/desk/settings/history")
    assert '<option selected value="">' in desk.open(f"/desk/articles/{article.id}").text
    with desk.app.app_context():
        assert db.session.get_one(Article, article.id).headline

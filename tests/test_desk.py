"""What editors notice at the desk: signing in, writing, publishing, taking off, and that nobody else gets in."""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from werkzeug.test import Client

from newsapp.changes import STREAM, Change
from newsapp.config import Config
from newsapp.database import db, now
from newsapp.news.body import body_of
from newsapp.news.models import LIVE, Article, Section
from newsapp.news.words import tidy
from newsapp.people import staff
from newsapp.people.models import User
from newsapp.people.rights import KEYED, OPEN, RIGHTS, ROLE_NAMES, SECRET
from newsapp.settings.store import stored
from newsapp.traffic.models import article_view_sums
from tests.conftest import make_app
from tests.desk import Desk, desk_of, form, settings_of


@pytest.fixture
def desk(config: Config) -> Iterator[Desk]:
    yield from desk_of(config)


@pytest.fixture
def editor(desk: Desk) -> Desk:
    """The desk with an editor signed in."""
    desk.sign_in()
    return desk


@pytest.fixture
def app(desk: Desk) -> Flask:
    return desk.app


def photo(width: int = 1200, height: int = 800, kind: str = "JPEG") -> tuple[io.BytesIO, str]:
    """A picture with a camera's notes in it."""
    content, notes = io.BytesIO(), Image.Exif()
    notes[0x010E] = "taken at a secret place"
    Image.new("RGB", (width, height), (20, 90, 120)).save(content, kind, exif=notes)
    content.seek(0)
    return content, f"photo.{kind.lower()}"


# ---- who gets in


def addresses(app: Flask) -> Iterator[tuple[str, str, str]]:
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", re.sub(r"<int:[^>]+>", "1", re.sub(r"<path:[^>]+>", "x.webp", rule.rule)))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, path


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    """Each in exactly one record of RIGHTS, or open: a route that somebody adds and forgets is closed, and this test names it."""
    named = [endpoint for right in RIGHTS for endpoint in right.endpoints] + [*OPEN, *KEYED, *SECRET]
    assert sorted(named) == sorted(app.view_functions)


def test_nobody_sees_anything_before_signing_in(desk: Desk) -> None:
    token = desk.token("/desk/sign-in")
    for endpoint, method, path in addresses(desk.app):
        if endpoint in OPEN | KEYED | SECRET:
            continue
        answer = desk.browser.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
        assert answer.status_code == 302, (method, path)
        assert answer.location.startswith("/desk/sign-in?next=" if method == "GET" else "/desk/sign-in"), (method, path)


def test_no_form_is_taken_without_its_token(editor: Desk) -> None:
    for endpoint, method, path in addresses(editor.app):
        if method == "POST" and endpoint not in KEYED:
            assert editor.browser.post(path, data={}).status_code == 400, path


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_each_role_may_do_what_the_table_says_and_nothing_else(desk: Desk, role: str) -> None:
    """Every route, as somebody who has that role alone."""
    desk.sign_in("deputy" if role == "editor" else role)
    token = desk.token("/desk/account")
    closed: dict[str, bool] = {}
    for endpoint, method, path in addresses(desk.app):
        if endpoint in OPEN | KEYED:
            continue
        answer = desk.browser.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
        assert closed.setdefault(endpoint, answer.status_code == 403) == (answer.status_code == 403), (method, path)
    assert {endpoint for endpoint, is_closed in closed.items() if is_closed} == {
        endpoint for right in RIGHTS if role not in (*right.roles, "admin") for endpoint in right.endpoints
    }


def test_the_first_start_makes_one_person_who_can_sign_in(app: Flask) -> None:
    with app.app_context():
        first = staff.first_editor()
        assert first is not None
        assert staff.first_editor() is None
        assert {role.name for role in db.session.scalars(select(User)).one().roles} == set(ROLE_NAMES)
    browser = app.test_client()
    token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', browser.get("/desk/sign-in").text)
    assert token
    answer = browser.post("/desk/sign-in", data={"csrf_token": token[1], "email": first[0], "password": first[1]})
    assert answer.location == "/desk/start"
    assert browser.get("/desk/start").location == "/desk/welcome"


def test_a_wrong_password_says_no_more_than_that(desk: Desk) -> None:
    wrong_password = desk.sign_in(password="guess")
    wrong_person = desk.send("/desk/sign-in", "/desk/sign-in", email="nobody@newsapp.example", password="guess")
    for answer in (wrong_password, wrong_person):
        assert "do not belong together" in answer.text
        assert "does not exist" not in answer.text
    assert desk.open("/desk/").status_code == 302


def test_guessing_is_slowed_down_but_right_passwords_are_not(desk: Desk) -> None:
    statuses = [desk.sign_in(password="guess").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]


def test_signing_in_many_times_is_no_guessing(desk: Desk) -> None:
    for _ in range(12):
        assert desk.sign_in().status_code == 302
        desk.browser.delete_cookie("desk", path="/desk")


def test_the_way_back_leads_nowhere_else(desk: Desk) -> None:
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example"):
        token = desk.token("/desk/sign-in")
        data = {"csrf_token": token, "email": "editor@newsapp.example", "password": desk.password("editor"), "next": elsewhere}
        assert urlsplit(desk.browser.post("/desk/sign-in", data=data).location or "").netloc == ""
        assert "elsewhere" not in desk.open(f"/desk/sign-in?next={elsewhere}").text
        desk.browser.delete_cookie("desk", path="/desk")


def test_signing_in_leads_back_to_the_page_asked_for(desk: Desk) -> None:
    answer = desk.open("/desk/sections")
    password = desk.password("editor")
    assert desk.send(answer.location, answer.location, email="editor@newsapp.example", password=password).location == "/desk/sections"


def test_sessions_stay_at_the_desk_and_staff_is_marked_everywhere(desk: Desk) -> None:
    cookies = desk.sign_in().headers.getlist("Set-Cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("desk="))
    staff = next(cookie for cookie in cookies if cookie.startswith("staff=1"))
    assert all(part in session for part in ("Path=/desk", "HttpOnly", "SameSite=Lax"))
    assert all(part in staff for part in ("Path=/;", "HttpOnly", "SameSite=Lax")) or staff.endswith("Path=/")
    gone = desk.send("/desk/sign-out", "/desk/").headers.getlist("Set-Cookie")
    assert any(cookie.startswith("staff=;") for cookie in gone)
    assert desk.open("/desk/").status_code == 302


def test_cookies_are_secure_where_the_desk_is(config: Config) -> None:
    secure = {**config, "DESK_URL": "https://desk.newsapp.example"}
    cookies = Desk(make_app(secure, "desk")).sign_in().headers.getlist("Set-Cookie")
    assert cookies
    assert all("Secure" in cookie for cookie in cookies)


def test_a_new_password_ends_the_old_sessions(editor: Desk) -> None:
    with editor.app.app_context():
        password = staff.renew_password("editor@newsapp.example")
        db.session.commit()
    assert editor.open("/desk/").status_code == 302
    assert editor.sign_in(password=password).status_code == 302


def test_a_person_changes_the_password_and_stays_signed_in_here_alone(editor: Desk) -> None:
    elsewhere = copy.copy(editor)
    elsewhere.browser = editor.app.test_client()
    elsewhere.sign_in()
    page, right = "/desk/account/password", editor.password("editor")
    assert "This is not your password" in editor.send(page, page, password="guess", new_password="vier Wörter für uns").text
    assert "At least 12 characters" in editor.send(page, page, password=right, new_password="short").text
    assert "It repeats itself" in editor.send(page, page, password=right, new_password="passwordpassword").text
    assert editor.send(page, page, password=right, new_password="vier Wörter für uns").status_code == 302
    assert editor.open("/desk/").status_code == 200
    assert elsewhere.open("/desk/").status_code == 302
    assert elsewhere.sign_in(password="vier Wörter für uns").status_code == 302


def test_every_answer_carries_the_headers(app: Flask) -> None:
    client = Client(app.extensions["entry"])
    for path in ("/", "/desk/", "/desk/sign-in", "/nowhere", "/livez"):
        assert "script-src 'self'" in client.get(path).headers["Content-Security-Policy"], path


def test_styles_come_with_the_page(desk: Desk) -> None:
    sheet = re.search(r'href="(/static/[^"]+/css/desk.css)"', desk.open("/desk/sign-in").text)
    assert sheet
    assert ".shell" in desk.open(sheet[1]).text


def test_the_short_addresses_lead_to_the_desk(desk: Desk) -> None:
    assert desk.open("/").location == "/desk/start"
    assert desk.open("/ops").location == "/desk/ops"


# ---- writing


def test_a_draft_is_on_the_desk_only(editor: Desk) -> None:
    article = editor.write(headline="Harbour fire put out")
    assert (article.state, article.slug, article.published_at) == ("draft", "harbour-fire-put-out", None)
    assert "Harbour fire put out" in editor.open("/desk/?state=drafts").text
    assert "Harbour fire put out" not in editor.open("/desk/?state=live").text


def test_publishing_makes_it_live_now(editor: Desk) -> None:
    article = editor.write("publication", headline="Ferry strike ends")
    assert article.is_live(now())
    assert "Readers have it in a second" in editor.open(f"/desk/articles/{article.id}").text


def test_a_time_to_come_is_an_embargo_in_the_papers_zone(editor: Desk) -> None:
    editor.send("/desk/settings", "/desk/settings", **settings_of(editor, time_zone="Europe/Athens"))
    article = editor.write("publication", publish_at="2040-07-01T09:00")
    assert article.published_at == datetime(2040, 7, 1, 6, 0, tzinfo=UTC)
    assert "until 1 Jul 2040, 09:00" in editor.open("/desk/?state=embargoed").text


def test_all_that_is_typed_comes_back(editor: Desk) -> None:
    typed = {
        "headline": "Council reopens the market", "list_headline": "Market reopens", "kicker": "City", "standfirst": "One scale for all.",
        "tags": "Markets, City hall", "bylines": "City desk, World desk", "caption": "", "language": "en-GB",
    }  # fmt: skip
    article = editor.write(**typed, body="<p>It has <em>one</em> scale.</p>")
    page = editor.open(f"/desk/articles/{article.id}").text
    for words in ("Market reopens", "One scale for all.", "City hall, Markets", "City desk, World desk", "en-GB", "one&lt;/em&gt; scale"):
        assert words in page, words


def test_what_a_story_does_not_need_is_taken_out(editor: Desk) -> None:
    article = editor.write(body='<p onclick="x()">Fine</p><script>alert(1)</script><iframe src="https://x.example"></iframe>')
    assert article.body == "<p>Fine</p>"


def test_equal_headlines_get_addresses_of_their_own(editor: Desk) -> None:
    assert [editor.write().slug for _ in range(3)] == ["harbour-fire-put-out", "harbour-fire-put-out-2", "harbour-fire-put-out-3"]


def test_an_address_stays_once_readers_may_have_it(editor: Desk) -> None:
    draft = editor.write()
    editor.save(draft, headline="Fire at the harbour")
    assert editor.article(draft.id).slug == "fire-at-the-harbour"
    editor.save(editor.article(draft.id), "publication")
    editor.save(editor.article(draft.id), headline="Another headline", slug="another-address")
    live = editor.article(draft.id)
    assert (live.headline, live.slug) == ("Another headline", "fire-at-the-harbour")


def test_a_story_without_a_headline_is_not_saved_and_not_lost(editor: Desk) -> None:
    answer = editor.send("/desk/articles", "/desk/articles/new", **form({"headline": "", "body": "<p>A long afternoon</p>"}))
    assert answer.status_code == 422
    assert "A story needs a headline." in answer.text
    assert "A long afternoon" in answer.text


def test_who_saves_second_sees_both_texts_and_loses_none(editor: Desk) -> None:
    article = editor.write(headline="First words")
    assert editor.save(article, headline="Their words", body="<p>Their story</p>").status_code == 302
    answer = editor.save(article, headline="My words", body="<p>My story</p>", tags="New tag")
    assert answer.status_code == 409
    assert "saved this article since you opened it" in answer.text
    words = re.sub(r"<[^>]+>", "", answer.text)
    for each in ("My words", "My story", "Their words", "Their story", "New tag"):
        assert each in words, each
    assert editor.article(article.id).headline == "Their words"


def test_saving_only_tags_is_a_change_too(editor: Desk) -> None:
    article = editor.write()
    editor.save(article, tags="Ports")
    assert editor.save(article, tags="Ships").status_code == 409


def test_the_seconds_of_a_publish_time_survive_a_save(editor: Desk) -> None:
    article = editor.write("publication")
    editor.save(article, publish_at=f"{article.published_at:%Y-%m-%dT%H:%M}", headline="Sharper")
    assert editor.article(article.id).published_at == article.published_at


def test_changes_are_told_to_all_that_it_shows_on(editor: Desk) -> None:
    article = editor.write("publication", tags="Ports", bylines="Sea desk")
    editor.save(article, section=2, tags="Ships")
    assert {f"article:{article.id}", "section:1", "section:2", "tag:1", "tag:2", "author:1", "front"} <= editor.touched()
    with editor.app.app_context():
        assert editor.app.extensions["redis_desk"].xlen(STREAM) == len(db.session.scalars(select(Change)).all())
        assert not db.session.scalars(select(Change).where(~Change.told)).all()


def test_saving_works_while_redis_is_down(config: Config) -> None:
    away = make_app({**config, "REDIS_URL": "unix:///nowhere/redis.sock"}, "desk")
    desk = Desk(away)
    desk.sign_in()
    article = desk.write("publication")
    assert article.state == LIVE
    with away.app_context():
        assert db.session.scalars(select(Change).where(~Change.told)).all()


def test_views_follow_an_article_into_its_new_section(editor: Desk) -> None:
    article = editor.write("publication")
    with editor.app.app_context():
        db.session.execute(article_view_sums.insert().values(article_id=article.id, section_id=1, v24h=7))
        db.session.commit()
    editor.save(article, section=2)
    with editor.app.app_context():
        assert db.session.execute(select(article_view_sums.c.section_id, article_view_sums.c.v24h)).one() == (2, 7)


def test_an_article_can_have_a_copy_policy_of_its_own(editor: Desk) -> None:
    article = editor.write(protection_mode="message")
    with editor.app.app_context():
        assert stored()[1] == {f"article:{article.id}": {"protection_mode": "message"}}
    editor.save(article, protection_mode="")
    with editor.app.app_context():
        assert stored()[1] == {}


def test_a_very_long_story_fits(editor: Desk) -> None:
    body = "<p>" + "long " * 200_000 + "</p>"
    assert len(editor.write(body=body).body) > 900_000


# ---- making and removing states


def test_a_spiked_article_can_come_back(editor: Desk) -> None:
    article = editor.write("publication")
    editor.act(article, "spike")
    assert editor.article(article.id).state == "spiked"
    editor.act(article, "spike/removal")
    assert editor.article(article.id).state == "draft"
    editor.save(editor.article(article.id), "publication", publish_at=f"{article.published_at:%Y-%m-%dT%H:%M}")
    back = editor.article(article.id)
    assert (back.state, back.published_at) == (LIVE, article.published_at)


def test_taking_down_is_asked_twice_and_empties_it(editor: Desk) -> None:
    article = editor.write("publication", body="<p>Gone soon</p>", standfirst="Soon")
    editor.act(article, "takedown")
    assert editor.article(article.id).state == LIVE
    editor.act(article, "takedown", sure="1")
    gone = editor.article(article.id)
    assert (gone.state, gone.body, gone.standfirst) == ("taken_down", "", "")
    assert "gone for good" in editor.open(f"/desk/articles/{article.id}").text
    answer = editor.send(f"/desk/articles/{article.id}", "/desk/articles/new", **form({"version": gone.version}))
    assert answer.status_code == 409


def test_an_article_that_is_not_there_is_not_found(editor: Desk) -> None:
    assert editor.open("/desk/articles/999").status_code == 404


# ---- pictures


def test_a_picture_is_kept_in_its_widths_without_its_notes(editor: Desk, config: Config) -> None:
    article = editor.write(picture=photo(), alt="A harbour", credit="Sea desk")
    files = sorted((config["NEWSAPP_HOME"] / "media").iterdir())
    widths = [re.sub(r"-[0-9a-f]{8}-", "-…-", file.name) for file in files if file.suffix == ".webp"]
    assert widths == [f"harbour-fire-put-out-…-{width}.webp" for width in (320, 480, 960)]
    assert any(file.suffix == ".jpg" for file in files)
    for file in files:
        assert b"secret" not in file.read_bytes()
        assert Image.open(file).format == {".jpg": "JPEG"}.get(file.suffix, file.suffix[1:].upper())
    assert Image.open(next(file for file in files if file.name.endswith("960.webp"))).size == (960, 640)
    page = editor.open(f"/desk/articles/{article.id}").text
    shown = re.search(r'src="(/desk/media/[^"]+)"', page)
    assert shown
    assert editor.open(shown[1]).status_code == 200
    assert "A harbour" in page


def test_a_small_picture_is_not_blown_up(editor: Desk, config: Config) -> None:
    editor.write(picture=photo(300, 200, "PNG"), alt="A stamp")
    assert [file.name.rpartition("-")[2] for file in (config["NEWSAPP_HOME"] / "media").glob("*.webp")] == ["300.webp"]


def test_a_picture_needs_a_description(editor: Desk) -> None:
    answer = editor.send("/desk/articles", "/desk/articles/new", **form({"picture": photo()}))
    assert answer.status_code == 422
    assert "A picture needs a description" in answer.text


@pytest.mark.parametrize("content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"\xff\xd8\xff broken", b"%PDF-1.7"])
def test_what_is_no_picture_is_refused_clearly(editor: Desk, content: bytes) -> None:
    answer = editor.send("/desk/articles", "/desk/articles/new", **form({"picture": (io.BytesIO(content), "p.jpg"), "alt": "x"}))
    assert answer.status_code == 422
    assert re.search("not a picture that can be used|damaged", answer.text)


def test_a_picture_can_be_taken_away(editor: Desk) -> None:
    article = editor.write(picture=photo(), alt="A harbour")
    editor.save(article, remove_picture="y")
    assert editor.article(article.id).picture_id is None


def test_too_large_a_file_is_refused(editor: Desk) -> None:
    token = editor.token("/desk/articles/new")
    data = {"csrf_token": token, **form({"picture": (io.BytesIO(b"x" * (17 << 20)), "p.jpg")})}
    assert editor.browser.post("/desk/articles", data=data).status_code == 413


# ---- the list


def test_the_list_has_pages_and_the_newest_first(editor: Desk) -> None:
    with editor.app.app_context():
        for number in range(30):
            at = now() - timedelta(hours=number)
            db.session.add(Article(slug=f"s{number}", headline=f"Story no. {number} ends", section_id=1, state=LIVE, published_at=at))
        db.session.commit()
    first, second = (re.findall(r">Story no\. (\d+) ends", editor.open(f"/desk/?page={page}").text) for page in (1, 2))
    assert first == [str(number) for number in range(25)]
    assert second == [str(number) for number in range(25, 30)]


def test_writing_finding_and_taking_off_work_on_every_database(config: Config, every_database: str) -> None:
    for desk in desk_of({**config, "DATABASE_URL": every_database}):
        desk.sign_in("admin")
        article = desk.write("publication", headline="Ferry strike ends", tags="Ports, Ships", bylines="Sea desk", protection_mode="credit")
        assert desk.save(article, section=2, headline="Ferry strike is over").status_code == 302
        assert desk.save(article, headline="Too late").status_code == 409
        assert "Ferry strike is over" in desk.open("/desk/?q=ferry&state=live").text
        assert desk.send("/desk/settings", "/desk/settings", **settings_of(desk, site_name="Kurier")).status_code == 302
        assert "Received = counted" in desk.open("/desk/ops").text
        desk.act(article, "spike")
        assert desk.article(article.id).state == "spiked"


# ---- the first run and the sections


def test_the_first_run_names_the_paper_once(desk: Desk) -> None:
    desk.sign_in("admin")
    assert desk.open("/desk/start").location == "/desk/welcome"
    fields = {"site_name": "The Meridian", "time_zone": "Europe/Athens", "language": "en", "chief_email": ""}
    assert desk.send("/desk/welcome", "/desk/welcome", **{**fields, "time_zone": "Atlantis"}).status_code == 422
    assert desk.send("/desk/welcome", "/desk/welcome", **fields).status_code == 302
    assert desk.open("/desk/start").location == "/desk/"
    with desk.app.app_context():
        assert stored()[1]["site"]["time_zone"] == "Europe/Athens"


def test_sections_are_made_renamed_ordered_and_protected(editor: Desk) -> None:
    editor.send("/desk/sections", "/desk/sections", **{"new-name": "Science", "new-slug": "", "new-position": "", "new-protection_mode": ""})
    with editor.app.app_context():
        made = db.session.scalars(select(Section).where(Section.slug == "science")).one().id
    fields = {"name": "Science and sea", "slug": "moved", "position": "0", "protection_mode": "credit"}
    editor.send(f"/desk/sections/{made}", "/desk/sections", **{f"s{made}-{name}": value for name, value in fields.items()})
    with editor.app.app_context():
        section = db.session.get_one(Section, made)
        assert (section.name, section.slug, section.position) == ("Science and sea", "science", 0)
        assert stored()[1] == {f"section:{made}": {"protection_mode": "credit"}}
    assert "site" in editor.touched()


@pytest.mark.parametrize("slug", ["world", "desk", "media", "feed.xml", "Not A Slug"])
def test_a_section_cannot_take_an_address_that_is_taken(editor: Desk, slug: str) -> None:
    answer = editor.send("/desk/sections", "/desk/sections", **{"new-name": "Another", "new-slug": slug, "new-protection_mode": ""})
    assert answer.status_code == 422


def test_a_page_that_is_not_there_says_so_in_words(app: Flask) -> None:
    answer = app.test_client().get("/desk/nowhere")
    assert answer.status_code == 404
    assert "Nothing here" in answer.text


def test_plain_text_gets_its_paragraphs_from_its_blank_lines() -> None:
    assert body_of("First line.\n\nSecond line.").replace("\n", "") == "<p>First line.</p><p>Second line.</p>"


def test_html_stays_as_it_was_typed_and_its_headings_fit_an_article() -> None:
    assert body_of("<h1>Head</h1>\n<p>Text\nof a line.</p>") == "<h2>Head</h2>\n<p>Text\nof a line.</p>"


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [("headline", "   ", "A story needs a headline"), ("publish_at", "0001-01-01T00:00", "A year from 1900 to 2200")],
)
def test_what_cannot_be_is_refused_in_words(editor: Desk, field: str, typed: str, said: str) -> None:
    answer = editor.send("/desk/articles", "/desk/articles/new", **form({"headline": "A story", field: typed}))
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize(
    ("sent_to", "page"),
    [("/desk/articles", "/desk"), ("/desk/articles/publication", "/desk"), ("/desk/articles/7/publication", "/desk/articles/7")],
)
def test_the_address_that_a_form_is_sent_to_leads_to_its_page(editor: Desk, sent_to: str, page: str) -> None:
    answer = editor.open(sent_to)
    assert (answer.status_code, answer.location) == (302, page)


def test_unseen_characters_do_not_get_into_a_headline() -> None:
    assert tidy("Nine\x07 \u202elives\x00") == "Nine lives"

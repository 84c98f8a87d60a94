"""Nothing typed at the desk gets lost: revisions, unsaved text, two versions, sessions that end. All of it without JavaScript."""

from __future__ import annotations

import copy
import html
import re
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from newsapp.config import Config
from newsapp.database import db, now
from newsapp.news.models import Article
from newsapp.revisions import history, unsaved
from newsapp.revisions.models import Revision, Unsaved
from tests.conftest import Valkey, make_app
from tests.desk import Desk, desk_of, form, settings_of
from tests.test_desk import photo


@pytest.fixture
def desk(config: Config) -> Iterator[Desk]:
    yield from desk_of(config)


@pytest.fixture
def editor(desk: Desk) -> Desk:
    desk.sign_in()
    return desk


def another(desk: Desk, role: str = "admin") -> Desk:
    """A second person at the same desk, with a browser of their own."""
    other = copy.copy(desk)
    other.browser = desk.app.test_client()
    other.sign_in(role)
    return other


def whats(desk: Desk, article: Article) -> list[str]:
    """What the revisions of an article were made by, oldest first."""
    with desk.app.app_context():
        return list(db.session.scalars(select(Revision.what).where(Revision.article_id == article.id).order_by(Revision.id)))


def ids(desk: Desk, article: Article) -> list[int]:
    with desk.app.app_context():
        return list(db.session.scalars(select(Revision.id).where(Revision.article_id == article.id).order_by(Revision.id)))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" type="hidden" value="([^"]*)"|name="{name}" value="([^"]*)"', page)
    assert found, f"no {name}"
    return html.unescape(found[1] or found[2] or "")


def value(page: str, name: str) -> str:
    """What a field of the form holds."""
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\s*(.*?)</textarea>|<input[^>]*name="{name}"[^>]*?value="([^"]*)"', page, re.DOTALL)
    return html.unescape(found[1] or found[2] or "").strip() if found else ""


def seen(page: str) -> str:
    """The words of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


# ---- revisions


def test_every_save_is_a_revision_that_says_who_and_what(editor: Desk) -> None:
    article = editor.write(headline="First words")
    editor.save(article, headline="Second words")
    editor.save(editor.article(article.id), "publication")
    editor.act(article, "spike")
    assert whats(editor, article) == ["save", "save", "publish", "spike"]
    page = seen(editor.open(f"/desk/articles/{article.id}/revisions").text)
    assert "editor@newsapp.example Spiked Now" in page
    assert "Published" in page


def test_what_was_there_before_the_first_save_is_kept(editor: Desk) -> None:
    with editor.app.app_context():
        article = Article(slug="old", headline="From an import", body="<p>The old text</p>", section_id=1)
        db.session.add(article)
        db.session.commit()
        article_id = article.id
    editor.save(editor.article(article_id), headline="From the desk")
    article = editor.article(article_id)
    assert whats(editor, article) == ["before", "save"]
    first, second = ids(editor, article)
    page = editor.open(f"/desk/articles/{article_id}/revisions?from={first}&to={second}").text
    assert "The old text" in page
    with editor.app.app_context():  # something else than the desk changes it
        db.session.get_one(Article, article_id).body = "<p>From a second import</p>"
        db.session.commit()
    editor.save(editor.article(article_id), headline="From the desk again")
    assert whats(editor, article) == ["before", "save", "before", "save"]


def test_two_revisions_are_compared_word_by_word(editor: Desk) -> None:
    article = editor.write(headline="Harbour fire put out", body="<p>It burned at dawn.</p><p>Nobody was hurt.</p>", tags="Ports")
    editor.save(article, headline="Harbour fire is out", body="<p>It burned at dusk.</p><p>Nobody was hurt.</p>", tags="Ports, Fire", section=2)
    old, new = ids(editor, article)
    page = editor.open(f"/desk/articles/{article.id}/revisions?from={old}&to={new}").text
    for words in (
        "Harbour fire <del>put</del> <ins>is</ins> out",
        "It burned at <del>dawn</del> <ins>dusk</ins>.",
        "<del>World</del>",
        "<ins>Sport</ins>",
    ):
        assert words in page, words
    assert editor.open(f"/desk/articles/{article.id}/revisions?from={old}&to=999").status_code == 404


def test_restoring_is_a_new_revision_and_leaves_the_hour_alone(editor: Desk, config: Config) -> None:
    article = editor.write(headline="First words", body="<p>Old</p>", tags="Ports", picture=photo(), alt="A quay")
    editor.save(
        article,
        "publication",
        headline="Second words",
        body="<p>New</p>",
        tags="Ships",
        remove_picture="y",
        language="en-GB",
        publish_at="2030-07-01T09:00",
    )
    live = editor.article(article.id)
    old = ids(editor, article)[0]
    page = f"/desk/articles/{article.id}/revisions"
    stale = editor.send(f"{page}/{old}/restoration", page, version=live.version - 1)
    assert "Nothing was restored" in editor.open(stale.location).text
    assert editor.send(f"{page}/{old}/restoration", page, version=live.version).status_code == 302
    back = editor.article(article.id)
    assert (back.headline, back.body, back.language, back.published_at) == ("First words", "<p>Old</p>", "", live.published_at)
    assert whats(editor, article) == ["save", "publish", "restore"]
    form_page = editor.open(f"/desk/articles/{article.id}").text
    assert 'alt="A quay"' in form_page
    assert value(form_page, "tags") == "Ports"


def test_a_takedown_leaves_no_text_in_any_revision(editor: Desk) -> None:
    article = editor.write("publication", body="<p>Gone soon</p>")
    keep_unsaved(editor, article, headline="Typed, not saved")
    editor.act(article, "takedown", sure="1")
    with editor.app.app_context():
        assert {row.content for row in db.session.scalars(select(Revision))} == {b""}
        assert not db.session.scalars(select(Unsaved)).all()
    page = editor.open(f"/desk/articles/{article.id}/revisions").text
    assert "not kept" in page
    assert "Gone soon" not in page
    assert editor.send(f"/desk/articles/{article.id}/revisions/1/restoration", "/desk/articles/new", version=3).status_code == 409


def test_a_setting_says_how_many_revisions_are_kept(editor: Desk) -> None:
    editor.send("/desk/settings", "/desk/settings", **settings_of(editor, revisions_kept=3))
    article = editor.write()
    for number in range(5):
        editor.save(editor.article(article.id), headline=f"Words {number}")
    assert len(whats(editor, article)) == 3


def test_five_hundred_revisions_are_listed_and_compared_quickly(editor: Desk) -> None:
    body = "".join(f"<p>{'several words of a paragraph ' * 12}{number}</p>" for number in range(70))
    article = editor.write(body=body)
    with editor.app.app_context():
        first = db.session.scalars(select(Revision)).one()
        db.session.add_all(
            Revision(article_id=article.id, version=1, at=now(), who="Harbour desk", what="save", content=first.content) for _ in range(500)
        )
        db.session.commit()
    editor.save(article, body=body.replace("several", "some"))
    last = ids(editor, article)[-1]
    for address in ("revisions", "revisions?page=9", f"revisions?from=1&to={last}"):
        took = []
        for _ in range(3):
            began = time.process_time()
            assert editor.open(f"/desk/articles/{article.id}/{address}").status_code == 200
            took.append(time.process_time() - began)
        assert min(took) < 0.2, (address, took)


# ---- two versions


def test_what_only_one_of_two_changed_is_put_together_without_asking(editor: Desk) -> None:
    article = editor.write(headline="First words", body="<p>One.</p><p>Two.</p><p>Three.</p>", tags="Ports")
    other = another(editor)
    other.save(article, headline="First words", body="<p>One.</p><p>Two.</p><p>Three, theirs.</p>", tags="Ports", kicker="Theirs")
    answer = editor.save(article, headline="My words", body="<p>One, mine.</p><p>Two.</p><p>Three.</p>", tags="Ports, Mine")
    assert answer.status_code == 409
    assert "admin@newsapp.example saved this article since you opened it" in seen(answer.text)
    assert (value(answer.text, "headline"), value(answer.text, "kicker"), value(answer.text, "tags")) == ("My words", "Theirs", "Ports, Mine")
    assert value(answer.text, "body") == "<p>One, mine.</p>\n<p>Two.</p>\n<p>Three, theirs.</p>"
    assert editor.article(article.id).headline == "First words"
    merged = {name: value(answer.text, name) for name in ("headline", "kicker", "tags", "body")}
    traces = {name: hidden(answer.text, name) for name in ("form_id", "came_from", "version")}
    assert editor.save(article, **merged, **traces).status_code == 302
    assert editor.article(article.id).body == merged["body"]
    assert whats(editor, article) == ["save", "save", "aside", "merge"]


def test_where_both_changed_the_same_each_choice_is_made_and_nothing_is_lost(editor: Desk) -> None:
    article = editor.write(headline="First words", body="<p>One.</p><p>Two.</p>", standfirst="First")
    other = another(editor)
    other.save(article, headline="Their words", body="<p>One, theirs.</p><p>Two.</p>", standfirst="Theirs")
    answer = editor.save(article, headline="My words", body="<p>One, mine.</p><p>Two.</p><p>Three, mine.</p>", standfirst="Mine", kicker="Mine too")
    assert answer.status_code == 409
    for words in ("First My words", "First Their words", "One, theirs.", "One, mine."):
        assert words in seen(answer.text), words
    place = ids(editor, article)[-1]
    address, page = f"/desk/articles/{article.id}/versions/{place}", f"/desk/articles/{article.id}"
    version = editor.article(article.id).version
    undecided = editor.send(address, page, version=version, **{"choice-headline": "mine"})
    assert undecided.status_code == 422
    assert "Choose what is marked" in undecided.text
    story = re.findall(r'name="choice-(story-\d+)" value="mine"', answer.text)
    assert len(story) == 1
    chosen = {"choice-headline": "mine", "choice-standfirst": "own", "own-standfirst": "Both of us", f"choice-{story[0]}": "both"}
    result = editor.send(address, page, version=version, **chosen)
    assert result.status_code == 200
    assert (value(result.text, "headline"), value(result.text, "standfirst"), value(result.text, "kicker")) == ("My words", "Both of us", "Mine too")
    assert value(result.text, "body") == "<p>One, theirs.</p>\n<p>One, mine.</p>\n<p>Two.</p>\n<p>Three, mine.</p>"
    assert editor.article(article.id).headline == "Their words"
    assert "Set aside" in editor.open(f"{page}/revisions").text


def test_a_third_save_while_choosing_is_seen(editor: Desk) -> None:
    article = editor.write(headline="First words")
    other = another(editor)
    other.save(article, headline="Their words")
    editor.save(article, headline="My words")
    aside, version = ids(editor, article)[-1], editor.article(article.id).version
    other.save(editor.article(article.id), headline="Their newest words")
    address = f"/desk/articles/{article.id}/versions/{aside}"
    answer = editor.send(address, f"/desk/articles/{article.id}", version=version, **{"choice-headline": "theirs"})
    assert answer.status_code == 409
    assert "saved once more while you chose" in answer.text
    assert "newest" in answer.text


def test_a_picture_of_the_second_version_is_not_lost(editor: Desk) -> None:
    article = editor.write(headline="First words")
    another(editor).save(article, headline="Their words")
    answer = editor.save(article, headline="First words", picture=photo(), alt="A quay")
    assert answer.status_code == 409
    traces = {name: hidden(answer.text, name) for name in ("form_id", "came_from", "version", "kept_picture")}
    assert traces["kept_picture"]
    assert editor.save(article, headline="Their words", alt="A quay", **traces).status_code == 302
    assert 'alt="A quay"' in editor.open(f"/desk/articles/{article.id}").text


def test_the_same_stale_save_sent_twice_is_set_aside_once(editor: Desk) -> None:
    article = editor.write(headline="First words")
    another(editor).save(article, headline="Their words")
    for _ in range(2):
        editor.save(article, headline="My words", form_id="a" * 16)
    assert whats(editor, article).count("aside") == 1


# ---- text that is not saved


def keep_unsaved(desk: Desk, article: Article | None, form_id: str = "0123456789abcdef", **typed: object) -> object:
    page = f"/desk/articles/{article.id}" if article else "/desk/articles/new"
    fields = {"version": article.version, "headline": article.headline} if article else {}
    fields = form({**fields, **typed, "form_id": form_id, "article": article.id if article else ""})
    return desk.send(f"/desk/unsaved/{form_id}", page, **fields).json


def test_unsaved_text_is_offered_taken_over_and_saved(editor: Desk) -> None:
    article = editor.write("publication", headline="First words", body="<p>Old.</p>")
    assert keep_unsaved(editor, article, headline="Typed words", body="<p>Typed.</p>")["at"]
    assert editor.article(article.id).headline == "First words"
    page = editor.open(f"/desk/articles/{article.id}").text
    assert "You have unsaved text from" in page
    assert "<del>First</del> <ins>Typed</ins> words" in page
    assert value(page, "headline") == "First words"
    assert "Typed words" in editor.open("/desk/").text
    answer = editor.browser.get("/desk/unsaved/0123456789abcdef", follow_redirects=True).text
    assert "This is your unsaved text" in answer
    assert (value(answer, "headline"), value(answer, "body")) == ("Typed words", "<p>Typed.</p>")
    traces = {name: hidden(answer, name) for name in ("form_id", "came_from", "version")}
    assert editor.save(article, headline="Typed words", body="<p>Typed.</p>", **traces).status_code == 302
    assert "unsaved text" not in editor.open(f"/desk/articles/{article.id}").text
    assert whats(editor, article)[-1] == "recovered"


def test_unsaved_text_of_a_new_article_waits_too_and_can_be_thrown_away(editor: Desk) -> None:
    keep_unsaved(editor, None, headline="A new idea")
    assert "A new idea" in editor.open("/desk/articles/new").text
    editor.send("/desk/unsaved/0123456789abcdef/removal", "/desk/")
    assert "A new idea" not in editor.open("/desk/articles/new").text


def test_nobody_sees_or_changes_anothers_unsaved_text(editor: Desk) -> None:
    article = editor.write()
    keep_unsaved(editor, article, headline="Mine alone")
    other = another(editor)
    assert "Mine alone" not in other.open(f"/desk/articles/{article.id}").text
    assert "Mine alone" not in other.browser.get("/desk/unsaved/0123456789abcdef", follow_redirects=True).text
    assert other.send("/desk/unsaved/0123456789abcdef", "/desk/articles/new", **form({"headline": "Theirs"})).status_code == 404
    other.send("/desk/unsaved/0123456789abcdef/removal", "/desk/")
    assert "Mine alone" in editor.open(f"/desk/articles/{article.id}").text


def test_text_that_says_what_is_saved_is_not_offered(editor: Desk) -> None:
    article = editor.write(headline="The same")
    keep_unsaved(editor, article, headline="The same", body="")
    assert "You have unsaved text" not in editor.open(f"/desk/articles/{article.id}").text


def test_a_copy_that_arrives_after_its_save_is_let_go(editor: Desk) -> None:
    article = editor.write(form_id="fedcba9876543210", headline="Saved")
    assert keep_unsaved(editor, article, "fedcba9876543210", headline="Saved, a word before") == {"saved": True}
    assert "You have unsaved text" not in editor.open(f"/desk/articles/{article.id}").text


def test_text_taken_over_after_somebody_saved_leads_to_two_versions(editor: Desk) -> None:
    article = editor.write(headline="First words")
    keep_unsaved(editor, article, headline="Typed words")
    another(editor).save(article, headline="Their words")
    page = editor.open(f"/desk/articles/{article.id}?unsaved=0123456789abcdef").text
    assert "both versions are put together" in page
    assert editor.save(article, headline="Typed words", version=int(hidden(page, "version"))).status_code == 409


def test_old_unsaved_text_is_let_go_after_a_month(editor: Desk) -> None:
    keep_unsaved(editor, None, headline="Long ago")
    with editor.app.app_context():
        unsaved.forget(now())
        assert db.session.scalars(select(Unsaved)).all()
        db.session.execute(update(Unsaved).values(at=now() - timedelta(days=31)))
        db.session.commit()
        unsaved.forget(now())
        assert not db.session.scalars(select(Unsaved)).all()


# ---- sessions that end


def signed_out_save(desk: Desk, path: str, **typed: object) -> object:
    """A form that was opened while signed in, sent after the session ended."""
    token = desk.token("/desk/articles/new")
    desk.browser.delete_cookie("desk", path="/desk")
    return desk.browser.post(path, data={"csrf_token": token, **form({"body": "", **typed})}, content_type="multipart/form-data")


@pytest.mark.parametrize("path", ["/desk/articles", "/desk/articles/1", "/desk/articles/1/publication", "/desk/articles/publication"])
def test_a_session_that_ends_mid_edit_keeps_the_text_through_sign_in(editor: Desk, path: str) -> None:
    editor.write(headline="First words")
    answer = signed_out_save(editor, path, headline="A long afternoon", body="<p>Of work</p>", version=1)
    assert answer.status_code == 303
    assert answer.location.startswith("/desk/sign-in?next=")
    assert "What you typed is kept" in editor.open(answer.location).text
    into = editor.send(answer.location, answer.location, email="editor@newsapp.example", password=editor.password("editor"))
    page = editor.browser.get(into.location, follow_redirects=True).text
    assert "This is your unsaved text" in page
    assert (value(page, "headline"), value(page, "body")) == ("A long afternoon", "<p>Of work</p>")
    assert editor.article(1).headline == "First words"
    traces = {name: hidden(page, name) for name in ("form_id", "came_from", "version")}
    target = "/desk/articles/1" if "/1" in path else "/desk/articles"
    assert editor.send(target, "/desk/articles/new", **form({"headline": "A long afternoon", "body": "<p>Of work</p>", **traces})).status_code == 302
    with editor.app.app_context():
        assert not db.session.scalars(select(Unsaved)).all()
        assert db.session.scalars(select(Article.headline).where(Article.headline == "A long afternoon")).one()


def test_a_form_with_an_old_token_keeps_its_text(editor: Desk) -> None:
    answer = editor.browser.post("/desk/articles", data=form({"headline": "Typed for hours", "body": "", "csrf_token": "old"}))
    assert answer.status_code == 303
    page = editor.browser.get(answer.location, follow_redirects=True).text
    assert value(page, "headline") == "Typed for hours"
    assert "nothing is saved yet" in page


def test_only_the_browser_that_sent_it_gets_the_text_back(editor: Desk) -> None:
    answer = signed_out_save(editor, "/desk/articles", headline="Mine alone")
    stranger = another(editor)
    stranger.browser.get(answer.location)
    assert "Mine alone" not in stranger.open("/desk/").text
    editor.sign_in()
    assert "Mine alone" in editor.browser.get("/desk/", follow_redirects=True).text


def test_a_form_that_is_known_goes_back_to_its_own_person(editor: Desk) -> None:
    article = editor.write(headline="First words")
    keep_unsaved(editor, article, "0123456789abcdef", headline="Half a sentence")
    signed_out_save(editor, f"/desk/articles/{article.id}", headline="The whole sentence", form_id="0123456789abcdef", version=1)
    editor.sign_in("admin")  # a colleague at the same browser
    assert "The whole sentence" not in editor.browser.get(f"/desk/articles/{article.id}", follow_redirects=True).text
    editor.browser = editor.app.test_client()
    editor.sign_in("editor")
    assert value(editor.browser.get("/desk/unsaved/0123456789abcdef", follow_redirects=True).text, "headline") == "The whole sentence"


def test_no_other_site_puts_words_into_a_form(editor: Desk) -> None:
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = editor.browser.post("/desk/articles", data=form({"headline": "Planted", "body": ""}), headers=headers)
        assert answer.status_code == 400
    with editor.app.app_context():
        assert not db.session.scalars(select(Unsaved)).all()


def test_strangers_cannot_fill_the_database(desk: Desk) -> None:
    statuses = {desk.browser.post("/desk/articles", data=form({"headline": "x", "body": ""})).status_code for _ in range(40)}
    assert statuses == {303, 400}
    with desk.app.app_context():
        assert len(db.session.scalars(select(Unsaved)).all()) == 30
    too_much = desk.app.test_client().post("/desk/articles", data=form({"headline": "x", "body": "x" * (1 << 21)}))
    assert too_much.status_code == 400


def test_what_was_taken_down_takes_no_text_from_anybody(editor: Desk) -> None:
    article = editor.write()
    editor.act(article, "takedown", sure="1")
    for number in (article.id, 999):
        assert editor.browser.post(f"/desk/articles/{number}", data=form({"headline": "x", "body": ""})).status_code == 400
    token = editor.token("/desk/articles/new")
    assert editor.browser.post("/desk/unsaved/0123456789abcdef", data={"csrf_token": token, "article": article.id}).status_code == 409


def test_a_program_is_told_that_the_session_is_over(editor: Desk) -> None:
    article = editor.write()
    token = editor.token("/desk/articles/new")
    editor.browser.delete_cookie("desk", path="/desk")
    answer = editor.browser.post(f"/desk/articles/{article.id}/presence", data={"csrf_token": token}, headers={"Accept": "application/json"})
    assert answer.status_code in (400, 401)


# ---- who else is here


def beat(desk: Desk, article: Article, form_id: str = "aaaaaaaaaaaaaaaa", **fields: object) -> dict[str, object]:
    sent = {"form_id": form_id, "since": int(time.time()) - 60, "version": article.version, **fields}
    answer = desk.send(f"/desk/articles/{article.id}/presence", "/desk/articles/new", **sent)
    assert answer.status_code == 200
    return answer.json


def test_two_editors_on_one_article_see_each_other(editor: Desk) -> None:
    article, other = editor.write(), another(editor)
    assert beat(other, article) == {"here": [], "newer": None}
    assert "admin@newsapp.example has this open too" in seen(editor.open(f"/desk/articles/{article.id}").text)
    assert "admin@newsapp.example has it open" in seen(editor.open("/desk/").text)
    assert [each["name"] for each in beat(other, article)["here"]] == ["editor@newsapp.example"]
    editor.save(article, headline="Saved meanwhile")
    assert beat(other, article)["newer"]["who"] == "editor@newsapp.example"
    other.send(f"/desk/articles/{article.id}/presence/removal", "/desk/articles/new", form_id="aaaaaaaaaaaaaaaa", since=int(time.time()) - 60)


def test_who_gives_no_sign_of_life_is_gone(editor: Desk, valkey: Valkey) -> None:
    article, other = editor.write(), another(editor)
    beat(other, article)
    for member in valkey.client().zrange("news:here", 0, -1):
        valkey.client().zincrby("news:here", -60, member)
    assert "has this open too" not in editor.open(f"/desk/articles/{article.id}").text


def test_with_redis_away_nobody_is_shown_and_all_else_goes_on(config: Config) -> None:
    desk = Desk(make_app({**config, "REDIS_URL": "unix:///nowhere/redis.sock"}, "desk"))
    desk.sign_in()
    article = desk.write()
    assert beat(desk, article) == {"here": [], "newer": None}
    assert keep_unsaved(desk, article, headline="Typed")["at"]
    assert desk.save(article, headline="Saved").status_code == 302
    assert desk.open("/desk/").status_code == 200


def test_it_works_on_every_database(config: Config, every_database: str) -> None:
    for desk in desk_of(config | {"DATABASE_URL": every_database}):
        desk.sign_in()
        article, other = desk.write(headline="First words", body="<p>One.</p>"), another(desk)
        keep_unsaved(desk, article, headline="Typed words")
        other.save(article, headline="Their words", publish_at="2040-07-01T09:00")
        assert desk.save(article, headline="My words").status_code == 409
        assert whats(desk, article) == ["save", "save", "aside"]
        first = ids(desk, article)[0]
        page = f"/desk/articles/{article.id}/revisions"
        version = desk.article(article.id).version
        assert desk.send(f"{page}/{first}/restoration", page, version=version).status_code == 302
        assert desk.article(article.id).headline == "First words"
        with desk.app.app_context():
            assert history.last_saved(article.id).what == "restore"
            unsaved.forget(now())
        signed_out_save(desk, "/desk/articles", headline="Kept")
        desk.sign_in()
        assert "Kept" in desk.browser.get("/desk/", follow_redirects=True).text

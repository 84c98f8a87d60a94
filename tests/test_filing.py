"""Filing at the desk: tags, authors, redirects, and many articles at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from newsapp.config import Config
from newsapp.database import db
from newsapp.filing.bulk import ACTIONS
from newsapp.news.models import DRAFT, LIVE, SPIKED, Article, Author, Tag
from newsapp.news.old_addresses import find as old_address
from tests.desk import Desk, desk_of

SITE = "http://localhost:8000"


@pytest.fixture
def editor(config: Config, every_database: str) -> Iterator[Desk]:
    for desk in desk_of(config | {"DATABASE_URL": every_database, "SITE_URL": SITE}):
        desk.sign_in()
        yield desk


def number(desk: Desk, model: type, slug: str) -> int:
    with desk.app.app_context():
        return db.session.scalars(select(model.id).where(model.slug == slug)).one()


def tags_of(desk: Desk, article: Article) -> list[str]:
    page = desk.open(f"/desk/articles/{article.id}").text
    return page.split('id="tags"', 1)[1].split('value="', 1)[1].split('"', 1)[0].split(", ")


def leads_to(desk: Desk, path: str) -> str | None:
    with desk.app.app_context():
        return old_address(path)


# ---- tags and authors


def test_names_are_listed_with_their_stories_and_found_by_words(editor: Desk) -> None:
    editor.write(tags="Markets, City hall")
    editor.write(tags="Markets")
    page = editor.open("/desk/names/tags").text
    assert page.index("City hall") < page.index("Markets")
    assert "City hall" not in editor.open("/desk/names/tags?q=mark").text


@pytest.mark.parametrize(("kind", "field", "model"), [("tags", "tags", Tag), ("authors", "bylines", Author)])
def test_two_that_mean_one_are_merged_and_the_old_address_leads_on(editor: Desk, kind: str, field: str, model: type) -> None:
    both = editor.write(**{field: "Ferry, Ferries"})
    one = editor.write(**{field: "Ferry"})
    page = f"/desk/names/{kind}/{number(editor, model, 'ferry')}"
    assert editor.send(f"{page}/merge", page, into="ferries").status_code == 302
    for article in (both, one):
        form = editor.open(f"/desk/articles/{article.id}").text
        assert 'value="Ferries"' in form
    with editor.app.app_context():
        paths = [db.session.scalars(select(model)).one().path]
    assert leads_to(editor, paths[0].replace("ferries", "ferry")) == paths[0]
    assert {f"article:{both.id}", f"article:{one.id}", "front"} <= editor.touched()


def test_a_chain_of_merges_leads_to_the_last_at_once(editor: Desk) -> None:
    editor.write(tags="Ferry, Ferries, Boats")
    for old, new in (("ferry", "Ferries"), ("ferries", "Boats")):
        page = f"/desk/names/tags/{number(editor, Tag, old)}"
        editor.send(f"{page}/merge", page, into=new)
    assert leads_to(editor, "/tag/ferry") == leads_to(editor, "/tag/ferries") == "/tag/boats"


@pytest.mark.parametrize(("into", "words"), [("Boats", "There is no tag called &#39;Boats&#39;."), ("ferry", "cannot be merged into itself")])
def test_a_merge_that_cannot_be_is_refused(editor: Desk, into: str, words: str) -> None:
    editor.write(tags="Ferry")
    page = f"/desk/names/tags/{number(editor, Tag, 'ferry')}"
    answer = editor.send(f"{page}/merge", page, into=into)
    assert answer.status_code == 422
    assert words in answer.text


def test_an_author_is_renamed_and_told_of(editor: Desk) -> None:
    article = editor.write(bylines="Harbor desk")
    page = f"/desk/names/authors/{number(editor, Author, 'harbor-desk')}"
    editor.send(page, page, name="Harbour desk", bio="Everything that floats.")
    assert "Harbour desk" in editor.open(f"/desk/articles/{article.id}").text
    assert "Everything that floats." in editor.open(page).text


def test_a_tag_with_stories_is_removed_only_when_asked_twice(editor: Desk) -> None:
    article = editor.write(tags="Ferry, Boats")
    page = f"/desk/names/tags/{number(editor, Tag, 'ferry')}"
    first = editor.send(f"{page}/removal", page)
    assert "1 story will no longer have it." in editor.open(first.location).text
    assert tags_of(editor, article) == ["Boats", "Ferry"]
    editor.send(f"{page}/removal", page, sure="1")
    assert tags_of(editor, article) == ["Boats"]


# ---- redirects


def make(editor: Desk, old: str, new: str) -> tuple[int, str]:
    answer = editor.send("/desk/redirects", "/desk/redirects", old=old, new=new)
    return answer.status_code, answer.text


def test_an_old_address_leads_to_a_story_wherever_that_moves(editor: Desk) -> None:
    article = editor.write("publication", headline="Fire on the pier")
    assert make(editor, f"{SITE}/2019/fire.html", "/world/fire-on-the-pier")[0] == 302
    assert leads_to(editor, "/2019/fire.html") == "/world/fire-on-the-pier"
    editor.send("/desk/articles/bulk", "/desk/", article=article.id, action="move", section=2, sure=1)
    assert leads_to(editor, "/2019/fire.html") == "/sport/fire-on-the-pier"
    assert "Fire on the pier" in editor.open("/desk/redirects").text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("/a", "/a", "cannot lead to itself"),
        ("/world", "/sport", "is the address of something that is there"),
        ("/desk", "/sport", "that the site itself answers"),
        ("/a", "https://elsewhere.example/b", "is another site"),
        ("a b", "/sport", "It begins with a slash"),
        ("/x", "/old", "round in a circle"),
    ],
)
def test_a_redirect_that_cannot_be_is_refused_with_the_reason(editor: Desk, old: str, new: str, words: str) -> None:
    make(editor, "/old", "/x")
    status, text = make(editor, old, new)
    assert status == 422
    assert words in text


def test_a_redirect_is_taken_away(editor: Desk) -> None:
    make(editor, "/old", "/sport")
    editor.send("/desk/redirects/removal", "/desk/redirects", old="/old")
    assert leads_to(editor, "/old") is None


# ---- many articles


def send(editor: Desk, action: str, articles: list[Article], **fields: object) -> TestResponse:
    return editor.send("/desk/articles/bulk", "/desk/", article=[each.id for each in articles], action=action, **fields)


def many(editor: Desk, action: str, articles: list[Article], **fields: object) -> str:
    """Do it, and what is said afterwards."""
    answer = send(editor, action, articles, sure=1, **fields)
    assert answer.status_code == 302
    return editor.open(answer.location).text


def undo(editor: Desk, page: str, label: str) -> str:
    """Press the button of that name that takes back what was done."""
    form = next(each for each in page.split("<form") if f">{label}" in each)
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    answer = editor.browser.post("/desk/articles/bulk", data=MultiDict(fields))
    assert answer.status_code == 302
    return editor.open(answer.location).text


def test_many_are_tagged_and_untagged_and_those_left_are_named(editor: Desk) -> None:
    articles = [editor.write(headline=f"Story {n}", tags="Old") for n in range(3)]
    assert "Tagged 2 articles." in many(editor, "tag", articles[:2], tag="New")
    assert [tags_of(editor, each) for each in articles] == [["New", "Old"], ["New", "Old"], ["Old"]]
    said = many(editor, "tag", articles, tag="New")
    assert "Tagged 1 article." in said
    assert "2 articles were left as they were" in said
    assert "“Story 1”: It has the tag already." in said
    many(editor, "untag", articles, tag="old")
    assert [tags_of(editor, each) for each in articles[:2]] == [["New"], ["New"]]


def test_a_tag_is_taken_off_again_only_where_it_was_put(editor: Desk) -> None:
    articles = [editor.write(headline=f"Story {n}", tags=tag) for n, tag in enumerate(("New", "Old"))]
    said = many(editor, "tag", articles, tag="New")
    assert "Tag taken away from 1 article." in undo(editor, said, "Take the tag off again")
    assert [tags_of(editor, each) for each in articles] == [["New"], ["Old"]]


def test_many_move_and_their_old_addresses_still_find_them(editor: Desk) -> None:
    articles = [editor.write("publication", headline=f"Story {n}") for n in range(2)]
    assert "Moved 2 articles." in many(editor, "move", articles, section=2)
    assert {editor.article(each.id).section_id for each in articles} == {2}


def test_those_that_moved_go_back_to_the_section_they_came_from(editor: Desk) -> None:
    one, other = editor.write(headline="One"), editor.write(headline="Other", section=2)
    said = many(editor, "move", [one, other], section=2)
    assert "“Other”" in said
    assert "Moved 1 article." in undo(editor, said, "Back to World")
    assert (editor.article(one.id).section_id, editor.article(other.id).section_id) == (1, 2)


def test_a_move_is_shown_before_it_is_done(editor: Desk) -> None:
    live, draft = editor.write("publication", headline="Fire"), editor.write(headline="Draft")
    there = editor.write(headline="There already", section=2)
    asked = send(editor, "move", [live, draft, there], section=2)
    assert asked.status_code == 200
    for words in (
        "Move 2 articles to Sport?",
        "Readers find it at /sport/fire",
        "It goes to Sport.",
        "1 is left as it is",
        "“There already”: It is in Sport already.",
    ):
        assert words in asked.text
    assert {editor.article(each.id).section_id for each in (live, draft)} == {1}
    assert editor.article(live.id).version == live.version


def test_spiking_is_shown_before_it_is_done_with_those_that_would_be_left(editor: Desk) -> None:
    articles = [editor.write("publication", headline=f"Story {n}") for n in range(3)]
    editor.act(articles[0], "takedown", sure="1")
    editor.act(articles[1], "spike")
    asked = send(editor, "spike", articles).text
    for words in ("Spike 1 article?", "Readers find nothing at its address", "“Story 0”: It was taken down.", "“Story 1”: It is spiked already."):
        assert words in asked
    assert editor.article(articles[2].id).state == LIVE
    assert f'name="article" value="{articles[2].id}"' in asked
    assert f'name="article" value="{articles[1].id}"' not in asked


def test_where_nothing_can_be_done_there_is_no_button(editor: Desk) -> None:
    article = editor.write()
    editor.act(article, "spike")
    asked = send(editor, "spike", [article]).text
    assert "Nothing to do" in asked
    assert "Spike 0" not in asked


def test_many_are_spiked_those_taken_down_are_left_and_the_others_come_back(editor: Desk) -> None:
    articles = [editor.write("publication", headline=f"Story {n}") for n in range(3)]
    editor.act(articles[0], "takedown", sure="1")
    said = many(editor, "spike", articles)
    assert "Spiked 2 articles." in said
    assert "“Story 0”: It was taken down." in said
    assert [editor.article(each.id).state for each in articles[1:]] == [SPIKED, SPIKED]
    assert "Back among the drafts: 2 articles." in undo(editor, said, "Back to the drafts")
    assert [editor.article(each.id).state for each in articles[1:]] == [DRAFT, DRAFT]


def test_many_are_exported(editor: Desk) -> None:
    articles = [editor.write("publication", headline=headline) for headline in ("Story 1", "=cmd()")]
    answer = editor.send("/desk/articles/bulk", "/desk/", article=[*[each.id for each in articles], 999_999], action="export")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["headline"] for row in rows] == ["Story 1", "'=cmd()"]
    assert rows[0]["address"] == f"{SITE}/world/story-1"


@pytest.mark.parametrize(
    ("action", "fields", "words"),
    [
        ("tag", {}, "Say which tag."),
        ("untag", {"tag": "None such"}, "There is no tag"),
        ("move", {"section": "9"}, "Choose the section"),
        ("", {}, "Tick the"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_says_why(editor: Desk, action: str, fields: dict[str, object], words: str) -> None:
    article = editor.write(tags="Old")
    assert words in many(editor, action, [article], **fields)
    assert editor.article(article.id).version == article.version


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_action_moves_the_version_so_that_no_open_form_undoes_it_unseen(editor: Desk, action: object) -> None:
    article = editor.write(tags="Old")
    if action.name == "unspike":
        editor.act(article, "spike")
        article = editor.article(article.id)
    many(editor, action.name, [article], tag="New" if action.name == "tag" else "Old", section=2)
    assert editor.article(article.id).version > article.version

"""The list of articles: what its filters find, alone and together, and the lists that somebody keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from newsapp.config import Config
from newsapp.database import db
from newsapp.desk import lists, saved_lists
from newsapp.desk.models import SavedList
from tests.desk import Desk, desk_of


@pytest.fixture
def editor(config: Config, every_database: str) -> Iterator[Desk]:
    for desk in desk_of({**config, "DATABASE_URL": every_database}):
        desk.sign_in()
        yield desk


def shown(desk: Desk, query: str) -> list[str]:
    """The headlines of the list at an address, in their order."""
    return re.findall(r'class="t-hed"[^>]*>([^<]+)<', desk.open(f"/desk/?{query}").text)


def sizes(desk: Desk, query: str) -> dict[str, int]:
    """How many each shelf says that it has."""
    found = re.findall(r'<a href="[^"]*"[^>]*>([^<]+)<span>([\d,]+)</span></a>', desk.open(f"/desk/?{query}").text)
    return {label: int(number.replace(",", "")) for label, number in found}


def test_each_filter_finds_its_own_and_together_they_narrow(editor: Desk) -> None:
    editor.write("publication", headline="Harbour fire put out", section=1, tags="Boats", bylines="Sea desk", body="<p>Nine engines came.</p>")
    editor.write(headline="Ferry strike ends", section=2, tags="Boats, Pay", bylines="Sea desk, City desk", standfirst="After nine days")
    editor.write(headline="Budget passes", section=2, tags="Pay", bylines="City desk")
    assert shown(editor, "q=nine") == ["Ferry strike ends", "Harbour fire put out"]
    assert shown(editor, "q=eng") == ["Harbour fire put out"]
    assert shown(editor, "section=2") == ["Budget passes", "Ferry strike ends"]
    assert shown(editor, "tag=boats") == ["Ferry strike ends", "Harbour fire put out"]
    assert shown(editor, "author=City desk") == ["Budget passes", "Ferry strike ends"]
    assert shown(editor, "author=sea-desk&tag=Pay") == ["Ferry strike ends"]
    assert shown(editor, "author=sea-desk&state=live") == ["Harbour fire put out"]
    assert shown(editor, "q=nine&section=1&tag=Pay") == []
    assert sizes(editor, "tag=boats")["All"] == 2
    assert (sizes(editor, "tag=boats")["Live"], sizes(editor, "tag=boats")["Drafts"]) == (1, 1)
    nine = {label: number for label, number in sizes(editor, "q=nine").items() if number}
    assert nine == {"All": 2, "Live": 1, "Drafts": 1}
    assert {label: number for label, number in sizes(editor, "q=nine&section=1").items() if number} == {"All": 1, "Live": 1}
    assert sizes(editor, "q=volcano")["All"] == sizes(editor, "q=%22")["All"] == 0
    assert "No article here has all that you ask for" in editor.open("/desk/?q=volcano").text
    assert "Look on every shelf" in editor.open("/desk/?q=ferry&state=live").text


def test_of_words_that_nearly_all_have_only_their_number_is_told(editor: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for headline in ("Ferry sinks", "Ferry strike ends", "Budget passes"):
        editor.write(headline=headline)
    monkeypatch.setattr(lists, "MANY", 1)
    assert sizes(editor, "q=ferry") == {"All": 2}
    assert sizes(editor, "q=ferry&section=1")["Drafts"] == 2
    assert sizes(editor, "q=budget")["Drafts"] == 1
    assert sizes(editor, "")["Drafts"] == 3


def test_days_are_those_of_the_paper_and_both_are_included(editor: Desk) -> None:
    article = editor.write("publication", headline="Harbour fire put out")
    assert article.published_at is not None
    day = article.published_at.date()  # the paper's zone is UTC until somebody says another
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    assert shown(editor, f"since={day}&until={day}") == ["Harbour fire put out"]
    assert shown(editor, f"since={after}") == shown(editor, f"until={before}") == []


def test_what_cannot_be_a_filter_is_told_beside_its_field_and_finds_nothing(editor: Desk) -> None:
    editor.write(headline="Ferry strike ends")
    for query, told in (("since=soon", "A day like"), ("until=9999-12-31", "A day like"), ("section=x", "Choose a section")):
        page = editor.open(f"/desk/?{query}").text
        assert told in page
        assert shown(editor, query) == []
    assert shown(editor, "q=%00%02ferry") == ["Ferry strike ends"]


def test_a_list_is_kept_found_again_replaced_and_let_go(editor: Desk) -> None:
    editor.write(headline="Ferry strike ends", section=2)
    editor.send("/desk/lists", "/desk/?section=2", name=" Sport  now ", query="state=drafts&section=2&page=7&evil=1")
    page = editor.open("/desk/").text
    assert 'href="/desk/?state=drafts&amp;section=2">Sport now</a>' in page
    assert 'aria-current="true">Sport now</a>' in editor.open("/desk/?section=2&state=drafts").text
    editor.send("/desk/lists", "/desk/?section=2", name="sport NOW", query="section=2&q=ferry")
    with editor.app.app_context():
        kept = db.session.scalars(select(SavedList)).one()
        assert (kept.name, kept.query) == ("sport NOW", "q=ferry&section=2")
        number = kept.id
    assert editor.send(f"/desk/lists/{number}/removal", "/desk/").status_code == 302
    assert "sport NOW" not in editor.open("/desk/").text.partition("no longer kept")[2]
    assert editor.send(f"/desk/lists/{number}/removal", "/desk/?q=x").status_code == 404


def test_nobody_sees_or_lets_go_the_list_of_another(editor: Desk) -> None:
    editor.send("/desk/lists", "/desk/?q=ferry", name="Mine", query="q=ferry")
    editor.browser = editor.app.test_client()
    editor.sign_in("writer")
    assert "Mine" not in editor.open("/desk/?q=ferry").text
    assert editor.send("/desk/lists/1/removal", "/desk/?q=ferry").status_code == 404
    with editor.app.app_context():
        assert db.session.get(SavedList, 1)


def test_so_many_lists_are_kept_and_a_nameless_one_is_not(editor: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_lists, "MOST", 2)
    for name in ("One", "Two", "Three", "  "):
        editor.send("/desk/lists", "/desk/?q=ferry", name=name, query="q=ferry")
    with editor.app.app_context():
        assert {each.name for each in db.session.scalars(select(SavedList))} == {"One", "Two"}


def test_the_list_tells_while_stories_are_still_being_read_in(editor: Desk) -> None:
    from newsapp.news.models import Article
    from newsapp.search import keeping

    editor.write(headline="Ferry strike ends")
    with editor.app.app_context():
        keeping.put_off(db.session.connection(), select(Article.id).where(Article.id > 0))
        db.session.commit()
    assert "1 story is still being read in" in editor.open("/desk/?q=ferry").text

"""Moving in from WordPress: what becomes of posts and pages, as an editor would see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from newsapp.changes import Change
from newsapp.config import Config
from newsapp.database import db, now
from newsapp.front.models import LIVE, slots_of
from newsapp.news.models import Article, ArticleAuthor, ArticleTag, Author, Page, Picture, Redirect, Section, Tag
from newsapp.news.slugs import RESERVED
from tests.conftest import make_app
from tests.moving import Move, article, category, item, names, notes, number_of


@pytest.fixture
def move(tool: Flask, tmp_path: Path) -> Move:
    return Move(tmp_path)


def test_a_post_becomes_an_article(move: Move) -> None:
    terms = category("world", "World") + category("europe", "Europe") + category("rivers", "Rivers", "post_tag")
    report = move.run(item(1, categories=terms, excerpt="<b>In short</b> &amp; plain", title="Tom &amp; <i>Jerry</i>"))
    story = article()
    assert (report.items, report.imported) == (1, 1)
    assert (story.headline, story.standfirst, story.body, story.state) == ("Tom & Jerry", "In short & plain", "<p>Words.</p>", "live")
    assert story.published_at == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert names(Section) == {"Europe"}, "the most specific category"
    assert names(Tag) == {"World", "Rivers"}
    assert names(Author) == {"Harbour Desk"}
    assert number_of(ArticleTag) == 2
    assert number_of(ArticleAuthor) == 1


@pytest.mark.parametrize(
    ("fields", "state", "dated"),
    [
        ({"status": "publish"}, "live", True),
        ({"status": "draft"}, "draft", False),
        ({"status": "pending"}, "draft", False),
        ({"status": "auto-draft"}, "draft", False),
        ({"status": "private"}, "draft", True),
        ({"status": "publish", "post_password": "secret"}, "draft", True),
        ({"status": "of-a-plugin"}, "draft", True),
    ],
)
def test_the_status_decides_who_sees_it(move: Move, fields: dict[str, str], state: str, dated: bool) -> None:
    move.run(item(1, **fields))
    assert article().state == state
    assert (article().published_at is not None) == dated


def test_a_post_for_the_future_is_embargoed(move: Move) -> None:
    later = (now() + timedelta(days=3)).strftime("%Y-%m-%d %H:%M:%S")
    move.run(item(1, status="future", post_date=later, post_date_gmt=later))
    assert article().is_embargoed(now())


def test_trash_and_other_types_are_left_out_with_the_reason(move: Move) -> None:
    types = ("attachment", "nav_menu_item", "revision", "product", "recipe", "")
    report = move.run(item(1, status="trash"), *(item(number, post_type=kind) for number, kind in enumerate(types, 2)))
    assert report.items == len(report.left_out) == 7
    assert all(entry["reason"] and entry["id"] for entry in report.left_out)


def test_a_page_becomes_a_page_and_keeps_clear_of_sections(move: Move) -> None:
    pages = [item(number, post_type="page", post_name=name) for number, name in ((2, "about"), (3, "search"))]
    move.run(item(1, categories=category("about", "About")), *pages)
    assert set(db.session.scalars(select(Page.slug))) == {"about-2", "search-2"}
    assert db.session.get_one(Redirect, "/?page_id=2").page_id is not None


@pytest.mark.parametrize("address", [name for name in RESERVED if "." not in name])
def test_a_section_never_takes_an_address_of_the_sites_own(move: Move, address: str) -> None:
    move.run(item(1, categories=category(address, address.title())))
    assert set(db.session.scalars(select(Section.slug))) == {f"{address}-2"}


def test_what_has_no_category_goes_where_the_operator_says(move: Move) -> None:
    move.write(item(1), item(2, categories=category("uncategorized", "Uncategorized")))
    assert move.command("--section", "Archive").exit_code == 0
    assert names(Section) == {"Archive"}


def test_equal_slugs_get_numbers(move: Move) -> None:
    move.run(*(item(number, post_name="same") for number in range(1, 5)))
    assert set(db.session.scalars(select(Article.slug))) == {"same", "same-2", "same-3", "same-4"}


def test_a_post_without_slug_title_or_date_still_gets_them(move: Move) -> None:
    report = move.run(item(1, title="", post_name="", post_date="0000-00-00 00:00:00", post_date_gmt="", content="First words here."))
    story = db.session.scalars(select(Article)).one()
    assert (story.headline, story.slug, story.is_live(now())) == ("First words here.", "post-1", True)
    assert "no title" in notes(report)
    assert "no date" in notes(report)


def test_a_date_without_zone_is_read_with_the_blogs(move: Move) -> None:
    move.run(item(1), item(2, status="private", post_date="2021-07-01 12:00:00", post_date_gmt="0000-00-00 00:00:00"))
    assert article("story-2").published_at == datetime(2021, 7, 1, 10, tzinfo=UTC)


def test_sticky_posts_lead_the_front_page(move: Move) -> None:
    move.run(item(1), item(2, is_sticky="1"), item(3, is_sticky="1"))
    assert [(slot.position, slot.article_id) for slot in slots_of(LIVE)] == [(1, article("story-2").id), (2, article("story-3").id)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["before", "after"])
def test_the_lead_picture_is_found_wherever_the_attachment_stands(move: Move, order: tuple[int, int]) -> None:
    attachment = item(7, post_type="attachment", guid="g7", attachment_url="https://old.example/up/harbour.jpg", excerpt="By night",
                      meta={"_wp_attachment_image_alt": "A harbour"})  # fmt: skip
    items = (attachment, item(1, meta={"_thumbnail_id": "7"}))
    report = move.run(items[order[0]], items[order[1]], item(2, meta={"_thumbnail_id": "99"}))
    picture = db.session.scalars(select(Picture)).one()
    assert (picture.remote_url, picture.alt, picture.widths) == ("https://old.example/up/harbour.jpg", "A harbour", "")
    assert (article().picture_id, article().caption) == (picture.id, "By night")
    assert "attachment 99, is not in this file" in notes(report)


def test_authors_are_never_shown_by_their_address(move: Move) -> None:
    move.run(item(1, creator="night-desk@old.example"))
    assert names(Author) == {"night-desk"}


# Old addresses


def test_every_old_address_leads_to_the_article(move: Move) -> None:
    move.run(item(1, meta={"_wp_old_slug": "first-try"}))
    paths = db.session.scalars(select(Redirect.path).where(Redirect.article_id == article().id))
    assert set(paths) == {"/2020/01/story-1", "/?p=1", "/2020/01/first-try"}


def test_a_redirect_never_takes_an_address_that_is_in_use(move: Move) -> None:
    move.run(item(1, categories=category("world", "World"), link="https://old.example/world/story-1/"))
    report = move.run(
        item(2, link="https://old.example/world/story-1/"), item(3, link="https://old.example/world/"), item(4, link="https://old.example/desk/x")
    )
    assert set(db.session.scalars(select(Redirect.path))) == {"/?p=1", "/?p=2", "/?p=3", "/?p=4"}
    assert notes(report).count("no redirect") == 3


# Again


def test_importing_again_changes_nothing(move: Move) -> None:
    items = [item(number, categories=category("world", "World")) for number in range(1, 8)]
    move.run(*items)
    before = (number_of(Article), number_of(Redirect), number_of(Section), number_of(Change))
    assert move.run(*items).unchanged == 7
    assert (number_of(Article), number_of(Redirect), number_of(Section), number_of(Change)) == before


def test_what_changed_in_wordpress_is_brought_up_to_date_at_its_address(move: Move) -> None:
    move.run(item(1), item(2))
    report = move.run(item(1, title="New title", post_name="new-name"), item(2))
    assert (report.updated, report.unchanged) == (1, 1)
    assert article("story-1").headline == "New title"


def test_the_same_guid_twice_in_a_file_is_one_article(move: Move) -> None:
    report = move.run(item(1), item(1, title="Later version"))
    assert (report.imported, report.updated, article().headline) == (1, 1, "Later version")


def test_posts_that_only_share_a_guid_are_told_apart(move: Move) -> None:
    items = (item(1, guid="copied"), item(2, guid="copied"))
    assert move.run(*items).imported == 2
    assert move.run(*items).unchanged == 2


@pytest.mark.parametrize("change", [{"headline": "Edited"}, {"state": "spiked"}, {"state": "taken_down"}])
def test_what_an_editor_changed_since_stays(move: Move, change: dict[str, str]) -> None:
    move.run(item(1))
    story = article()
    story.updated_at = now()
    for name, value in change.items():
        setattr(story, name, value)
    db.session.commit()
    report = move.run(item(1, title="From WordPress"))
    assert "at the desk since" in report.left_out[0]["reason"]
    assert article().headline != "From WordPress"


def test_readers_are_told_what_changed(move: Move, tool: Flask) -> None:
    move.run(item(1, categories=category("world", "World")))
    story = article()
    assert {f"article:{story.id}", f"section:{story.section_id}", "front"} <= set(db.session.scalars(select(Change.touched)).one())
    assert tool.extensions["redis_desk"].llen("rq:queue:desk") == 1


def test_postgresql_knows_at_once_what_was_imported(config: Config, postgresql_url: str, tmp_path: Path) -> None:
    with make_app(config | {"DATABASE_URL": postgresql_url}, "tool").app_context():
        Move(tmp_path).run(*(item(number) for number in range(1, 8)))
        known = db.session.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'article'::regclass"))
        db.session.remove()
        db.engine.dispose()
    assert known == 7

"""Two versions put together, and two compared: nothing that anybody wrote goes missing."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsapp.news.body import body_of
from newsapp.revisions.comparing import ADDED, GONE, KEPT, MARKUP, runs, story, stretches
from newsapp.revisions.merging import CLASH, MINE, SAME, THEIRS, merge, merged_story, put_together
from newsapp.revisions.paragraphs import paragraphs_of, words_of

TEXTS = st.lists(st.sampled_from([f"<p>{letter}</p>" for letter in "abcdefgh"]), max_size=7)


@given(TEXTS, TEXTS, TEXTS)
@example(["<p>a</p>", "<p>b</p>"], ["<p>b</p>", "<p>a</p>"], ["<p>c</p>", "<p>b</p>"])
def test_no_text_of_either_side_goes_missing_unseen(base: list[str], mine: list[str], theirs: list[str]) -> None:
    pieces = merged_story(base, mine, theirs)
    shown = {text for piece in pieces for text in ([*piece.mine, *piece.theirs] if piece.whose == CLASH else piece.taken)}
    assert set(mine) - set(base) <= shown
    assert set(theirs) - set(base) <= shown


@given(TEXTS, TEXTS, TEXTS)
def test_all_three_can_be_read_off_the_pieces(base: list[str], mine: list[str], theirs: list[str]) -> None:
    pieces = merged_story(base, mine, theirs)
    for side, whole in (("base", base), ("mine", mine), ("theirs", theirs)):
        assert [text for piece in pieces for text in getattr(piece, side)] == whole


@given(TEXTS, TEXTS)
def test_where_one_side_did_nothing_the_other_is_taken(base: list[str], changed: list[str]) -> None:
    for pieces in (merged_story(base, changed, base), merged_story(base, base, changed)):
        assert not [piece for piece in pieces if piece.whose == CLASH]
        assert [text for piece in pieces for text in piece.taken] == changed


@given(TEXTS, TEXTS, TEXTS)
def test_both_sides_see_the_same_clashes(base: list[str], mine: list[str], theirs: list[str]) -> None:
    one, other = merged_story(base, mine, theirs), merged_story(base, theirs, mine)
    assert {piece.base[0] for piece in one if piece.whose == CLASH and piece.base} == {p.base[0] for p in other if p.whose == CLASH and p.base}


def test_neighbours_edited_by_two_people_are_no_clash() -> None:
    base = ["<p>one</p>", "<p>two</p>", "<p>three</p>"]
    pieces = merged_story(base, ["<p>ONE</p>", *base[1:]], [base[0], "<p>TWO</p>", base[2]])
    assert [piece.whose for piece in pieces] == [MINE, THEIRS, SAME]


def content(**changed: object) -> dict[str, object]:
    return {"headline": "Fire", "kicker": "", "tags": "Ports, Ships", "section": 1, "front_position": None, "body": "<p>One.</p>", **changed}


def test_fields_that_one_side_changed_are_taken_and_tags_add_up() -> None:
    mine, theirs = content(kicker="Harbour", tags="Ports, Ships, Fire"), content(headline="Fire out", tags="Ports, Rescue", front_position=2)
    found = merge(content(), mine, theirs)
    assert not found.clashes
    result = put_together(found, {}, theirs)
    assert (result["kicker"], result["headline"], result["front_position"]) == ("Harbour", "Fire out", 2)
    assert result["tags"] == "Ports, Rescue, Fire"


def test_fields_that_both_changed_are_asked() -> None:
    mine, theirs = content(headline="Fire put out"), content(headline="Fire over")
    found = merge(content(), mine, theirs)
    assert [piece.name for piece in found.clashes] == ["headline"]
    assert put_together(found, {"headline": "Fire put out"}, theirs)["headline"] == "Fire put out"


def test_without_what_both_began_with_all_that_differs_is_asked() -> None:
    found = merge(None, content(kicker="Harbour", body="<p>One.</p><p>Mine.</p>"), content(headline="Fire out", body="<p>One.</p><p>Theirs.</p>"))
    assert {piece.name for piece in found.fields if piece.whose == CLASH} == {"kicker", "headline"}
    assert len(found.clashes) == 3


FIGURE = '<figure><img alt="a > b" src="/x"><figcaption>c</figcaption></figure>'


@pytest.mark.parametrize(("html", "parts"), [
    ("<p>One</p>\n<p>Two</p>", ["<p>One</p>", "<p>Two</p>"]),
    ("loose <em>text</em><p>One</p>", ["loose <em>text</em>", "<p>One</p>"]),
    ("<ul><li><p>a</p></li><li>b</li></ul><hr><p>c</p>", ["<ul><li><p>a</p></li><li>b</li></ul>", "<hr>", "<p>c</p>"]),
    (FIGURE + "tail", [FIGURE, "tail"]),
    ("", []),
])  # fmt: skip
def test_a_body_falls_into_its_paragraphs(html: str, parts: list[str]) -> None:
    assert paragraphs_of(html) == parts


@given(st.text(alphabet='<>/pdivulha= "x&', max_size=60))
def test_no_character_of_a_body_is_lost_in_its_paragraphs(typed: str) -> None:
    clean = body_of(typed)
    assert "".join("".join(paragraphs_of(clean)).split()) == "".join(clean.split())


def test_a_paragraph_reads_as_people_read_it() -> None:
    assert words_of('<p>Fish &amp; <a href="/c">chips</a><br>now</p>') == "Fish & chips\nnow"
    assert words_of('<figure><img alt="A quay"><figcaption>At dawn</figcaption></figure>') == "[Picture: A quay]\nAt dawn"


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_old_and_the_new_text_can_be_read_off_a_comparison(old: str, new: str) -> None:
    found = runs(old, new)
    assert "".join("".join(run.text for run in found if run.what != ADDED).split()) == "".join(old.split())
    assert "".join("".join(run.text for run in found if run.what != GONE).split()) == "".join(new.split())


def test_words_are_compared_not_lines() -> None:
    found = story(
        "<p>The fire was put out at dawn.</p><p>Nobody was hurt.</p>", "<p>The fire was put out at dusk.</p><p>New.</p><p>Nobody was hurt.</p>"
    )
    assert [(run.what, run.text) for run in found[0].runs if run.what != KEPT] == [(GONE, "dawn"), (ADDED, "dusk")]
    assert [each.what for each in found[1:]] == [ADDED, KEPT]


def test_a_changed_link_is_told_although_the_words_are_the_same() -> None:
    found = story('<p><a href="/a">Here</a></p>', '<p><a href="/b">Here</a></p>')
    assert (found[0].what, found[0].links) == (MARKUP, ("/b",))


def test_long_stretches_without_a_change_are_folded() -> None:
    paragraphs = [f"<p>Paragraph {number}</p>" for number in range(20)]
    found = stretches(story("".join(paragraphs), "".join([*paragraphs[:10], "<p>Quite something else</p>", *paragraphs[11:]])))
    assert [(each.folded, len(each.paragraphs)) for each in found] == [(True, 9), (False, 4), (True, 8)]


def test_five_thousand_words_are_compared_quickly() -> None:
    chance, words = random.Random(1), [f"word{number}" for number in range(2000)] + ["the", "of", "and"] * 60
    old = [[chance.choice(words) for _ in range(70)] for _ in range(72)]
    new = [[word if chance.random() > 0.05 else chance.choice(words) for word in paragraph] for paragraph in old]
    bodies = ["".join(f"<p>{' '.join(paragraph)}</p>" for paragraph in each) for each in (old, new)]
    took = []
    for _ in range(3):
        began = time.process_time()
        story(*bodies)
        took.append(time.process_time() - began)
    assert min(took) < 0.2


def test_texts_with_little_in_common_are_shown_whole() -> None:
    old, new = "Coastal railway passes after a night of nineteen amendments", "A minister resigns over the window"
    assert [(run.what, run.text) for run in runs(old, new)] == [(GONE, old), (ADDED, new)]


@pytest.mark.parametrize(("slug", "taken"), [("two-editors-mine", ""), ("chosen-on-purpose", None)])
def test_an_address_that_follows_the_headline_need_not_be_chosen(slug: str, taken: str | None) -> None:
    base, mine, theirs = (
        {"headline": headline, "slug": address, "body": ""}
        for headline, address in (("Two editors", "two-editors"), ("Two editors, mine", slug), ("Two editors, theirs", "two-editors-theirs"))
    )
    address = next(piece for piece in merge(base, mine, theirs).fields if piece.name == "slug")
    assert (address.whose == CLASH) == (taken is None)
    assert taken is None or address.taken == taken

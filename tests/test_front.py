"""The front page as editors compose it and as readers get it: slots, times, the proof, breaking news."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from newsapp.config import Config
from newsapp.database import db, now
from newsapp.delivery.shelf import build_site
from newsapp.front.composing import compose
from newsapp.front.models import LIVE, MOST_VIEWED, NEWEST, PROOF, STORY, TOP, Slot, in_force, next_turn, slots_of, take_off
from newsapp.news.models import SPIKED, Article
from tests.desk import Desk
from tests.reading import Reader, publish, reader_of

HOUR = timedelta(hours=1)


@pytest.fixture
def paper(config: Config, every_database: str) -> Iterator[Reader]:
    """Ten stories, alternately of two sections, the newest first: story-0 to story-9."""
    for reader in reader_of(config | {"DATABASE_URL": every_database}):
        for number in range(10):
            publish(f"story-{number}", "sport" if number % 2 else "world", ago=(number + 1) * HOUR)
        yield reader


def number(slug: str) -> int:
    return db.session.scalars(select(Article.id).where(Article.slug == slug)).one()


def top(slots: list[Slot], ranked: dict[str, list[str]] | None = None) -> list[str]:
    """The slugs from the lead on."""
    lists = {name: [number(slug) for slug in slugs] for name, slugs in (ranked or {}).items()}
    found = compose(now(), slots, lambda asked: lists.get(f"{asked.scope}:{asked.window.slug}", []))
    return [story.slug for _, story in sorted(found.top.items())]


def story(position: int, slug: str, **times: object) -> Slot:
    return Slot(plate=LIVE, position=position, kind=STORY, article_id=number(slug), window="", **times)


# ---- what stands where


def test_without_slots_the_newest_stories_stand_in_order(paper: Reader) -> None:
    assert top([]) == [f"story-{number}" for number in range(TOP)]


def test_a_placed_story_stands_where_it_was_placed_and_the_rest_fills_up(paper: Reader) -> None:
    assert top([story(3, "story-9")]) == ["story-0", "story-1", "story-9", "story-2", "story-3", "story-4", "story-5"]


def test_a_slot_of_a_list_shows_its_first_story_that_stands_nowhere_else(paper: Reader) -> None:
    listed = {"site:day": ["story-8", "story-7", "story-6"]}
    slots = [Slot(plate=LIVE, position=place, kind=MOST_VIEWED, window="day") for place in (1, 2)] + [story(5, "story-8")]
    assert top(slots, listed)[:2] == ["story-7", "story-6"]
    assert top(slots, listed)[4] == "story-8"


def test_a_slot_of_a_list_of_a_section_keeps_to_it(paper: Reader) -> None:
    sport = db.session.get_one(Article, number("story-1")).section_id
    slot = Slot(plate=LIVE, position=1, kind=MOST_VIEWED, window="hour", section_id=sport)
    assert top([slot], {f"section-{sport}:hour": ["story-9"], "site:hour": ["story-8"]})[0] == "story-9"


def test_the_newest_of_a_section_leads(paper: Reader) -> None:
    sport = db.session.get_one(Article, number("story-1")).section_id
    assert top([Slot(plate=LIVE, position=1, kind=NEWEST, section_id=sport, window="")])[:2] == ["story-1", "story-0"]


def test_a_slot_whose_story_is_off_the_site_is_filled_by_itself(paper: Reader) -> None:
    slot = story(1, "story-9")
    db.session.get_one(Article, slot.article_id).state = SPIKED
    db.session.commit()
    assert top([slot])[0] == "story-0"


def test_slots_begin_and_end_by_the_clock(paper: Reader) -> None:
    at = now()
    slots = [story(1, "story-9", starts=at + HOUR), story(1, "story-8", until=at + 2 * HOUR), story(2, "story-7", until=at - HOUR)]
    slots.sort(key=lambda slot: (slot.position, slot.starts is not None))
    assert [in_force(slots, at + hours * HOUR)[1].article_id for hours in (0, 1, 3)] == [number(slug) for slug in ("story-8", "story-9", "story-9")]
    assert 2 not in in_force(slots, at)
    assert next_turn(slots, at) == at + HOUR


def test_readers_see_a_slot_end_on_time_without_anybody_changing_anything(paper: Reader) -> None:
    with time_machine.travel(now(), tick=True) as clock:
        db.session.add(story(1, "story-9", until=now() + HOUR))
        db.session.commit()
        leads = '<div class="lead__head">'
        assert "story-9" in paper.text("/").split(leads)[1].split("</h2>")[0]
        clock.shift(HOUR + timedelta(seconds=1))
        assert "story-0" in paper.text("/").split(leads)[1].split("</h2>")[0]


def test_the_page_is_composed_in_as_many_statements_however_many_slots(paper: Reader) -> None:
    seven = [story(place, f"story-{place}") for place in range(1, TOP + 1)]
    with paper.counted() as without:
        top([])
    with paper.counted() as filled:
        top(seven)
    assert len(filled) == len(without) <= 4


def test_the_desk_has_the_same_stories_at_the_same_places(paper: Reader) -> None:
    slots = [story(3, "story-9"), Slot(plate=LIVE, position=1, kind=NEWEST, section_id=db.session.get_one(Article, number("story-1")).section_id)]
    whole, at_the_desk = (compose(now(), slots, lambda asked: [], only_top=only_top) for only_top in (False, True))
    assert (at_the_desk.top, at_the_desk.slots) == (whole.top, whole.slots)


# ---- breaking news


def test_breaking_news_is_in_the_copy_until_its_time_is_over_or_its_story_is_gone(paper: Reader) -> None:
    from newsapp.front.models import Breaking

    at = now()
    db.session.add(Breaking(text="Strait closed", article_id=number("story-0"), at=at, until=at + HOUR))
    db.session.commit()
    assert build_site(now())["breaking"]["path"] == "/world/story-0"
    assert build_site(at + 2 * HOUR)["breaking"] is None
    take_off([number("story-0")])
    db.session.commit()
    assert build_site(now())["breaking"] is None


# ---- the desk


def placed(editor: Desk, plate: str) -> list[tuple[int, int | None]]:
    with editor.app.app_context():
        return [(slot.position, slot.article_id) for slot in slots_of(plate)]


def set_place(editor: Desk, position: int, **fields: object) -> int:
    page = f"/desk/front/{position}"
    return editor.send(page, page, **{"kind": STORY, "window": "day", "section": 0, **fields}).status_code


def test_readers_get_the_proof_only_once_it_goes_live(editor: Desk) -> None:
    fire = editor.write("publication", headline="Fire on the pier")
    assert set_place(editor, 1, article=fire.id) == 302
    assert (placed(editor, PROOF), placed(editor, LIVE)) == ([(1, fire.id)], [])
    assert "The proof differs in 1 slot" in editor.open("/desk/front").text
    assert editor.send("/desk/front/publication", "/desk/front").status_code == 302
    assert (placed(editor, PROOF), placed(editor, LIVE)) == ([], [(1, fire.id)])
    assert "front" in editor.touched()


def test_the_proof_is_previewed_as_readers_would_get_it(editor: Desk) -> None:
    fire, ferry = (editor.write("publication", headline=words) for words in ("Fire on the pier", "Ferry on time"))
    set_place(editor, 1, article=fire.id)
    page = editor.open("/desk/front/preview").text
    assert "Fire on the pier" in page.split('<div class="lead__head">')[1].split("</h2>")[0]
    assert ferry.headline in page
    assert "Readers do not see this until it goes live." in page
    assert "data-beacon" not in page


def test_a_proof_is_thrown_away_and_the_front_page_stays(editor: Desk) -> None:
    fire = editor.write("publication", headline="Fire on the pier")
    set_place(editor, 1, article=fire.id)
    editor.send("/desk/front/publication", "/desk/front")
    editor.send("/desk/front/1/removal", "/desk/front")
    assert placed(editor, PROOF) == []
    editor.send("/desk/front/proof/removal", "/desk/front")
    assert placed(editor, LIVE) == [(1, fire.id)]
    assert "Put it live" not in editor.open("/desk/front").text


def test_places_change_with_the_one_above(editor: Desk) -> None:
    first, second = (editor.write("publication", headline=words) for words in ("Fire on the pier", "Ferry on time"))
    set_place(editor, 1, article=first.id)
    set_place(editor, 2, article=second.id)
    editor.send("/desk/front/2/up", "/desk/front")
    assert placed(editor, PROOF) == [(1, second.id), (2, first.id)]


def test_of_two_proofs_the_second_does_not_silently_win(editor: Desk) -> None:
    fire, ferry = (editor.write("publication", headline=words) for words in ("Fire on the pier", "Ferry on time"))
    set_place(editor, 1, article=fire.id)
    with editor.app.app_context():
        from newsapp.front.models import Plate

        db.session.add(Plate(name=LIVE, version=5, editor="night@newsapp.example"))
        db.session.add(Slot(plate=LIVE, position=1, kind=STORY, article_id=ferry.id))
        db.session.commit()
    answer = editor.send("/desk/front/publication", "/desk/front")
    assert answer.status_code == 409
    assert "night@newsapp.example" in answer.text
    assert placed(editor, LIVE) == [(1, ferry.id)]
    assert editor.send("/desk/front/publication", "/desk/front", whatever="1").status_code == 302
    assert placed(editor, LIVE) == [(1, fire.id)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose the story"),
        ({"kind": NEWEST}, "Choose the section"),
        ({"kind": MOST_VIEWED, "until": "2001-01-01T10:00"}, "That time is over."),
        ({"kind": MOST_VIEWED, "starts": "2100-01-02T10:00", "until": "2100-01-01T10:00"}, "It ends before it begins."),
        ({"article": 999_999}, "Choose the story"),
    ],
)
def test_a_slot_that_cannot_be_is_refused_beside_its_field(editor: Desk, fields: dict[str, object], words: str) -> None:
    page = "/desk/front/3"
    answer = editor.send(page, page, **{"kind": STORY, "window": "day", "section": 0, **fields})
    assert answer.status_code == 422
    assert words in answer.text
    assert placed(editor, PROOF) == []


def test_a_search_finds_stories_and_keeps_what_was_typed(editor: Desk) -> None:
    editor.write("publication", headline="Fire on the pier")
    editor.write("publication", headline="Ferry on time")
    answer = editor.send("/desk/front/2", "/desk/front/2", kind=STORY, window="week", section=0, q="ferry", search="1", until="2100-01-01T10:00")
    assert "Ferry on time" in answer.text
    assert "Fire on the pier" not in answer.text
    assert "2100-01-01T10:00" in answer.text
    assert "Ferry on time" in editor.open("/desk/front/stories?q=ferry").text


def test_breaking_news_is_set_and_ended(editor: Desk) -> None:
    fire = editor.write("publication", headline="Fire on the pier")
    answer = editor.send("/desk/front/breaking", "/desk/front", text="Pier on fire", number=fire.id, until="2100-01-01T10:00")
    assert answer.status_code == 302
    with editor.app.app_context():
        assert build_site(now())["breaking"]["text"] == "Pier on fire"
    editor.send("/desk/front/breaking/removal", "/desk/front")
    with editor.app.app_context():
        assert build_site(now())["breaking"] is None


def test_breaking_news_leads_to_a_live_story_or_nowhere(editor: Desk) -> None:
    draft = editor.write(headline="Not out yet")
    answer = editor.send("/desk/front/breaking", "/desk/front", text="Pier on fire", number=draft.id, until="2100-01-01T10:00")
    assert answer.status_code == 422
    assert "No story of that number is live." in answer.text


def test_a_takedown_clears_every_place(editor: Desk) -> None:
    fire = editor.write("publication", headline="Fire on the pier")
    set_place(editor, 1, article=fire.id)
    editor.send("/desk/front/publication", "/desk/front")
    editor.act(fire, "takedown", sure="yes")
    assert placed(editor, LIVE) == []

"""Two versions that began from one, put together: what one side changed is taken, what both changed is asked.

`mine` is the version that was saved second, `theirs` the one that was first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from newsapp.desk.naming import slug_of
from newsapp.revisions.contents import Content
from newsapp.revisions.paragraphs import paragraphs_of

SAME, MINE, THEIRS, AGREED, CLASH = "same", "mine", "theirs", "agreed", "clash"
SETS = ("tags",)  # fields whose order means nothing: each side adds and takes away


class Piece(NamedTuple):
    """One field, or some paragraphs that stand together: all three versions, and whose is taken."""

    name: str
    whose: str
    base: Any
    mine: Any
    theirs: Any

    @property
    def taken(self) -> Any:
        """What stands in the result, unless somebody has to choose."""
        return self.mine if self.whose == MINE else self.theirs


class Merge(NamedTuple):
    """All fields, and the paragraphs of the story."""

    fields: list[Piece]
    story: list[Piece]

    @property
    def clashes(self) -> list[Piece]:
        return [piece for piece in (*self.fields, *self.story) if piece.whose == CLASH]


def whose(base: Any, mine: Any, theirs: Any) -> str:
    if alike(mine, theirs):
        return SAME if alike(mine, base) else AGREED
    if alike(mine, base):
        return THEIRS
    return MINE if alike(theirs, base) else CLASH


def alike(one: Any, other: Any) -> bool:
    """Whether a person would call them the same: empty is empty, and white space is not content."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return list(one) == list(other)
    return " ".join(str("" if one is None else one).split()) == " ".join(str("" if other is None else other).split())


def merge(base: Content | None, mine: Content, theirs: Content) -> Merge:
    """Put together what both hold. Without a common base all that differs has to be chosen."""
    names = [name for name in theirs if name in mine and name != "body"]
    fields = [merged_field(name, base, mine[name], theirs[name]) for name in names]
    fields = [made_anew(piece) if piece.name == "slug" and follow_headlines(mine, theirs) else piece for piece in fields]
    stories = [paragraphs_of(str((each or {}).get("body") or "")) for each in (base, mine, theirs)]
    return Merge(fields, merged_story(*stories))


def follow_headlines(*sides: Content) -> bool:
    """Whether each address is what its own headline makes: then nobody chose it."""
    return all(side["slug"] == slug_of(side.get("headline", "")) for side in sides)


def made_anew(piece: Piece) -> Piece:
    """An address that both changed by their headlines is made from the headline that is chosen: an empty one is."""
    return piece._replace(whose=MINE, mine="") if piece.whose == CLASH else piece


def merged_field(name: str, base: Content | None, mine: Any, theirs: Any) -> Piece:
    if base is None or name not in base:
        return Piece(name, SAME if alike(mine, theirs) else CLASH, None, mine, theirs)
    verdict = whose(base[name], mine, theirs)
    if verdict == CLASH and name in SETS:
        return Piece(name, MINE, base[name], merged_set(base[name], mine, theirs), theirs)
    return Piece(name, verdict, base[name], mine, theirs)


def merged_set(base: str, mine: str, theirs: str) -> str:
    """Names between commas: theirs, with what mine added and without what mine took away."""
    was, have, got = (list(filter(None, map(str.strip, text.split(",")))) for text in (base, mine, theirs))
    kept = [name for name in got if name in have or name not in was]
    return ", ".join(kept + [name for name in have if name not in was and name not in got])


def merged_story(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> list[Piece]:
    """Every paragraph of the three, in order."""
    pieces: list[Piece] = []
    for chunk in chunks(base, mine, theirs):
        for b, m, t in one_by_one(*chunk):
            pieces.append(Piece(f"story-{len(pieces)}", whose(b, m, t), b, m, t))
    return pieces


Chunk = tuple[Sequence[str], Sequence[str], Sequence[str]]


def chunks(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[Chunk]:
    """Cut the three where all of them have the same paragraphs: these in turn with what stands between."""
    b = m = t = 0
    for size, at_base, at_mine, at_theirs in [*common(base, mine, theirs), (0, len(base), len(mine), len(theirs))]:
        between = (base[b:at_base], mine[m:at_mine], theirs[t:at_theirs])
        if any(between):
            yield between
        b, m, t = at_base + size, at_mine + size, at_theirs + size
        if size:
            yield (base[at_base:b], mine[at_mine:m], theirs[at_theirs:t])


def common(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Stretches of the base that both sides still have: (length, place in base, in mine, in theirs)."""
    ours = SequenceMatcher(None, base, mine, autojunk=False).get_matching_blocks()
    others = SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    i = j = 0
    while i < len(ours) and j < len(others):
        here, there = ours[i], others[j]
        start, end = max(here.a, there.a), min(here.a + here.size, there.a + there.size)
        if start < end:
            yield end - start, start, here.b + start - here.a, there.b + start - there.a
        if here.a + here.size < there.a + there.size:
            i += 1
        else:
            j += 1


def one_by_one(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[Chunk]:
    """Neighbours that were each edited where they stand are judged each for itself."""
    if base == mine == theirs:
        yield base, mine, theirs
    elif edited_in_place(base, mine) and edited_in_place(base, theirs):
        for place in range(len(base)):
            yield base[place : place + 1], mine[place : place + 1], theirs[place : place + 1]
    else:
        yield base, mine, theirs


def edited_in_place(base: Sequence[str], side: Sequence[str]) -> bool:
    """Whether no paragraph came, went or moved."""
    return len(base) == len(side) and not any(text != base[place] and text in base for place, text in enumerate(side))


def put_together(found: Merge, chosen: dict[str, Any], theirs: Content) -> Content:
    """The result, `chosen` saying what stands for each clash: a value for a field, paragraphs for the story."""
    result = {**theirs, **{piece.name: chosen.get(piece.name, piece.taken) for piece in found.fields}}
    result["body"] = "\n".join(text for piece in found.story for text in chosen.get(piece.name, piece.taken))
    return result

"""What differs between two versions, word by word, for people to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from newsapp.revisions.contents import Content
from newsapp.revisions.merging import alike
from newsapp.revisions.paragraphs import kind_of, links_of, paragraphs_of, words_of

# A word or a sign, with the white space after it; letters of languages that write without spaces stand alone.
ALONE = r"\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
TOKEN = re.compile(rf"(?:[{ALONE}]|[^\W_{ALONE}]+(?:['’-]\w+)*|\S)\s*")
KEPT, ADDED, GONE, CHANGED, MARKUP = "kept", "added", "gone", "changed", "markup"
RELATED = 0.25  # the share of common words from which two paragraphs are one that was edited
LONG = 300  # words from which the commonest tie nothing together any more: trying all of them takes seconds
MOST_PAIRS = 40_000  # of paragraphs that are tried against each other


class Run(NamedTuple):
    """Some words: kept, added or gone."""

    what: str
    text: str


class Paragraph(NamedTuple):
    """A paragraph of the story: kept, added, gone, changed, or with the same words and other markup."""

    what: str
    kind: str
    runs: list[Run]
    links: tuple[str, ...] = ()  # those that came, when only the markup changed


class Stretch(NamedTuple):
    """Paragraphs that stand together; `folded` when none of them changed and a reader may skip them."""

    folded: bool
    paragraphs: list[Paragraph]


class Difference(NamedTuple):
    """A field that differs. `runs` for text, none for a choice or a number."""

    name: str
    old: Any
    new: Any
    runs: list[Run]


def differences(old: Content, new: Content) -> list[Difference]:
    """The fields that differ, the story apart."""
    names = [name for name in new if name != "body" and not alike(old.get(name), new[name])]
    return [Difference(name, old.get(name), new[name], runs_of_texts(old.get(name), new[name])) for name in names]


def runs_of_texts(old: Any, new: Any) -> list[Run]:
    """Word by word, where both are text with some words in it."""
    texts = isinstance(old or "", str) and isinstance(new or "", str)
    return runs(old or "", new or "") if texts and max(len(str(old).split()), len(str(new).split())) > 1 else []


def runs(old: str, new: str) -> list[Run]:
    """The words of both in reading order: what went before what came instead. White space counts for nothing."""
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    old_words, new_words = ([word.rstrip() for word in words] for words in (before, after))
    found: list[Run] = []
    for tag, i, end, j, stop in SequenceMatcher(None, old_words, new_words, autojunk=len(after) > LONG).get_opcodes():
        parts = ((KEPT, after[j:stop]),) if tag == "equal" else ((GONE, before[i:end]), (ADDED, after[j:stop]))
        found += [Run(what, "".join(words)) for what, words in parts if words]
    return found if kept_share(found) >= RELATED else [Run(what, text) for what, text in ((GONE, old), (ADDED, new)) if text]


def kept_share(found: list[Run]) -> float:
    """How much of the longer text was kept: where it is little, two whole texts are read more easily than scattered words."""
    kept, gone, added = (sum(len(run.text) for run in found if run.what == what) for what in (KEPT, GONE, ADDED))
    return kept / ((kept + max(gone, added)) or 1)


def story(old: str, new: str) -> list[Paragraph]:
    """Two bodies, paragraph by paragraph."""
    return versus(paragraphs_of(old), paragraphs_of(new))


def versus(before: Sequence[str], after: Sequence[str]) -> list[Paragraph]:
    found: list[Paragraph] = []
    for tag, i, end, j, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [paragraph(html, html) for html in before[i:end]]
        else:
            found += [paragraph(*pair) for pair in paired(before[i:end], after[j:stop])]
    return found


def paragraph(old: str | None, new: str | None) -> Paragraph:
    was, now = words_of(old or ""), words_of(new or "")
    kind = kind_of(new or old or "")
    if old is None or new is None:
        what = ADDED if old is None else GONE
        return Paragraph(what, kind, [Run(what, was or now)])
    if was == now:
        links = tuple(link for link in links_of(new) if link not in links_of(old))
        return Paragraph(KEPT if old == new else MARKUP, kind, [Run(KEPT, now)], links)
    return Paragraph(CHANGED, kind, runs(was, now))


def paired(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
    """Which old paragraph became which new one, so that the words in common are most; the others went or came."""
    i = j = 0
    for at_old, at_new in [*alignment(before, after), (len(before), len(after))]:
        yield from ((text, None) for text in before[i:at_old])
        yield from ((None, text) for text in after[j:at_new])
        if at_old < len(before):
            yield before[at_old], after[at_new]
        i, j = at_old + 1, at_new + 1


def alignment(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    if len(before) * len(after) > MOST_PAIRS:
        return list(zip(range(len(before)), range(len(after)), strict=False))
    old, new = ([frozenset(words_of(text).lower().split()) for text in side] for side in (before, after))
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]  # the most that the rests from (i, j) on have in common
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], likeness(old[i], new[j]) + best[i + 1][j + 1])
    return list(followed(best, old, new))


def followed(best: list[list[float]], old: list[frozenset[str]], new: list[frozenset[str]]) -> Iterator[tuple[int, int]]:
    i = j = 0
    while i < len(old) and j < len(new):
        alike_here = likeness(old[i], new[j])
        if alike_here and best[i][j] == alike_here + best[i + 1][j + 1]:
            yield i, j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1


def likeness(old: frozenset[str], new: frozenset[str]) -> float:
    both = len(old & new)
    share = both / ((len(old) + len(new) - both) or 1)
    return share if share >= RELATED else 0.0


def stretches(paragraphs: list[Paragraph]) -> list[Stretch]:
    """Paragraphs without a change are folded, save the neighbours of one with a change."""
    near = {place + step for place, each in enumerate(paragraphs) if each.what != KEPT for step in (-1, 0, 1)}
    found: list[Stretch] = []
    for place, each in enumerate(paragraphs):
        folded = place not in near
        if not found or found[-1].folded != folded:
            found.append(Stretch(folded, []))
        found[-1].paragraphs.append(each)
    return found

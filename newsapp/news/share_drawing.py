"""Drawing a picture for shared links: the paper's own fonts and colours, right to left where its words run so.

Pillow reads the fonts as browsers get them. Letters that these lack are looked for in Noto Naskh Arabic, which readers do
not load. Words that no font has letters for, or that Pillow cannot shape without raqm, are left out.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont, features

from newsapp.delivery.colours import colours_of
from newsapp.news.share_pictures import HEIGHT, WIDTH, SharePicture

ROOT = Path(__file__).resolve().parent.parent.parent
FONTS = ROOT / "static" / "fonts"
DISPLAY, SANS, ARABIC = "source-serif-display", "public-sans", "noto-naskh-arabic"
BOLD = {SANS: 700}  # of fonts that hold several weights
MARGIN = 80
ROOM = (WIDTH - 2 * MARGIN, 336)  # of the words
SIZES = (124, 112, 100, 92, 84, 76, 68, 60, 56, 52, 48, 44)
WHOLE = 60  # in smaller letters than these, long words are rather parted
FEW = 92  # in larger ones, three lines are enough
LINES, FEW_LINES = 6, 3
LEAD = {ARABIC: 1.36}  # from line to line, in sizes; Arabic letters reach higher and lower
USUAL_LEAD = 1.14
LARGER = {ARABIC: 1.12}  # what looks as large as the others
ELLIPSIS = "…"
NEVER = "\U0010fffd"  # a letter that no font has
IGNORED = frozenset("\u200b\u200c\u200d\u200e\u200f\u2066\u2067\u2068\u2069\ufeff\u00ad")  # say how letters stand, and are none


class Setting(NamedTuple):
    """Words as they are set: lines in a font, and how far it is from the foot of one to that of the next."""

    lines: list[str]
    font: ImageFont.FreeTypeFont
    lead: int


@lru_cache(maxsize=64)
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    layout = ImageFont.Layout.RAQM if has_raqm() else ImageFont.Layout.BASIC
    loaded = ImageFont.truetype(str(FONTS / f"{name}.woff2"), round(size * LARGER.get(name, 1)), layout_engine=layout)
    if name in BOLD:
        loaded.set_variation_by_axes([BOLD[name]])
    return loaded


@lru_cache(maxsize=1)
def has_raqm() -> bool:
    """Whether letters can be joined, and lines run from right to left."""
    return bool(features.check("raqm"))


@lru_cache(maxsize=4096)
def has_letter(name: str, letter: str) -> bool:
    small = font(name, 20)
    return letter in IGNORED or letter.isspace() or bytes(small.getmask(letter)) != bytes(small.getmask(NEVER))


def runs_left(text: str) -> bool:
    """Whether its first letter is of a script from right to left."""
    return next((is_right_to_left(letter) for letter in text if letter.isalpha()), False)


def is_right_to_left(letter: str) -> bool:
    return "\u0590" <= letter <= "\u08ff" or "\ufb1d" <= letter <= "\ufefc"


def font_for(text: str, first: str) -> str | None:
    """The font to set a text in; none when no font has all of its letters."""
    if not has_raqm() and any(map(is_right_to_left, text)):
        return None
    return next((name for name in (first, ARABIC) if all(has_letter(name, letter) for letter in set(text))), None)


def drawn(picture: SharePicture) -> bytes:
    """The picture as PNG."""
    canvas = Image.new("RGB", (WIDTH, HEIGHT), colour("page"))
    draw = ImageDraw.Draw(canvas)
    words = next((text for text in (picture.words, picture.paper) if text and font_for(text, DISPLAY)), picture.host)
    is_mirrored = runs_left(words)
    draw_head(draw, picture.above, is_mirrored)
    draw_words(draw, fitted(words, font_for(words, DISPLAY) or DISPLAY), is_mirrored)
    draw_foot(draw, "" if words == picture.paper else picture.paper, picture.host, is_mirrored)
    content = io.BytesIO()
    canvas.save(content, "PNG", compress_level=7)
    return content.getvalue()


@lru_cache(maxsize=1)
def colours() -> dict[str, str]:
    return {meaning: both.light for meaning, both in colours_of(ROOT).items()}


def colour(meaning: str) -> str:
    return colours()[meaning]


def start_of(is_mirrored: bool) -> int:
    return WIDTH - MARGIN if is_mirrored else MARGIN


def draw_head(draw: ImageDraw.ImageDraw, above: str, is_mirrored: bool) -> None:
    """The tab that stands over blocks of the site too, and the small words."""
    left = WIDTH - MARGIN - 112 if is_mirrored else MARGIN
    draw.rectangle((left, 0, left + 111, 13), fill=colour("accent"))
    name = font_for(above, SANS)
    if above and name:
        place(draw, start_of(is_mirrored), 106, cut(above, font(name, 32), ROOM[0]), font(name, 32), "accent", is_mirrored)


def draw_words(draw: ImageDraw.ImageDraw, setting: Setting, is_mirrored: bool) -> None:
    """The large words, a little above the middle of the room that they have."""
    top = 150 + max(0, ROOM[1] - setting.lead * len(setting.lines)) * 2 // 5
    for number, line in enumerate(setting.lines, 1):
        place(draw, start_of(is_mirrored), top + setting.lead * number - setting.lead // 4, line, setting.font, "text", is_mirrored)


def draw_foot(draw: ImageDraw.ImageDraw, paper: str, host: str, is_mirrored: bool) -> None:
    """A rule, the paper's name below it, and its address at the other end where there is room for both."""
    draw.rectangle((MARGIN, 518, WIDTH - MARGIN - 1, 519), fill=colour("rule-strong"))
    name, small = font_for(paper, DISPLAY), font(SANS, 28)
    face = font(name or DISPLAY, 44)
    if face.getlength(paper) + small.getlength(host) + 48 > ROOM[0]:
        face = font(name or DISPLAY, 36)
    has_room = not paper or face.getlength(paper) + small.getlength(host) + 48 <= ROOM[0]
    if paper and name:
        place(draw, start_of(is_mirrored), 580, cut(paper, face, ROOM[0]), face, "text", is_mirrored)
    if has_room and host:
        place(draw, start_of(not is_mirrored), 580, host, small, "text-furniture", not is_mirrored)


def place(draw: ImageDraw.ImageDraw, x: int, y: int, text: str, face: ImageFont.FreeTypeFont, meaning: str, ends_there: bool) -> None:
    """Draw a line on that height, from a point on, or up to it."""
    towards = ("rtl" if runs_left(text) else "ltr") if has_raqm() else None
    draw.text((x, y), text, font=face, fill=colour(meaning), anchor="rs" if ends_there else "ls", direction=towards)


def fitted(text: str, name: str) -> Setting:
    """The words in the largest of SIZES at which they have room; in the smallest what there is no room for is cut off."""
    for size, parts in [*((size, False) for size in SIZES if size >= WHOLE), *((size, True) for size in SIZES)]:
        face, lead = font(name, size), round(size * LEAD.get(name, USUAL_LEAD))
        lines = broken(text, face, ROOM[0], parts)
        if len(lines) * lead <= ROOM[1] and len(lines) <= (FEW_LINES if size > FEW else LINES) and fit(lines, face):
            return Setting(balanced(text, face, len(lines), parts), face, lead)
    most = ROOM[1] // lead
    return Setting([*lines[: most - 1], cut(" ".join(lines[most - 1 :]), face, ROOM[0])], face, lead)


def fit(lines: list[str], face: ImageFont.FreeTypeFont) -> bool:
    return all(face.getlength(line) <= ROOM[0] for line in lines)


def broken(text: str, face: ImageFont.FreeTypeFont, width: float, parts: bool) -> list[str]:
    """Lines of whole words, or with `parts` of words in parts where one has no room in a line."""
    lines: list[list[str]] = []
    space, full = face.getlength(" "), 0.0
    for word in text.split():
        for piece in pieces(word, face, width) if parts else [word]:
            length = face.getlength(piece)
            if lines and full + space + length <= width:
                lines[-1].append(piece)
                full += space + length
            else:
                lines.append([piece])
                full = length
    return [" ".join(line) for line in lines]


def pieces(word: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """A word, parted where a line ends."""
    found: list[str] = []
    while face.getlength(word) > width:
        length = max(1, longest(word, "-", face, width))
        found.append(word[:length] + "-")
        word = word[length:]
    return [*found, word]


def longest(text: str, end: str, face: ImageFont.FreeTypeFont, width: float) -> int:
    """How many letters have room in a line before an end."""
    low, high = 0, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if face.getlength(text[:middle].rstrip() + end) <= width else (low, middle - 1)
    return low


def balanced(text: str, face: ImageFont.FreeTypeFont, count: int, parts: bool) -> list[str]:
    """As many lines, as even as they can be: the narrowest measure that needs no more."""
    low, high = ROOM[0] // 2, ROOM[0]
    while not parts and high - low > 8:
        middle = (low + high) // 2
        lines = broken(text, face, middle, parts)
        low, high = (low, middle) if len(lines) <= count and fit(lines, face) else (middle, high)
    return broken(text, face, high, parts)


def cut(text: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    """As much of a line as there is room for."""
    if face.getlength(text) <= width:
        return text
    return text[: longest(text, ELLIPSIS, face, width)].rstrip(" ,.;:-") + ELLIPSIS

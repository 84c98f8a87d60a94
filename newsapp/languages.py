"""What readers' pages say, in the paper's language: catalogues of gettext in newsapp/translations, formats of Babel.

The words in the source are English. Whoever makes a page for readers says in which language
(`speaking`); all else, the desk first, is English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup, escape

TRANSLATIONS = Path(__file__).resolve().parent / "translations"
ENGLISH = "en"
SUBTAG = re.compile(r"[-_]")
TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-([A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*")
RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"})


@dataclass(frozen=True)
class Language:
    """A language by its tag, the direction it runs in, and whose words and formats stand for it: English where it has no catalogue."""

    tag: str
    direction: str
    locale: Locale
    words: NullTranslations


def N_(text: str) -> str:
    """Marks words that are translated where they are shown."""
    return text


# Tags


def tidy_tag(text: str) -> str:
    """A tag in its usual form: pt-BR, zh-Hant. Raises ValueError for what is no tag of BCP 47, or of a language that nobody knows."""
    name, *parts = SUBTAG.split(text.strip().lower())
    tag = "-".join([name, *(part.title() if len(part) == 4 and part.isalpha() else part.upper() if len(part) == 2 else part for part in parts)])
    if not TAG.fullmatch(tag) or not is_known(name):
        raise ValueError(f"{text!r} is not a language tag")
    return tag


def is_known(name: str) -> bool:
    """Whether CLDR has heard of a language."""
    return name in get_global("likely_subtags") or name in Locale(ENGLISH).languages


def script(tag: str) -> str:
    """The script a language is written in, by its tag or by habit; empty where nobody knows."""
    parts = SUBTAG.split(tag)
    named = next((part.title() for part in parts[1:] if len(part) == 4 and part.isalpha()), "")
    likely = get_global("likely_subtags")
    region = next((part.upper() for part in parts[1:] if len(part) == 2), "")
    habit = likely.get(f"{parts[0].lower()}_{region}") or likely.get(parts[0].lower()) or ""
    return named or next((part for part in habit.split("_")[1:] if len(part) == 4), "")


def direction(tag: str) -> str:
    """Which way a language runs, rtl or ltr; empty where none is named."""
    return ("rtl" if script(tag) in RIGHT_TO_LEFT else "ltr") if tag else ""


# Catalogues


def catalogues() -> list[str]:
    """The languages whose words there are, English first."""
    return [ENGLISH, *sorted(path.parent.parent.name for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))]


def catalogue_for(tag: str) -> str:
    """The nearest catalogue in the same script: fr for fr-CA, but not ar for ar-Latn; English where there is none."""
    parts = SUBTAG.split(tag.lower())
    known = {name.lower(): name for name in catalogues()}
    names = ("_".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((known[name] for name in names if name in known and script(name) == script(tag)), ENGLISH)


@lru_cache(maxsize=64)
def language(tag: str) -> Language:
    """The language of a tag. Any text will do: it may have been stored before tags were checked."""
    name = catalogue_for(tag)
    return Language(tag, direction(tag) or "ltr", locale_of(tag, name), words_of(name))


def locale_of(tag: str, catalogue: str) -> Locale:
    """The formats that go with the words: those of the country where Babel has it."""
    try:
        return Locale.parse(SUBTAG.sub("_", tag) if catalogue != ENGLISH else ENGLISH)
    except (UnknownLocaleError, ValueError):
        return Locale.parse(catalogue)


@lru_cache(maxsize=16)
def words_of(catalogue: str) -> NullTranslations:
    """The words of a catalogue, compiled here once in a process: about 20 ms. What is not translated yet stays English."""
    path = TRANSLATIONS / catalogue / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=catalogue))
    compiled.seek(0)
    return GNUTranslations(compiled)


# Speaking


def english() -> str:
    return ENGLISH


SPEAKER: ContextVar[Callable[[], str]] = ContextVar("speaker", default=english)


def speak(tag: Callable[[], str] = english) -> None:
    """From now on in this thread, say things in the language that is found when the first is said."""
    SPEAKER.set(tag)


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Inside, things are said in this language."""
    token = SPEAKER.set(lambda: tag)
    try:
        yield
    finally:
        SPEAKER.reset(token)


def spoken() -> Language:
    """The language that things are said in here."""
    return language(SPEAKER.get()())


def gettext(text: str) -> str:
    return spoken().words.gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    return spoken().words.ngettext(one, many, number)


def pgettext(context: str, text: str) -> str:
    return spoken().words.pgettext(context, text)


def npgettext(context: str, one: str, many: str, number: int) -> str:
    return spoken().words.npgettext(context, one, many, number)


def amount(number: float) -> str:
    """1,234,567 as the language writes it."""
    return str(format_decimal(number, locale=spoken().locale))


def listed(names: Iterable[str]) -> Markup:
    """A, B and C."""
    *first, last = names
    if not first:
        return escape(last)
    return Markup(gettext("%(names)s and %(last)s")) % {"names": Markup(pgettext("between names", ", ")).join(first), "last": last}  # noqa: S704


def isolated(name: str) -> Markup:
    """A name in an element of its own, so that its direction does not turn what stands around it."""
    return Markup("<bdi>{}</bdi>").format(name)


def attributes(tag: str) -> Markup:
    """The attributes of a text in a language; none for the one that is spoken all around it."""
    return Markup(' lang="{}" dir="{}"').format(tag, direction(tag)) if tag and tag != spoken().tag else Markup("")


def home(tag: str) -> Markup:
    """The attributes of our own words within a text in a language; none where it is the same."""
    own = spoken()
    return Markup(' lang="{}" dir="{}"').format(own.tag, own.direction) if tag and tag != own.tag else Markup("")


def install(environment: Any) -> None:
    """Let templates say things: _(), ngettext() and the blocks of Jinja's i18n."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext)
    environment.filters.update(amount=amount, attributes=attributes, home=home, isolated=isolated, listed=listed)

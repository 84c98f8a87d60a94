"""What may stand in a body of ours, and what never does."""

from __future__ import annotations

import time

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsapp.news.sanitise import ATTRIBUTES, CLASSES, TAGS, sanitise
from tests import attacks

ALLOWED = set(ATTRIBUTES["*"]).union(*ATTRIBUTES.values()) | {"class", "rel"}


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    """(name, attributes) of each element, as a browser would read them."""
    tree = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return [(node.tag, dict(node.attrib)) for node in tree.iter() if isinstance(node.tag, str) and node.tag != "DOCUMENT_FRAGMENT"]


def assert_harmless(html: str) -> None:
    for tag, attributes in elements(html):
        assert tag in TAGS, f"<{tag}> in {html[:300]!r}"
        assert set(attributes) <= ALLOWED, f"{attributes} in {html[:300]!r}"
        for name in ("href", "src", "cite"):
            scheme = attributes.get(name, "").strip().lower().partition(":")[0]
            assert scheme not in ("javascript", "vbscript", "data", "file"), attributes


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p>Plain <em>words</em>.</p>", "<p>Plain <em>words</em>.</p>"),
        ('<p onclick="x()" style="color:red" id="a">a</p>', "<p>a</p>"),
        ("<script>alert(1)</script>a", "a"),
        ('<a href="javascript:alert(1)">a</a>', '<a rel="noopener">a</a>'),
        ('<figure class="pull-quote wide">a</figure>', '<figure class="pull-quote">a</figure>'),
        ('<figure class="wide"><span lang="fr" class="x">a</span></figure>', '<figure><span lang="fr">a</span></figure>'),
        ("<!-- a comment -->a", "a"),
        ("<x-unknown>kept words</x-unknown>", "kept words"),
    ],
)
def test_markup_comes_out_as_an_article_needs_it(html: str, clean: str) -> None:
    assert sanitise(html) == clean


@given(st.text(alphabet=st.sampled_from(list("<>/\"'=& abpdivscriptonx!-[]\n\x00é")), max_size=200))
def test_whatever_goes_in_comes_out_harmless_and_stays_as_it_is(html: str) -> None:
    clean = sanitise(html)
    assert_harmless(clean)
    assert sanitise(clean) == clean


@pytest.mark.parametrize("html", ["<div>" * 100_000, "<span>" * 50_000 + "<hr>" * 50_000, "<x-a>" * 9_000 + "<p>" * 9_000, "<!--" * 100_000])
def test_markup_made_to_be_slow_is_not(html: str) -> None:
    start = time.perf_counter()
    sanitise(html)
    assert time.perf_counter() - start < 3


def test_the_paragraphs_of_tangled_markup_stay() -> None:
    assert sanitise("<p>Before</p>" + "<div>" * 30_000 + "<p>after") == "<p>Before</p>" + " " * 30_000 + "<p>after</p>"


@pytest.mark.parametrize("name", attacks.FILES)
def test_known_attacks_come_out_harmless(name: str) -> None:
    for payload in attacks.of(name):
        assert_harmless(sanitise(payload))


def test_every_class_belongs_to_an_allowed_element() -> None:
    assert set(CLASSES) <= TAGS

"""WordPress's content as ours: blocks, shortcodes, paragraphs, pictures."""

from __future__ import annotations

from pathlib import Path

import html5lib
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from newsapp.imports.markup import body_of
from newsapp.imports.shortcodes import without_shortcodes
from newsapp.news.paragraphs import paragraphs
from tests.moving import Move, item, notes
from tests.test_sanitise import assert_harmless


@pytest.fixture
def move(tool: Flask, tmp_path: Path) -> Move:
    return Move(tmp_path)


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("One\n\nTwo\nlines", "<p>One</p>\n<p>Two<br>\nlines</p>"),
        ("<!-- wp:paragraph -->\n<p>A</p>\n<!-- /wp:paragraph -->", "<p>A</p>"),
        ("Before<!--more-->after", "<p>Before</p>\n<p>after</p>"),
        ("<h1>Big</h1>text", "<h2>Big</h2>\n<p>text</p>"),
        ("<pre>a\n\nb</pre>", "<pre>a\n\nb</pre>"),
        ("He said [sic] and [1].", "<p>He said [sic] and [1].</p>"),
        ('[gallery ids="1,2"]Text', "<p>Text</p>"),
        ("[[gallery]]", "<p>[gallery]</p>"),
        ("[box color=red]Kept[/box]", "<p>Kept</p>"),
        ("a<script>x()</script><iframe src='https://v.example'></iframe>b", "<p>a</p>\n\n<p>b</p>"),
        ('<a href="/about">About</a>', '<p><a href="/about" rel="noopener">About</a></p>'),
        ('<img src="/up/a%20b.jpg">', '<p><a href="https://old.example/up/a%20b.jpg" rel="noopener">a b.jpg</a></p>'),
        (
            '<a href="https://x.example/l.jpg"><img src="https://x.example/s.jpg" alt="Dawn"></a>',
            '<p><a href="https://x.example/l.jpg" rel="noopener">Dawn</a></p>',
        ),
        ('<img src="data:image/png;base64,AAAA">', ""),
        (
            '[caption id="a"]<img src="https://x.example/s.jpg" alt="Dawn" /> At sea[/caption]',
            '<figure><a href="https://x.example/s.jpg" rel="noopener">Dawn</a>\n<figcaption>At sea</figcaption>\n</figure>',
        ),
        ("[embed]https://v.example/1[/embed]", '<p><a href="https://v.example/1" rel="noopener">https://v.example/1</a></p>'),
    ],
)
def test_content_reads_as_it_did(content: str, body: str) -> None:
    assert body_of(content, "https://old.example")[0] == body


def test_what_could_not_be_kept_is_noted(move: Move) -> None:
    report = move.run(item(1, content='[gallery]<iframe src="https://v.example/9"></iframe><img src="https://x.example/a.jpg"><script>x</script>'))
    for words in ("[gallery] dropped", "<iframe> dropped, 1 in all: https://v.example/9", "<script> dropped", "a picture in the text became a link"):
        assert words in notes(report)


def letters_of(html: str) -> str:
    return "".join("".join(html5lib.parseFragment(html, namespaceHTMLElements=False).itertext()).split())


PARTS = ["word ", "\n", "\n\n", "<p>", "</p>", "<div>", "</div>", "<ul><li>", "</li></ul>", "<em>e</em>", "<br>", "<pre>\n\nx</pre>"]
TEXTS = st.lists(st.sampled_from(PARTS))


@given(TEXTS)
def test_paragraphs_lose_no_word_and_are_found_once(parts: list[str]) -> None:
    html = "".join(parts)
    once = paragraphs(html)
    assert letters_of(once) == letters_of(html)
    assert "".join(paragraphs(once).split()) == "".join(once.split())


@given(st.text(alphabet="[]/ab=\"' \n<>!-", max_size=120))
def test_any_brackets_are_taken(text: str) -> None:
    without_shortcodes(text)
    assert_harmless(body_of(text, "")[0])

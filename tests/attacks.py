"""Markup that was made to run where it should not: some of our own, and the public collections where they are at hand."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree

from tests.conftest import SHARED

CORPORA = SHARED / "data" / "xss"
OWN = (
    "<script>alert(1)</script>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>", "]]><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>", "'><svg onload=alert(1)>", "\" autofocus onfocus=alert(1) x=\"", "javascript:alert(1)",
    "<a href=javascript:alert(1)>a</a>", "<a href=\"java\tscript:alert(1)\">a</a>", "<a href=\"&#106;avascript:alert(1)\">a</a>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<form action=javascript:alert(1)><button>a</button></form>", "<base href=//elsewhere.example/>",
    "<meta http-equiv=refresh content='0;url=//e.example'>",
    "<link rel=stylesheet href=//elsewhere.example/a.css>", "<style>@import '//elsewhere.example/a.css';</style>", "{{ 7*7 }}{% raw %}${7*7}#{7*7}",
    "<img src=//elsewhere.example/a.gif>", "<details open ontoggle=alert(1)>", "<!--><img src=x onerror=alert(1)>-->",
    "\u202e\u0000<b onmouseover=alert(1)>",
    "</script><script>alert(1)</script>", "<x onclick=alert(1)>a</x>", "<div style=\"background:url(javascript:alert(1))\">a</div>",
    "<object data=javascript:alert(1)></object>", "<embed src=javascript:alert(1)>", "<video><source onerror=alert(1)></video>",
)  # fmt: skip
FILES = ("own", *sorted(str(path.relative_to(CORPORA)) for path in CORPORA.rglob("*") if path.suffix in (".json", ".xml", ".txt", ".dat")))


def of(name: str) -> list[str]:
    """The attacks of a file."""
    if name == "own":
        return list(OWN)
    path = CORPORA / name
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".json":
        return [payload for payload in json.loads(text) if isinstance(payload, str)]
    if path.suffix == ".xml":
        return [code.text or "" for code in ElementTree.fromstring(text).iter("code")]
    if path.suffix == ".dat":
        return re.findall(r"^#data\n(.*?)\n#(?:errors|new-errors|script|document)", text, re.DOTALL | re.MULTILINE)
    return [line for line in text.splitlines() if line.strip()]


def every() -> list[str]:
    """All of them, each once."""
    return list(dict.fromkeys(payload for name in FILES for payload in of(name)))


def short(most: int) -> list[str]:
    """Our own, and a spread of the others, none longer than that."""
    others = [payload for payload in every() if len(payload) <= most and "\n" not in payload]
    return list(dict.fromkeys([*(payload for payload in OWN if len(payload) <= most), *others[:: max(1, len(others) // 60)]]))

"""Paragraphs from blank lines, as WordPress's editor without blocks has them; markup that has its own stays."""

from __future__ import annotations

import html
import re

BLOCKS = (
    "address|article|aside|blockquote|canvas|caption|center|col|colgroup|dd|details|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]"
    "|header|hr|iframe|legend|li|main|map|menu|nav|object|ol|option|p|pre|script|section|select|style|summary|svg|table|tbody|td|tfoot|th|thead|tr|ul|video|audio"
)
VERBATIM = re.compile(r"(</?(?:pre|script|style|textarea)\b[^<>]*>)", re.IGNORECASE)
OPENING = re.compile(rf"<(?:{BLOCKS})\b[^<>]*>", re.IGNORECASE)
CLOSING = re.compile(rf"</(?:{BLOCKS})\s*>|<hr\b[^<>]*>", re.IGNORECASE)
STARTS_WITH_BLOCK = re.compile(rf"</?(?:{BLOCKS})\b", re.IGNORECASE)
ENDS_WITH_BLOCKS = re.compile(rf"(?:\s*</(?:{BLOCKS})\s*>){{1,9}}\Z", re.IGNORECASE)
BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
LINE_END = re.compile(r"(?<!<br>)(?<!<br/>)(?<!<br />)\n")
ADDRESS_ALONE = re.compile(r"^[ \t]*(https?://[^\s<>\"'\[\]]+)[ \t]*$", re.MULTILINE)


def paragraphs(text: str) -> str:
    """The text with its blank lines as paragraphs, line ends as breaks, and addresses on a line of their own as links."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    chunks: list[str] = []
    for piece, verbatim in pieces(text):
        if verbatim:
            chunks.append(piece)
            continue
        piece = ADDRESS_ALONE.sub(link, piece)
        piece = CLOSING.sub(r"\g<0>\n\n", OPENING.sub(r"\n\n\g<0>", piece))
        chunks += [paragraph(chunk) for chunk in BLANK_LINE.split(piece.strip()) if chunk.strip()]
    return "\n".join(chunks)


def pieces(text: str) -> list[tuple[str, bool]]:
    """The text cut into (piece, whether its white space matters), so that <pre> stays as it is."""
    result: list[tuple[str, bool]] = []
    inside: list[str] = []
    for part in VERBATIM.split(text):
        mark = VERBATIM.fullmatch(part)
        if inside or (mark and not part.startswith("</")):
            inside.append(part)
            if mark and part.startswith("</"):
                result.append(("".join(inside), True))
                inside = []
        elif part and not mark:
            result.append((part, False))
    return [*result, ("".join(inside), True)] if inside else result


def paragraph(chunk: str) -> str:
    """One chunk in <p>, unless it is markup of blocks already."""
    if STARTS_WITH_BLOCK.match(chunk):
        return chunk
    end = ENDS_WITH_BLOCKS.search(chunk, max(0, len(chunk) - 400))
    words, closing = (chunk[: end.start()], end.group().strip()) if end else (chunk, "")
    inner = LINE_END.sub("<br>\n", words.strip())
    return f"<p>{inner}{'' if closing.lower().startswith('</p') else '</p>'}{closing}"


def link(found: re.Match[str]) -> str:
    address = html.escape(html.unescape(found[1]))
    return f'<a href="{address}">{address}</a>'

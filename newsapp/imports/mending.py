"""Sound text from an export as it stands on disk: faults that real exports have are mended while streaming.

Mended are bytes that are not text in the declared encoding, control characters that XML forbids, and
bare ampersands. A document type is refused: no export has one, and entities are how XML attacks.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 16
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# A bare ampersand, an entity that only HTML knows, or a reference to a character below the space.
AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)")
CONTROL_REFERENCE = re.compile(r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));")
# Where each sort of text ends, and the sort that follows.
ENDS = {
    "markup": re.compile(r"<!\[CDATA\[|<!--|<!DOCTYPE|<!ENTITY", re.IGNORECASE),
    "cdata": re.compile(r"\]\]>"),
    "comment": re.compile(r"-->"),
}
NEXT = {"<![CDATA[": "cdata", "<!--": "comment", "]]>": "markup", "-->": "markup"}
# The beginning of what may go on in the next chunk.
CUT_OFF = re.compile(r"(?:<[!\[A-Za-z-]{0,9}|\]{1,2}|-{1,2}|&#?\w{0,10})\Z")
DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
ENCODINGS = re.compile(
    r"utf-?8|us-?ascii|utf-?16|iso-?8859-?\d+|latin-?1|(?:windows|cp)-?125\d|koi8-[ru]|shift_jis|euc-(?:jp|kr)|gb(?:2312|k|18030)|big5", re.I
)
REFUSED = (
    "{} declares a document type or entities, which no WordPress export does and attacks do: "
    "export it again in WordPress under Tools → Export and import that file"
)
PACKED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


class UnusableExport(Exception):
    """The file cannot be read, or not to its end; the message says why and what to do."""


class RefusedMarkup(UnusableExport):
    """The file declares what only attacks declare."""


@dataclass
class Mended:
    """How many faults were mended, by sort."""

    controls: int = 0
    ampersands: int = 0
    bytes: int = 0

    def notes(self) -> list[str]:
        found = (
            (self.controls, "control characters that XML forbids were taken out"),
            (self.ampersands, "bare ampersands were written out as &amp;"),
            (self.bytes, "characters were not in the file's encoding and stand as \ufffd"),
        )
        return [f"{count} {what}" for count, what in found if count]


class SoundText:
    """Gives a file's text in pieces that an XML parser can take."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name = file, name
        self.mended = Mended()
        self.kind = "markup"
        self.refused = False

    def __iter__(self) -> Iterator[str]:
        """Raises UnusableExport for what is no text, and RefusedMarkup where a document type or entity is declared."""
        held, first = "", True
        for text in self.decoded():
            text = held + (text.lstrip("\ufeff \t\r\n") if first else text)
            first = first and not text
            cut = CUT_OFF.search(text, max(0, len(text) - 16))
            held = text[cut.start() :] if cut else ""
            yield self.sound(text[: len(text) - len(held)])
            if self.refused:
                raise RefusedMarkup(REFUSED.format(self.name))
        yield self.sound(held)

    def decoded(self) -> Iterator[str]:
        raw = self.file.read(CHUNK)
        decoder = codecs.getincrementaldecoder(encoding_of(raw, self.name))(errors="replace")
        while raw:
            text = decoder.decode(raw)
            self.mended.bytes += text.count("\ufffd")
            yield text
            raw = self.file.read(CHUNK)
        yield decoder.decode(b"", final=True)

    def sound(self, text: str) -> str:
        """The text mended, up to a mark that is refused."""
        text, count = FORBIDDEN.subn("", text)
        self.mended.controls += count
        parts, position = [], 0
        while end := ENDS[self.kind].search(text, position):
            parts.append(self.mend(text[position : end.start()]))
            if end.group().upper() not in NEXT:
                self.refused = True
                return "".join(parts)
            parts.append(end.group())
            self.kind, position = NEXT[end.group().upper()], end.end()
        return "".join([*parts, self.mend(text[position:])])

    def mend(self, text: str) -> str:
        if self.kind != "markup" or "&" not in text:
            return text
        text, controls = CONTROL_REFERENCE.subn("", text)
        text, ampersands = AMPERSAND.subn("&amp;", text)
        self.mended.controls += controls
        self.mended.ampersands += ampersands
        return text


def encoding_of(start: bytes, name: str) -> str:
    """The encoding that a file's first bytes tell. Raises UnusableExport for what is no text."""
    for magic, kind in PACKED.items():
        if start.startswith(magic):
            raise UnusableExport(f"{name} is packed ({kind}): unpack it first and import the .xml file inside.")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = DECLARED.match(start)
    encoding = declared[1].decode("ascii") if declared else "utf-8"
    if not ENCODINGS.fullmatch(encoding):
        raise UnusableExport(f"{name} says that it is written in {encoding!r}, which is not supported: save it as UTF-8 and import that.")
    return "utf-8" if encoding.lower().startswith("utf-16") else encoding


def open_export(path: Path) -> BinaryIO:
    """The file, open for reading. Raises UnusableExport for what is no file."""
    if path.is_dir():
        raise UnusableExport(f"{path} is a folder: give the .xml file that WordPress wrote under Tools → Export.")
    if not path.is_file():
        raise UnusableExport(f"There is no file {path}: give the .xml file that WordPress wrote under Tools → Export.")
    try:
        return path.open("rb")
    except OSError as error:
        raise UnusableExport(f"{path} cannot be opened ({error.strerror}): check its permissions and try again.") from None

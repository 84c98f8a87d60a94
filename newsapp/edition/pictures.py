"""The edition's pictures on their way to the media folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from PIL import Image

from newsapp.edition.printed import HERE

WIDTHS = (480, 960)
FOLDER = "edition"
ENDINGS = (".avif", ".webp", ".jpg")


@dataclass(frozen=True)
class Copied:
    """A picture in the media folder. Its name holds a digest, so that what is under a name never changes."""

    name: str
    width: int
    height: int
    widths: str


def copy_picture(name: str, media: Path) -> Copied | None:
    """Copy a picture's files to the media folder; None when the edition has no such picture."""
    files = {width: HERE / "pictures" / f"{name}-{width}.webp" for width in WIDTHS}
    files = {width: path for width, path in files.items() if path.exists()}
    if not files:
        return None
    widest = files[max(files)]
    stored = f"{FOLDER}/{name}-{blake2b(widest.read_bytes(), digest_size=4).hexdigest()}"
    (media / FOLDER).mkdir(parents=True, exist_ok=True)
    for width, path in files.items():
        shutil.copyfile(path, media / f"{stored}-{width}.webp")
    with Image.open(widest) as image:
        return Copied(stored, image.width, image.height, ",".join(map(str, files)))


def drop_pictures(media: Path, keep: set[str]) -> None:
    """Delete the edition's files from the media folder, but for the pictures of these names."""
    for path in (media / FOLDER).glob("*-*.*"):
        if path.suffix in ENDINGS and f"{FOLDER}/{path.stem.rpartition('-')[0]}" not in keep:
            path.unlink(missing_ok=True)

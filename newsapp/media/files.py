"""Pictures that editors bring: checked, turned upright, cut to two widths, and freed of what cameras write into them."""

from __future__ import annotations

import io
import os
import warnings
from hashlib import blake2b
from pathlib import Path
from typing import IO, NamedTuple

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from newsapp.config import Config

WIDTHS = (480, 960)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
LARGEST = 60_000_000  # pixels; a file of few bytes can unfold to more than the memory holds
QUALITY = 82


class NotAPicture(ValueError):
    """The file cannot be used; the message says why."""


class Kept(NamedTuple):
    """A picture in the media folder: files are <name>-<width>.webp."""

    name: str
    widths: tuple[int, ...]
    width: int
    height: int


def media_folder(config: Config) -> Path:
    return Path(config["NEWSAPP_HOME"]) / "media"


def opened(stream: IO[bytes]) -> Image.Image:
    """The picture of an uploaded file, upright and without its notes. Raises NotAPicture, which says what to do."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(stream, formats=FORMATS)
            if picture.width * picture.height > LARGEST:
                raise NotAPicture(
                    f"{picture.width} × {picture.height} pixels are more than the {LARGEST // 1_000_000} million that can be used. Make it smaller."
                )
            if picture.format != "MPO" and getattr(picture, "is_animated", False):  # MPO: a camera's JPEG with a preview in it
                raise NotAPicture("This picture moves. Bring one still of it, or embed the video.")
            upright = in_srgb(ImageOps.exif_transpose(picture))
            return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except UnidentifiedImageError:
        raise NotAPicture("This file is not a picture that can be used. Bring a JPEG, PNG, WebP or GIF.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture("This picture has too many pixels to be opened safely. Make it smaller.") from None
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, NotAPicture):
            raise
        raise NotAPicture("This picture is damaged and cannot be read. Export it again.") from error


def in_srgb(picture: Image.Image) -> Image.Image:
    """The picture in the colours that screens assume: the profile that told otherwise is not kept."""
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "CMYK"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB") or picture
    except (ImageCms.PyCMSError, OSError):
        return picture


def keep(picture: Image.Image, slug: str, folder: Path) -> Kept:
    """Write a picture's variants into the media folder. The same picture for the same story gets the same name."""
    variants = {width: encoded(picture, width) for width in wanted_widths(picture.width)}
    widest = variants[max(variants)]
    name = f"{slug}-{blake2b(widest[0], digest_size=4).hexdigest()}"
    folder.mkdir(parents=True, exist_ok=True)
    for width, (content, _) in variants.items():
        write_whole(folder / f"{name}-{width}.webp", content)
    return Kept(name, tuple(sorted(variants)), *widest[1])


def wanted_widths(width: int) -> list[int]:
    """Those of WIDTHS that the picture fills; a smaller one keeps its own."""
    return [wanted for wanted in WIDTHS if wanted <= width] or [width]


def encoded(picture: Image.Image, width: int) -> tuple[bytes, tuple[int, int]]:
    size = (width, max(1, round(picture.height * width / picture.width)))
    content = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).save(content, "WEBP", quality=QUALITY, method=4, exif=b"", icc_profile=None, xmp=b"")
    return content.getvalue(), size


def removed(name: str, widths: str, folder: Path) -> None:
    """Delete a picture's files."""
    for width in widths.split(","):
        (folder / f"{name}-{width}.webp").unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Readers find the whole file or none."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    os.replace(fresh, path)

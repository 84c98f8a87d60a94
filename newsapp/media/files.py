"""Pictures that editors bring: checked, turned upright, cut to a few widths, and freed of what cameras write into them."""

from __future__ import annotations

import io
import os
import warnings
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, NamedTuple

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from newsapp.config import Config

WIDTHS = (320, 480, 960, 1440)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
LARGEST = 60_000_000  # pixels; a file of few bytes can unfold to more than the memory holds
OPTIONS: dict[str, dict[str, Any]] = {  # of Pillow's encoders; docs/pictures.md has what was measured
    "webp": {"format": "WEBP", "quality": 82, "method": 4},
    "avif": {"format": "AVIF", "quality": 60, "speed": 8},
    "jpg": {"format": "JPEG", "quality": 85, "progressive": True, "optimize": True},
}
WHITE = (255, 255, 255)  # what JPEG, which knows no transparency, shows behind a picture


class NotAPicture(ValueError):
    """The file cannot be used; the message says why."""


class Kept(NamedTuple):
    """A picture in the media folder: files are <name>-<width>.<format>, JPEG of the widest alone."""

    name: str
    widths: tuple[int, ...]
    width: int
    height: int
    formats: tuple[str, ...] = ("webp",)


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
    """Write a picture's files into the media folder. The same picture for the same story gets the same name."""
    sizes = scaled(picture)
    files = {width: encoded(size, "webp") for width, size in sizes.items()}
    widest = max(sizes)
    name = f"{slug}-{blake2b(files[widest], digest_size=4).hexdigest()}"
    folder.mkdir(parents=True, exist_ok=True)
    for width, content in files.items():
        write_whole(folder / f"{name}-{width}.webp", content)
    return Kept(name, tuple(sorted(sizes)), *sizes[widest].size, formats=write_others(name, sizes, folder))


def wanted_widths(width: int) -> list[int]:
    """Those of WIDTHS that the picture fills; a smaller one keeps its own."""
    return [wanted for wanted in WIDTHS if wanted <= width] or [width]


def scaled(picture: Image.Image) -> dict[int, Image.Image]:
    """The picture in each of its widths, each made from the next wider one."""
    sizes: dict[int, Image.Image] = {}
    for width in sorted(wanted_widths(picture.width), reverse=True):
        size = (width, max(1, round(picture.height * width / picture.width)))
        picture = sizes[width] = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return sizes


def encoded(picture: Image.Image, ending: str, **more: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, **OPTIONS[ending], **more, exif=b"", icc_profile=None, xmp=b"")
    return content.getvalue()


def write_others(name: str, sizes: dict[int, Image.Image], folder: Path, **more: Any) -> tuple[str, ...]:
    """Write what there is besides WebP, whose files stand there already. Returns all its formats.

    AVIF is kept where it is smaller in every width: a browser takes its format first and the width after, and one width
    alone would go out to every place.
    """
    widest = max(sizes)
    write_whole(folder / f"{name}-{widest}.jpg", encoded(on_white(sizes[widest]), "jpg"))
    smaller = {width: encoded(size, "avif", **more) for width, size in sizes.items()}
    if any(len(content) >= (folder / f"{name}-{width}.webp").stat().st_size for width, content in smaller.items()):
        return ("webp", "jpg")
    for width, content in smaller.items():
        write_whole(folder / f"{name}-{width}.avif", content)
    return ("avif", "webp", "jpg")


def on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGB", picture.size, WHITE)
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def kept_again(name: str, widths: list[int], folder: Path) -> tuple[list[int], tuple[str, ...]]:
    """Write what is missing of a picture that was kept before: narrower widths, other formats. Returns all that it has.

    Raises OSError when files are missing.
    """
    sizes: dict[int, Image.Image] = {}
    for width in widths:
        with Image.open(folder / f"{name}-{width}.webp") as picture:
            sizes[width] = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    for width, size in scaled(sizes[max(sizes)]).items():
        if width not in sizes:
            sizes[width] = size
            write_whole(folder / f"{name}-{width}.webp", encoded(size, "webp"))
    return sorted(sizes), write_others(name, sizes, folder, max_threads=1)  # what nobody waits for leaves the other processors alone


def removed(name: str, widths: str, folder: Path) -> None:
    """Delete a picture's files, in whatever format."""
    for width in widths.split(","):
        for ending in OPTIONS:
            (folder / f"{name}-{width}.{ending}").unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Readers find the whole file or none."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    os.replace(fresh, path)

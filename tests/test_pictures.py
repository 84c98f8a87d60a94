"""A picture in its formats: what is kept of an upload, what readers and programs are sent, and how old pictures get theirs."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from PIL import Image
from sqlalchemy import select

from newsapp.changes import Change
from newsapp.database import db, writes
from newsapp.edition.printed import HERE
from newsapp.media import formats
from newsapp.media.commands import pictures
from newsapp.media.files import keep, opened
from newsapp.media.library import bring, replace
from newsapp.news.models import Article, Picture
from tests.desk import Desk
from tests.reading import Reader, publish
from workers import jobs

PHOTOGRAPH = HERE / "pictures" / "ferry-960.webp"
FIGURE = '<figure data-picture="{}"><img src="/media/x-480.webp" alt="A ferry"></figure>'


def photograph() -> Image.Image:
    with PHOTOGRAPH.open("rb") as stream:
        return opened(stream)


def media(app: Flask) -> Path:
    return Path(app.config["NEWSAPP_HOME"]) / "media"


def of_old(app: Flask, name: str = "ferry") -> int:
    """A picture as an older newsapp kept it."""
    media(app).mkdir(exist_ok=True)
    for width in (480, 960):
        shutil.copyfile(HERE / "pictures" / f"ferry-{width}.webp", media(app) / f"{name}-{width}.webp")
    with writes():
        picture = Picture(name=name, alt="A ferry", width=960, height=640, widths="480,960")
        db.session.add(picture)
        db.session.commit()
        return picture.id


def formats_of(picture_id: int) -> str:
    db.session.rollback()
    return str(db.session.scalar(select(Picture.formats).where(Picture.id == picture_id)))


def test_an_upload_is_kept_in_three_formats_the_avif_smaller_in_every_width(tmp_path: Path) -> None:
    kept = keep(photograph(), "ferry", tmp_path)
    assert (kept.widths, kept.formats) == ((320, 480, 960), ("avif", "webp", "jpg"))
    files = {path.name.removeprefix(f"{kept.name}-"): path for path in tmp_path.iterdir()}
    assert sorted(files) == ["320.avif", "320.webp", "480.avif", "480.webp", "960.avif", "960.jpg", "960.webp"]
    for width in kept.widths:
        assert files[f"{width}.avif"].stat().st_size < files[f"{width}.webp"].stat().st_size
    for name, path in files.items():
        with Image.open(path) as image:
            assert (image.format, image.size) == ({"jpg": "JPEG"}.get(name[4:], name[4:].upper()), (int(name[:3]), round(int(name[:3]) * 2 / 3)))
            assert not image.getexif()


def test_avif_that_saves_nothing_is_left_out(tmp_path: Path) -> None:
    kept = keep(Image.new("RGB", (1000, 600), "teal"), "teal", tmp_path)
    assert kept.formats == ("webp", "jpg")
    assert not list(tmp_path.glob("*.avif"))


def test_what_is_transparent_is_white_in_the_jpeg(tmp_path: Path) -> None:
    kept = keep(Image.new("RGBA", (480, 320), (200, 0, 0, 0)), "glass", tmp_path)
    with Image.open(tmp_path / f"{kept.name}-480.jpg") as image:
        assert min(image.getpixel((240, 160))) > 250  # type: ignore[type-var]


def test_pages_offer_avif_before_webp_and_programs_get_the_jpeg(reader: Reader) -> None:
    kept = keep(photograph(), "ferry", media(reader.app))
    with writes():
        picture = bring(kept, alt="A ferry")
        db.session.commit()
    publish("ferry-runs", picture=picture, body=f"<p>It runs.</p>{FIGURE.format(picture.id)}", standfirst="It runs")
    page = reader.text("/world/ferry-runs")
    lead, inside = re.findall(r"<picture>(.*?)</picture>", page)
    for shown in (lead, inside):
        source, image = re.findall(r"<(?:source|img)[^>]*>", shown)
        assert 'type="image/avif"' in source
        assert [address.rpartition("-")[2] for address in re.findall(r"[^ \"]+\.avif [0-9]+w", source)] == [
            "320.avif 320w",
            "480.avif 480w",
            "960.avif 960w",
        ]
        assert re.search(r'sizes="([^"]+)"', source)[1] == re.search(r'sizes="([^"]+)"', image)[1]  # type: ignore[index]
        assert all(wanted in image for wanted in ('width="960"', 'height="640"', "480.webp 480w", "960.webp 960w"))
    assert 'fetchpriority="high"' in lead
    assert 'loading="lazy"' in inside
    jpeg = f"{reader.address}/media/{kept.name}-960.jpg"
    assert f'property="og:image" content="{jpeg}"' in page
    facts = [json.loads(fact) for fact in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)]
    assert facts[0]["image"] == [{"@type": "ImageObject", "url": jpeg, "width": 960, "height": 640}]
    assert jpeg in reader.text("/sitemap/articles-0.xml")
    assert json.loads(reader.text("/feed.json"))["items"][0]["image"] == jpeg
    for ending, kind in (("480.avif", "image/avif"), ("960.jpg", "image/jpeg")):
        answer = reader.get(f"/media/{kept.name}-{ending}")
        assert (answer.status_code, answer.content_type) == (200, kind)


def test_old_pictures_are_shown_as_before_and_brought_up_to_date_by_the_job(reader: Reader) -> None:
    number = of_old(reader.app)
    article = publish("ferry-runs", picture_id=number)
    before = reader.text("/world/ferry-runs")
    assert "<picture>" not in before
    assert f"{reader.address}/media/ferry-960.webp" in before
    jobs.make_formats()
    assert formats_of(number) == "avif,webp,jpg"
    assert db.session.scalar(select(Picture.widths).where(Picture.id == number)) == "320,480,960"
    assert {path.name for path in media(reader.app).glob("ferry-*")} == {
        f"ferry-{rest}" for rest in ("320.webp", "320.avif", "480.webp", "480.avif", "960.webp", "960.avif", "960.jpg")
    }
    assert f"article:{article}" in {name for names in db.session.scalars(select(Change.touched)) for name in names}


def test_bringing_up_to_date_goes_on_where_it_was_stopped_and_passes_what_has_no_files(reader: Reader) -> None:
    first, second = of_old(reader.app, "ferry"), of_old(reader.app, "lost")
    third = of_old(reader.app, "tram")
    for path in media(reader.app).glob("lost-*"):
        path.unlink()
    assert formats.bring_up_to_date(seconds=0) == 1
    assert (formats_of(third), formats_of(first)) == ("avif,webp,jpg", "webp")
    said = CliRunner().invoke(
        pictures,
        ["--now"],
        env={
            "DATABASE_URL": reader.app.config["DATABASE_URL"],
            "NEWSAPP_HOME": str(media(reader.app).parent),
            "REDIS_URL": reader.app.config["REDIS_URL"],
            "LOG_LEVEL": "ERROR",
        },
    )
    assert "2 of 3 pictures have every format." in said.output, said.output
    assert "1 were left as they are" in said.output
    assert (formats_of(first), formats_of(second)) == ("avif,webp,jpg", "webp")


def test_a_picture_replaced_while_its_formats_are_made_keeps_the_new_file_and_leaves_none_of_the_old(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, folder = of_old(reader.app), media(reader.app)
    made = formats.kept_again

    def made_slowly(*arguments: object) -> object:
        result = made(*arguments)  # type: ignore[arg-type]
        kept = keep(photograph().rotate(180), "tram", folder)
        with writes():
            replace(db.session.get_one(Picture, number), kept)
            db.session.commit()
        return result

    monkeypatch.setattr(formats, "kept_again", made_slowly)
    assert formats.bring_up_to_date() == 0
    assert not list(folder.glob("ferry-*"))
    assert db.session.get_one(Picture, number).name.startswith("tram-")


def test_a_preview_shows_avif_from_the_desk(editor: Desk) -> None:
    content = io.BytesIO(PHOTOGRAPH.read_bytes())
    article = editor.write(picture=(content, "ferry.webp"), alt="A ferry")
    page = editor.open(f"/desk/preview/articles/{article.id}").text
    addresses = re.findall(r'[^ "]*/media/[^ "]+\.(?:avif|webp)', page)
    assert {address.rpartition(".")[2] for address in addresses} == {"avif", "webp"}
    assert all(address.startswith("/desk/media/") for address in addresses)
    assert editor.open(next(address for address in addresses if address.endswith("avif"))).status_code == 200


def test_taking_a_picture_away_takes_every_format(editor: Desk) -> None:
    answer = editor.send("/desk/pictures/", "/desk/pictures/", file=(io.BytesIO(PHOTOGRAPH.read_bytes()), "ferry.webp"), alt="A ferry")
    assert len(list(media(editor.app).glob("ferry-*"))) == 7
    editor.send(f"{answer.location}/removal", answer.location)
    assert not list(media(editor.app).glob("ferry-*"))


def test_a_version_set_aside_keeps_the_formats_of_its_picture(editor: Desk) -> None:
    article = editor.write(picture=(io.BytesIO(PHOTOGRAPH.read_bytes()), "ferry.webp"), alt="A ferry")
    with editor.app.app_context():
        name = db.session.get_one(Picture, db.session.get_one(Article, article.id).picture_id).name
    editor.save(article, remove_picture="y")
    editor.save(editor.article(article.id), kept_picture=name, alt="A ferry")
    with editor.app.app_context():
        assert db.session.scalar(select(Picture.formats).where(Picture.name == name)) == "avif,webp,jpg"

"""What readers read: articles, pages, sections, tags, authors, pictures; and the questions asked of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, Integer, Select, String, Text, and_, func, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from newsapp.database import Model, Moment, db, now

# An article's states. Live with a time to come is embargoed: a question asked of the clock.
DRAFT, LIVE, SPIKED, TAKEN_DOWN = "draft", "live", "spiked", "taken_down"
STATES = (DRAFT, LIVE, SPIKED, TAKEN_DOWN)


class Section(Model):
    __tablename__ = "section"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=100)
    origin: Mapped[str | None] = mapped_column(String(300), unique=True)

    @property
    def path(self) -> str:
        return f"/{self.slug}"


class Tag(Model):
    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    origin: Mapped[str | None] = mapped_column(String(300), unique=True)

    @property
    def path(self) -> str:
        return f"/tag/{self.slug}"


class Author(Model):
    __tablename__ = "author"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    bio: Mapped[str] = mapped_column(Text, default="")
    origin: Mapped[str | None] = mapped_column(String(300), unique=True)

    @property
    def path(self) -> str:
        return f"/author/{self.slug}"


class Picture(Model):
    """A picture in the media folder. `variants` maps a width in pixels to a file name, the widest last."""

    __tablename__ = "picture"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    alt: Mapped[str] = mapped_column(Text, default="")
    credit: Mapped[str] = mapped_column(String(200), default="")
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    widths: Mapped[str] = mapped_column(String(100), default="")  # "480,960": files are <name>-<width>.webp
    remote_url: Mapped[str] = mapped_column(Text, default="")  # an import's reference that has not been fetched
    origin: Mapped[str | None] = mapped_column(String(300), unique=True)

    @property
    def variants(self) -> list[tuple[int, str]]:
        """(width in pixels, address) of each file, the narrowest first."""
        return [(int(width), f"/media/{self.name}-{width}.webp") for width in self.widths.split(",") if width]


class ArticleTag(Model):
    __tablename__ = "article_tag"
    __table_args__ = (Index("ix_article_tag_tag_id_article_id", "tag_id", "article_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True)


class ArticleAuthor(Model):
    __tablename__ = "article_author"
    __table_args__ = (Index("ix_article_author_author_id_article_id", "author_id", "article_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(default=0)


PLACED = text("front_position IS NOT NULL")  # a handful in any archive


class Article(Model):
    """One story. Emptied when it is removed, never deleted, and its id is never given again."""

    __tablename__ = "article"
    __table_args__ = (
        Index("ix_article_state_published_at", "state", "published_at"),
        Index("ix_article_section_id_state_published_at", "section_id", "state", "published_at"),
        Index("ix_article_front_position", "front_position", sqlite_where=PLACED, postgresql_where=PLACED),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    slug: Mapped[str] = mapped_column(String(160), unique=True)
    headline: Mapped[str] = mapped_column(String(300))
    list_headline: Mapped[str] = mapped_column(String(300), default="")
    kicker: Mapped[str] = mapped_column(String(80), default="")
    standfirst: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")  # sanitised HTML (news/sanitise.py)
    language: Mapped[str] = mapped_column(String(20), default="")  # empty: the site's
    state: Mapped[str] = mapped_column(String(20), default=DRAFT)
    published_at: Mapped[datetime | None] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id"))
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    caption: Mapped[str] = mapped_column(Text, default="")
    front_position: Mapped[int | None]  # 1 leads the front page; sticky imports and editors' choices
    origin: Mapped[str | None] = mapped_column(String(300), unique=True)  # "edition:…", "wordpress:GUID"
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - a stale save raises StaleDataError instead of winning

    section: Mapped[Section] = relationship(lazy="raise_on_sql")
    picture: Mapped[Picture | None] = relationship(lazy="raise_on_sql")
    tags: Mapped[list[Tag]] = relationship(secondary="article_tag", order_by="Tag.name", lazy="raise_on_sql")
    authors: Mapped[list[Author]] = relationship(secondary="article_author", order_by="ArticleAuthor.position", lazy="raise_on_sql")
    corrections: Mapped[list[Correction]] = relationship(order_by="Correction.at", lazy="raise_on_sql", cascade="all, delete-orphan")

    @property
    def in_lists(self) -> str:
        """The headline that lists show."""
        return self.list_headline or self.headline

    def is_live(self, at: datetime) -> bool:
        """Whether a reader may see it at that moment."""
        return self.state == LIVE and self.published_at is not None and self.published_at <= at

    def is_embargoed(self, at: datetime) -> bool:
        return self.state == LIVE and self.published_at is not None and self.published_at > at

    def touches(self) -> list[str]:
        """The names of all that a change of this article shows on; call again after changing section or tags."""
        names = [f"article:{self.id}", f"section:{self.section_id}", "front"]
        return names + [f"tag:{tag.id}" for tag in self.tags] + [f"author:{author.id}" for author in self.authors]


class Correction(Model):
    __tablename__ = "correction"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    text: Mapped[str] = mapped_column(Text)


class Page(Model):
    """A plain page: About, Imprint. Shares the first level of addresses with sections."""

    __tablename__ = "page"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(160), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    standfirst: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=100)
    state: Mapped[str] = mapped_column(String(20), default=LIVE)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now)
    origin: Mapped[str | None] = mapped_column(String(300), unique=True)

    @property
    def path(self) -> str:
        return f"/{self.slug}"


class Redirect(Model):
    """An old address. `path` starts with / and has no trailing one; with its query for WordPress's /?p=12."""

    __tablename__ = "redirect"

    path: Mapped[str] = mapped_column(String(500), primary_key=True)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    page_id: Mapped[int | None] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"), index=True)
    target: Mapped[str] = mapped_column(String(500), default="")  # another address of this site


def article_path(section_slug: str, slug: str) -> str:
    """An article's address."""
    return f"/{section_slug}/{slug}"


def live_at(at: datetime) -> ColumnElement[bool]:
    """The condition under which readers see an article."""
    return and_(Article.state == LIVE, Article.published_at <= at)


def live_articles(at: datetime) -> Select[Article]:
    """Live articles, newest first."""
    return select(Article).where(live_at(at)).order_by(Article.published_at.desc(), Article.id.desc())


def next_embargo(at: datetime) -> datetime | None:
    """When the next article goes live by the clock alone; lists built now are good until then."""
    return db.session.scalar(select(func.min(Article.published_at)).where(Article.state == LIVE, Article.published_at > at))

"""What readers read: articles, pages, sections, tags, authors, pictures; and the questions asked of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, ForeignKey, Index, Integer, Select, String, Text, and_, func, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from newsapp.database import Model, Moment, db, now
from newsapp.languages import N_

# An article's states. Live with a time to come is embargoed, live with its end behind it is expired: questions asked of the clock.
DRAFT, REVIEW, APPROVED, LIVE, SPIKED, TAKEN_DOWN = "draft", "review", "approved", "live", "spiked", "taken_down"
STATES = (DRAFT, REVIEW, APPROVED, LIVE, SPIKED, TAKEN_DOWN)
UNPUBLISHED = (DRAFT, REVIEW, APPROVED)
SITEMAP_CHUNK = 5000  # articles in one sitemap; the protocol's limit is 50,000

EMPTY = text("''")  # of columns that came after there were rows
WEBP_ALONE = text("formats = 'webp'")  # pictures that were kept before there were other formats


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
    """A picture in the media folder, in some widths and formats."""

    __tablename__ = "picture"
    __table_args__ = (Index("ix_picture_formats", "id", sqlite_where=WEBP_ALONE, postgresql_where=WEBP_ALONE),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    alt: Mapped[str] = mapped_column(Text, default="")
    credit: Mapped[str] = mapped_column(String(200), default="")
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    widths: Mapped[str] = mapped_column(String(100), default="")  # "480,960": files are <name>-<width>.<format>
    formats: Mapped[str] = mapped_column(String(40), default="webp", server_default="webp")  # "avif,webp,jpg", JPEG of the widest alone
    remote_url: Mapped[str] = mapped_column(Text, default="")  # an import's reference that has not been fetched
    caption: Mapped[str] = mapped_column(Text, default="", server_default=EMPTY)  # what stories begin with
    licence: Mapped[str] = mapped_column(String(200), default="", server_default=EMPTY)
    focus_x: Mapped[int] = mapped_column(default=50, server_default="50")  # per cent from the left: what a crop keeps
    focus_y: Mapped[int] = mapped_column(default=50, server_default="50")
    added_at: Mapped[datetime | None] = mapped_column(Moment, default=now)
    origin: Mapped[str | None] = mapped_column(String(300), unique=True)

    @property
    def variants(self) -> list[tuple[int, str]]:
        """(width in pixels, address) of each WebP, which every browser shows; the narrowest first."""
        return self.files_of("webp")

    @property
    def smaller(self) -> list[tuple[int, str]]:
        """The same in AVIF, for browsers that take it; none where it would save nothing."""
        return self.files_of("avif") if "avif" in self.formats.split(",") else []

    @property
    def for_machines(self) -> tuple[int, str]:
        """(width, address) of what programs take: the widest as JPEG, once there is one."""
        return self.files_of("jpg" if "jpg" in self.formats.split(",") else "webp")[-1]

    def files_of(self, ending: str) -> list[tuple[int, str]]:
        return [(int(width), f"/media/{self.name}-{width}.{ending}") for width in self.widths.split(",") if width]

    def height_at(self, width: int) -> int:
        """The height that goes with a width."""
        return max(1, width * self.height // self.width) if self.width else width * 2 // 3


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


class ArticlePicture(Model):
    """A picture that stands in an article's body; its lead picture is a column of its own."""

    __tablename__ = "article_picture"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("picture.id"), primary_key=True, index=True)


class ArticleRelated(Model):
    """A story that editors chose to be read next to another."""

    __tablename__ = "article_related"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    related_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(default=0)


# (value, what editors read, what the page tells search engines)
ROBOTS = (
    ("", "May list it", "max-image-preview:large"),
    ("nosnippet", "May list it without an excerpt", "nosnippet"),
    ("noindex", "May not list it", "noindex"),
)
ENDING = text("expires_at IS NOT NULL")  # few: what may be shown for a time only
TRANSLATED = text("translation_of_id IS NOT NULL")
FOREIGN = text("language <> ''")  # stories that name their language: those in another than the paper's


class Article(Model):
    """One story. Emptied when it is removed, never deleted, and its id is never given again."""

    __tablename__ = "article"
    __table_args__ = (
        Index("ix_article_state_published_at", "state", "published_at"),
        Index("ix_article_published_at_id", "published_at", "id"),
        Index("ix_article_section_id_state_published_at", "section_id", "state", "published_at"),
        Index("ix_article_picture_id", "picture_id"),
        Index("ix_article_state_expires_at", "state", "expires_at", sqlite_where=ENDING, postgresql_where=ENDING),
        Index("ix_article_language", "language", sqlite_where=FOREIGN, postgresql_where=FOREIGN),
        Index("ix_article_translation_of_id", "translation_of_id", sqlite_where=TRANSLATED, postgresql_where=TRANSLATED),
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
    expires_at: Mapped[datetime | None] = mapped_column(Moment)  # from then on readers no longer see it
    revised_at: Mapped[datetime | None] = mapped_column(Moment)  # when readers were last told of a correction or an update
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id"))
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    caption: Mapped[str] = mapped_column(Text, default="")
    guests: Mapped[str] = mapped_column(String(300), default="", server_default=EMPTY)  # bylines without a page of their own, between commas
    robots: Mapped[str] = mapped_column(String(20), default="", server_default=EMPTY)  # what search engines may do (ROBOTS)
    translation_of_id: Mapped[int | None]  # the first of a story's languages; no foreign key: the others stay together when it is deleted
    is_translated: Mapped[bool | None] = query_expression()  # whether others are its translations, for who asks with the article
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

    @property
    def guest_names(self) -> list[str]:
        return [name for part in (self.guests or "").split(",") if (name := part.strip())]

    @property
    def robots_rule(self) -> str:
        """What its page tells search engines."""
        return next((rule for value, _, rule in ROBOTS if value == self.robots), ROBOTS[0][2])

    def is_live(self, at: datetime) -> bool:
        """Whether a reader may see it at that moment."""
        return self.state == LIVE and self.published_at is not None and self.published_at <= at and not self.is_expired(at)

    def is_embargoed(self, at: datetime) -> bool:
        return self.state == LIVE and self.published_at is not None and self.published_at > at and not self.is_expired(at)

    def is_expired(self, at: datetime) -> bool:
        return self.state == LIVE and self.expires_at is not None and self.expires_at <= at

    def turns_after(self, at: datetime) -> list[datetime]:
        """The moments to come at which the clock alone shows it or takes it away."""
        return [moment for moment in (self.published_at, self.expires_at) if self.state == LIVE and moment and moment > at]

    @property
    def renewed_at(self) -> datetime | None:
        """When editors last called a change an update; a correction or a clarification says by itself when it was."""
        mended = {note.at for note in self.corrections if note.kind != "update"}
        return None if self.revised_at in mended else self.revised_at

    @property
    def told_at(self) -> datetime | None:
        """When readers were last told something new: what feeds, sitemaps and machines call its date."""
        return max((moment for moment in (self.published_at, self.revised_at) if moment), default=None)

    def touches(self) -> list[str]:
        """The names of all that a change of this article shows on; call again after changing section or tags."""
        names = [f"article:{self.id}", f"section:{self.section_id}", "front", f"sitemap:{(self.id - 1) // SITEMAP_CHUNK}"]
        return names + [f"tag:{tag.id}" for tag in self.tags] + [f"author:{author.id}" for author in self.authors]


# What a note to readers says of a change: (kind, the word before it).
CORRECTION_KINDS = (("correction", N_("Correction")), ("clarification", N_("Clarification")), ("update", N_("Update")))


class Correction(Model):
    """What readers are told that was changed, and when."""

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_at", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    text: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(20), default="correction", server_default="correction")
    editor: Mapped[str | None] = mapped_column(String(255))  # none of what was imported

    @property
    def word(self) -> str:
        return dict(CORRECTION_KINDS).get(self.kind, "Correction")


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
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - as an article's

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


def live_at(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """The condition under which readers see an article."""
    return and_(Article.state == LIVE, Article.published_at <= at, or_(Article.expires_at.is_(None), Article.expires_at > at))


def expired_at(at: datetime) -> ColumnElement[bool]:
    """The condition under which its time is over."""
    return and_(Article.state == LIVE, Article.expires_at <= at)


def embargoed_at(at: datetime) -> ColumnElement[bool]:
    """The condition under which its time is still to come."""
    return and_(Article.state == LIVE, Article.published_at > at, or_(Article.expires_at.is_(None), Article.expires_at > at))


def live_articles(at: datetime | BindParameter[datetime]) -> Select[Article]:
    """Live articles, newest first."""
    return select(Article).where(live_at(at)).order_by(Article.published_at.desc(), Article.id.desc())


def next_turn(at: datetime) -> datetime | None:
    """When the clock alone next shows an article or takes one away; lists built now are good until then."""
    coming = select(func.min(Article.published_at)).where(Article.state == LIVE, Article.published_at > at)
    ending = select(func.min(Article.expires_at)).where(Article.state == LIVE, Article.expires_at > at)
    row = db.session.execute(select(coming.scalar_subquery(), ending.scalar_subquery())).one()
    return min((moment for moment in row if moment), default=None)

"""One interface to both indexes: put stories in, take them out, and the condition under which a story has terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import REAL, ColumnElement, Connection, Select, cast, column, false, func, select, table, text, true
from sqlalchemy.dialects.postgresql import ARRAY, array

from newsapp.database import db
from newsapp.news.models import TAKEN_DOWN, Article, ArticleAuthor, Author
from newsapp.search.models import TABLE
from newsapp.search.words import Term, terms_of, text_of, words_of

WEIGHTS = (8.0, 3.0, 3.0, 1.0)  # of a word in the headline, the standfirst, the bylines, the story
LENGTH_COUNTS = 1  # for ts_rank: a word in a short text weighs more, as bm25 has it


class Document(NamedTuple):
    """A story's words as they are indexed, by what they weigh."""

    article_id: int
    headline: str
    standfirst: str
    bylines: str
    body: str


class Index(Protocol):
    """What a database's full text can do."""

    def put(self, connection: Connection, documents: Sequence[Document]) -> None: ...
    def remove(self, connection: Connection, ids: Sequence[int]) -> None: ...
    def has(self, terms: Sequence[Term]) -> ColumnElement[bool]: ...
    def found(self, terms: Sequence[Term]) -> Select[Any]: ...
    def weighed(self, terms: Sequence[Term], most: int) -> Select[Any]: ...


class Fts5:
    """SQLite's."""

    PUT = text(
        "INSERT OR REPLACE INTO article_text (rowid, headline, standfirst, bylines, body)"
        " VALUES (:article_id, :headline, :standfirst, :bylines, :body)"
    )
    REMOVE = text("DELETE FROM article_text WHERE rowid = :article_id")
    ROWS = table(TABLE, column("rowid"), column(TABLE))

    def put(self, connection: Connection, documents: Sequence[Document]) -> None:
        connection.execute(self.PUT, [document._asdict() for document in documents])

    def remove(self, connection: Connection, ids: Sequence[int]) -> None:
        connection.execute(self.REMOVE, [{"article_id": each} for each in ids])

    def has(self, terms: Sequence[Term]) -> ColumnElement[bool]:
        """Stories are then read in the order that is asked for, by an index of dates or states, and looked up among those found.

        Asked by plain id, SQLite would fetch each story that was found, whole; for a common word that is the archive.
        """
        return (Article.id + 0).in_(self.found(terms))

    def found(self, terms: Sequence[Term]) -> Select[Any]:
        return select(self.ROWS.c.rowid).where(self.matches(terms))

    def weighed(self, terms: Sequence[Term], most: int) -> Select[Any]:
        weight = -func.bm25(self.ROWS.c[TABLE], *WEIGHTS)
        weighed = select(self.ROWS.c.rowid.label("id"), weight.label("weight")).where(self.matches(terms))
        return weighed.order_by(self.ROWS.c.rowid.desc()).limit(most)

    def matches(self, terms: Sequence[Term]) -> ColumnElement[bool]:
        return self.ROWS.c[TABLE].op("MATCH")(" AND ".join(f'"{" ".join(term.words)}"{"*" if term.is_open else ""}' for term in terms))


class Tsvector:
    """PostgreSQL's."""

    PUT = text(
        "INSERT INTO article_text (article_id, document) VALUES (:article_id, setweight(to_tsvector('simple', :headline), 'A')"
        " || setweight(to_tsvector('simple', :standfirst), 'B') || setweight(to_tsvector('simple', :bylines), 'C')"
        " || to_tsvector('simple', :body)) ON CONFLICT (article_id) DO UPDATE SET document = excluded.document"
    )
    REMOVE = text("DELETE FROM article_text WHERE article_id = :article_id")
    ROWS: Any = table(TABLE, column("article_id"), column("document"))

    def put(self, connection: Connection, documents: Sequence[Document]) -> None:
        connection.execute(self.PUT, [document._asdict() for document in sorted(documents)])

    def remove(self, connection: Connection, ids: Sequence[int]) -> None:
        connection.execute(self.REMOVE, [{"article_id": each} for each in sorted(ids)])

    def has(self, terms: Sequence[Term]) -> ColumnElement[bool]:
        return Article.id.in_(self.found(terms))

    def found(self, terms: Sequence[Term]) -> Select[Any]:
        return select(self.ROWS.c.article_id).where(self.ROWS.c.document.op("@@")(self.query(terms)))

    def weighed(self, terms: Sequence[Term], most: int) -> Select[Any]:
        query, least_first = self.query(terms), array([weight / max(WEIGHTS) for weight in reversed(WEIGHTS)])
        by_id = (self.ROWS.c.article_id + 0).desc()  # asked by plain id, it would go down all stories and look at each
        newest = select(self.ROWS).where(self.ROWS.c.document.op("@@")(query)).order_by(by_id).limit(most).subquery()
        weight = func.ts_rank(cast(least_first, ARRAY(REAL)), newest.c.document, query, LENGTH_COUNTS)
        return select(newest.c.article_id.label("id"), weight.label("weight"))

    def query(self, terms: Sequence[Term]) -> Any:
        words = ["(" + " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.is_open else "") + ")" for term in terms]
        return func.to_tsquery("simple", " & ".join(words))


INDEXES: dict[str, Index] = {"sqlite": Fts5(), "postgresql": Tsvector()}


# PostgreSQL takes a document, which it keeps elsewhere, to be as cheap to look at as a number: it would rather read all of them than use the index.
BY_INDEX = text("SET LOCAL enable_seqscan = off")


def index() -> Index:
    """The index of this database, ready to be asked in the session's transaction."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(BY_INDEX)
    return INDEXES[db.engine.dialect.name]


def has_words(asked: str) -> ColumnElement[bool]:
    """The condition under which a story has all that was asked for; nothing asked for: every story."""
    if not asked.strip():
        return true()
    terms = terms_of(asked)
    return index().has(terms) if terms else false()


def number_with(asked: str) -> int:
    """How many stories have all that was asked for. The index knows by itself, without looking at the stories."""
    terms = terms_of(asked)
    if not terms:
        return 0
    found = index().found(terms).subquery()
    return db.session.scalar(select(func.count()).select_from(found)) or 0


def weights(terms: Sequence[Term], most: int) -> dict[int, float]:
    """What each story that has all terms weighs, live or not; of more than `most`, the newest.

    A query of its own: joined with the stories, SQLite would ask the index anew for each of them.
    """
    return dict(tuple(row) for row in db.session.execute(index().weighed(terms, most)))


def read_in(connection: Connection, ids: Iterable[int]) -> None:
    """Bring the index up to what the database says of these stories, in the open transaction. Those taken down are no longer found."""
    wanted = set(ids)
    if not wanted:
        return
    kept, found = INDEXES[connection.dialect.name], documents(connection, wanted)
    if gone := wanted - {document.article_id for document in found}:
        kept.remove(connection, list(gone))
    if found:
        kept.put(connection, found)


def documents(connection: Connection, ids: Iterable[int]) -> list[Document]:
    """The words of those stories that are there to be found."""
    columns = (Article.id, Article.headline, Article.list_headline, Article.kicker, Article.standfirst, Article.guests, Article.body)
    wanted = select(*columns).where(Article.id.in_(ids), Article.state != TAKEN_DOWN)
    rows = connection.execute(wanted.order_by(Article.id).with_for_update()).all()  # a save that runs beside is read whole, here or by itself
    names = names_of(connection, ids)
    return [
        Document(
            row.id, indexed(row.headline, row.list_headline, row.kicker), indexed(row.standfirst),
            indexed(row.guests, *names.get(row.id, ())), indexed(text_of(row.body)),
        )
        for row in rows
    ]  # fmt: skip


def names_of(connection: Connection, ids: Iterable[int]) -> dict[int, list[str]]:
    """The names of each story's authors."""
    wanted = select(ArticleAuthor.article_id, Author.name).join(Author, Author.id == ArticleAuthor.author_id)
    names: dict[int, list[str]] = {}
    for article_id, name in connection.execute(wanted.where(ArticleAuthor.article_id.in_(ids))):
        names.setdefault(article_id, []).append(name)
    return names


def indexed(*texts: str) -> str:
    return " ".join(words_of(" ".join(filter(None, texts))))

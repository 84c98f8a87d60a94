"""Links of a story: those within the paper are asked of the database, those to other sites were asked by a job, carefully."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import unquote, urldefrag, urlsplit

from flask import current_app
from sqlalchemy import delete, exists, insert, or_, select

from newsapp.database import db, write_unit
from newsapp.news import old_addresses
from newsapp.news.models import LIVE, UNPUBLISHED, Article, Author, Page, Section, Tag, embargoed_at, live_at
from newsapp.news.slugs import RESERVED
from newsapp.publishing.models import OutsideLink
from newsapp.traffic.outbound import NotAllowed, Unanswered, ask

HREF = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
GOOD_FOR = timedelta(days=1)  # an answer is not asked for again so soon
MOST = 30  # addresses of one story that are asked
KNOWN_PAGES = {"", *RESERVED}
NAMED: dict[str, type[Tag] | type[Author]] = {"tag": Tag, "author": Author}
REFUSED = (401, 403, 405, 429)  # a site that lets no program in; people may get in all the same


def addresses(body: str) -> list[str]:
    """Where the links of a body lead, each once, in their order."""
    found = (unescape(double or single).strip() for double, single in HREF.findall(body))
    return list(dict.fromkeys(urldefrag(address).url for address in found if urldefrag(address).url))


def inside(address: str) -> str | None:
    """The path of an address within the paper; None for all others."""
    site = str(current_app.config["SITE_URL"])
    path = address.removeprefix(site) if address == site or address.startswith((f"{site}/", f"{site}?")) else address
    is_ours = address == site or (path.startswith("/") and not path.startswith("//"))
    return (unquote(urlsplit(path).path) or "/") if is_ours else None


def outside(body: str) -> list[str]:
    """Addresses of other sites."""
    return [address for address in addresses(body) if address.startswith(("http://", "https://")) and inside(address) is None]


def broken_inside(body: str, at: datetime) -> list[str]:
    """Links within the paper at which readers would find nothing, with why. One to a story held back until later is no mistake."""
    paths = dict.fromkeys(path for address in addresses(body) if (path := inside(address)))
    return [f"{path} {why}" for path in paths if (why := fault(path, at))]


def fault(path: str, at: datetime) -> str:
    """Why readers find nothing at a path; empty when they find something."""
    parts = [part for part in path.split("/") if part]
    if not parts or parts[0] in KNOWN_PAGES - {"tag", "author"} or old_addresses.find(path):
        return ""
    if len(parts) == 1:
        here = exists().where(Section.slug == parts[0]), exists().where(Page.slug == parts[0], Page.state == LIVE)
        return "" if db.session.scalar(select(or_(*here))) else "is no page of the paper"
    if len(parts) == 2 and parts[0] in NAMED:
        return "" if db.session.scalar(select(exists().where(NAMED[parts[0]].slug == parts[1]))) else f"names no {parts[0]} of the paper"
    return story_fault(parts[1], at) if len(parts) == 2 else "is no page of the paper"


def story_fault(slug: str, at: datetime) -> str:
    seen = or_(live_at(at), embargoed_at(at))
    row = db.session.execute(select(Article.state, seen.label("is_seen")).where(Article.slug == slug)).first()
    if row is None:
        return "leads to no story"
    if row.is_seen:
        return ""
    return "leads to a draft" if row.state in UNPUBLISHED else "leads to a story that readers no longer see"


def broken_outside(body: str) -> list[str]:
    """Links to other sites that did not do well when they were last asked."""
    wanted = outside(body)
    rows = db.session.execute(select(OutsideLink.address, OutsideLink.problem).where(OutsideLink.address.in_(wanted), OutsideLink.problem != ""))
    problems = {row.address: row.problem for row in rows} if wanted else {}
    return [f"{address} {problems[address]}" for address in wanted if address in problems]


def unasked(body: str, at: datetime) -> list[str]:
    """Addresses of other sites whose answer is not known, or old."""
    wanted = [address for address in outside(body) if len(address) <= 1000]
    query = select(OutsideLink.address).where(OutsideLink.address.in_(wanted), OutsideLink.at > at - GOOD_FOR)
    known = set(db.session.scalars(query)) if wanted else set()
    return [address for address in wanted if address not in known]


def ask_links(article_id: int, at: datetime) -> int:
    """Ask the other sites that a story links to, and remember what each says. Returns how many were asked."""
    body = db.session.scalar(select(Article.body).where(Article.id == article_id)) or ""
    wanted = unasked(body, at)[:MOST]
    db.session.rollback()
    answers = [{"address": address, "at": at, "problem": problem_of(address)} for address in wanted]
    keep(answers)
    return len(answers)


def problem_of(address: str) -> str:
    """What is wrong with an address; empty when a reader would get there, as far as a program can tell."""
    try:
        status = ask(address, current_app.config["WEBHOOK_ALLOW"])
    except NotAllowed:
        return "is no address of the public network"
    except Unanswered:
        return "does not answer"
    return f"answers {status}" if status >= 400 and status not in REFUSED else ""


def keep(answers: Iterable[dict[str, object]]) -> None:
    rows = list(answers)
    if rows:
        with write_unit() as sql:
            sql.execute(delete(OutsideLink).where(OutsideLink.address.in_([row["address"] for row in rows])))
            sql.execute(insert(OutsideLink), rows)

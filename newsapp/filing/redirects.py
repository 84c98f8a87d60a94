"""Redirects that editors make: an old address that leads to a story, or to another address of the site."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import or_, select

from newsapp.changes import touch
from newsapp.database import db
from newsapp.filing.names import NotDone
from newsapp.imports.redirects import own_addresses, path_of
from newsapp.news.models import Redirect
from newsapp.news.slugs import RESERVED

PER_PAGE = 50


def listed(words: str, number: int) -> tuple[list[Redirect], bool]:
    """A page of the redirects in whose addresses the words stand, by address; and whether more follow."""
    query = select(Redirect).order_by(Redirect.path)
    for word in words.split():
        query = query.where(or_(Redirect.path.icontains(word, autoescape=True), Redirect.target.icontains(word, autoescape=True)))
    found = list(db.session.scalars(query.offset((number - 1) * PER_PAGE).limit(PER_PAGE + 1)))
    return found[:PER_PAGE], len(found) > PER_PAGE


def make(old: str, new: str, site: str) -> Redirect:
    """Let an address lead to another, in the open transaction. Both may be typed with the site's own name. Raises NotDone."""
    path, target = inside(old, site), inside(new, site)
    if path == target:
        raise NotDone("An address cannot lead to itself.")
    if path == "/" or path.split("/")[1].partition("?")[0] in RESERVED:
        raise NotDone(f"{path} is an address that the site itself answers.")
    taken = own_addresses([path])
    if path in taken:
        raise NotDone(f"{path} is the address of something that is there; it would never be asked where it leads.")
    if leads_back(target, path):
        raise NotDone(f"{target} leads to {path}: readers would go round in a circle.")
    article_id, page_id = own_addresses([target]).get(target, (None, None))
    redirect = db.session.merge(Redirect(path=path, article_id=article_id, page_id=page_id, target="" if article_id or page_id else target))
    touch(f"redirect:{path}")
    return redirect


def inside(address: str, site: str) -> str:
    """The address below the site's own. Raises NotDone for another site's."""
    parts = urlsplit(address.strip())
    if parts.netloc and parts.netloc != urlsplit(site).netloc:
        raise NotDone(f"{parts.netloc} is another site. Redirects lead within this one.")
    path = path_of(address)
    if not path.startswith("/") or path.startswith("//"):
        raise NotDone(f"{address.strip()!r} is not an address of the site. It begins with a slash.")
    return path


def leads_back(target: str, path: str) -> bool:
    """Whether following redirects from there ends where it began."""
    seen = {path}
    while target not in seen:
        seen.add(target)
        row = db.session.get(Redirect, target)
        if row is None or not row.target:
            return False
        target = row.target
    return True


def remove(path: str) -> bool:
    """Take a redirect away, in the open transaction. False when there is none."""
    redirect = db.session.get(Redirect, path)
    if redirect:
        db.session.delete(redirect)
        touch(f"redirect:{path}")
    return redirect is not None

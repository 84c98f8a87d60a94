"""The policy as whole files: robots.txt, TDMRep's file, and the RSL licence."""

from __future__ import annotations

from typing import Any, cast

from lxml import etree

from newsapp.news.feed_formats import xml_text
from newsapp.rights.crawlers import USES, CrawlerList, Use
from newsapp.rights.policy import LICENCE_PATH, MINING_PATH, Policy

NAMESPACE = "https://rslstandard.org/rsl"
DAYS = "1"  # RSL's max-age: how long a licence may be taken for current


def robots_txt(policy: Policy, crawlers: CrawlerList) -> str:
    """RFC 9309, with RSL's License line before all groups, where it holds for everybody.

    The line is there once the paper offers anything: a licence, or a page about rights. Headers and pages lead to the
    file in any case, and checkers of websites that know RFC 9309 alone take the line for a mistake.
    An allowed use needs no rule of its own. Who is refused may still read the terms; that line stands first, for
    parsers that take the first that fits.
    """
    offers = [f"License: {policy.licence_file}"] if policy.licence or policy.terms else []
    parts = [*offers, "User-agent: *\nDisallow: /beacon\nDisallow: /desk\nDisallow: /*fragment=1"]
    parts += [refusal(use, crawlers.tokens(use.slug), crawlers) for use in USES if not policy.allows(use.slug)]
    return "\n\n".join([*parts, f"Sitemap: {policy.site}/sitemap.xml\n"])


def refusal(use: Use, tokens: list[str], crawlers: CrawlerList) -> str:
    head = f"# {use.label}: refused. Names from {crawlers.source}, {crawlers.version}, {crawlers.date}."
    names = [f"User-agent: {token}" for token in tokens]
    return "\n".join([head, *names, f"Allow: {LICENCE_PATH}$", f"Allow: {MINING_PATH}$", "Disallow: /"])


def tdmrep(policy: Policy) -> list[dict[str, Any]]:
    """TDMRep's rules for the whole site; the reservation is a number in this place."""
    (_, reservation), *rest = policy.mining()
    return [{"location": "/", "tdm-reservation": int(reservation), **dict(rest)}]


def rsl(policy: Policy) -> bytes:
    """The licence of the whole site in RSL 1.0. What is not permitted is prohibited in so many words."""
    root = etree.Element(f"{{{NAMESPACE}}}rsl", {"max-age": DAYS}, nsmap=cast("dict[str, str]", {None: NAMESPACE}))
    content = put(root, "content", url="/")
    licence = put(content, "license")
    for element, permitted in (("permits", True), ("prohibits", False)):
        if words := [word for word, is_permitted in policy.usages().items() if is_permitted is permitted]:
            put(licence, element, " ".join(words), type="usage")
    if policy.licence:
        put(put(licence, "payment", type="attribution"), "standard", policy.licence)
    reached = {name: value for name, value in (("contactEmail", policy.contact), ("contactUrl", policy.terms)) if value}
    put(content, "copyright", policy.holder, type="organization", **reached)
    if policy.terms:
        put(content, "terms", policy.terms)
    whole: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return whole


def put(parent: Any, name: str, text: str | None = None, **attributes: str) -> Any:
    """A new element of RSL's at the end of another."""
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    element.text = text and xml_text(text)
    return element

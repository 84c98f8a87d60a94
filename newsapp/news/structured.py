"""What machines read in an article's page: schema.org facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app

from newsapp.news.logo import logo_pictures
from newsapp.news.models import Article, Author, Correction, Picture, article_path
from newsapp.news.translations import facts_of
from newsapp.rights.policy import Policy

Facts = dict[str, Any]


def news_article(article: Article, settings: dict[str, Any], translated: Sequence[Article] = ()) -> Facts:
    """The article as schema.org's NewsArticle; `translated` are those in other languages."""
    address = absolute(article_path(article.section.slug, article.slug))
    facts: Facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": address,
        "url": address,
        "headline": article.headline[:110],
        "description": article.standfirst,
        "datePublished": article.published_at and article.published_at.isoformat(),
        "dateModified": article.told_at and article.told_at.isoformat(),
        "correction": [correction_facts(correction) for correction in article.corrections],
        "expires": article.expires_at and article.expires_at.isoformat(),
        "articleSection": article.section.name,
        "inLanguage": article.language or settings["language"],
        "keywords": [tag.name for tag in article.tags],
        "author": [author_facts(author) for author in article.authors] + [{"@type": "Person", "name": name} for name in article.guest_names],
        "publisher": publisher(settings),
        "image": picture_facts(article.picture),
        "isAccessibleForFree": True,
        **facts_of(article, translated, current_app.config["SITE_URL"], settings["language"]),
        **Policy.of(settings, current_app.config["SITE_URL"]).facts((article.published_at or article.created_at).year),
    }
    return {name: value for name, value in facts.items() if value not in (None, "", [])}


def publisher(settings: dict[str, Any]) -> Facts:
    """The paper as schema.org's NewsMediaOrganization, with its logo and where else it is."""
    logo = picture_facts(logo_pictures(settings).get("logo"))
    facts = {"logo": logo[0] if logo else None, "sameAs": [address for _, address in settings["profiles"]]}
    known = {name: value for name, value in facts.items() if value}
    return {"@type": "NewsMediaOrganization", "name": settings["site_name"], "url": absolute("/"), **known}


def web_site(settings: dict[str, Any]) -> Facts:
    """The paper as schema.org's WebSite, with the way to search it."""
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": settings["site_name"],
        "url": absolute("/"),
        "inLanguage": settings["language"],
        "publisher": publisher(settings),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": absolute("/search?q={search_term_string}")},
            "query-input": "required name=search_term_string",
        },
    }


def breadcrumbs(steps: Sequence[tuple[str, str]]) -> Facts:
    """Where a page stands, as schema.org's BreadcrumbList: (name, path) from the top down."""
    items = [{"@type": "ListItem", "position": place, "name": name, "item": absolute(path)} for place, (name, path) in enumerate(steps, 1)]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}


def author_facts(author: Author) -> Facts:
    kind = "Organization" if author.name.lower().endswith(" desk") else "Person"
    return {"@type": kind, "name": author.name, "url": absolute(author.path)}


def correction_facts(correction: Correction) -> Facts:
    return {"@type": "CorrectionComment", "text": correction.text, "datePublished": correction.at.isoformat()}


def picture_facts(picture: Picture | None) -> list[Facts]:
    if picture is None or not picture.variants:
        return []
    width, path = picture.for_machines
    size = {"width": width, "height": picture.height_at(width)} if picture.width else {}
    return [{"@type": "ImageObject", "url": absolute(path), **size}]


def absolute(path: str) -> str:
    return str(current_app.config["SITE_URL"]) + path

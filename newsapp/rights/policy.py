"""The policy: what the settings say of rights, and how each place is told. Nothing else writes any of it.

Where the words come from:
robots.txt: RFC 9309. Robots meta and X-Robots-Tag: developers.google.com/search/docs/crawling-indexing/robots-meta-tag.
`noarchive` and `nocache` for Bing: blogs.bing.com/webmaster/september-2023, "Announcing new options for webmasters to control usage of
their content in Bing Chat". `noarchive` for Amazon: developer.amazon.com/amazonbot. `noai` is in no crawler's documentation, so it is
not written. TDMRep: the W3C Community Group's final report of 10 May 2024, w3c.github.io/tdm-reservation-protocol/spec.
RSL: rslstandard.org/rsl, version 1.0. JSON-LD: schema.org/CreativeWork.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.urls import iri_to_uri

from newsapp.rights.crawlers import ALLOWED, USES

RSL = "application/rsl+xml"
LICENCE_PATH, MINING_PATH = "/license.xml", "/.well-known/tdmrep.json"
EVERY_ROBOT = "robots"


@dataclass(frozen=True)
class Policy:
    """What others may do with the paper."""

    site: str  # SITE_URL
    allowed: frozenset[str]  # uses, by their slugs
    holder: str
    notice: str  # empty: the sign ©, the year and the holder
    licence: str  # an address, or empty: all rights reserved
    terms: str  # the address of a page about rights, or empty
    contact: str  # an e-mail address, or empty

    @classmethod
    def of(cls, settings: Mapping[str, Any], site: str) -> Policy:
        allowed = frozenset(use.slug for use in USES if settings[use.setting] == ALLOWED)
        holder = settings["rights_holder"] or settings["site_name"]
        licence, terms = (iri_to_uri(settings[name]) for name in ("rights_licence", "rights_terms"))
        return cls(site, allowed, holder, settings["rights_notice"], licence, terms, settings["chief_email"])

    def allows(self, use: str) -> bool:
        return use in self.allowed

    @property
    def reserves_mining(self) -> bool:
        """Training begins with mining: who refuses the one reserves the other."""
        return not self.allows("training")

    @property
    def licence_file(self) -> str:
        return self.site + LICENCE_PATH

    def notice_of(self, year: int) -> str:
        return self.notice or f"© {year} {self.holder}"

    def robots(self) -> list[tuple[str, str]]:
        """(robot, rule) beside what each page says of itself; no rule keeps a page out of a search."""
        return [(rule.robot, rule.says) for rule in ROBOT_RULES if rule.holds(self)]

    def mining(self) -> list[tuple[str, str]]:
        """TDMRep's properties, under the names that headers, meta elements and the file share. Where nothing is reserved no policy is needed."""
        policy = [("tdm-policy", self.terms)] if self.terms and self.reserves_mining else []
        return [("tdm-reservation", "1" if self.reserves_mining else "0"), *policy]

    def headers(self) -> list[tuple[str, str]]:
        """What goes with every answer to readers, pictures and feeds too."""
        robots = [("X-Robots-Tag", says if robot == EVERY_ROBOT else f"{robot}: {says}") for robot, says in self.robots()]
        return [*robots, *self.mining(), ("Link", f'<{self.licence_file}>; rel="license"; type="{RSL}"')]

    def usages(self) -> dict[str, bool]:
        """RSL's words for uses. `ai-input` is what an answer and an assistant's fetch both do; `ai-index` is AI search alone."""
        answers = self.allows("answers")
        return {"search": True, "ai-train": self.allows("training"), "ai-index": answers, "ai-input": answers or self.allows("fetchers")}

    def facts(self, year: int) -> dict[str, Any]:
        """What a story's structured data say."""
        return {
            "license": self.licence or self.licence_file,
            "usageInfo": self.terms,
            "copyrightHolder": {"@type": "Organization", "name": self.holder},
            "copyrightYear": year,
            "copyrightNotice": self.notice_of(year),
        }


@dataclass(frozen=True)
class RobotRule:
    """What a robot is told, and when. `robot` is the name of its meta element; "robots" is for all."""

    robot: str
    says: str
    holds: Callable[[Policy], bool]


# Bing takes `nocache` beside `noarchive` for `nocache`: title and excerpt may stand in answers, the text is not trained on.
ROBOT_RULES = (
    RobotRule(EVERY_ROBOT, "max-image-preview:large", lambda policy: True),
    RobotRule(EVERY_ROBOT, "noarchive", lambda policy: not policy.allows("training")),
    RobotRule("bingbot", "nocache", lambda policy: policy.allows("answers") and not policy.allows("training")),
    RobotRule("bingbot", "noarchive", lambda policy: not policy.allows("answers")),
)

"""What crawlers ask for by name: robots.txt, TDMRep's file, and the licence."""

from __future__ import annotations

import json

from flask import Blueprint, current_app
from werkzeug.wrappers import Response

from newsapp.delivery.page import cacheable, note
from newsapp.news.paper import paper
from newsapp.rights.crawlers import newest
from newsapp.rights.documents import robots_txt, rsl, tdmrep
from newsapp.rights.policy import LICENCE_PATH, MINING_PATH, RSL, Policy
from newsapp.traffic.bots import lists_home

terms = Blueprint("terms", __name__)
HOUR = 3600.0  # after which a renewed list of crawlers is in robots.txt


def policy() -> Policy:
    return Policy.of(paper(), current_app.config["SITE_URL"])


@terms.get("/robots.txt")
@cacheable(seconds=HOUR)
def robots() -> Response:
    return sent(robots_txt(policy(), newest(lists_home(current_app.config))), "text/plain; charset=utf-8")


@terms.get(MINING_PATH)
@cacheable()
def mining() -> Response:
    return sent(json.dumps(tdmrep(policy()), indent=1), "application/json")


@terms.get(LICENCE_PATH)
@cacheable()
def licence() -> Response:
    return sent(rsl(policy()), RSL)


def sent(body: str | bytes, kind: str) -> Response:
    return note(current_app.response_class(body, content_type=kind), {"settings"})

"""How the paper reaches readers fast: memory, page cache, blocks, headers, static files."""

from __future__ import annotations

import time
from pathlib import Path

from flask import Flask


def init_site(app: Flask) -> None:
    """Make the readers' site: pages, and in front of them the cache, the static files and the beacon."""
    from newsapp import languages
    from newsapp.delivery.assets import Assets
    from newsapp.delivery.blocks import Blocks, mark
    from newsapp.delivery.cdn import edge_of
    from newsapp.delivery.colours import paper_of
    from newsapp.delivery.composing import Composer
    from newsapp.delivery.entry import Site
    from newsapp.delivery.headers import table
    from newsapp.delivery.memory import Memory
    from newsapp.delivery.other_lists import OtherLists
    from newsapp.delivery.page_cache import PageCache
    from newsapp.news.feeds import feeds
    from newsapp.news.installed import installed
    from newsapp.news.pages import news
    from newsapp.news.sitemaps import sitemaps
    from newsapp.ops.metrics import tell_page_cache
    from newsapp.ops.pages import health
    from newsapp.rights.files import terms
    from newsapp.search.asking import init_asking
    from newsapp.search.pages import search
    from newsapp.settings.store import own
    from newsapp.traffic import bots
    from newsapp.traffic.api import api
    from newsapp.traffic.beacon import Beacon
    from newsapp.traffic.crawls import Crawls

    app.extensions["clock"] = time.time
    memory = app.extensions["memory"] = Memory(app)
    app.extensions["other_lists"] = OtherLists(app, memory)
    blocks = Blocks(app, memory)
    assets = app.extensions["assets"] = Assets(Path(app.root_path) / "static")
    languages.install(app.jinja_env)
    app.jinja_env.filters["own"] = own
    app.jinja_env.globals.update(
        block=mark, asset=assets.address, paper_colour=paper_of(Path(app.root_path)), site_url=lambda path: app.config["SITE_URL"] + path
    )
    for blueprint in (news, feeds, sitemaps, terms, search, api, health, installed):
        app.register_blueprint(blueprint)
    init_asking(app)
    bots.follow(bots.lists_home(app.config))
    beacon = app.extensions["beacon"] = Beacon(app.config, memory)
    composer = Composer(memory, blocks, table(app.config["SITE_URL"], app.config["EMBED_ORIGINS"]))
    pages = PageCache(app.wsgi_app, composer, time.time, app.config["PAGE_CACHE_MEMORY"], edge_of(app.config))
    crawls = app.extensions["crawls"] = Crawls(beacon.inbox)
    pages.on_story.append(crawls.note)
    memory.each_second.append(crawls.tell)
    memory.always.append(lambda: tell_page_cache(len(pages.pages), pages.size))
    app.extensions["entry"] = Site(app.config, memory, beacon, assets, pages, app.wsgi_app)

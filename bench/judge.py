"""Judges a running paper by outside tools: HTML, accessibility, speed, links, feeds, sitemaps, structured data.

Pages of each kind (front, section, article, tag, author, search, 404) are found in the paper itself. What
a tool of this machine is missing for is named, with how to install it; all that can be judged is.

    make judge                                      the paper of `make run`
    make judge SITE=http://localhost:9000           another, on this machine
    make judge JUDGES=/path/to/judges               each NAME.sh of a folder too, called with the site's address;
                                                    its last line says PASS or FAIL, and EXTRA_PATHS has the pages
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

from lxml import etree, html

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(os.environ.get("TOOLS", Path.home() / ".cache" / "newsapp-judges"))
NODE_MODULES = (TOOLS / "npm" / "node_modules", ROOT / "node_modules")
AXE = ROOT / "tests" / "fixtures" / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
SIZES = {"1440": {"width": 1440, "height": 900}, "390": {"width": 390, "height": 844}}
LIGHTHOUSE = 99  # in each category
PAGE, SCRIPTS = 60 << 10, 10 << 10  # bytes of an article before pictures, and of scripts, as sent
SHIFT = """() => new Promise((done) => { let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((e) => { sum += e.hadRecentInput ? 0 : e.value; }))
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(sum), 300); })"""
RUN_AXE = """async (rules) => (await axe.run(document, { resultTypes: ['violations'], runOnly: rules }))
  .violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`))"""
SHOWN = 8  # findings of each judge
SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"
OF_STORIES = ("headline", "datePublished", "dateModified", "author", "publisher", "image", "mainEntityOfPage", "isAccessibleForFree")


class Missing(Exception):
    """A tool is not on this machine; the message says how to get it."""


@dataclass
class Verdict:
    """What a judge found, and its figure in a few words."""

    figure: str
    wrong: list[str] = field(default_factory=list)


class Site:
    """The paper as it is asked."""

    def __init__(self, base: str, schemas: Path | None) -> None:
        self.base, self.schemas = base.rstrip("/"), schemas
        self.pages: dict[str, str] = {}

    def fetch(self, path: str, encoding: str = "identity") -> tuple[int, bytes, str]:
        """Status, body and content type; redirects are followed."""
        request = urllib.request.Request(urljoin(self.base + "/", path), headers={"User-Agent": AGENT, "Accept-Encoding": encoding})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read(), answer.headers.get("Content-Type", "")
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers.get("Content-Type", "")

    def own(self, url: str, page: str = "/") -> str | None:
        """The path of an address of this site, as a page links it or as SITE_URL has it; None for another's."""
        whole = urldefrag(urljoin(self.base + page, url)).url
        parts, here = urlsplit(whole), urlsplit(self.base)
        if parts.scheme not in ("http", "https") or parts.netloc not in (here.netloc, self.public):
            return None
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def find_pages(self) -> None:
        """One page of each kind."""
        self.public = ""
        front = html.fromstring(self.fetch("/")[1])
        self.public = urlsplit(front.xpath("string(//link[@rel='canonical']/@href)")).netloc
        stories = self.locations("/sitemap/articles-0.xml")
        self.pages = {"front": "/", "section": "/" + stories[-1].split("/")[1], "article": stories[-1]}
        tree = html.fromstring(self.fetch(self.pages["article"])[1])
        for kind in ("tag", "author"):
            found = tree.xpath(f"//a[starts-with(@href, '/{kind}/')]/@href")
            if found:
                self.pages[kind] = found[0]
        word = max(tree.xpath("string(//h1)").split(), key=len).strip("“”’.,:;")
        self.pages |= {"search": f"/search?q={urllib.parse.quote(word)}", "404": "/there-is-nothing-here"}

    def locations(self, path: str) -> list[str]:
        tree = etree.fromstring(self.fetch(path)[1])
        return [path for loc in tree.iter(f"{{{SITEMAPS}}}loc") if (path := self.own(loc.text or ""))]


def markup(site: Site) -> Verdict:
    """Nu HTML Checker: pages and style sheets."""
    jar = next((path for path in (*(node / "vnu-jar" / "build" / "dist" / "vnu.jar" for node in NODE_MODULES), Path(os.environ.get("VNU_JAR", "-")))
                if path.exists()), None)  # fmt: skip
    command = ["java", "-Xss4m", "-jar", str(jar)] if jar and shutil.which("java") else [found] if (found := shutil.which("vnu")) else None
    if command is None:
        raise Missing("java 17 and `npm install vnu-jar` (or VNU_JAR=…/vnu.jar)")
    with tempfile.TemporaryDirectory() as folder:
        for kind, path in site.pages.items():
            (Path(folder) / f"{kind}.html").write_bytes(site.fetch(path)[1])
        for n, style in enumerate(sorted({href for path in site.pages.values() for href in html.fromstring(site.fetch(path)[1]).xpath(
            "//link[@rel='stylesheet']/@href")})):  # fmt: skip
            (Path(folder) / f"{n}.css").write_bytes(site.fetch(style)[1])
        files = sorted(str(path) for path in Path(folder).iterdir())
        said = subprocess.run([*command, "--format", "json", "--stdout", "--also-check-css", *files], capture_output=True, text=True).stdout
    errors = [each for each in json.loads(said)["messages"] if each["type"] != "info"]
    wrong = [f"{each['url'].rpartition('/')[2]} line {each.get('lastLine', 0)}: {each['message']}" for each in errors]
    return Verdict(f"{len(errors)} errors on {len(site.pages)} pages and their styles", wrong)


def browsed(site: Site) -> Verdict:
    """axe-core in light and dark at both widths, and what a browser notices besides."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise Missing("`make test` installs what it needs") from None
    chromium = os.environ.get("CHROME_PATH") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise Missing("chromium (or CHROME_PATH=…)")
    wrong, loads = [], 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            for width, size in SIZES.items():
                context = browser.new_context(viewport=size, color_scheme=scheme, user_agent=AGENT, service_workers="block", bypass_csp=True)
                page, requests, said = context.new_page(), [], []
                page.on("request", lambda request, requests=requests: requests.append(request.url))
                page.on("console", lambda line, said=said: said.append(line.text) if line.type == "error" else None)
                for kind, path in site.pages.items():
                    requests.clear(), said.clear()
                    page.goto(site.base + path, wait_until="load")
                    shift = page.evaluate(SHIFT)
                    page.evaluate(AXE.read_text())
                    where, loads = f"{kind}, {scheme}, {width}", loads + 1
                    wrong += [f"{where}: {each}" for each in page.evaluate(RUN_AXE, RULES)]
                    wrong += [f"{where}: asks {url}" for url in requests if not url.startswith((site.base, "data:", "blob:"))]
                    wrong += [f"{where}: the console says {each}" for each in said if not (kind == "404" and "404" in each)]
                    wrong += [f"{where}: layout shift {shift:.3f}"] if shift > 0.001 else []
                    if wider := page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"):
                        wrong.append(f"{where}: {wider} px too wide")
                context.close()
        browser.close()
    return Verdict(f"{len(wrong)} findings in {loads} loads ({len(site.pages)} pages, light and dark, {' and '.join(SIZES)} px)", wrong)


def lighthouse(site: Site) -> Verdict:
    """Lighthouse with its mobile settings, on the front page and an article."""
    program = shutil.which("lighthouse") or next((str(path) for node in NODE_MODULES if (path := node / ".bin" / "lighthouse").exists()), None)
    if program is None:
        raise Missing("node and `npm install --global lighthouse`")
    wrong, figures = [], []
    for kind in ("front", "article"):
        command = [program, site.base + site.pages[kind], "--quiet", "--output=json", "--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
        command.append("--only-categories=performance,accessibility,best-practices,seo")
        done = subprocess.run(command, capture_output=True, text=True)
        if not done.stdout.startswith("{"):
            return Verdict("did not run", [done.stderr[-300:]])
        said = json.loads(done.stdout)
        scores = {name: round(100 * (each["score"] or 0)) for name, each in said["categories"].items()}
        figures.append(f"{kind} {'/'.join(map(str, scores.values()))}")
        for name, score in scores.items():
            low = [ref["id"] for ref in said["categories"][name]["auditRefs"] if ref["weight"] and (said["audits"][ref["id"]]["score"] or 0) < 0.9]
            if low == ["robots-txt"] and all(line_of(item).startswith("License:") for item in said["audits"]["robots-txt"]["details"]["items"]):
                continue  # RSL's, which Lighthouse does not know; RFC 9309 allows records of others
            wrong += [f"{kind}: {name} {score}: {', '.join(low)}"] if score < LIGHTHOUSE else []
    return Verdict(", ".join(figures) + " (performance/accessibility/best practices/SEO)", wrong)


def line_of(item: dict) -> str:
    return str(item.get("line", ""))


def weight(site: Site) -> Verdict:
    """What an article weighs before pictures, compressed as browsers ask for it."""
    path = site.pages["article"]
    tree, sent = html.fromstring(site.fetch(path)[1]), {path}
    scripts = {href for href in tree.xpath("//script/@src")}
    sent |= scripts | set(tree.xpath("//link[@rel='stylesheet']/@href"))
    sizes = {each: len(site.fetch(each, "br, zstd, gzip")[1]) for each in sent}
    fonts = {href: len(site.fetch(href)[1]) for href in tree.xpath("//link[@rel='preload'][@as='font']/@href")}
    whole, of_scripts = sum(sizes.values()), sum(sizes[each] for each in scripts)
    wrong = [f"{whole} bytes, more than {PAGE}"] if whole > PAGE else []
    wrong += [f"{of_scripts} bytes of scripts, more than {SCRIPTS}"] if of_scripts > SCRIPTS else []
    return Verdict(
        f"{whole / 1024:.1f} KB before pictures and fonts ({sum(fonts.values()) / 1024:.0f} KB), scripts {of_scripts / 1024:.1f} KB", wrong
    )


def links(site: Site) -> Verdict:
    """A full crawl: every link, picture, style and script of ours answers."""
    todo, seen, wrong = list(site.pages.values()), {}, []
    seen = dict.fromkeys(todo, "the list of pages")
    while todo:
        path = todo.pop()
        status, body, kind = site.fetch(path)
        if status >= 400 and path != site.pages["404"]:
            wrong.append(f"{path} answers {status}; {seen[path]} has it")
        if not kind.startswith("text/html") or path.startswith("/search"):
            continue
        tree = html.fromstring(body)
        found = tree.xpath("//a/@href | //link/@href | //script/@src | //img/@src | //source/@src")
        found += [part.split()[0] for many in tree.xpath("//*/@srcset") for part in many.split(",") if part.split()]
        for each in found:
            there = site.own(each, path)
            if there and there not in seen:
                seen[there] = path
                todo.append(there)
    return Verdict(f"{len(wrong)} broken of {len(seen)}", wrong)


def feeds(site: Site) -> Verdict:
    """Every feed that a page names is well formed and has what its format asks for."""
    found = {href for path in site.pages.values() for href in html.fromstring(site.fetch(path)[1]).xpath("//link[@rel='alternate'][@type]/@href")}
    wrong, feeds = [], sorted(filter(None, map(site.own, found)))
    for path in feeds:
        status, body, kind = site.fetch(path)
        try:
            wrong += [f"{path}: {each}" for each in (lacks_json(json.loads(body)) if "json" in kind else lacks_xml(etree.fromstring(body)))]
        except ValueError as error:
            wrong.append(f"{path}: {status} {error}")
    return Verdict(f"{len(wrong)} faults in {len(feeds)} feeds", wrong)


def lacks_json(feed: dict) -> list[str]:
    wrong = [name for name in ("version", "title", "items", "feed_url", "home_page_url") if not feed.get(name)]
    return wrong + [f"an item has no {name}" for item in feed.get("items", ()) for name in ("id", "url", "date_published") if not item.get(name)]


def lacks_xml(feed: etree._Element) -> list[str]:
    atom = "{http://www.w3.org/2005/Atom}"
    if feed.tag == f"{atom}feed":
        wanted, items, of_items = ("id", "title", "updated"), feed.findall(f"{atom}entry"), ("id", "title", "updated", "link")
        return [name for name in wanted if feed.find(atom + name) is None] + [
            f"an entry has no {name}" for item in items for name in of_items if item.find(atom + name) is None
        ]
    channel = feed.find("channel")
    if channel is None:
        return ["it is neither RSS nor Atom"]
    wanted = [name for name in ("title", "link", "description", f"{atom}link") if channel.find(name) is None]
    return wanted + [
        f"an item has no {name}" for item in channel.iter("item") for name in ("title", "link", "guid", "pubDate") if item.find(name) is None
    ]


def sitemaps(site: Site) -> Verdict:
    """Sitemaps against the schemas of sitemaps.org and Google, and their limits."""
    if site.schemas is None:
        raise Missing("SCHEMAS=FOLDER with sitemap.xsd, siteindex.xsd, sitemap-news.xsd and sitemap-image.xsd (sitemaps.org, google.com/schemas)")
    imports = {SITEMAPS: "sitemap", "http://www.google.com/schemas/sitemap-news/0.9": "sitemap-news"}
    imports |= {f"http://www.google.com/schemas/sitemap-image/{v}": "sitemap-image" for v in ("1.1",)}
    lines = "".join(f'<xs:import namespace="{name}" schemaLocation="{site.schemas / file}.xsd"/>' for name, file in imports.items())
    schema = etree.XMLSchema(etree.fromstring(f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{lines}</xs:schema>'))
    index = etree.XMLSchema(etree.parse(site.schemas / "siteindex.xsd"))
    body = site.fetch("/sitemap.xml")[1]
    wrong = [] if index.validate(etree.fromstring(body)) else [f"/sitemap.xml: {index.error_log.last_error}"]
    there = site.locations("/sitemap.xml")
    for path in there:
        body = site.fetch(path)[1]
        tree = etree.fromstring(body)
        wrong += [] if schema.validate(tree) else [f"{path}: {schema.error_log.last_error}"]
        wrong += [f"{path}: too large"] if len(body) > 50 << 20 or len(tree) > 50_000 else []
    return Verdict(f"{len(wrong)} errors in {len(there) + 1} sitemaps", wrong)


def structured(site: Site) -> Verdict:
    """The JSON-LD of pages: it is JSON, and a story has what search engines ask for."""
    wrong, count = [], 0
    for kind in ("front", "section", "article"):
        facts = [json.loads(text) for text in html.fromstring(site.fetch(site.pages[kind])[1]).xpath("//script[@type='application/ld+json']/text()")]
        facts = [fact for each in facts for fact in (each if isinstance(each, list) else each.get("@graph", [each]))]
        count += len(facts)
        stories = [fact for fact in facts if fact.get("@type") == "NewsArticle"]
        wrong += [f"{kind}: no NewsArticle"] if kind == "article" and not stories else []
        wrong += [f"{kind}: NewsArticle has no {name}" for fact in stories for name in OF_STORIES if fact.get(name) in (None, "", [])]
        wrong += [f"{kind}: no {name}" for name, where in (("WebSite", "front"), ("BreadcrumbList", "article"))
                  if where == kind and name not in [fact.get("@type") for fact in facts]]  # fmt: skip
    return Verdict(f"{len(wrong)} faults in {count} records", wrong)


JUDGES: tuple[tuple[str, Callable[[Site], Verdict]], ...] = (
    ("HTML", markup), ("axe and browser", browsed), ("Lighthouse", lighthouse), ("weight", weight), ("links", links), ("feeds", feeds),
    ("sitemaps", sitemaps), ("structured data", structured),
)  # fmt: skip


def of_folder(path: Path) -> Callable[[Site], Verdict]:
    """A judge that is a script of a folder."""

    def judge(site: Site) -> Verdict:
        environ = os.environ | {"EXTRA_PATHS": " ".join(site.pages.values()), "NEWS_SITEMAP": "/sitemap/news.xml", "MIN_PERF": str(LIGHTHOUSE)}
        done = subprocess.run(["bash", str(path), site.base], capture_output=True, text=True, env=environ)
        lines = (done.stdout or done.stderr).splitlines() or ["it said nothing"]
        return Verdict(lines[-1], [] if done.returncode == 0 else [line.strip() for line in lines[:-1]] or ["see above"])

    return judge


def told(name: str, judge: Callable[[Site], Verdict], site: Site) -> str:
    """Print what a judge finds, and return PASS, FAIL or MISSING."""
    began = time.monotonic()
    try:
        verdict = judge(site)
    except Missing as missing:
        print(f"MISSING {name}: needs {missing}")
        return "MISSING"
    word = "FAIL" if verdict.wrong else "PASS"
    print(f"{word}    {name}: {verdict.figure} ({time.monotonic() - began:.0f} s)")
    for each in verdict.wrong[:SHOWN]:
        print(f"          {each[:300]}")
    return word


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", default="http://localhost:8000")
    parser.add_argument("--judges", type=Path, help="a folder of scripts that judge as well")
    parser.add_argument("--schemas", type=Path, help="a folder of the schemas of sitemaps")
    parser.add_argument("--only", default="", help="judges by name, between commas")
    options = parser.parse_args()
    beside = options.judges.resolve().parent / "data" / "schemas" if options.judges else None
    site = Site(options.site, options.schemas or (beside if beside and beside.is_dir() else None))
    try:
        site.find_pages()
    except (OSError, IndexError, ValueError) as error:
        sys.exit(f"no paper to judge at {options.site}: {error}. Start one with `make run`, or name it with SITE=…")
    print("pages: " + ", ".join(f"{kind} {path}" for kind, path in site.pages.items()))
    scripts = sorted(options.judges.glob("*.sh")) if options.judges else []
    judges = [*JUDGES, *((f"{path.stem} of {options.judges}", of_folder(path)) for path in scripts if path.stem in NAMED)]
    wanted = options.only.split(",") if options.only else [name for name, _ in judges]
    words = [told(name, judge, site) for name, judge in judges if name in wanted or name.split(" of ")[0] in wanted]
    sys.exit(1 if "FAIL" in words else 2 if "MISSING" in words else 0)


NAMED = re.split(r"\s+", "nu-html axe lighthouse feeds sitemap structured-data links headers")  # of the folder; others are not about pages

if __name__ == "__main__":
    main()

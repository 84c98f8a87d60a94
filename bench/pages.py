"""How fast a kept page is, against nginx with the same bytes as a file and granian's bare answer of them; and what moves or warms it.

Each variant is a server of its own: the product's command line, the same over WSGI, bare callables, nginx where it is
installed. wrk loads them in turn, round after round, and a ratio is the median of the rounds' ratios. Then the product
alone: while editors publish ten stories a second and lists move; readers who have the page (304); ten thousand addresses
asked for at once on a cold start; a cold render beside the same template with constants; and its memory over a million
requests. Ends with 0 when all goals are met.

    python bench/pages.py [--seconds 4] [--rounds 5] [--encoding gzip] [--only kept,storm,304,cold,render,memory] [--requests 1000000]
"""

from __future__ import annotations

import argparse
import contextlib
import grp
import http.client
import json
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import storms  # noqa: E402
from bench.beacon import Bench, Goal, Round, Served, Variant, judge, processor_seconds, running, show, wait_for  # noqa: E402
from bench.readers import AGENTS  # noqa: E402
from newsapp import create_app  # noqa: E402
from newsapp.database import db, now  # noqa: E402
from newsapp.edition.publish import publish_edition  # noqa: E402
from newsapp.news.models import LIVE, Article, Section  # noqa: E402

NGINX = Variant("nginx", "nginx", "nginx", False)
VARIANTS = (
    Variant("page", "app:site", "rsgi", False),
    Variant("page, WSGI", "bench.variants:wsgi", "wsgi", False),
    Variant("bare", "bench.variants:bare", "rsgi", False),
    Variant("bare, WSGI", "bench.variants:bare", "wsgi", False),
)
COUNTED = Variant("page, counted", "bench.variants:rendering", "rsgi", False)
GOALS = (Goal("page", "bare, WSGI", 0.85), Goal("page", "page, WSGI", 0.8))
OF_NGINX = Goal("page", "nginx", 0.45)
P99, STORM, UNCHANGED, RENDER = 0.010, 0.8, 1.2, 3.0
PARTS = ("kept", "storm", "304", "cold", "render", "memory")
CONF = """user {user}; worker_processes 2; daemon off; pid {home}/nginx.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=100;
  server {{ listen 127.0.0.1:{port}; etag off; if_modified_since off; location / {{ root {home}/file; default_type "text/html; charset=utf-8";
    {headers}
    try_files /page =404; }} }} }}
"""


class Pages(Bench):
    """The same with readers of a page in place of beacons."""

    def __init__(self, home: Path, port: int, encoding: str) -> None:
        super().__init__(home, port)
        self.asked = {"Host": f"localhost:{port}", "Accept-Encoding": encoding, "User-Agent": AGENTS[0]}  # a crawler's fetch is counted, too

    def publish(self) -> None:
        """The sample edition; the page that is asked for is its longest story."""
        with create_app(self.config).app_context():
            db.create_all()
            publish_edition(now())
            story = db.session.query(Article.slug, Section.slug).join(Section, Section.id == Article.section_id).filter(Article.state == LIVE)
            slug, section = story.order_by(db.func.length(Article.body).desc()).first()
            self.path = f"/{section}/{slug}"

    def leave_answer(self) -> int:
        """Leave what the bare ones answer where they find it: just what the page is. Returns its bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", self.path, headers=self.asked)
        answer = connection.getresponse()
        body = answer.read()
        headers = [pair for pair in answer.getheaders() if pair[0] not in ("date", "server")]
        (self.home / "headers").write_text(json.dumps(headers))
        (self.home / "body").write_bytes(body)
        (self.home / "file").mkdir(exist_ok=True)
        (self.home / "file" / "page").write_bytes(body)
        self.headers = {name: value for name, value in headers if name not in ("content-length", "content-type")}
        self.tag = answer.getheader("ETag")
        return len(body)

    def load(self, served: Served, seconds: int) -> Round:
        before = processor_seconds(served.process.pid)
        rate, slow, answers = storms.wrk(f"http://127.0.0.1:{served.port}{self.path}", self.asked, seconds)
        return Round(rate, slow, (processor_seconds(served.process.pid) - before) / answers, 0)

    @contextlib.contextmanager
    def nginx(self, port: int) -> Iterator[list[Served]]:
        """nginx with the page as a file; nothing where it is not installed."""
        program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
        if program is None:
            print("nginx is not installed: not compared with it")
            yield []
            return
        headers = "".join("add_header {} '{}';\n".format(name, value.replace("'", "\\'")) for name, value in self.headers.items())
        (self.home / "nginx.conf").write_text(CONF.format(user=user(), home=self.home, port=port, headers=headers))
        with running([program, "-p", str(self.home), "-c", str(self.home / "nginx.conf")], dict(os.environ)) as process:
            wait_for(lambda: self.is_served(port))
            yield [Served(NGINX, port, process)]

    def is_served(self, port: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        with contextlib.closing(connection):
            connection.request("GET", self.path)
            return connection.getresponse().status == 200


def user() -> str:
    """Whom nginx's workers run as: us, since nobody else may read the home."""
    return f"{pwd.getpwuid(os.getuid()).pw_name} {grp.getgrgid(os.getgid()).gr_name}"


def kept(bench: Pages, options: argparse.Namespace) -> list[str]:
    with bench.granians(VARIANTS) as granians, bench.nginx(options.port + 8) as others:
        served = [*granians, *others]
        for each in served:
            bench.load(each, 1)  # so that all caches are warm
        for _ in range(options.rounds):
            for each in served:
                each.rounds.append(bench.load(each, options.seconds))
        show(served)
        missed = judge(served, (*GOALS, OF_NGINX) if others else GOALS, 1.0)
        return missed + told("99th percentile of a kept page, ms", served[0].median("p99") * 1e3, P99 * 1e3, at_most=True)


def told(what: str, value: float, goal: float, *, at_most: bool = False) -> list[str]:
    """Print a figure beside its goal; the goal's name, when it was missed."""
    text = f"{what}: {value:.2f}; goal {'at most' if at_most else 'at least'} {goal:g}"
    print(text)
    return [text] if (value > goal if at_most else value < goal) else []


def storm(bench: Pages, options: argparse.Namespace) -> list[str]:
    """The same page while others are published and lists move, against the calm before."""
    calm, storming, slow = [], [], []
    newsroom = storms.Newsroom(bench.config)
    with bench.granians(VARIANTS[:1]) as (served,):
        bench.load(served, 1)
        for _ in range(options.rounds):
            calm.append(bench.load(served, options.seconds).rate)
            with newsroom.storm():
                round_ = bench.load(served, options.seconds)
            storming.append(round_.rate)
            slow.append(round_.p99)
    print(f"storm: {dict(newsroom.done)} in {options.rounds * options.seconds} s")
    missed = told("rate in a storm / in the calm", storms.share(storming, calm), STORM)
    return missed + told("99th percentile in a storm, ms", statistics.median(slow) * 1e3, P99 * 1e3, at_most=True)


def unchanged(bench: Pages, options: argparse.Namespace) -> list[str]:
    whole, told_so = [], []
    with bench.granians(VARIANTS[:1]) as (served,):
        url = f"http://127.0.0.1:{served.port}{bench.path}"
        for _ in range(options.rounds):
            whole.append(storms.wrk(url, bench.asked, options.seconds)[0])
            told_so.append(storms.wrk(url, {**bench.asked, "If-None-Match": bench.tag}, options.seconds)[0])
    return told("rate of 304s / of 200s", storms.share(told_so, whole), UNCHANGED)


def cold(bench: Pages, options: argparse.Namespace) -> list[str]:
    """A cache that knows nothing is asked for ten thousand addresses, each several times at once."""
    paths = storms.Newsroom(bench.config).write_many(options.addresses)
    bench.environ["PAGE_CACHE_MEMORY"] = "1gb"  # nothing is evicted: what is rendered twice would be a fault
    with bench.granians((COUNTED,)) as (served,):
        began = time.monotonic()
        wrong = storms.ask_all(served.port, bench.asked["Host"], paths)
        seconds = time.monotonic() - began
    del bench.environ["PAGE_CACHE_MEMORY"]
    renders, twice = storms.rendered_twice(bench.home)
    print(f"cold: {len(paths) * storms.EACH} requests for {len(paths)} addresses in {seconds:.1f} s, {renders} renders")
    return told("cold requests without a page", wrong, 0, at_most=True) + told("addresses rendered twice by one process", twice, 0, at_most=True)


def render(bench: Pages, options: argparse.Namespace) -> list[str]:
    """A page made of the database, against its template with the same things at hand."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.rendering", bench.path], env=bench.environ, cwd=ROOT, capture_output=True, text=True, check=True
    )
    whole, template = map(float, done.stdout.split()[-2:])
    print(f"cold render: {whole * 1e3:.2f} ms; its template with constants: {template * 1e3:.2f} ms")
    return told("cold render / its template with constants", whole / template, RENDER, at_most=True)


def flat(bench: Pages, options: argparse.Namespace) -> list[str]:
    """Its memory after a tenth of the requests, and after all, while the paper moves."""
    with bench.granians(VARIANTS[:1]) as (served,), storms.Newsroom(bench.config).storm():
        answers, sizes = 0, []
        while answers < options.requests:
            answers += storms.wrk(f"http://127.0.0.1:{served.port}{bench.path}", bench.asked, options.seconds)[2]
            sizes.append((answers, storms.memory(served.process.pid)))
    first = next(size for count, size in sizes if count >= options.requests / 10)
    print(f"memory: {first / 1e6:.0f} MB, then {sizes[-1][1] / 1e6:.0f} MB after {sizes[-1][0]} requests")
    return told("memory at the end / after a tenth", sizes[-1][1] / first, storms.FLAT, at_most=True)


def run(bench: Pages, options: argparse.Namespace) -> list[str]:
    bench.publish()
    with bench.valkey():
        with bench.granians(VARIANTS[:1]):
            print(f"{bench.path}: {bench.leave_answer()} bytes")
        parts = dict(zip(PARTS, (kept, storm, unchanged, cold, render, flat), strict=True))
        return [missed for name, part in parts.items() if name in options.only.split(",") for missed in part(bench, options)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=8290)
    parser.add_argument("--encoding", default="gzip")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--requests", type=int, default=storms.MILLION)
    parser.add_argument("--addresses", type=int, default=storms.COLD)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("this bench needs wrk")
    home = Path(tempfile.mkdtemp(prefix="newsapp-bench-"))
    try:
        missed = run(Pages(home, options.port, options.encoding), options)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("missed: " + "; ".join(missed) if missed else "all goals are met")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()

"""How fast a kept page is, against granian's bare answer of the same bytes, and against the same page over WSGI.

Each variant is a granian of the product's own command line. wrk loads them in turn, round after
round, and a ratio is the median of the rounds' ratios.

    python bench/pages.py [--seconds 4] [--rounds 5] [--encoding gzip]
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.beacon import Bench, Goal, Round, Served, Variant, judge, processor_seconds, show  # noqa: E402
from newsapp import create_app  # noqa: E402
from newsapp.database import db, now  # noqa: E402
from newsapp.edition.publish import publish_edition  # noqa: E402

VARIANTS = (
    Variant("page", "app:site", "rsgi", False),
    Variant("page, WSGI", "bench.variants:wsgi", "wsgi", False),
    Variant("bare", "bench.variants:bare", "rsgi", False),
    Variant("bare, WSGI", "bench.variants:bare", "wsgi", False),
)
GOALS = (Goal("page", "bare", 0.5), Goal("page", "bare, WSGI", 0.5), Goal("page", "page, WSGI", 0.8))
PATH = "/"


class Pages(Bench):
    """The same with readers of a page in place of beacons."""

    def __init__(self, home: Path, port: int, encoding: str) -> None:
        super().__init__(home, port)
        self.asked = {"Host": f"localhost:{port}", "Accept-Encoding": encoding}

    def publish(self) -> None:
        with create_app(self.config).app_context():
            db.create_all()
            publish_edition(now())

    def leave_answer(self) -> int:
        """Leave what the bare ones answer where they find it: just what the page is. Returns its bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", PATH, headers=self.asked)
        answer = connection.getresponse()
        body = answer.read()
        (self.home / "headers").write_text(json.dumps([pair for pair in answer.getheaders() if pair[0] not in ("date", "server")]))
        (self.home / "body").write_bytes(body)
        return len(body)

    def load(self, served: Served, seconds: int) -> Round:
        before = processor_seconds(served.process.pid)
        asked = [word for name, value in self.asked.items() for word in ("-H", f"{name}: {value}")]
        command = ["wrk", "--latency", "-t1", "-c32", f"-d{seconds}s", *asked, f"http://127.0.0.1:{served.port}{PATH}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in said or "Socket errors" in said:
            sys.exit(f"{served.variant.name}: {said}")
        answers, rate = int(re.search(r"(\d+) requests in", said)[1]), float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
        slow, unit = re.search(r"99%\s+([\d.]+)(\w+)", said).groups()
        return Round(rate, float(slow) * {"us": 1e-6, "ms": 1e-3, "s": 1}[unit], (processor_seconds(served.process.pid) - before) / answers, 0)


def run(bench: Pages, options: argparse.Namespace) -> list[str]:
    bench.publish()
    with bench.valkey():
        with bench.granians(VARIANTS[:1]):
            print(f"{PATH}: {bench.leave_answer()} bytes")
        with bench.granians(VARIANTS) as served:
            for each in served:
                bench.load(each, 1)  # so that all caches are warm
            for _ in range(options.rounds):
                for each in served:
                    each.rounds.append(bench.load(each, options.seconds))
            show(served)
            return judge(served, GOALS, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=8290)
    parser.add_argument("--encoding", default="gzip")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="newsapp-bench-"))
    try:
        missed = run(Pages(home, options.port, options.encoding), options)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("missed: " + "; ".join(missed) if missed else "all goals are met")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()

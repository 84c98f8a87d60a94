"""What ships for Prometheus and Grafana asks for nothing that /metrics does not say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from newsapp.config import Config
from newsapp.database import db, now
from newsapp.ops import metrics, timings
from newsapp.ops.alarms import ALARMS
from newsapp.traffic import ranking
from newsapp.traffic.models import recounted_hour, schedule_state
from tests.desk import Desk, desk_of
from tests.machine import fail_a_job, man_all_queues

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "monitoring"
RULES, DASHBOARD = FOLDER / "newsapp.rules.yaml", FOLDER / "newsapp-dashboard.json"
SERVERS = {"job", "instance", "le"}  # labels that Prometheus or a histogram adds
OTHERS = {"up": SERVERS}  # and what it knows itself
AGGREGATIONS = {"sum", "max", "min", "avg", "count", "topk", "bottomk", "quantile"}
FUNCTIONS = {"rate", "increase", "histogram_quantile", "predict_linear", "delta", "time"}
WORDS = {"by", "without", "on", "ignoring", "and", "or", "unless", "bool", "offset"}
TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<span>\[\d+[smhdwy](?::\d+[smhdwy])?\])|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_:][\w:]*)"""
    r"""|(?P<mark>=~|!~|!=|==|>=|<=|[-+*/%^(){},=<>]))"""
)


class Asked(NamedTuple):
    """A series that an expression asks for: its name, and the labels and values that it wants."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]


def tokens(expression: str) -> list[tuple[str, str]]:
    """The words of an expression. Raises ValueError for what is none of PromQL."""
    found, place = [], 0
    while place < len(expression.rstrip()):
        match = TOKEN.match(expression, place)
        if not match:
            raise ValueError(f"{expression[place:]!r} in {expression!r}")
        found.append((str(match.lastgroup), str(match[match.lastgroup or 0])))
        place = match.end()
    return found


def read(expression: str) -> tuple[list[Asked], set[str]]:
    """(the series that it asks for, the labels that it groups by). Raises ValueError where it is not well formed."""
    words, asked, grouped, place, depth = tokens(expression), list[Asked](), set[str](), 0, 0
    while place < len(words):
        kind, word = words[place]
        following = words[place + 1][1] if place + 1 < len(words) else ""
        depth += {"(": 1, ")": -1}.get(word, 0) if kind == "mark" else 0
        if depth < 0:
            raise ValueError(f"too many ) in {expression!r}")
        if kind == "name" and word in ("by", "without", "on", "ignoring"):
            labels, place = enclosed(words, place + 1, "(", ")")
            grouped |= {label for sort, label in labels if sort == "name"}
            continue
        if kind == "name" and (word in FUNCTIONS or word in AGGREGATIONS) and following in ("(", "by", "without"):
            place += 1
            continue
        if kind == "name" and word not in WORDS:
            matchers: list[tuple[str, str]] = []
            place += 1
            if following == "{":
                matchers, place = enclosed(words, place, "{", "}")
            asked.append(Asked(word, tuple(matchers_of(matchers))))
            continue
        place += 1
    if depth:
        raise ValueError(f"an open ( in {expression!r}")
    return asked, grouped


def enclosed(words: list[tuple[str, str]], place: int, opening: str, closing: str) -> tuple[list[tuple[str, str]], int]:
    if place >= len(words) or words[place][1] != opening:
        raise ValueError(f"{opening} is wanted after {words[place - 1][1]}")
    end = next((number for number in range(place, len(words)) if words[number] == ("mark", closing)), None)
    if end is None:
        raise ValueError(f"{opening} is not closed")
    return words[place + 1 : end], end + 1


def matchers_of(words: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    for place in range(0, len(words), 4):
        (label, name), (_, sign), (string, value) = words[place : place + 3]
        if label != "name" or sign not in ("=", "=~", "!=", "!~") or string != "string":
            raise ValueError(f"no matcher: {words}")
        yield name, sign, value.strip('"')


class Said(NamedTuple):
    """What /metrics says of one name: its labels, and the values that each has."""

    labels: set[str]
    values: dict[str, set[str]]


@pytest.fixture(scope="module")
def expressions() -> dict[str, str]:
    """Every expression that ships, by where it stands."""
    rules = {f"rule {rule['alert']}": rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return rules | {f"panel {panel['title']} {target['refId']}": target["expr"] for panel in panels for target in panel.get("targets", ())}


@pytest.fixture
def desk(config: Config) -> Iterator[Desk]:
    yield from desk_of(config)


@pytest.fixture
def said(desk: Desk) -> dict[str, Said]:
    """What /metrics says of a paper with something of everything."""
    connection = desk.app.extensions["redis_desk"]
    man_all_queues(connection)
    fail_a_job(connection)
    timings.note(connection, "desk", "tell", 0.1, True, now())
    metrics.REFUSED.labels("forged").inc(0)
    metrics.SPILLED.labels("away").inc(0)
    metrics.UNSTORED.labels("disk").inc(0)
    metrics.REQUEST_SECONDS.labels("page").observe(0.01)
    with desk.app.app_context():
        ranking.publish_all(connection, now())
        db.session.execute(schedule_state.insert().values(job="tell", through=1, started=1, finished=1))
        db.session.execute(recounted_hour.insert().values(hour=5, rule={}, applied=0, views=1, off=0, at=int(now().timestamp())))
        db.session.commit()
        from newsapp.traffic.overload import Note

        note = Note(desk.app.config)
        note.write("spill away")
        text = desk.open("/metrics").text
        assert note.descriptor is not None
    found: dict[str, Said] = {name: Said(labels, {}) for name, labels in OTHERS.items()}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            one = found.setdefault(sample.name, Said(set(), {}))
            for label, value in sample.labels.items():
                one.labels.add(label)
                one.values.setdefault(label, set()).add(value)
        found.setdefault(family.name, Said(set(), {}))
        if family.type == "counter":
            found.setdefault(f"{family.name}_total", Said({"reason", "cause"}, {}))
    return found


def test_every_expression_asks_for_what_metrics_says(expressions: dict[str, str], said: dict[str, Said]) -> None:
    wrong = [f"{place}: {problem}" for place, expression in expressions.items() for problem in problems(expression, said)]
    assert wrong == []
    assert len(expressions) > 30


def problems(expression: str, said: dict[str, Said]) -> Iterator[str]:
    asked, grouped = read(expression)
    if not asked:
        yield "it asks for nothing"
    labels = set(SERVERS)
    for name, matchers in asked:
        if name not in said:
            yield f"there is no {name}"
            continue
        labels |= said[name].labels
        for label, sign, value in matchers:
            if label not in said[name].labels | SERVERS:
                yield f"{name} has no label {label}"
            known = said[name].values.get(label, set())
            if sign in ("=", "=~") and known and not any(re.fullmatch(value if sign == "=~" else re.escape(value), each) for each in known):
                yield f"{name} has no {label} {value}"
    if unknown := grouped - labels:
        yield f"nothing has the label {', '.join(unknown)}"


@pytest.mark.parametrize("expression", [
    "newsapp_nothing > 1", "sum by (nothing) (newsapp_workers)", 'newsapp_alarm{nothing="x"}', 'newsapp_list_age_seconds{scope="nowhere"}',
])  # fmt: skip
def test_a_wrong_name_label_or_value_would_be_found(said: dict[str, Said], expression: str) -> None:
    assert list(problems(expression, said))


@pytest.mark.parametrize("expression", ["sum(newsapp_workers", "newsapp_workers)", "rate(newsapp_alarm[5q])", "max by newsapp_alarm", "a{b}"])
def test_what_is_no_promql_would_be_found(expression: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(expression)


def test_every_rule_has_what_prometheus_wants(said: dict[str, Said]) -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+[smhd]", rule.get("for", "1m"))
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert {"summary", "description"} == set(rule["annotations"])
        for anchor in re.findall(r"runbook#([a-z-]+)", rule["annotations"]["description"]):
            assert anchor in {alarm.name for alarm in ALARMS}


def test_each_alarm_is_a_series(said: dict[str, Said]) -> None:
    assert said["newsapp_alarm"].values["alarm"] == {alarm.name for alarm in ALARMS}


def test_the_dashboard_has_a_place_for_each_panel() -> None:
    board = json.loads(DASHBOARD.read_text())
    assert board["uid"] == "newsapp"
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        where = panel["gridPos"]
        cells = {(x, y) for x in range(where["x"], where["x"] + where["w"]) for y in range(where["y"], where["y"] + where["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_our_own_counters_are_all_told(said: dict[str, Said]) -> None:
    ours = {family.name for family in REGISTRY.collect() if family.name.startswith("newsapp_")}
    assert ours <= set(said)


def test_an_alarm_shows_its_severity(desk: Desk) -> None:
    connection = desk.app.extensions["redis_desk"]
    man_all_queues(connection)
    assert 'newsapp_alarm{alarm="jobs-failed"} 0.0' in desk.open("/metrics").text
    fail_a_job(connection)
    text = desk.open("/metrics").text
    assert 'newsapp_alarm{alarm="jobs-failed"} 1.0' in text
    assert "newsapp_job_seconds{" not in text or "quantile" in text

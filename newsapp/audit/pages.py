"""The page of the audit log, and the same as a table to download."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context
from werkzeug.datastructures import MultiDict

from newsapp.audit import reading
from newsapp.audit.kinds import KINDS, WORDS
from newsapp.audit.models import AuditEntry
from newsapp.audit.reading import Filter
from newsapp.desk.loaders import zone

audit = Blueprint("audit", __name__, url_prefix="/desk/audit")
COLUMNS = ("at", "who", "kind", "thing", "label", "what", "deed")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so


@audit.get("")
def show() -> str:
    wanted, number = asked(request.args), max(1, request.args.get("page", 1, type=int))
    entries, more = reading.page(wanted, number, zone())
    return render_template(
        "audit/log.html", entries=entries, more=more, number=number, wanted=wanted, kinds=KINDS, words=WORDS, people=reading.people(), zone=zone(),
        address_of=address_of,
    )  # fmt: skip


@audit.get("/log.csv")
def download() -> Response:
    rows = table(reading.every(asked(request.args), zone()))
    headers = {"Content-Disposition": "attachment; filename=audit.csv"}
    return Response(stream_with_context(rows), content_type="text/csv; charset=utf-8", headers=headers)


def asked(args: MultiDict[str, str]) -> Filter:
    """What the form above the table asks for; a date that is none is left out."""
    texts = {name: args.get(name, "").strip() for name in ("who", "kind", "thing")}
    return Filter(**texts, since=args.get("since", type=date.fromisoformat), until=args.get("until", type=date.fromisoformat))


def table(entries: Iterator[AuditEntry]) -> Iterator[str]:
    yield line(COLUMNS)
    for entry in entries:
        yield line([entry.at.isoformat(timespec="seconds"), *(getattr(entry, name) for name in COLUMNS[1:])])


def line(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([f"'{cell}" if str(cell).startswith(FORMULA) else cell for cell in cells])
    return text.getvalue()


def address_of(entry: AuditEntry) -> tuple[str, dict[str, Any]] | None:
    """The route of the thing's own page, where it has one."""
    kind, _, number = entry.thing.partition(":")
    routes = {"article": ("desk.edit", "article_id"), "person": ("people.person", "person_id")}
    if kind not in routes or not number.isdigit():
        return None
    endpoint, name = routes[kind]
    return endpoint, {name: int(number)}

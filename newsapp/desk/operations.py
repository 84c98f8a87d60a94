"""Where operators work: the board and the fragment of it that refreshes itself, failed jobs, the history, the doctor, the runbook."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, make_response, redirect, render_template, request, url_for
from rq import Worker
from rq.command import send_shutdown_command
from werkzeug.wrappers import Response

from newsapp.audit.deeds import say
from newsapp.database import db, now
from newsapp.desk.loaders import zone
from newsapp.ops import alarms, alerts, doctor, failed, read_only, reading, runbook, timings, worker_notes
from newsapp.ops import board as plate
from newsapp.queues import QUEUES, later
from newsapp.redis import RedisError
from newsapp.saving import saving

operations = Blueprint("operations", __name__, url_prefix="/desk/ops")
QUEUE_NAMES = tuple(record.name for record in QUEUES)


@operations.get("")
def board() -> str:
    return render_template("ops/board.html", **context())


@operations.get("/now")
def current() -> Response:
    """The board's inner part, or 304 while nothing on it has moved."""
    answer = make_response(render_template("ops/_board.html", **context()))
    answer.add_etag()
    return answer.make_conditional(request)


@operations.post("/read-only")
def close_desk() -> Response:
    """Let editors read and change nothing."""
    with saving():
        say("desk", "desk", "The desk", "read-only")
    read_only.begin(current_app.config, request.form.get("says", ""), now())
    return redirect(url_for("operations.board"), 303)


@operations.post("/read-only/removal")
def open_desk() -> Response:
    """Let them work again."""
    read_only.end(current_app.config)
    with saving():
        say("desk", "desk", "The desk", "no longer read-only")
    return redirect(url_for("operations.board"), 303)


def context() -> dict[str, Any]:
    found = reading.read()
    tiles = plate.tiles(found)
    return {
        "figures": found, "tiles": tiles, "summary": plate.summary(tiles), "alarms": alarms.alarms(found),
        "rungs": plate.rungs(found), "ages": plate.ages_by_window(found), "spoken": plate.spoken, "size": plate.size, "silent": plate.SILENT,
        "zone": zone(), "duration": plate.duration,
    }  # fmt: skip


@operations.get("/runbook")
def show_runbook() -> str:
    return render_template("ops/runbook.html", entries=runbook.entries(), opened=runbook.opening())


@operations.get("/doctor")
def consult() -> str:
    found = doctor.examine(current_app.config)
    return render_template(
        "ops/doctor.html", findings=sorted(found, key=lambda each: doctor.WORST_FIRST.index(each.state)), counts=doctor.counts(found)
    )


@operations.get("/history")
def show_history() -> str:
    days = request.args.get("days", timings.SPANS[0], type=int)
    if days not in timings.SPANS:
        abort(404)
    try:
        rows = timings.history(connection(), now(), days, QUEUE_NAMES)
    except RedisError:
        rows = None
    return render_template("ops/history.html", rows=rows, days=days, spans=timings.SPANS, alerts=alerts.latest(), zone=zone(), span=plate.spoken)


# ---- failed jobs


@operations.get("/failed")
def show_failed() -> tuple[str, int] | str:
    name, number = asked_queue(request.args.get("queue") or busiest_failing()), max(1, request.args.get("page", 1, type=int))
    try:
        counts = {each: failed.count(each, connection()) for each in QUEUE_NAMES}
        jobs = failed.page(name, connection(), number)
    except RedisError:
        counts, jobs = {}, []
    more = counts.get(name, 0) > number * failed.ON_A_PAGE
    return render_template("ops/failed.html", name=name, jobs=jobs, counts=counts, number=number, has_more=more, zone=zone())


def busiest_failing() -> str:
    """The queue with most failed jobs."""
    try:
        return max(QUEUE_NAMES, key=lambda name: failed.count(name, connection()))
    except RedisError:
        return QUEUE_NAMES[0]


@operations.post("/failed/requeue")
def requeue() -> Response:
    """Ask again for the chosen jobs."""
    return act_on_chosen("requeue", "requeued")


@operations.post("/failed/deletion")
def delete() -> Response:
    """Forget the chosen jobs."""
    return act_on_chosen("delete", "deleted")


@operations.post("/failed/all")
def act_on_all() -> Response:
    """Have a worker requeue or delete all that failed on a queue."""
    name, action = asked_queue(request.form.get("queue", "")), request.form.get("action", "")
    if action not in failed.ACTIONS:
        abort(400)
    count = ask_redis(lambda: failed.count(name, connection()))
    note("job", f"queue:{name}", name, f"{action} of all {count:,} failed jobs asked for")
    if later(f"{action}_all_failed", name, queue_name="slow"):
        flash(f"A worker of the queue slow will {action} all {count:,} failed jobs of {name}.")
    else:
        flash("Redis took no job. Try again when it answers.", "error")
    return redirect(url_for("operations.show_failed", queue=name))


def act_on_chosen(action: str, word: str) -> Response:
    name, ids = asked_queue(request.form.get("queue", "")), request.form.getlist("job")
    if not ids:
        flash("Choose jobs first.", "warn")
        return redirect(url_for("operations.show_failed", queue=name))
    done = ask_redis(lambda: failed.ACTIONS[action](name, connection(), ids))
    note("job", f"queue:{name}", name, f"{done} of {len(ids)} failed jobs {word}: {', '.join(ids)}"[:1000])
    flash(f"{done} {'job' if done == 1 else 'jobs'} {word}." + (f" {len(ids) - done} had gone meanwhile." if done < len(ids) else ""))
    return redirect(url_for("operations.show_failed", queue=name))


# ---- workers and the schedule


@operations.post("/workers/<name>/stop")
def stop_worker(name: str) -> Response:
    """Let a worker finish what it is at and end; whoever supervises it starts a fresh one."""
    known_worker(name)
    ask_redis(lambda: send_shutdown_command(connection(), name))
    return told("worker", name, "stopped", f"Worker {name[:12]} ends after the job that it is at; a fresh one is started in its place.")


@operations.post("/workers/<name>/quiet")
def quiet_worker(name: str) -> Response:
    """Let a worker take no more jobs."""
    known_worker(name)
    ask_redis(lambda: worker_notes.quiet(connection(), name))
    return told("worker", name, "made quiet", f"Worker {name[:12]} takes no more jobs, but for one that it may be waiting for.")


@operations.post("/workers/<name>/quiet/removal")
def wake_worker(name: str) -> Response:
    """Let a quiet worker take jobs again."""
    known_worker(name)
    ask_redis(lambda: worker_notes.wake(connection(), name))
    return told("worker", name, "takes jobs again", f"Worker {name[:12]} takes jobs again.")


@operations.post("/schedule/<job>/run")
def run_now(job: str) -> Response:
    """Ask for a job of the schedule, whatever its turn."""
    if job not in current_app.extensions.get("periods", {}):
        abort(404)
    if not later("run_now", job, queue_name=current_app.extensions.get("queue_of", {}).get(job, "desk")):
        flash("Redis took no job. Try again when it answers.", "error")
        return redirect(url_for("operations.board"))
    return told("job", job, "asked for", f"{job} is asked for; a worker runs it.")


def connection() -> Any:
    return current_app.extensions["redis_desk"]


def asked_queue(name: str) -> str:
    return name if name in QUEUE_NAMES else abort(404)


def known_worker(name: str) -> None:
    """404 for one that is not there: its key would be made for nobody."""
    if not ask_redis(lambda: connection().sismember(Worker.redis_workers_keys, f"{Worker.redis_worker_namespace_prefix}{name}")):
        abort(404, "That worker is gone already.")


def ask_redis(do: Any) -> Any:
    """What it answers; 503 when it does not."""
    try:
        return do()
    except RedisError as error:
        abort(503, f"Redis does not answer: {error}")


def note(kind: str, thing: str, label: str, what: str) -> None:
    """Tell the audit log; what was done is in Redis, which writes none."""
    with saving():
        say(kind, thing, label, what, db.session.connection())


def told(kind: str, name: str, what: str, words: str) -> Response:
    note(kind, f"{kind}:{name}", name, what)
    flash(words)
    return redirect(url_for("operations.board"))

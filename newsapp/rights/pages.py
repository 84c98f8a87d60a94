"""Where editors see what crawlers get."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request

from newsapp.rights.crawlers import OBEYS, USES, newest
from newsapp.rights.policy import LICENCE_PATH, MINING_PATH
from newsapp.rights.trial import NoAnswer, NotOurs, Trial, path_of, try_out
from newsapp.traffic.bots import lists_home

rights = Blueprint("rights", __name__, url_prefix="/desk/rights")


@rights.get("")
def show() -> str:
    typed, site = request.args.get("address", ""), current_app.config["SITE_URL"]
    crawlers = newest(lists_home(current_app.config))
    trial, problem = None, ""
    if typed:
        try:
            trial = try_out(site, path_of(typed, site), crawlers)
        except (NotOurs, NoAnswer) as error:
            problem = str(error)
    files = [f"{site}{path}" for path in ("/robots.txt", MINING_PATH, LICENCE_PATH)]
    return render_template(
        "rights/trial.html", typed=typed, site=site, trial=trial, problem=problem, crawlers=crawlers, uses=USES, obeys=OBEYS, files=files,
        by_use=by_use(trial),
    )  # fmt: skip


def by_use(trial: Trial | None) -> list[tuple[str, list[object]]]:
    """The list of crawlers, by what they are for."""
    listed = trial.listed if trial else []
    return [(use.label, [row for row in listed if row[0].use == use.slug]) for use in USES]

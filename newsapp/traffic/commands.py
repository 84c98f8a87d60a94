"""newsapp ledger: are all events accounted for?"""

from __future__ import annotations

import json
import sys

import click
import redis
from sqlalchemy.exc import OperationalError, ProgrammingError

from newsapp import create_app
from newsapp.traffic.ledger import Balance, balance


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object: received, counted, filtered, waiting, balance.")
def ledger(as_json: bool) -> None:
    """Show that received = counted + filtered + waiting. Exits 1 when it is not."""
    app = create_app(role="work")
    try:
        with app.app_context():
            books = balance(app.extensions["redis_jobs"])
    except (OperationalError, ProgrammingError):
        sys.exit("newsapp: the database has no tables yet; run newsapp up or newsapp migrate first, and check NEWSAPP_HOME and DATABASE_URL")
    except redis.RedisError as error:
        sys.exit(f"newsapp: the inbox does not answer ({error}); start newsapp up, or set REDIS_URL, and ask again")
    click.echo(json.dumps(books) if as_json else table(books))
    sys.exit(0 if books["balance"] == 0 else 1)


def table(books: Balance) -> str:
    """The books for people."""
    rows = [("received", books["received"]), ("counted", books["counted"])]
    rows += [(f"  filtered: {reason}", events) for reason, events in books["filtered"].items()]
    rows += [("waiting", books["waiting"]), ("balance", books["balance"])]
    return "\n".join(f"{name:<28}{figure:>12,}" for name, figure in rows)

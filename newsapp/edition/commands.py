"""newsapp sample: the sample edition, published or taken away."""

from __future__ import annotations

import click


@click.group()
def sample() -> None:
    """Publish the sample edition, or take it away."""


@sample.command()
def publish() -> None:
    """Publish the sample edition, its times relative to now."""
    from newsapp import create_app
    from newsapp.database import now
    from newsapp.edition.publish import publish_edition

    with create_app(role="tool").app_context():
        click.echo(f"Published {publish_edition(now())} articles.")


@sample.command()
def remove() -> None:
    """Take the sample edition away; what you made yourself stays."""
    from newsapp import create_app
    from newsapp.edition.remove import remove_edition

    with create_app(role="tool").app_context():
        for kind, count in remove_edition().items():
            click.echo(f"{kind}: {count}")

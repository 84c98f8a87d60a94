"""CHANNELS: the ways by which an alert goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app

from newsapp.traffic.outbound import NotAllowed, Unanswered
from newsapp.traffic.webhook import send as post

Said = dict[str, Any]
Settings = dict[str, Any]


class NotTaken(Exception):
    """The receiver did not take the alert; the message says why."""


@dataclass(frozen=True)
class Channel:
    """One way. `address` is empty while nobody has set it up; `send` raises NotTaken."""

    name: str
    address: Callable[[Settings], str]
    send: Callable[[Said, Settings], None]


def mail_address(settings: Settings) -> str:
    """The operators', else the chief's; none without a mail server."""
    return (settings["alert_email"] or settings["chief_email"]) if current_app.config["SMTP_URL"] else ""


def send_mail(said: Said, settings: Settings) -> None:
    from newsapp.people import letters  # what signs editors in comes with it, and only an alert needs that here

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if "mailman" not in app.extensions:
        letters.init_letters(app)
    host = urlsplit(current_app.config["SITE_URL"]).hostname
    try:
        letters.send(mail_address(settings), subject(said, host or ""), text(said), {"Message-ID": f"<{said['id']}@{host}>"})
    except letters.LetterError as error:
        raise NotTaken(str(error)) from error


def subject(said: Said, host: str) -> str:
    return f"[{host}] {'Over: ' if said['state'] == 'over' else ''}{said['title']}"


def text(said: Said) -> str:
    if said["state"] == "over":
        return f"{said['title']}\n\nIt is over. It began at {said['since']} and lasted {said['lasted']}.\n\nThe board: {said['board']}\n"
    return (
        f"{said['title']}\n\nSince {said['since']}.\n\nCause: {said['cause']}\n\nEffect: {said['effect']}\n\nWhat to do: {said['advice']}\n\n"
        f"More of it: {said['runbook']}\nThe board: {said['board']}\n\nThis is told once, and once more when it is over.\n"
    )


def send_webhook(said: Said, settings: Settings) -> None:
    try:
        post(said, settings["alert_webhook"], settings["alert_secret"])
    except (NotAllowed, Unanswered, OSError) as error:
        raise NotTaken(str(error)) from error


CHANNELS = (
    Channel("mail", mail_address, send_mail),
    Channel("webhook", lambda settings: str(settings["alert_webhook"]), send_webhook),
)

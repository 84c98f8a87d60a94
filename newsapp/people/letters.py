"""Letters: e-mail by the operator's SMTP server, and what went wrong with one, in words."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from flask import Flask, current_app
from flask_mailman import EmailMessage, Mail
from flask_security import MailUtil

from newsapp.config import Config

log = structlog.get_logger()
PATIENCE = 10  # seconds that a server may take for one step
PORTS = {"smtp": 587, "smtps": 465}


class LetterError(Exception):
    """A letter was not taken; the message says why, and what to look at."""


def options(config: Config) -> dict[str, Any]:
    """What Flask-Mailman is told. With a password the line is always encrypted; smtps:// is from the first byte."""
    server = urlsplit(config["SMTP_URL"])
    return {
        "MAIL_SERVER": server.hostname,
        "MAIL_PORT": server.port or PORTS.get(server.scheme, 25),
        "MAIL_USERNAME": unquote(server.username) if server.username else None,
        "MAIL_PASSWORD": unquote(server.password) if server.password else None,
        "MAIL_USE_SSL": server.scheme == "smtps",
        "MAIL_USE_TLS": server.scheme == "smtp" and bool(server.username),
        "MAIL_TIMEOUT": PATIENCE,
        "MAIL_BACKEND": "smtp",
        "MAIL_DEFAULT_SENDER": config["MAIL_FROM"],
    }


def init_letters(app: Flask) -> None:
    app.config.update(options(app.config))
    Mail(app)


def can_send() -> bool:
    return bool(current_app.config["SMTP_URL"])


def send(to: str, subject: str, text: str, headers: dict[str, str] | None = None) -> None:
    """Hand a letter to the server. Raises LetterError."""
    if not can_send():
        raise LetterError("No mail server is set: an operator sets SMTP_URL (docs/people.md).")
    try:
        EmailMessage(" ".join(subject.split()), text, current_app.config["MAIL_FROM"], [to], headers=headers).send()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise LetterError(in_words(error, f"{current_app.config['MAIL_SERVER']}:{current_app.config['MAIL_PORT']}")) from error


def in_words(error: Exception, server: str) -> str:
    """What went wrong between us and the server."""
    for kind, words in WORDS:
        if isinstance(error, kind):
            return f"{words.format(server=server)} ({said(error)})"
    return f"{server} did not take the letter ({said(error)})"


# The first that fits; the narrower kinds come first.
WORDS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "The name in {server} is not known. Look at the host in SMTP_URL."),
    (ConnectionRefusedError, "Nothing listens at {server}. Look at the port in SMTP_URL, and whether the server runs."),
    (TimeoutError, "{server} does not answer. A firewall may stand between."),
    (ssl.SSLCertVerificationError, "{server} has a certificate that is not trusted."),
    (ssl.SSLError, "{server} does not speak TLS like that. smtps:// is for TLS from the first byte, usually port 465; smtp:// for port 587."),
    (smtplib.SMTPAuthenticationError, "{server} refuses the name or the password in SMTP_URL."),
    (
        smtplib.SMTPNotSupportedError,
        "{server} offers no encryption, and a password is not sent in the clear. Use smtps://.",
    ),
    (smtplib.SMTPSenderRefused, "{server} does not let MAIL_FROM send."),
    (smtplib.SMTPRecipientsRefused, "{server} does not take letters for that address."),
    (smtplib.SMTPServerDisconnected, "{server} hung up. It may expect smtps:// instead of smtp://, or the other way."),
)


def said(error: Exception) -> str:
    """What the server or the system said itself."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {text.decode(errors='replace')}" for code, text in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return str(error) or type(error).__name__


class Letters(MailUtil):
    """How Flask-Security sends: beside the request, so that nobody can tell by its length who is known here."""

    def send_mail(self, template: str, subject: str, recipient: Any, sender: Any, body: str | None, html: str | None, **context: Any) -> None:
        if can_send():
            app = current_app._get_current_object()  # type: ignore[attr-defined]
            threading.Thread(target=send_quietly, args=(app, recipient, str(subject), body or ""), daemon=True).start()


def send_quietly(app: Flask, to: str, subject: str, text: str) -> None:
    with app.app_context():
        try:
            send(to, subject, text)
        except LetterError as error:
            log.warning("letter not sent", error=str(error))

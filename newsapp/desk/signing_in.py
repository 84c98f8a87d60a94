"""Signing in and out: sessions that stay below /desk, guessing that is slowed down, and the mark that keeps staff out of the counts."""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from typing import Any

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter
from flask_security import Security, SQLAlchemyUserDatastore, current_user
from flask_wtf import CSRFProtect

from newsapp.config import Config
from newsapp.database import db
from newsapp.desk.models import Role, User, WebAuthn
from newsapp.traffic.visitors import client_address

STAFF_COOKIE = "staff"  # its presence makes the beacon say so; public pages look at no cookie
GUESSES = "10 per minute; 60 per hour"  # wrong passwords from one address
GUESSES_AT_ONE = "100 per hour"  # wrong passwords for one person, from anywhere


def options(config: Config) -> dict[str, Any]:
    """What Flask, Flask-Security, Flask-WTF and Flask-Limiter are told."""
    secure = config["DESK_URL"].startswith("https:")
    return {
        "SESSION_COOKIE_NAME": "desk",
        "SESSION_COOKIE_PATH": "/desk",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "SECRET_KEY_FALLBACKS": [config["SECRET_KEY_PREVIOUS"]] if config["SECRET_KEY_PREVIOUS"] else [],
        "SECURITY_URL_PREFIX": "/desk",
        "SECURITY_LOGIN_URL": "/sign-in",
        "SECURITY_LOGOUT_URL": "/sign-out",
        "SECURITY_LOGIN_USER_TEMPLATE": "desk/sign_in.html",
        "SECURITY_POST_LOGIN_VIEW": "/desk/start",
        "SECURITY_POST_LOGOUT_VIEW": "/desk/sign-in",
        "SECURITY_FLASH_MESSAGES": False,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_FRESHNESS": timedelta(minutes=-1),  # no page asks for the password a second time
        "SECURITY_STATIC_FOLDER": None,
        "SECURITY_CACHE_CONTROL": None,  # entry.py says it for every page
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SINGLE_HASH": True,  # a salt made of SECRET_KEY would end all passwords when the key is changed
        "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": False,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a story may take an afternoon to write
        "WTF_CSRF_SSL_STRICT": False,  # the token decides; behind a proxy the scheme seen here is not the reader's
        "RATELIMIT_STORAGE_URI": "memory://",  # works without Redis; each desk process counts its own
    }


def init_signing_in(app: Flask) -> None:
    app.config.update(options(app.config))
    CSRFProtect(app)
    Security(app, SQLAlchemyUserDatastore(db, User, Role, WebAuthn), register_blueprint=True)
    limit_guesses(app)
    app.after_request(mark_staff)


def limit_guesses(app: Flask) -> None:
    """Slow down who guesses passwords. Only wrong ones count, so an office behind one address is not shut out."""
    limiter = Limiter(hashed_address, app=app)
    view: Any = app.view_functions["security.login"]
    for limits, key in ((GUESSES, hashed_address), (GUESSES_AT_ONE, hashed_email)):
        view = limiter.limit(limits, key_func=key, methods=["POST"], deduct_when=is_refused)(view)
    app.view_functions["security.login"] = view


def is_refused(response: Response) -> bool:
    return response.status_code == 200  # the form once more; 302 is a success


def hashed_address() -> str:
    return keyed_hash(client_address(request.environ, current_app.config["TRUSTED_PROXIES"]))


def hashed_email() -> str:
    return keyed_hash(request.form.get("email", "").strip().lower())


def keyed_hash(text: str) -> str:
    """Tells the same from the other without keeping who it was."""
    return blake2b(text.encode(errors="replace"), key=current_app.config["SECRET_KEY"].encode()[:64], digest_size=12).hexdigest()


def mark_staff(response: Response) -> Response:
    """Signing in sets the mark, signing out takes it away."""
    if request.endpoint == "security.login" and current_user.is_authenticated:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(STAFF_COOKIE, "1", path="/", httponly=True, samesite="Lax", secure=secure)
    if request.endpoint == "security.logout":
        response.delete_cookie(STAFF_COOKIE, path="/", httponly=True, samesite="Lax")
    return response

"""Signing in and out: sessions that stay below /desk, guessing that is slowed down, and the mark that keeps staff out of the counts."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from flask import Flask, Response, current_app, g, request, session
from flask_limiter import Limiter
from flask_login import user_logged_out
from flask_security import Security, SQLAlchemyUserDatastore, current_user, password_changed, password_reset, user_authenticated
from flask_wtf import CSRFProtect
from limits import parse
from sqlalchemy import delete, select

from newsapp.audit import deeds
from newsapp.config import Config
from newsapp.database import db, now, write_unit, writes
from newsapp.people import sessions
from newsapp.people.door import SESSION, init_door
from newsapp.people.forms import NewPasswordForm, OwnPasswordForm
from newsapp.people.letters import Letters, init_letters
from newsapp.people.models import DeskSession, Role, User, WebAuthn
from newsapp.people.passwords import Passwords
from newsapp.people.second_factor import Codes, Passkeys
from newsapp.people.staff import HASHING
from newsapp.traffic.visitors import client_address

STAFF_COOKIE = "staff"  # its presence makes the beacon say so; public pages look at no cookie
GUESSES = "10 per minute; 60 per hour"  # wrong passwords from one address
GUESSES_AT_ONE = "100 per hour"  # wrong passwords for one person, from anywhere
CODES_AT_ONE = "10 per 15 minutes"  # wrong codes for one person, who has the password already
LETTERS = "5 per minute; 30 per hour"  # requests for letters, from one address
LETTERS_TO_ONE = "5 per hour"
# Routes where somebody may be refused, and what was wrong then.
REFUSALS = {
    "security.login": "wrong password, or nobody of that e-mail",
    "security.two_factor_token_validation": "wrong code",
    "security.mf_recovery": "wrong recovery code",
    "security.wan_signin_response": "passkey not accepted",
}
TOO_MANY = "too many tries"
TOLD = parse("1 per hour")  # refusals for too many tries that the audit log has, of one address or person: nobody can fill it with them
# How a session began, by what Flask-Security says of it.
WAYS = {"password": "a password", "webauthn": sessions.PASSKEY, "change": "a new password", "invitation": "an invitation"}
UNLOCKED = ("security.login", "security.logout", "security.forgot_password")  # these write nothing, or hash for long before they do


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
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_POST_LOGIN_VIEW": "/desk/start",
        "SECURITY_POST_LOGOUT_VIEW": "/desk/sign-in",
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_FRESHNESS": timedelta(hours=1),  # who changes how to sign in shows again who it is
        "SECURITY_FRESHNESS_GRACE_PERIOD": timedelta(hours=1),
        "SECURITY_STATIC_FOLDER": None,
        "SECURITY_CACHE_CONTROL": None,  # entry.py says it for every page
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {f"argon2__{name}": cost for name, cost in HASHING.items()},
        "SECURITY_PASSWORD_SINGLE_HASH": True,  # a salt made of SECRET_KEY would end all passwords when the key is changed
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a story may take an afternoon to write
        "WTF_CSRF_SSL_STRICT": False,  # the token decides; behind a proxy the scheme seen here is not the reader's
        "RATELIMIT_STORAGE_URI": "memory://",  # works without Redis; each desk process counts its own
        **templates(), **words(), **password_options(config), **factor_options(config),
    }  # fmt: skip


def templates() -> dict[str, str]:
    names = {
        "LOGIN_USER": "sign_in", "VERIFY": "verify", "FORGOT_PASSWORD": "forgotten", "RESET_PASSWORD": "new_password",
        "CHANGE_PASSWORD": "own_password", "TWO_FACTOR_SETUP": "codes", "TWO_FACTOR_VERIFY_CODE": "code", "TWO_FACTOR_SELECT": "code",
        "MULTI_FACTOR_RECOVERY_CODES": "recovery_codes", "MULTI_FACTOR_RECOVERY": "recovery", "WAN_REGISTER": "passkeys", "WAN_SIGNIN": "passkey",
        "WAN_VERIFY": "verify_passkey",
    }  # fmt: skip
    return {f"SECURITY_{name}_TEMPLATE": f"people/{template}.html" for name, template in names.items()}


def words() -> dict[str, tuple[str, str]]:
    """What the desk says after it, in place of Flask-Security's own."""
    told = {
        "PASSWORD_RESET_REQUEST": ("If somebody here has that e-mail, a letter is on its way.", "info"),
        "PASSWORD_RESET_EXPIRED": ("That link is too old. Ask for another.", "error"),
        "INVALID_RESET_PASSWORD_TOKEN": ("That link is used or not whole. Ask for another.", "error"),
        "PASSWORD_RESET_NO_LOGIN": ("Your password is changed. Sign in with it.", "success"),
        "PASSWORD_CHANGE": ("Your password is changed. Elsewhere you are signed out.", "success"),
        "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": ("The authenticator app is set up. Now make recovery codes.", "success"),
        "TWO_FACTOR_DISABLED": ("The authenticator app is no longer asked for.", "success"),
        "TWO_FACTOR_INVALID_TOKEN": ("That code is not right, or was used. Scan the picture once more and type the next code.", "error"),
        "TWO_FACTOR_SETUP_EXPIRED": ("That took too long. Scan the new picture.", "error"),
        "TWO_FACTOR_LOGIN_SUCCESSFUL": ("Welcome back.", "success"),
        "TWO_FACTOR_PERMISSION_DENIED": ("Begin with your e-mail and password.", "error"),
        "WEBAUTHN_REGISTER_SUCCESSFUL": ("The passkey is kept. Sign in with it from now on.", "success"),
        "WEBAUTHN_CREDENTIAL_DELETED": ("The passkey is removed.", "success"),
        "PASSWORD_IS_THE_SAME": ("Choose another than the present one.", "error"),
    }
    return {f"SECURITY_MSG_{name}": message for name, message in told.items()}


def password_options(config: Config) -> dict[str, Any]:
    return {
        "SECURITY_CHANGEABLE": True,
        "SECURITY_CHANGE_URL": "/account/password",
        "SECURITY_POST_CHANGE_VIEW": "/desk/account",
        "SECURITY_RECOVERABLE": True,
        "SECURITY_RESET_URL": "/reset",
        "SECURITY_RESET_PASSWORD_WITHIN": timedelta(hours=24),
        "SECURITY_POST_RESET_VIEW": "/desk/sign-in",
        "SECURITY_EMAIL_SENDER": config["MAIL_FROM"],
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},  # no letter hangs on a name server
        "SECURITY_EMAIL_HTML": False,
        "SECURITY_EMAIL_SUBJECT_PASSWORD_RESET": "A new password for the desk",
        "SECURITY_EMAIL_SUBJECT_PASSWORD_NOTICE": "Your password for the desk was changed",
        "SECURITY_EMAIL_SUBJECT_PASSWORD_CHANGE_NOTICE": "Your password for the desk was changed",
        "SECURITY_VERIFY_URL": "/account/verify",
    }


def factor_options(config: Config) -> dict[str, Any]:
    return {
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,  # seconds that a clock may be wrong
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TWO_FACTOR_SETUP_URL": "/account/codes",
        "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/desk/account",
        "SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL": "/sign-in/code",
        "SECURITY_TWO_FACTOR_RESCUE_URL": "/sign-in/help",
        "SECURITY_TWO_FACTOR_SELECT_URL": "/sign-in/choice",
        "SECURITY_TOTP_SECRETS": {"1": config["TOTP_SECRET"]},
        "SECURITY_TOTP_ISSUER": "Desk",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": 8,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [fernet_key(config["TOTP_SECRET"])],
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_URL": "/account/recovery-codes",
        "SECURITY_MULTI_FACTOR_RECOVERY_URL": "/sign-in/recovery",
        "SECURITY_WEBAUTHN": True,
        "SECURITY_WAN_RP_NAME": "Desk",
        "SECURITY_WAN_ALLOW_USER_HINTS": False,
        "SECURITY_WAN_REGISTER_URL": "/account/passkeys",
        "SECURITY_WAN_POST_REGISTER_VIEW": "/desk/account/passkeys",
        "SECURITY_WAN_DELETE_URL": "/account/passkeys/removal",
        "SECURITY_WAN_SIGNIN_URL": "/sign-in/passkey",
        "SECURITY_WAN_VERIFY_URL": "/account/verify-passkey",
    }


def fernet_key(secret: str) -> bytes:
    """A key of the form that recovery codes are kept under."""
    return urlsafe_b64encode(blake2b(secret.encode(), digest_size=32, person=b"recovery").digest())


def init_signing_in(app: Flask) -> Limiter:
    """Returns what slows down who asks too often."""
    app.config.update(options(app.config))
    CSRFProtect(app)
    init_letters(app)
    init_door(app)
    Security(
        app, SQLAlchemyUserDatastore(db, User, Role, WebAuthn), register_blueprint=True, change_password_form=OwnPasswordForm,
        reset_password_form=NewPasswordForm, mail_util_cls=Letters, password_util_cls=Passwords, totp_cls=Codes, webauthn_util_cls=Passkeys,
    )  # fmt: skip
    limiter = app.extensions["guesses"] = Limiter(hashed_address, app=app)
    limit_guesses(app, limiter)
    app.before_request(take_lock)
    app.after_request(mark_staff)
    app.after_request(keep_session)
    app.teardown_request(give_lock)
    user_authenticated.connect(note_way, app)
    user_logged_out.connect(note_leaving, app)
    for signal in (password_changed, password_reset):
        signal.connect(end_older, app)
    return limiter


def limit_guesses(app: Flask, limiter: Limiter) -> None:
    """Slow down who guesses. Only wrong tries count, so an office behind one address is not shut out."""
    for endpoint, limits, key in LIMITS:
        options: dict[str, Any] = {} if endpoint == "security.forgot_password" else {"deduct_when": is_refused}
        view: Any = app.view_functions[endpoint]
        app.view_functions[endpoint] = limiter.limit(limits, key_func=key, methods=["POST"], **options)(view)


def is_refused(response: Response) -> bool:
    return response.status_code in (200, 400) and not g.get("came_in")  # the form once more; 302 is a success


def hashed_address() -> str:
    return keyed_hash(client_address(request.environ, current_app.config["TRUSTED_PROXIES"]))


def hashed_email() -> str:
    return keyed_hash(request.form.get("email", "").strip().lower())


def hashed_person() -> str:
    """Who has shown the password and is asked for a code."""
    return keyed_hash(str(session.get("tf_user_id", "")))


LIMITS = (
    ("security.login", GUESSES, hashed_address),
    ("security.login", GUESSES_AT_ONE, hashed_email),
    ("security.two_factor_token_validation", CODES_AT_ONE, hashed_person),
    ("security.mf_recovery", CODES_AT_ONE, hashed_person),
    ("security.wan_signin_response", GUESSES, hashed_address),
    ("security.forgot_password", LETTERS, hashed_address),
    ("security.forgot_password", LETTERS_TO_ONE, hashed_email),
    ("security.verify", GUESSES, hashed_address),
)  # fmt: skip


def keyed_hash(text: str) -> str:
    """Tells the same from the other without keeping who it was."""
    return blake2b(text.encode(errors="replace"), key=current_app.config["SECRET_KEY"].encode()[:64], digest_size=12).hexdigest()


def take_lock() -> None:
    """Flask-Security reads and writes in one transaction: it must have SQLite's write lock from the start."""
    endpoint = request.endpoint or ""
    if request.method == "POST" and endpoint.startswith("security.") and endpoint not in UNLOCKED:
        db.session.rollback()
        g.lock = ExitStack()
        g.lock.enter_context(writes())


def give_lock(error: BaseException | None) -> None:
    if lock := g.pop("lock", None):
        lock.close()


def note_way(app: Flask, user: User, authn_via: list[str] | None = None, **_: Any) -> None:
    """Somebody came in; the session is made when all else of the request is committed."""
    g.came_in = WAYS.get((authn_via or [""])[0], "a password and a code")


def note_leaving(app: Flask, **_: Any) -> None:
    g.left = session.pop(SESSION, None)


def end_older(app: Flask, user: User, **_: Any) -> None:
    """A new password ends what began with the old one, in the transaction that stores it."""
    db.session.execute(delete(DeskSession).where(DeskSession.user_id == user.id))


def keep_session(response: Response) -> Response:
    """Make the session of who came in, and note who was refused."""
    deed, left = deeds.current(), g.pop("left", None)
    if deed is None or not (left or g.get("came_in") or request.endpoint in REFUSALS):
        return response
    db.session.rollback()  # what was to be kept is committed; what was only read must not stand against the writing below
    give_lock(None)
    if g.get("came_in"):
        person = current_user._get_current_object()
        deed.who = str(person.email)
        session[SESSION] = sessions.begin(person, g.came_in, request.user_agent.string, now())
    elif left:
        sessions.leave(left)
    elif is_refused(response):
        note_refusal(REFUSALS[request.endpoint or ""])
    elif response.status_code == 429 and is_news():
        note_refusal(TOO_MANY)
    return response


def is_news() -> bool:
    """Whether nobody was told within the hour that this address or person is slowed down."""
    limiter: Limiter = current_app.extensions["guesses"]
    reached = limiter.current_limit
    return bool(reached and limiter.limiter.hit(TOLD, "told", reached.key))


def note_refusal(what: str) -> None:
    """Who is not known is not written down: a password may have been typed where the e-mail belongs."""
    for person in tried():
        with write_unit() as connection:
            deeds.say("sign_in", f"person:{person.id}", str(person.email), f"refused: {what}", connection)
        return
    with write_unit() as connection:
        deeds.say("sign_in", "sign_in", "", f"refused: {what}", connection)


def tried() -> Iterator[User]:
    """The person that somebody tried to come in as."""
    email, mark = request.form.get("email", "").strip().lower(), session.get("tf_user_id", "")
    yield from db.session.scalars(select(User).where(User.email == email if email else User.fs_uniquifier == mark)) if email or mark else ()


def mark_staff(response: Response) -> Response:
    """Coming in sets the mark, signing out takes it away."""
    if g.get("came_in"):
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(STAFF_COOKIE, "1", path="/", httponly=True, samesite="Lax", secure=secure)
    if request.endpoint == "security.logout":
        response.delete_cookie(STAFF_COOKIE, path="/", httponly=True, samesite="Lax")
    return response

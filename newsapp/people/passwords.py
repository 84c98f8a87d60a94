"""What a password must be: at least twelve characters that are not easily guessed, told in words that say what to do."""

from __future__ import annotations

from typing import Any

from flask_security import PasswordUtil
from zxcvbn import zxcvbn

LEAST = 12
MOST = 200
SCORE = 3  # of 4; zxcvbn: safely unguessable
LOOKED_AT = 72  # characters; the rest only makes it better, and looking at all of a long text takes seconds
ADVICE = "Four unrelated words are good, such as a thing, a place, a food and a sound."
TOO_SHORT = f"At least {LEAST} characters. {ADVICE}"
# What zxcvbn finds, as a reason that a person understands.
REASONS = (
    ("common password", "It is among the passwords that are tried first."),
    ("similar to a commonly", "It is close to a password that is tried first."),
    ("by itself", "One word is found in a dictionary."),
    ("ames", "Names are tried first."),
    ("epeats", "It repeats itself."),
    ("equences", "Rows like abc or 6543 are tried first."),
    ("ows of keys", "Rows of the keyboard are tried first."),
    ("keyboard patterns", "Patterns of the keyboard are tried first."),
    ("ears", "Years are tried first."),
    ("ates", "Dates are tried first."),
)


class Passwords(PasswordUtil):
    """How Flask-Security judges a new password."""

    def validate(self, password: str, is_register: bool, **about: Any) -> tuple[list[str] | None, str]:
        person = about.get("user")
        known = [person.email, person.name] if person else list(about.values())
        text = self.normalize(password)
        return problems(text, [str(value) for value in known if value]) or None, text


def without(password: str, parts: list[str]) -> str:
    """What of it says nothing about the person."""
    text = password.lower()
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part.lower(), "") if len(part) > 3 else text
    return text


def problems(password: str, known: list[str]) -> list[str]:
    """Why it cannot be the password of somebody of whom that is known; nothing when it can."""
    if len(password) < LEAST:
        return [TOO_SHORT]
    if len(password) > MOST:
        return [f"At most {MOST} characters."]
    parts = [part for text in known for part in (text, *text.replace("@", " ").replace(".", " ").split())]
    if len(without(password, parts)) < LEAST // 2:
        return [f"It is made of your name or your e-mail. {ADVICE}"]
    found = zxcvbn(password[:LOOKED_AT], user_inputs=parts)
    if found["score"] >= SCORE:
        return []
    warning = str(found["feedback"]["warning"] or "")
    reason = next((words for mark, words in REASONS if mark in warning), "It is easily guessed.")
    return [f"{reason} {ADVICE}"]

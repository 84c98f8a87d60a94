"""Authenticator apps and passkeys: what of Flask-Security's is ours to say."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from flask_security import Totp, WebauthnUtil
from webauthn.helpers.structs import AuthenticatorSelectionCriteria, ResidentKeyRequirement, UserVerificationRequirement


class Codes(Totp):
    """Codes of an authenticator app: each is taken once, and the picture to scan has an address of its own."""

    def verify_totp(self, token: str, totp_secret: str, user: Any, window: int = 0) -> bool:
        if totp_secret != user.tf_totp_secret:
            user.totp_counter = None  # another secret is being set up: what was taken of the old one does not matter
        return bool(super().verify_totp(token, totp_secret, user, window))

    def get_last_counter(self, user: Any) -> int | None:
        counter: int | None = user.totp_counter
        return counter

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        user.totp_counter = tmatch.counter

    def generate_qrcode(self, username: str, totp: str) -> str:
        return url_for("account.qr")


class Passkeys(WebauthnUtil):
    """Passkeys that stand for both factors: the device itself knows who holds it."""

    def origin(self) -> str:
        """The desk's public address: behind a proxy, what is seen here may be another."""
        address: str = current_app.config["DESK_URL"]
        return address

    def authenticator_selection(self, user: Any, usage: str) -> AuthenticatorSelectionCriteria:
        return AuthenticatorSelectionCriteria(resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED)

    def user_verification(self, user: Any, usage: list[str]) -> UserVerificationRequirement:
        return UserVerificationRequirement.REQUIRED

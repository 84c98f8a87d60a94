"""Who may do what: each route names the roles that may use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask_security import auth_required, roles_accepted

Handler = TypeVar("Handler", bound=Callable[..., Any])

# Open to everybody: the way in and out, the addresses that lead there, and what operators' tools ask.
OPEN = frozenset({"security.login", "security.logout", "home", "ops", "health.livez", "health.readyz", "health.metrics"})


def allowed(*roles: str) -> Callable[[Handler], Handler]:
    """Let in who has one of the roles, and admins; send others to sign in, or tell them that they may not."""

    def decorate(handler: Handler) -> Handler:
        guarded = auth_required("session")(roles_accepted("admin", *roles)(handler))
        guarded.roles = ("admin", *roles)
        return guarded  # type: ignore[no-any-return]

    return decorate

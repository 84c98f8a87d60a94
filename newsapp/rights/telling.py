"""The headers of the policy, made anew in each web process as soon as its settings move. Kept pages need not be made again for them."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError

from newsapp.delivery.memory import Memory
from newsapp.rights.policy import Policy
from newsapp.settings.store import Values, effective

log = structlog.get_logger()
UNREAD = -1


class Telling:
    """Policy.headers() as of this moment, from memory."""

    def __init__(self, memory: Memory, site: str) -> None:
        self.memory, self.site = memory, site
        self.version, self.headers = UNREAD, list[tuple[str, str]]()

    def __call__(self) -> list[tuple[str, str]]:
        version = self.memory.version("settings")
        if version != self.version or not version:
            self.headers, self.version = Policy.of(effective(self.values(), "site"), self.site).headers(), version
        return self.headers

    def values(self) -> Values:
        """What editors decided; nothing, so that the defaults hold, while no settings can be had at all."""
        try:
            values: Values = self.memory.read("settings")["values"]
        except SQLAlchemyError as error:
            log.warning("settings not readable", error=str(error))
            return {}
        return values

"""Copies: named values in Redis that are built from the database and can be rebuilt at any time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis

from newsapp.changes import tell_copy

# A copy is replaced only by a newer one: a worker that was paused must not bring an old list back.
WRITE_IF_NEWER = """
local old = redis.call('GET', KEYS[1])
if old then
  local ok, kept = pcall(cjson.decode, old)
  if ok and kept.revision and kept.revision > tonumber(ARGV[1]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


@dataclass(frozen=True)
class Copy:
    """One named value. `build()` reads the database and returns JSON's types with an int `revision`."""

    name: str
    build: Callable[[], dict[str, Any]]

    @property
    def key(self) -> str:
        return f"news:{self.name}"

    def read(self, connection: redis.Redis) -> dict[str, Any] | None:
        """The value as Redis has it; None when it has none."""
        return decode(connection.get(self.key))

    def refresh(self, connection: redis.Redis) -> bool:
        """Build anew, write, and tell when it is another. False when Redis already had it, or a newer one."""
        value = self.build()
        if self.read(connection) == value or not write(connection, self.key, value):
            return False
        tell_copy(connection, self.name)
        return True


def decode(raw: Any) -> dict[str, Any] | None:
    return json.loads(raw) if raw else None


def write(connection: redis.Redis, key: str, value: dict[str, Any]) -> bool:
    """Write a copy unless the one there has a higher revision."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return bool(connection.eval(WRITE_IF_NEWER, 1, key, str(value["revision"]), text))

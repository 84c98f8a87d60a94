"""Which user agents are programs."""

from __future__ import annotations

from functools import lru_cache

from crawleruseragents import is_crawler

LONGEST = 1000  # characters; no browser sends more


@lru_cache(maxsize=16384)
def is_bot(agent: str) -> bool:
    """Whether an agent is a crawler's by the list crawler-user-agents, or is no browser's at all."""
    return not agent.strip() or len(agent) > LONGEST or is_crawler(agent)

"""The worker processes: what they do (jobs), when (schedule), and what wakes them (ticker)."""

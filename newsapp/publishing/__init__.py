"""How a story comes to readers and leaves them: turns of its state, times, checks before it, previews, corrections."""

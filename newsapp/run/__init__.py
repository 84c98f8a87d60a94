"""Running newsapp: one command that checks, prepares, starts every part and keeps it running."""

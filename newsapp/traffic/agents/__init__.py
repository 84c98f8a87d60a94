"""What user agents say: which lists name them, and which signs of a program they bear."""

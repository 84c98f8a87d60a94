"""The front page: what editors place there, what fills the rest, and the bar of breaking news."""

"""WebSub: feeds that have news, told to a hub, which tells those who follow them."""

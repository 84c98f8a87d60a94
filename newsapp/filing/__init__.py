"""Filing: tags, authors, plain pages and redirects, and what is done to many articles at once."""

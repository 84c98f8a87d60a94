"""Full text: which stories have words, on SQLite by FTS5, on PostgreSQL by tsvector. docs/search.md."""

"""The database: all SQL, and the commits that put a call on disk before its response."""

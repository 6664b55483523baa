"""The database: all the SQL there is, and how what was answered comes to be on disk."""

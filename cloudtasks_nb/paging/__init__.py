"""Listings: which page is fetched when, and how its items are read, shown and tabulated."""

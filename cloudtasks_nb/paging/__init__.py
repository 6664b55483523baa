"""Listings: fetch pages, and read, show and export their items."""

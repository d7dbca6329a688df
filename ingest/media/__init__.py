"""Fetching pictures and clips that posts name, from a world that may be hostile."""

"""Watchlists as files: read, checked, imported; what is official."""

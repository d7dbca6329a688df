"""Bursts of copies: one text by many accounts at once, and what speaks for it."""

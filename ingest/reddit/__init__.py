"""Reddit through PRAW, read-only: subreddits and searches, live and from the past."""

from __future__ import annotations

from ingest.reddit.source import RedditSource

__all__ = ["RedditSource"]

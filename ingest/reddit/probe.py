"""Looks once at every place of the settings, for ``jikimi doctor --online``."""

from __future__ import annotations

from ingest.reddit.client import Client, Refused, Stopped
from ingest.reddit.options import RedditOptions
from ingest.source import Disconnected, Probed


def probe(client: Client, options: RedditOptions) -> Probed:
    """What can be read of what the settings name.

    Raises:
        SourceError: Reddit cannot be reached, asks us to wait, or we were stopped.
        SourceMisconfigured: wrong credentials.
    """
    places: list[tuple[str, str, str | None]] = [
        (f"r/{name}", f"r/{name}/new", None) for name in options.subreddits
    ]
    for search in options.searches:
        path = "search" if search.subreddit is None else f"r/{search.subreddit}/search"
        places.append((f"search for {search.query[:40]!r}", path, search.query))
    problems: list[str] = []
    for label, path, query in places:
        asked: dict[str, str | int] = {"limit": 1}
        if query is not None:
            asked |= {"q": query, "sort": "new", "type": "link"}
        try:
            client.get(path, asked)
        except Refused as refused:
            problems.append(f"{label} {refused}")
        except Stopped:
            raise Disconnected("stopped") from None
    return Probed(
        found=f"logged in, {len(places) - len(problems)} of {len(places)} places can be read",
        problems=tuple(problems),
    )

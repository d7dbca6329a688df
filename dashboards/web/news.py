"""Where a page of alerts stands in the stream of news, so that it misses nothing after it."""

from __future__ import annotations

from typing import NamedTuple

from dashboards.web.api.feed import present
from dashboards.web.site import Site
from stream.index import AlertQuery


class Standing(NamedTuple):
    """The place in the stream of ``/api/events``, and when the newest alert was raised."""

    place: str
    newest: int


def standing(site: Site) -> Standing:
    """How things stand; ask before anything else, or what comes meanwhile is missed."""
    place = str(present(site))
    newest = site.index.alerts(AlertQuery(limit=1)).alerts
    return Standing(place, newest[0].created_at if newest else 0)

"""Events of the fandom calendar beside what the API tells."""

from __future__ import annotations

from typing import Literal

from dashboards.web.api.fields import Model, Time, iso
from dashboards.web.occasions import about
from dashboards.web.site import Site

MOST = 100


class OccasionModel(Model):
    """Something that was on meanwhile; it may explain how many posted, never any harm."""

    name: str
    kind: Literal["comeback", "vote", "birthday", "broadcast", "concert", "project", "other"]
    since: Time
    until: Time


def occasion_models(site: Site, subject: str, since: int, until: int) -> list[OccasionModel]:
    """What the calendar says was on about a subject from ``since`` to before ``until``."""
    found = about(site.calendar.between(None, since, until), site.watchlist, subject)
    return [
        OccasionModel(
            name=one.event.name,
            kind=one.event.kind,
            since=iso(one.since),
            until=iso(one.until),
        )
        for one in found[:MOST]
    ]

"""What an alert counted when it was raised, kept through all that it grows to."""

from __future__ import annotations

import msgspec

from stream.records import Alert, Tally


def counted(alert: Alert) -> Alert:
    """The first revision of an alert, with its counts kept as those of then."""
    then = Tally(
        at=alert.updated_at,
        posts=alert.posts,
        accounts=alert.accounts,
        platforms=alert.platforms,
    )
    return msgspec.structs.replace(alert, raised=then)

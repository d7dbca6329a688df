"""Looks again at what was read: what vanished is deleted, what changed is read again.

Things are looked at in groups of those that were read at about the same time,
at growing ages. One that an answer leaves out is not taken for deleted at once,
as an answer may be incomplete; it must be left out again a minute later.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from itertools import islice
from typing import Final

import msgspec

from ingest import clean
from ingest.clean import Context
from ingest.formats import reddit
from ingest.records import Deletion, Malformed, Post
from ingest.reddit.cursor import number_of
from ingest.reddit.listing import Page

MINUTE_MS: Final = 60_000
AGES_MS: Final = tuple(minutes * MINUTE_MS for minutes in (10, 60, 6 * 60, 24 * 60))
"""When a thing is looked at again after it was read, and once more at the end of the span."""
GROUP_MS: Final = 10 * MINUTE_MS
LARGEST: Final = 500
"""Things in a group, so that looking at one does not keep new things waiting."""
MOST: Final = 20_000
"""Things remembered; beyond it the oldest are looked at no more."""
AT_ONCE: Final = 99
"""Things asked about at once: Reddit takes a hundred, and one is a witness, known to exist."""
SAID: Final = 4
"""Characters of a print that stand for what a thing says."""
ENOUGH: Final = 4
"""Doubt from which on a thing counts as gone: two answers with other things, or four empty."""

Checked = tuple[Post | Deletion | Malformed, str]


class Group(msgspec.Struct, omit_defaults=True):
    """Things read at about one time (``at``, ms), and how often they were looked at.

    ``names`` are ``t3_abc=PRINT``, separated by blanks.
    """

    at: int
    names: str = ""
    looks: int = 0


class RecheckState(msgspec.Struct, omit_defaults=True):
    """What is to be looked at again, as it is written down.

    ``doubts`` holds things that an answer left out: how much doubt, and when to
    ask again (ms).
    """

    groups: list[Group] = []
    doubts: dict[str, tuple[int, int]] = {}


class Recheck:
    """What was read within ``span_ms``; 0 looks at nothing again."""

    def __init__(self, span_ms: int, state: RecheckState) -> None:
        self._span_ms = span_ms
        self._ages = [*(age for age in AGES_MS if age < span_ms), span_ms]
        self._prints: dict[str, str] = {}
        self._groups = [(group, self._names(group)) for group in state.groups]
        self._doubts = dict(state.doubts)
        self._known = {name for _, names in self._groups for name in names}
        self._witness: str | None = None

    def _names(self, group: Group) -> dict[str, None]:
        names: dict[str, None] = {}
        for entry in group.names.split():
            name, _, seen = entry.partition("=")
            names[name] = None
            if seen:
                self._prints[name] = seen
        return names

    def state(self) -> RecheckState:
        """As it is written down."""
        prints = self._prints
        for group, names in self._groups:
            group.names = " ".join([f"{name}={prints.get(name, '')}" for name in names])
        return RecheckState(groups=[group for group, _ in self._groups], doubts=self._doubts)

    def note(self, name: str, content: object, now: int) -> None:
        """A thing was read at ``now`` (ms) and is to be looked at again."""
        if not self._span_ms:
            return
        self._prints[name] = _print(content)
        if name in self._known:
            return
        newest = self._groups[-1] if self._groups else None
        if newest is None or now - newest[0].at >= GROUP_MS or len(newest[1]) >= LARGEST:
            newest = (Group(at=now), dict[str, None]())
            self._groups.append(newest)
        newest[1][name] = None
        self._known.add(name)
        while len(self._known) > MOST:
            _, names = self._groups[0]
            for oldest in list(islice(names, AT_ONCE)):
                self.forget(oldest)

    def knows(self, name: str) -> bool:
        """Whether a thing was read and is still looked at."""
        return name in self._known

    def forget(self, name: str) -> None:
        """A thing is gone."""
        if name in self._known:
            self._known.discard(name)
            for _, names in self._groups:
                names.pop(name, None)
        self._groups = [(group, names) for group, names in self._groups if names]
        self._prints.pop(name, None)
        self._doubts.pop(name, None)

    def is_edited(self, name: str, content: object) -> bool:
        """Whether a thing that comes by says something else than when it was read."""
        before = self._prints.get(name)
        return before is not None and before[:SAID] != _print(content)[:SAID]

    def due(self, now: int) -> int | None:
        """Milliseconds until something is to be looked at; None when there is nothing."""
        times = [group.at + self._ages[group.looks] for group, _ in self._groups]
        times += [when for _, when in self._doubts.values()]
        return max(0, min(times) - now) if times else None

    def look(self, ask: Callable[[str], Page], context: Context) -> Iterator[Checked]:
        """Look at one group that is due; items with the full names of their things.

        ``ask`` gets full names, separated by commas.
        """
        now = context.now or 0
        doubtful = [name for name, (_, when) in self._doubts.items() if when <= now]
        if doubtful:
            yield from self._ask(ask, doubtful[:AT_ONCE], context)
            return
        due = [
            entry for entry in self._groups if entry[0].at + self._ages[entry[0].looks] <= now
        ]
        if not due:
            return
        group, names = due[0]
        waiting = [name for name in names if name not in self._doubts]
        for start in range(0, len(waiting), AT_ONCE):
            yield from self._ask(ask, waiting[start : start + AT_ONCE], context)
        group.looks += 1
        while group.looks < len(self._ages) and group.at + self._ages[group.looks] <= now:
            group.looks += 1
        if group.looks >= len(self._ages):
            self._finish(group, names)

    def _finish(self, group: Group, names: dict[str, None]) -> None:
        """The span is over; only what is in doubt is asked about once more."""
        self._groups = [entry for entry in self._groups if entry[0] is not group]
        for name in names:
            self._known.discard(name)
            self._prints.pop(name, None)

    def _ask(
        self, ask: Callable[[str], Page], names: list[str], context: Context
    ) -> Iterator[Checked]:
        asked = [*names, *self._a_witness(names)]
        found = {
            name: content
            for content in ask(",".join(asked)).things
            if (name := name_of(content)) is not None
        }
        self._witness = next(iter(found), None)
        for name in names:
            content = found.get(name)
            if content is None:
                yield from self._doubt(name, context, weight=2 if found else 1)
                continue
            self._doubts.pop(name, None)
            item = reddit.decode(content, context)
            before = self._prints.get(name)
            if isinstance(item, Deletion):
                self.forget(name)
                yield item, name
            elif before != (now := _print(content)):
                if name in self._known:
                    self._prints[name] = now
                yield item, name

    def _a_witness(self, names: list[str]) -> list[str]:
        """Something that should be there; an answer without it says nothing of others."""
        lately = self._groups[-1][1] if self._groups else {}
        for name in (self._witness, *reversed(lately)):
            if name is not None and name not in names and name not in self._doubts:
                return [name]
        return []

    def _doubt(self, name: str, context: Context, weight: int) -> Iterator[Checked]:
        now = context.now or 0
        doubt = self._doubts.get(name, (0, 0))[0] + weight
        if doubt < ENOUGH:
            self._doubts[name] = (doubt, now + MINUTE_MS)
            return
        self.forget(name)
        gone = Deletion(id=f"{reddit.PLATFORM}:{name}", source=context.source, deleted_at=now)
        yield gone, name


def name_of(content: object) -> str | None:
    """The full name (``t3_abc``) of a submission or comment, None when it has none."""
    kind = reddit.kind_of(content)
    number = number_of(clean.mapping(clean.mapping(content).get("data")).get("id"))
    if number is None or kind not in (reddit.COMMENT, reddit.SUBMISSION):
        return None
    return f"{kind}_{reddit.base36(number)}"


def _print(content: object) -> str:
    """What tells one state of a thing from another: what it says, then its counts."""
    data = clean.mapping(clean.mapping(content).get("data"))
    said = ("title", "selftext", "body", "edited", "removed_by_category", "author", "url")
    counted = ("score", "num_comments", "num_crossposts")
    return _digest(data, said) + _digest(data, counted)


def _digest(data: Mapping[str, object], keys: tuple[str, ...]) -> str:
    """24 bits as :data:`SAID` characters."""
    text = repr([data.get(key) for key in keys]).encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(blake2b(text, digest_size=3).digest()).decode()

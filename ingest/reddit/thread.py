"""Reads the comments under a submission, what Reddit folds away included, within bounds.

A listing of comments gives about a thousand; a backfill that reaches further
finds them under the submissions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ingest import clean
from ingest.formats import reddit
from ingest.reddit.client import PAGE, Client
from ingest.reddit.cursor import number_of
from ingest.reddit.listing import Thing, thing_of

MOST_REQUESTS: Final = 30
"""Requests for one thread: thousands of comments; the rest is a gap."""
LARGEST: Final = 500
"""Comments that Reddit gives at most with a thread."""


class Thread:
    """The comments under the submission with this id (``abc``).

    ``unread`` counts what was left out when the bounds were reached.
    """

    def __init__(self, client: Client, native: str) -> None:
        self._client = client
        self._native = native
        self._folded: list[str] = []
        self._branches: list[str] = []
        self._asked: set[str] = set()
        self.unread = 0

    def read(self) -> list[Thing]:
        """All comments that can be had, oldest first.

        Raises:
            Refused: the thread cannot be read.
            SourceError: nothing can be read for now.
        """
        found: dict[int, Thing] = {}
        path = f"comments/{self._native}"
        self._take(self._client.get(path, {"limit": LARGEST, "sort": "new"}), found)
        for _ in range(MOST_REQUESTS - 1):
            if self._folded:
                asked, self._folded = self._folded[:PAGE], self._folded[PAGE:]
                more = {"link_id": f"t3_{self._native}", "children": ",".join(asked)}
                answer = self._client.post("api/morechildren", more | {"sort": "new"})
            elif self._branches:
                branch = self._branches.pop()
                answer = self._client.get(path, {"comment": branch, "limit": LARGEST})
            else:
                break
            self._take(answer, found)
        self.unread = len(self._folded) + len(self._branches)
        return [found[number] for number in sorted(found)]

    def _take(self, answer: object, found: dict[int, Thing]) -> None:
        for content in reddit.flatten(answer):
            kind = reddit.kind_of(content)
            if kind == "more":
                self._fold(clean.mapping(clean.mapping(content).get("data")))
            elif kind == reddit.COMMENT and (thing := thing_of(content)) is not None:
                found.setdefault(thing.number, thing)

    def _fold(self, data: object) -> None:
        """Note what an answer folds away: ids to ask for, or a branch that goes on."""
        fields = clean.mapping(data)
        children = [child for child in _ids(fields.get("children")) if child not in self._asked]
        if children:
            self._folded += children
            self._asked.update(children)
        elif not clean.sequence(fields.get("children")):
            parent = clean.short(fields.get("parent_id")) or ""
            branch = parent.removeprefix("t1_")
            if branch != parent and number_of(branch) is not None and branch not in self._asked:
                self._branches.append(branch)
                self._asked.add(branch)


def _ids(value: object) -> Iterator[str]:
    for child in clean.sequence(value):
        if isinstance(child, str) and number_of(child) is not None:
            yield child

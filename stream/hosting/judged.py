"""Has a judge look at what is about to be logged; what it cannot judge is logged as it is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from detect.detector import Judge
from detect.records import Judgement
from stream.records import Logged, LoggedPost

log = structlog.get_logger(__name__)


def with_judgements(entries: Sequence[Logged], judge: Judge) -> tuple[list[Logged], int]:
    """The entries, their posts with a judgement; and how many posts have none.

    A batch on which the judge fails is judged post by post, so that one hostile text
    costs nobody else's judgement, and the pipeline goes on.
    """
    posts = [entry for entry in entries if isinstance(entry, LoggedPost)]
    if not posts:
        return list(entries), 0
    try:
        found: list[Judgement | None] = [*_ask(judge, posts)]
    except Exception:  # noqa: BLE001 - whatever a text does to a judge, posts go on
        found = _one_by_one(judge, posts)
    of_post = iter(found)
    made: list[Logged] = [
        msgspec.structs.replace(entry, judgement=next(of_post))
        if isinstance(entry, LoggedPost)
        else entry
        for entry in entries
    ]
    return made, found.count(None)


def _one_by_one(judge: Judge, entries: Sequence[LoggedPost]) -> list[Judgement | None]:
    found: list[Judgement | None] = []
    problem = ""
    for entry in entries:
        try:
            found += _ask(judge, [entry])
        except Exception as error:  # noqa: BLE001 - as above
            found.append(None)
            problem = problem or f"{entry.post.id}: {type(error).__name__}: {error}"[:500]
    # One line a batch: a judge that fails on every post must not fill the disk.
    log.warning("not_judged", posts=found.count(None), first=problem)
    return found


def _ask(judge: Judge, entries: Sequence[LoggedPost]) -> list[Judgement]:
    found = judge.judge([e.post for e in entries], [e.mentions for e in entries])
    if len(found) != len(entries):
        raise ValueError(f"{len(found)} judgements of {len(entries)} posts")
    return found

"""An embedded host with an operator that remembers what it saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from detect.records import Mention
from ingest.collector import Collected
from ingest.records import Post
from stream.embedded import EmbeddedHost
from stream.operator import Context, Effects, Item, Put, State
from stream.records import Membership, PostSeen

MINUTE = 60_000
START = 1_700_000_040_000 // MINUTE * MINUTE


def post(native: object, text: str = "arin hello", at: int = START, **changes: object) -> Post:
    values = {
        "id": f"x:{native}",
        "source": "x",
        "platform": "x",
        "author_id": "a1",
        "created_at": at,
        "text": text,
    }
    return Post(**(values | changes))


def match(one: Post) -> tuple[Mention, ...]:
    return tuple(
        Mention(subject=name, reason="alias", surface=name, start=0, end=len(name))
        for name in ("arin", "bora")
        if name in one.text
    )


def follow(one: Post, known: Mapping[str, tuple[str, ...]]) -> tuple[Mention, ...]:
    return tuple(
        Mention(subject=s, reason="thread", via=one.reply_to)
        for s in known.get(one.reply_to or "", ())
    )


class Remembering:
    """Counts a subject's posts; its state is the truth, a tick reports it."""

    name = "remembering"
    version = "1"

    def apply(self, state: State, batch: Sequence[Item], ctx: Context, /) -> Effects:
        effects = Effects()
        for item in batch:
            if isinstance(item.event, PostSeen):
                key = item.event.subject
                held = effects.put.get(key)
                before = int(held.value if held else state.get(key) or b"0")
                effects.put[key] = Put(str(before + 1).encode(), START + 10**12)
                effects.emit.append(
                    (
                        item.offset,
                        Membership(
                            subject=key,
                            post_id=item.event.post.id,
                            cluster_id=str(before + 1),
                            revision=item.event.revision,
                        ),
                    )
                )
        return effects

    def reset(self) -> None:
        pass


def open_host(folder: Path, **changes: object) -> EmbeddedHost:
    values = {
        "match": match,
        "follow": follow,
        "groups_of": lambda s: ("luna",) if s == "arin" else (),
        "operators": [Remembering()],
        "now": lambda: START,
        "partitions": 4,
    }
    return EmbeddedHost(folder, **(values | changes))


def collected(*items: object, cursor: str | None = None, skipped: int = 0) -> Collected:
    return Collected(source="x", items=list(items), cursor=cursor, skipped=skipped)


def events(host: EmbeddedHost) -> list[object]:
    return [
        event
        for partition in range(host.subjects.partitions)
        for _, event in host.subjects.read(partition, 0, 10_000)
    ]


def everything(host: EmbeddedHost) -> tuple[object, ...]:
    """All that must be the same whatever happened on the way, as it lies on disk."""
    host.subjects.rolled_back()
    memberships = list(host.processor.results.of_kind("membership"))
    return (
        sorted(map(repr, events(host))),
        sorted(map(repr, memberships)),
        sorted(host.store.db.execute("SELECT operator, key, value FROM state")),
        host.intake.counters(),
    )

"""Which pictures belong together in the file of the media stage: clips, families that merge.

Identity: a family bears the id of its first picture. Two families become one when a later
picture shows both in the same place. The one that holds a known original goes on, else the
one that was posted first; the other's id leads to it from then on. Families of different
originals stay apart whatever shows both, and so does what has grown too large to be told
anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from detect.media.examined import Look
from stream.media.records import Errand, Verdict
from stream.media.shelf import Shelf

LARGEST_MOVED = 2_000
"""Posts of a family that may be told anew under another id."""

_errand = msgspec.msgpack.Decoder(Errand).decode
_POSTS = (
    "FROM pictures p JOIN shows s ON s.sha256 = p.sha256 "
    "JOIN errands e ON e.post_id = s.post_id WHERE p.family = ?"
)


def clip_looks(shelf: Shelf, sha256: str) -> list[Look]:
    """What pictures of a clip are compared by; none where the gate let none pass."""
    rows = shelf.rows(
        "SELECT features, pixels, width, height FROM clip_looks WHERE sha256 = ? ORDER BY n",
        sha256,
    )
    return [Look(features, pixels, width, height) for features, pixels, width, height in rows]


def look_anew(shelf: Shelf, sha256: str) -> None:
    """Let the posts that show a picture wait for another look, behind everything else."""
    with shelf.change() as db:
        db.execute(
            "UPDATE errands SET state = 'partial', next_at = 0 WHERE state = 'done' "
            "AND post_id IN (SELECT post_id FROM shows WHERE sha256 = ?)",
            (sha256,),
        )


def united(shelf: Shelf, families: Sequence[str]) -> tuple[str, list[str]]:
    """Make one family of several; its id, and those that are part of it from now on.

    Args:
        families: at least one; the first stands alone where they cannot be united.
    """
    names = list(dict.fromkeys(families))
    originals = {name: _originals(shelf, name) for name in names}
    known = [name for name in names if originals[name]]
    if len(known) > 1 and not originals[names[0]]:
        return names[0], []
    if known:
        first = names[0] if originals[names[0]] else known[0]
    else:
        first = min(names, key=lambda name: (_first_at(shelf, name), name))
    moved = [
        name
        for name in names
        if name != first and not originals[name] and _posts(shelf, name) <= LARGEST_MOVED
    ]
    if names[0] not in {first, *moved}:
        return names[0], []
    for name in moved:
        _move(shelf, name, first)
    return first, moved


def _move(shelf: Shelf, family: str, into: str) -> None:
    with shelf.change() as db:
        members: list[Verdict] = shelf.family(family)
        for one in members:
            shelf.revise(msgspec.structs.replace(one, family=into))
        db.execute("UPDATE merged SET into_family = ? WHERE into_family = ?", (into, family))
        db.execute("INSERT OR REPLACE INTO merged VALUES (?, ?)", (family, into))


def _originals(shelf: Shelf, family: str) -> frozenset[str]:
    rows = shelf.rows("SELECT reference FROM originals WHERE family = ?", family)
    return frozenset(str(row[0]) for row in rows)


def _posts(shelf: Shelf, family: str) -> int:
    return int(shelf.rows(f"SELECT count(*) {_POSTS}", family)[0][0])


def _first_at(shelf: Shelf, family: str) -> int:
    """When its first post was written (ms), among those that count."""
    rows = shelf.rows(f"SELECT e.body {_POSTS} LIMIT ?", family, LARGEST_MOVED)
    return min((_errand(row[0]).at for row in rows), default=1 << 62)

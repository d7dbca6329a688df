"""Puts posts that refer to each other together as one tree, whatever they claim.

References come from outside: they may form circles, point at the post itself, at
posts that were deleted or that never came. Pure functions that every index shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

import msgspec

from stream.index import Held, RelationKind, Relative, Tree

AT_ONCE = 500
"""Posts whose references are asked for together."""


class Linked(Protocol):
    """What says where a post belongs: the post itself or a brief form of it."""

    @property
    def id(self) -> str: ...
    @property
    def reply_to(self) -> str | None: ...
    @property
    def repost_of(self) -> str | None: ...
    @property
    def quote_of(self) -> str | None: ...
    @property
    def root(self) -> str | None: ...


class Brief(msgspec.Struct, frozen=True):
    """The fields of a stored post that place it in a tree; the others are not decoded."""

    id: str
    platform: str
    author_id: str
    reply_to: str | None = None
    repost_of: str | None = None
    quote_of: str | None = None
    root: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A held post as far as its place in a tree needs it."""

    id: str
    at: int
    platform: str
    account: str
    references: tuple[tuple[RelationKind, str], ...]


class Kin(Protocol):
    """What an index knows of posts that refer to each other; every answer is bounded."""

    def members(self, post_ids: Sequence[str], /) -> list[tuple[Member, str | None]]:
        """Those that are held, each with the root that its thread names."""
        ...

    def below(
        self, targets: Sequence[str], known: AbstractSet[str], most: int, /
    ) -> tuple[list[tuple[Member, str | None]], bool]:
        """Posts that refer to any of the targets and are new, the oldest first.

        Ends where there would be more than ``most`` with the known ones, and says so.
        """
        ...

    def held(self, post_ids: Iterable[str], /) -> Mapping[str, Held]:
        """Whether each post is here, is a tombstone, or never came."""
        ...


def climb(kin: Kin, post_id: str, limit: int) -> list[Relative]:
    """What a post refers to, upwards, nearest first; a circle is walked once."""
    met = {post_id}
    found: list[Member | str] = []
    links = next(iter(kin.members([post_id])), None)
    root: str | None = None
    while links is not None and len(found) < limit:
        member, root = links[0], links[1] or root
        above = next((target for _, target in member.references), None)
        if above is None or above in met:
            break
        met.add(above)
        links = next(iter(kin.members([above])), None)
        found.append(above if links is None else links[0])
    if root is not None and root not in met and len(found) < limit:
        links = next(iter(kin.members([root])), None)
        found.append(root if links is None else links[0])
    absent = kin.held(one for one in found if isinstance(one, str))
    return [
        Relative(id=one, parent=None, kind=None, held=absent[one])
        if isinstance(one, str)
        else _under(one, above)
        for one, above in zip_longest(found, found[1:])
    ]


def descend(kin: Kin, post_id: str, limit: int) -> Tree:
    """Everything below a post, level by level."""
    links = next(iter(kin.members([post_id])), None)
    members: dict[str, Member] = {}
    known = {post_id} if links is not None else set[str]()
    most = max(limit, 1) - 1 + len(known)
    level, truncated = [post_id], False
    while level and not truncated:
        fresh: list[Member] = []
        for i in range(0, len(level), AT_ONCE):
            found, truncated = kin.below(level[i : i + AT_ONCE], known, most)
            fresh += [member for member, _ in found]
            known.update(member.id for member, _ in found)
            if truncated:
                break
        members.update((member.id, member) for member in fresh)
        level = [member.id for member in fresh]
    if links is None:
        top = Relative(id=post_id, parent=None, kind=None, held=kin.held([post_id])[post_id])
    else:
        top = relative(links[0], None, None)
    return grow(top, members, kin.held, truncated=truncated)


def gather(kin: Kin, post_ids: Sequence[str], limit: int) -> tuple[list[Member], bool]:
    """These posts and everything below them, level by level; whether there is more."""
    asked = list(dict.fromkeys(post_ids))
    found: list[Member] = []
    for i in range(0, len(asked), AT_ONCE):
        found += [member for member, _ in kin.members(asked[i : i + AT_ONCE])]
    known = {member.id for member in found}
    most = max(limit, len(known))
    level, truncated = [member.id for member in found], False
    while level and not truncated:
        fresh: list[Member] = []
        for i in range(0, len(level), AT_ONCE):
            more, truncated = kin.below(level[i : i + AT_ONCE], known, most)
            fresh += [member for member, _ in more]
            known.update(member.id for member, _ in more)
            if truncated:
                break
        found += fresh
        level = [member.id for member in fresh]
    return found, truncated


def member_of(post: Brief, at: int) -> tuple[Member, str | None]:
    """A held post as a member, and the root that its thread names."""
    member = Member(
        id=post.id,
        at=at,
        platform=post.platform,
        account=f"{post.platform}:{post.author_id}",
        references=references(post),
    )
    return member, post.root


def _under(one: Member, above: Member | str | None) -> Relative:
    """A member on the way up; the root of a thread may lie beyond what it refers to."""
    target = None if above is None else above if isinstance(above, str) else above.id
    for kind, reference in one.references[:1]:
        if reference == target:
            return relative(one, target, kind)
    return relative(one, None, None)


def references(post: Linked) -> tuple[tuple[RelationKind, str], ...]:
    """What a post directly refers to, the strongest tie first; never itself."""
    found: tuple[tuple[RelationKind, str | None], ...] = (
        ("reply", post.reply_to),
        ("repost", post.repost_of),
        ("quote", post.quote_of),
    )
    return tuple((kind, target) for kind, target in found if target and target != post.id)


def thread_root(post: Linked) -> str | None:
    """The root of the post's thread where it is not among its direct references."""
    root = post.root
    if not root or root == post.id or any(root == target for _, target in references(post)):
        return None
    return root


def grow(
    top: Relative,
    members: Mapping[str, Member],
    held: Callable[[Iterable[str]], Mapping[str, Held]],
    *,
    truncated: bool,
) -> Tree:
    """The tree below ``top`` of all the members.

    A member stands under the first of its references that is there. One that
    reaches the top by none stands under what it refers to, which takes its place
    under the top; a circle is cut above the member met first.

    Args:
        top: its node; its own references do not count.
        members: posts below it by id.
        held: what is known of posts that are not among the members.
        truncated: whether there are more members.
    """
    work = _Growth(top.id, members)
    work.walk(top.id)
    for member in sorted(members.values(), key=_age):
        if member.id not in work.reached:
            work.graft(member.id)
    known = held(work.absent)
    nodes = [top]
    for post_id in work.order():
        parent, kind = work.parents[post_id]
        if post_id in members:
            nodes.append(relative(members[post_id], parent, kind))
        else:
            held_so = known.get(post_id, "unknown")
            nodes.append(Relative(id=post_id, parent=parent, kind=kind, held=held_so))
    return Tree(nodes=tuple(nodes), truncated=truncated)


def relative(member: Member, parent: str | None, kind: RelationKind | None) -> Relative:
    """The node of a held post."""
    return Relative(
        id=member.id,
        parent=parent,
        kind=kind,
        held="held",
        at=member.at,
        platform=member.platform,
        account=member.account,
    )


def _age(member: Member) -> tuple[int, str]:
    return member.at, member.id


class _Growth:
    """Who stands under whom while a tree is put together."""

    def __init__(self, top: str, members: Mapping[str, Member]) -> None:
        self._top = top
        self._members = members
        self.parents: dict[str, tuple[str, RelationKind | None]] = {}
        self._children: dict[str, list[str]] = {}
        self.reached: set[str] = set()
        self.absent: dict[str, None] = {}
        for member in sorted(members.values(), key=_age):
            for kind, target in member.references:
                if member.id != top and (target in members or target == top):
                    self._put(member.id, target, kind)
                    break

    def _put(self, child: str, parent: str, kind: RelationKind | None) -> None:
        self.parents[child] = parent, kind
        self._children.setdefault(parent, []).append(child)

    def walk(self, start: str) -> None:
        """Mark everything below as reached."""
        waiting = [start]
        while waiting:
            one = waiting.pop()
            if one not in self.reached:
                self.reached.add(one)
                waiting += self._children.get(one, ())

    def graft(self, post_id: str) -> None:
        """Bring the branch of a member that does not reach the top into the tree."""
        climbed = {post_id}
        while (above := self.parents.get(post_id)) is not None:
            post_id = above[0]
            if post_id in climbed:
                over, kind = self.parents[post_id]
                self._children[over].remove(post_id)
                self._put(post_id, self._top, kind)
                self.walk(post_id)
                return
            climbed.add(post_id)
        kind, target = next(iter(self._members[post_id].references), ("reply", self._top))
        if target != self._top and target not in self.absent:
            self.absent[target] = None
            self._put(target, self._top, None)
        self._put(post_id, target, kind)
        # What is absent may have been reached before; this branch was not.
        self.reached.add(target)
        self.walk(post_id)

    def order(self) -> list[str]:
        """Everything below the top: near before far, and in a family the older first."""
        found: list[str] = []
        level = [self._top]
        while level:
            level = [
                child
                for one in level
                for child in sorted(self._children.get(one, ()), key=self._moment)
            ]
            found += level
        return found

    def _moment(self, post_id: str) -> tuple[int, str]:
        member = self._members.get(post_id)
        if member is not None:
            return member.at, post_id
        return min(self._members[child].at for child in self._children[post_id]), post_id

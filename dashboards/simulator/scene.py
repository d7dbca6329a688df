"""What a world shares: the pen that writes posts and the walls where they are met."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from dashboards.simulator.edits import light, typo
from dashboards.simulator.idiom import Idiom, Star
from dashboards.simulator.people import Maker, Person, Population
from ingest import extract
from ingest.records import Media, Post

SOURCE = "simulator"
SOCIAL = ("x", "bluesky")
EVERYWHERE = ("x", "bluesky", "youtube", "reddit")
_NOTICES_REMEMBERED = 12
_DODGED = 0.015
"""Share of texts in which somebody alters letters for reasons of their own."""
_TAME = frozenset({"post", "reply", "quote", "chat", "official", "push", "stream", "birthday"})


class Made(NamedTuple):
    """A post and the oracle's word for it; "" is ordinary life."""

    post: Post
    label: str


class Planned(NamedTuple):
    """Something that will be posted at ``at`` (ms); what it says is decided then."""

    at: int
    label: str
    write: Callable[[int], Post]


class Scene:
    """The state of a world while it plays.

    Args:
        idiom: how people speak and behave.
        people: the ordinary ones.
        start_ms: when it begins.
        end_ms: when it ends; nothing is posted later.
        posts: about how many posts there will be.
    """

    def __init__(
        self, idiom: Idiom, people: Population, start_ms: int, end_ms: int, posts: int
    ) -> None:
        self.idiom = idiom
        self.people = people
        self.maker = Maker(idiom)
        self.start_ms, self.end_ms, self.posts = start_ms, end_ms, posts
        per_hour = posts * 3_600_000 / max(1, end_ms - start_ms)
        self._wall_size = max(60, int(per_hour * 0.8))
        self._recent = idiom.habits.attention == "recent"
        self._walls: dict[str, list[Post]] = {platform: [] for platform in idiom.habits.does}
        self.notices: dict[str, deque[Post]] = {
            group: deque(maxlen=_NOTICES_REMEMBERED) for group in idiom.groups
        }
        self.fan_tags: deque[tuple[str, str]] = deque(maxlen=8)
        """(group, hashtag) of what fans push at present."""
        self.photos: dict[str, deque[int]] = {group: deque(maxlen=24) for group in idiom.groups}
        self._decimal = idiom.habits.native == "decimal"
        self._inline = idiom.habits.tags == "inline"

    def meet(self, person: Person, draw: Callable[[], float]) -> Post | None:
        """A post on the wall of the platform, in the person's language if one is near."""
        wall = self._walls[person.platform]
        size = len(wall)
        if not size:
            return None
        post = wall[0]
        for _ in range(4):
            if self._recent:
                # Most look at the newest; interest falls as a power of age.
                post = wall[size - 1 - min(size - 1, int((1 - draw()) ** -1.2) - 1)]
            else:
                post = wall[int(draw() * size)]
            if post.lang is None or post.lang == person.lang:
                break
        return post

    def pin(self, post: Post, times: int, draw: Callable[[], float]) -> None:
        """Show the post on its platform's wall; more times reach more people."""
        wall = self._walls[post.platform]
        if self._recent:
            for _ in range(times):
                wall.insert(len(wall) - int(draw() ** 2 * min(len(wall), 4 * times)), post)
            if len(wall) > 2 * self._wall_size:
                del wall[: len(wall) - self._wall_size]
            return
        for _ in range(times):
            if len(wall) < self._wall_size:
                wall.append(post)
            else:
                wall[int(draw() * len(wall))] = post

    def write(
        self,
        rng: Random,
        person: Person,
        at: int,
        text: str,
        *,
        tags: tuple[str, ...] = (),
        urls: tuple[str, ...] = (),
        mentions: tuple[str, ...] = (),
        media: tuple[Media, ...] = (),
        reply_to: Post | None = None,
        quote_of: Post | None = None,
        repost_of: Post | None = None,
        container: str | None = None,
    ) -> Post:
        """The post of ``person`` at ``at`` ms; tags and links are put into the text."""
        if self._decimal:
            native = f"{(at << 22) | rng.getrandbits(22)}"
        else:
            native = f"{rng.getrandbits(64):016x}"
        platform = person.platform
        if repost_of is None:
            text = self._with_tags(rng, text, tags)
            if urls:
                text = f"{text} {' '.join(urls)}" if text else " ".join(urls)
        return Post(
            id=f"{SOURCE}:{native}",
            source=SOURCE,
            platform=platform,
            author_id=person.id,
            created_at=at,
            text=text,
            # Reddit and YouTube do not say in which language a text is.
            lang=person.lang if platform in SOCIAL else None,
            urls=urls,
            hashtags=extract.hashtags(text),
            mentions=mentions,
            reply_to=reply_to.id if reply_to else None,
            root=(reply_to.root or reply_to.id) if reply_to else None,
            repost_of=repost_of.id if repost_of else None,
            quote_of=quote_of.id if quote_of else None,
            container=container,
            media=media,
            author=person.author,
        )

    def _with_tags(self, rng: Random, text: str, tags: tuple[str, ...]) -> str:
        if not tags:
            return text
        marks = " ".join(["#" + tag for tag in tags])
        if not text:
            return marks
        if not self._inline or len(tags) > 1:
            return f"{text} {marks}"
        return f"{marks} {text}" if rng.random() < 0.5 else f"{text}\n\n{marks}"

    def repost(self, rng: Random, person: Person, at: int, original: Post) -> Post:
        """``person`` passes ``original`` on, in the manner of the platform."""
        handle = original.author.handle if original.author else None
        if person.platform == "x" and handle:
            return self.write(
                rng,
                person,
                at,
                f"RT @{handle}: {original.text}",
                urls=original.urls,
                mentions=(handle,),
                media=original.media,
                repost_of=original,
            )
        return self.write(rng, person, at, "", repost_of=original)

    def reply(
        self,
        rng: Random,
        person: Person,
        at: int,
        text: str,
        to: Post,
        *,
        tags: tuple[str, ...] = (),
        urls: tuple[str, ...] = (),
        media: tuple[Media, ...] = (),
    ) -> Post:
        """``person`` answers ``to``; on X an answer begins with the handle."""
        handle = to.author.handle if to.author and person.platform == "x" else None
        return self.write(
            rng,
            person,
            at,
            f"@{handle} {text}" if handle else text,
            tags=tags,
            urls=urls,
            media=media,
            mentions=(handle,) if handle else (),
            reply_to=to,
            container=to.container,
        )

    def say(self, rng: Random, rule: str, lang: str, star: Star) -> str:
        """A text as people type it: with a slip now and then, or hidden from search.

        Fans and critics alter names too so that others do not find their posts.
        """
        text = self.idiom.say(rule, lang, star, rng.random)
        luck = rng.random()
        if luck < self.idiom.habits.typos:
            return typo(rng, text)
        if luck > 1 - (_DODGED if rule in _TAME else 4 * _DODGED):
            return light(rng, text, 1.0, self.idiom.habits.name)
        return text

    def room(self, rng: Random, person: Person, group: str) -> str | None:
        """The subreddit or channel in which ``person`` speaks of ``group``."""
        if person.platform not in ("reddit", "youtube"):
            return None
        rooms = self.idiom.habits.rooms
        return group if rng.random() < 0.8 else rooms[int(rng.random() * len(rooms))]

    def star_of(self, rng: Random, group: str) -> Star:
        """A member of the group, or the group, by how much they are spoken of."""
        stars = self.idiom.of_group[group]
        left = rng.random() * sum(star.weight for star in stars)
        for star in stars:
            left -= star.weight
            if left < 0:
                return star
        return stars[-1]

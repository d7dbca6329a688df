"""Ordinary days of the fandom: posts, cascades, reply trees, notices, lone haters."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from random import Random

from dashboards.demo import cast, noise, rhythm
from dashboards.demo.cast import Star
from dashboards.demo.noise import seen
from dashboards.demo.population import Account, Population
from dashboards.demo.writing import Staged, reply, repost, say, write_post
from ingest.records import Author, Post

ORDINARY, OFFICIAL, HATER = "ordinary", "official", "hater"

NOBODY = 0.08
"""Share of own posts that speak of no subject: what the watchlist must leave out."""
HATEFUL = 0.015
"""Share of own posts in which somebody, alone, does not like a subject."""
LOYAL = 0.8
"""How often people speak of their own group."""
PICTURED = 0.12

_OFFICIAL_WEIGHT = 40
_LUCKY_WEIGHT = 12
_NOTICES_A_DAY = 9

# What an account does, by platform: own post, reply, repost; the rest are quotes.
_DOES: Mapping[str, tuple[float, float, float]] = {
    "x": (0.48, 0.18, 0.29),
    "bluesky": (0.52, 0.22, 0.21),
    "reddit": (0.40, 0.60, 0.0),
    "youtube": (0.80, 0.20, 0.0),
}
_OFFICIAL: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "velloria": (
        ("x", "velloria_official", "ko"),
        ("bluesky", "velloria.dalsup.example", "en"),
    ),
    "kyte9": (("x", "kyte9_official", "ko"), ("bluesky", "kyte9.dalsup.example", "en")),
}


def official_accounts(group: str, start_ms: int) -> list[Account]:
    """The accounts under which the agency speaks for ``group``."""
    born = start_ms - 2000 * rhythm.DAY_MS
    return [
        Account(
            id=name,
            platform=platform,
            lang=lang,
            loyal=group,
            author=Author(handle=name, created_at=born, followers=400_000),
        )
        for platform, name, lang in _OFFICIAL[group]
    ]


class Organic:
    """Everything that nobody planned, minute by minute.

    Posts that get attention stand several times on the wall of their platform,
    from where people reply to and repost what they meet; new posts overwrite
    random places, so that attention decays as cascades do.

    Args:
        rng: used for nothing else.
        population: the people.
        start_ms: first minute.
        minutes: how many minutes will be asked for.
        posts: about how many posts in all.
    """

    def __init__(
        self, rng: Random, population: Population, start_ms: int, minutes: int, posts: int
    ) -> None:
        self._rng = rng
        self._population = population
        self._start = start_ms
        weights = [rhythm.activity(start_ms + i * rhythm.MINUTE_MS) for i in range(minutes)]
        total = sum(sum(w) for w in weights)
        self._weights = weights
        self._scale = posts / total
        stars = cast.stars()
        self._stars = {
            group: [s for s in stars.values() if s.group == group] for group in cast.GROUPS
        }
        self._shares = {
            group: list(accumulate(cast.POPULARITY[s.id] for s in those))
            for group, those in self._stars.items()
        }
        per_hour = posts * rhythm.HOUR_MS / (minutes * rhythm.MINUTE_MS)
        self._wall_size = max(60, int(per_hour * 0.8))
        self._walls: dict[str, list[Post]] = {platform: [] for platform in _DOES}
        self._notices = self._plan_notices(minutes)

    def minute(self, index: int) -> list[Staged]:
        """What is made in that minute, and what is heard of it later."""
        draw = self._rng.random
        weights = self._weights[index]
        begin = self._start + index * rhythm.MINUTE_MS
        staged: list[Staged] = []
        for account in self._notices.get(index, ()):
            staged += self._notice(account, begin + int(draw() * rhythm.MINUTE_MS))
        whole = sum(weights)
        count = int(whole * self._scale + draw())
        for at in sorted(begin + int(draw() * rhythm.MINUTE_MS) for _ in range(count)):
            left = draw() * whole
            lang = "ko" if left < weights[0] else "en" if left < whole - weights[2] else "ja"
            person = self._population.somebody(lang, draw)
            post, kind = self._act(person, at)
            staged += seen(self._rng, post, kind)
        return staged

    def _act(self, person: Account, at: int) -> tuple[Post, str]:
        own, answer, share = _DOES[person.platform]
        luck = self._rng.random()
        if luck >= own:
            met = self._meet(person)
            if met is not None:
                if luck < own + answer:
                    return self._reply(person, at, met), ORDINARY
                if luck < own + answer + share:
                    return repost(self._rng, person, at, met), ORDINARY
                return self._quote(person, at, met), ORDINARY
        return self._own(person, at)

    def _own(self, person: Account, at: int) -> tuple[Post, str]:
        rng, draw = self._rng, self._rng.random
        star = self._subject(person)
        kind, rule = ORDINARY, "post"
        tags: tuple[str, ...] = ()
        luck = draw()
        if luck < NOBODY:
            rule = "chat"
        elif luck < NOBODY + HATEFUL:
            kind, rule = HATER, "hater"
        elif draw() < 0.3 and person.platform in ("x", "bluesky"):
            tags = (star.tags[int(draw() * len(star.tags))],)
        container = None
        if person.platform in ("reddit", "youtube") and rule != "chat":
            container = star.group if draw() < 0.85 else "popclub"
            if draw() < 0.3 and rule == "post":
                rule = "reply"  # a comment in the group's own room need not name anybody
        post = write_post(
            rng,
            person,
            at,
            say(rule, person.lang, star, draw),
            tags=tags,
            picture=draw() < PICTURED,
            container=container,
        )
        if draw() < 0.0005:
            post = noise.wrong_clock(rng, post)
        if rule == "post":
            # A few posts travel, most do not.
            self._pin(post, _LUCKY_WEIGHT if draw() < 0.03 else 1)
        return post, kind

    def _subject(self, person: Account) -> Star:
        group = person.loyal
        if self._rng.random() > LOYAL:
            group = cast.GROUPS[int(self._rng.random() * len(cast.GROUPS))]
        shares = self._shares[group]
        left = self._rng.random() * shares[-1]
        return next(
            star
            for star, edge in zip(self._stars[group], shares, strict=True)
            if left < edge or edge == shares[-1]
        )

    def _reply(self, person: Account, at: int, met: Post) -> Post:
        star = self._stars[person.loyal][0]
        text = say("reply", person.lang, star, self._rng.random)
        post = reply(self._rng, person, at, text, met)
        self._pin(post, 1)
        return post

    def _quote(self, person: Account, at: int, met: Post) -> Post:
        text = say("quote", person.lang, self._subject(person), self._rng.random)
        return write_post(self._rng, person, at, text, quote_of=met)

    def _meet(self, person: Account) -> Post | None:
        """A post on the wall of the platform, in the person's language if one is near."""
        wall = self._walls[person.platform]
        if not wall:
            return None
        post = wall[int(self._rng.random() * len(wall))]
        for _ in range(3):
            if post.lang is None or post.lang == person.lang:
                break
            post = wall[int(self._rng.random() * len(wall))]
        return post

    def _pin(self, post: Post, times: int) -> None:
        wall = self._walls[post.platform]
        for _ in range(times):
            if len(wall) < self._wall_size:
                wall.append(post)
            else:
                wall[int(self._rng.random() * len(wall))] = post

    def _plan_notices(self, minutes: int) -> dict[int, list[Account]]:
        plan: dict[int, list[Account]] = {}
        days = max(1.0, minutes * rhythm.MINUTE_MS / rhythm.DAY_MS)
        for group in cast.GROUPS:
            accounts = official_accounts(group, self._start)
            for _ in range(int(_NOTICES_A_DAY * days)):
                account = accounts[0] if self._rng.random() < 0.7 else accounts[1]
                plan.setdefault(int(self._rng.random() * minutes), []).append(account)
        return plan

    def _notice(self, account: Account, at: int) -> list[Staged]:
        draw = self._rng.random
        star = self._subject(account)
        link = f"https://{account.loyal}.dalsup.example/news/{self._rng.getrandbits(20)}"
        post = write_post(
            self._rng,
            account,
            at,
            f"{say('official', account.lang, star, draw)} {link}",
            tags=(star.tags[0],),
            urls=(link,),
            picture=draw() < 0.5,
        )
        self._pin(post, max(_OFFICIAL_WEIGHT, self._wall_size // 8))
        return seen(self._rng, post, OFFICIAL, may_change=False)

"""Ordinary days: posts, cascades, reply trees, official notices, lone haters."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from random import Random

from dashboards.simulator import clock
from dashboards.simulator.people import Person
from dashboards.simulator.pictures import new_pdq, picture
from dashboards.simulator.scene import SOCIAL, Made, Scene
from ingest.records import Author, Media, Post

OFFICIAL, HATER = "official", "hater"
_NOTICES_A_DAY = 9
_LUCKY = 12
_LINKS = 4000


class Daily:
    """Everything that nobody planned.

    Args:
        rng: used for nothing else.
        scene: where it happens.
        posts: about how many posts until the end.
    """

    def __init__(self, rng: Random, scene: Scene, posts: int) -> None:
        self._rng, self._scene = rng, scene
        habits = scene.idiom.habits
        self._habits = habits
        days = (scene.end_ms - scene.start_ms) / clock.DAY_MS
        # Some days are busier than others; the mean stays.
        busy = [0.8 + 0.4 * rng.random() for _ in range(int(days) + 1)]
        mean = sum(busy) / len(busy)
        self._busy = [day / mean for day in busy]
        self._per_minute = posts / max(1.0, days * 1440)
        self._notices = [
            (group, self._official(spec, group))
            for group, specs in habits.official.items()
            for spec in specs
        ]

    def minute(self, begin: int) -> list[int]:
        """The moments (ms, in order) of that minute in which somebody posts."""
        draw, total = self._rng.random, 0.0
        for share, offset, flat in self._habits.langs.values():
            total += share * clock.awake(begin, offset, flat)
        day = int((begin - self._scene.start_ms) / clock.DAY_MS)
        count = clock.poisson(total * self._per_minute * self._busy[day], draw)
        return sorted(begin + int(draw() * clock.MINUTE_MS) for _ in range(count))

    def notices(self, begin: int) -> list[int]:
        """The moments of that minute in which an official account posts."""
        rate = _NOTICES_A_DAY * len(self._notices) / 2 / 1440
        rate *= clock.awake(begin, 9.0, 0.0)
        draw = self._rng.random
        return [begin + int(draw() * clock.MINUTE_MS)] if draw() < rate else []

    def post(self, at: int) -> Made:
        """What somebody posts at that moment."""
        langs, draw = self._habits.langs, self._rng.random
        weights = [share * clock.awake(at, off, flat) for share, off, flat in langs.values()]
        left = draw() * sum(weights)
        lang = ""
        for lang, weight in zip(langs, weights, strict=True):  # noqa: B007
            left -= weight
            if left < 0:
                break
        return self.act(self._rng, self._scene.people.somebody(lang, draw), at)

    def act(self, rng: Random, person: Person, at: int) -> Made:
        """What ``person`` does on an ordinary day: post, reply, repost or quote."""
        own, answer, share = self._habits.does[person.platform]
        luck = rng.random()
        if luck >= own:
            met = self._scene.meet(person, rng.random)
            if met is not None:
                if luck < own + answer:
                    return Made(self._reply(rng, person, at, met), "")
                if luck < own + answer + share:
                    return Made(self._scene.repost(rng, person, at, met), "")
                return Made(self._quote(rng, person, at, met), "")
        return self._own(rng, person, at)

    def _own(self, rng: Random, person: Person, at: int) -> Made:
        scene, draw, habits = self._scene, rng.random, self._habits
        star = scene.star_of(rng, self._group(rng, person))
        rule, label = "post", ""
        tags: tuple[str, ...] = ()
        urls: tuple[str, ...] = ()
        media: tuple[Media, ...] = ()
        luck = draw()
        if luck < habits.nobody:
            rule = "chat"
        elif luck < habits.nobody + habits.hateful:
            rule, label = "hater", HATER
            if draw() < 0.3:  # what haters repeat is what rings plant and critics ask about
                rule = f"rumour_{self._claim(rng)}"
        elif person.platform in SOCIAL:
            if draw() < habits.tagged:
                tags = (star.tags[int(draw() * len(star.tags))],)
            if draw() < habits.linked:
                urls = (self._link(rng),)
            if draw() < habits.pictured:
                media = self._picture(rng, star.group)
        elif draw() < 0.3:
            rule = "reply"  # a comment in the group's own room need not name anybody
        post = scene.write(
            rng,
            person,
            at,
            scene.say(rng, rule, person.lang, star),
            tags=tags,
            urls=urls,
            media=media,
            container=None if rule == "chat" else scene.room(rng, person, star.group),
        )
        if rule != "chat":
            scene.pin(post, _LUCKY if draw() < 0.03 else 1, draw)
        return Made(post, label)

    def _reply(self, rng: Random, person: Person, at: int, met: Post) -> Post:
        star = self._scene.idiom.of_group[person.loyal][0]
        text = self._scene.say(rng, "reply", person.lang, star)
        social, draw = person.platform in SOCIAL, rng.random
        post = self._scene.reply(
            rng,
            person,
            at,
            text,
            met,
            tags=star.tags[:1] if social and draw() < 0.06 else (),
            urls=(self._link(rng),) if social and draw() < 0.02 else (),
            media=self._picture(rng, star.group) if social and draw() < 0.06 else (),
        )
        self._scene.pin(post, 1, rng.random)
        return post

    def _quote(self, rng: Random, person: Person, at: int, met: Post) -> Post:
        star = self._scene.star_of(rng, self._group(rng, person))
        text = self._scene.say(rng, "quote", person.lang, star)
        return self._scene.write(
            rng,
            person,
            at,
            text,
            tags=star.tags[:1] if rng.random() < 0.1 else (),
            media=self._picture(rng, star.group) if rng.random() < 0.05 else (),
            quote_of=met,
        )

    def _group(self, rng: Random, person: Person) -> str:
        if rng.random() < self._habits.loyal:
            return person.loyal
        groups = self._scene.idiom.groups
        return groups[int(rng.random() * len(groups))]

    def _claim(self, rng: Random) -> str:
        claims = self._scene.idiom.claims
        return claims[int(rng.random() * len(claims))]

    def _link(self, rng: Random) -> str:
        pages = self._habits.pages
        number = int(rng.random() ** 3 * _LINKS)  # a few pages are passed on by many
        return f"https://{pages[number % len(pages)]}/{number:x}"

    def _picture(self, rng: Random, group: str) -> tuple[Media, ...]:
        photos = self._scene.photos[group]
        if photos and rng.random() < 0.25:
            return picture(rng, photos[int(rng.random() * len(photos))], int(rng.random() * 10))
        pdq = new_pdq(rng)
        if rng.random() < 0.05:
            photos.append(pdq)
        return picture(rng, pdq)

    def notice(self, at: int) -> Made:
        """What an official account posts."""
        rng, scene = self._rng, self._scene
        group, account = self._notices[int(rng.random() * len(self._notices))]
        star = scene.star_of(rng, group)
        domain = scene.idiom.watchlist.subject(group)
        home = domain.official.domains[0] if domain else "official.example"
        media: tuple[Media, ...] = ()
        if rng.random() < 0.6:
            pdq = new_pdq(rng)
            scene.photos[group].append(pdq)
            media = picture(rng, pdq)
        post = scene.write(
            rng,
            account,
            at,
            scene.say(rng, "official", account.lang, star),
            tags=(star.tags[0],),
            urls=(f"https://{home}/notice/{rng.getrandbits(20)}",),
            media=media,
        )
        scene.pin(post, max(40, scene.posts // 3000), rng.random)
        scene.notices[group].append(post)
        return Made(post, OFFICIAL)

    def _official(self, spec: str, group: str) -> Person:
        platform, name, lang = spec.split(":")
        born = self._scene.start_ms - 2000 * clock.DAY_MS
        author = Author(handle=name, created_at=born, followers=400_000)
        return Person(name, platform, lang, group, author)

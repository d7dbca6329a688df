"""What a public does unplanned: news, memes, quotes, anger; and machines that only post."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Callable
from random import Random

from dashboards.simulator import clock, edits
from dashboards.simulator.idiom import Star
from dashboards.simulator.people import Person
from dashboards.simulator.pictures import new_pdq, picture
from dashboards.simulator.scene import EVERYWHERE, SOCIAL, Planned, Scene
from ingest.records import Post

TICKETS = "tickets"
"""A cause of anger that is true and that no ring uses."""
_SETTLED_DAYS = 120
_CHART_BOTS = 3


def news(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """One story in two papers; readers press the share button or say a word about it."""
    star = _star(scene, rng)
    stories: list[tuple[str, str]] = []
    for paper in rng.sample(scene.idiom.habits.papers, 2):
        url = f"https://{paper}/{rng.randrange(10**5, 10**6)}"
        stories.append(
            (url, scene.idiom.say("news", rng.choice(("ko", "en")), star, rng.random))
        )
    pdq = new_pdq(rng)
    pinned: list[Post] = []

    def share(reader: Person) -> Callable[[int], Post]:
        def write(when: int) -> Post:
            near = [post for post in pinned if post.platform == reader.platform]
            luck = rng.random()
            if near and luck < 0.35:
                return scene.repost(rng, reader, when, near[int(rng.random() * len(near))])
            url, headline = stories[rng.random() < 0.3]
            own = scene.say(rng, "quote", reader.lang, star)
            text = headline if luck < 0.75 else f"{own} {headline}" if luck < 0.9 else own
            post = scene.write(
                rng, reader, when, text, urls=(url,),
                media=picture(rng, pdq, int(rng.random() * 4)) if rng.random() < 0.3 else (),
                container=scene.room(rng, reader, star.group),
            )  # fmt: skip
            if len(pinned) < 20:
                pinned.append(post)
                scene.pin(post, 3, rng.random)
            return post

        return write

    readers = _public(scene, rng, at, size, star, EVERYWHERE)
    hours = 3 + 12 * rng.random()
    return [Planned(at + _decay(scene, rng, hours), label, share(one)) for one in readers]


def meme(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """One funny picture, cropped and captioned anew by thousands."""
    star = _star(scene, rng)
    pdq = new_pdq(rng)

    def share(person: Person) -> Callable[[int], Post]:
        def write(when: int) -> Post:
            text = scene.say(rng, "meme", person.lang, star)
            if rng.random() < 0.2:
                text = ""
            return scene.write(
                rng, person, when, text, media=picture(rng, pdq, int(rng.random() * 24)),
                container=scene.room(rng, person, star.group),
            )  # fmt: skip

        return write

    people = _public(scene, rng, at, size, star, EVERYWHERE)
    return [Planned(at + _decay(scene, rng, 30.0), label, share(one)) for one in people]


def quote_train(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """Somebody asks a question; everybody quotes it, and quotes of quotes follow."""
    star = _star(scene, rng)
    wagons: list[Post] = []

    def share(person: Person) -> Callable[[int], Post]:
        def write(when: int) -> Post:
            near = [post for post in wagons if post.platform == person.platform]
            text = scene.say(rng, "train", person.lang, star)
            if not near:
                post = scene.write(rng, person, when, text)
            else:
                place = min(len(near) - 1, int(rng.expovariate(0.5)))
                post = scene.write(rng, person, when, text, quote_of=near[place])
            if len(wagons) < 60:
                wagons.append(post)
            return post

        return write

    people = _public(scene, rng, at, size, star, SOCIAL)
    return [Planned(at + _decay(scene, rng, 20.0), label, share(one)) for one in people]


def criticism(
    scene: Scene,
    rng: Random,
    at: int,
    size: int,
    label: str,
    about: tuple[Star, str] | None = None,
) -> list[Planned]:
    """Many long-standing people are angry, each in own words, as cascades; some are harsh.

    ``about`` is the subject and the claim; by default tickets or a claim by chance.
    """
    star = about[0] if about else _star(scene, rng)
    claim = about[1] if about else TICKETS if rng.random() < 0.4 else _claim(scene, rng)
    wave = _Wave(scene, rng, star, claim)
    critics = scene.people.crowd(
        rng,
        size,
        loyal=star.group,
        platforms=EVERYWHERE,
        settled_before=at - _SETTLED_DAYS * clock.DAY_MS,
    )
    hours = 10 + 20 * rng.random()
    planned = [
        Planned(at + _decay(scene, rng, hours), label, wave.voice(one)) for one in critics
    ]
    for one in critics:
        while rng.random() < 0.25:  # the angry come back
            planned.append(Planned(at + _decay(scene, rng, hours), label, wave.voice(one)))
    return planned


class _Wave:
    """What critics have said so far, and what the next one says."""

    def __init__(self, scene: Scene, rng: Random, star: Star, claim: str) -> None:
        self._scene, self._rng, self._star, self._claim = scene, rng, star, claim
        papers = scene.idiom.habits.papers
        self._url = f"https://{papers[int(rng.random() * len(papers))]}/{rng.getrandbits(20)}"
        tags = (f"{star.tags[-1]}_해명해", f"{star.tags[0]}_EXPLAIN")
        self._tag = tags[int(rng.random() * len(tags))]
        self._heard: list[Post] = list(scene.notices[star.group])[-1:]

    def voice(self, person: Person) -> Callable[[int], Post]:
        """One objection of ``person``."""

        def write(when: int) -> Post:
            rng, platform = self._rng, person.platform
            near = [p for p in self._heard[:1] + self._heard[-40:] if p.platform == platform]
            met = near[int(rng.random() * len(near))] if near else None
            luck = rng.random()
            if met and 0.32 <= luck < 0.47 and platform in SOCIAL:
                return self._scene.repost(rng, person, when, met)
            post = self._object(person, when, met, luck)
            self._heard.append(post)
            if len(self._heard) > 400:
                del self._heard[1:200]
            return post

        return write

    def _object(self, person: Person, when: int, met: Post | None, luck: float) -> Post:
        scene, rng = self._scene, self._rng
        text = scene.say(rng, self._rule(), person.lang, self._star)
        if met and luck < 0.22:
            return scene.reply(rng, person, when, text, met)
        if met and luck < 0.32:
            return scene.write(rng, person, when, text, quote_of=met)
        social = person.platform in SOCIAL
        post = scene.write(
            rng, person, when, text,
            tags=(self._tag,) if social and rng.random() < 0.25 else (),
            urls=(self._url,) if social and rng.random() < 0.18 else (),
            container=scene.room(rng, person, self._star.group),
        )  # fmt: skip
        scene.pin(post, 2, rng.random)
        return post

    def _rule(self) -> str:
        if self._claim == TICKETS:
            return "critic"
        if self._rng.random() < 0.2:
            return "hater" if self._rng.random() < 0.5 else f"rumour_{self._claim}"
        return f"gripe_{self._claim}"


def chart_bot(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """A few bots tell the place of a song in the charts, every hour, to the end."""
    del size
    star = _star(scene, rng)

    def tell(bot: Person) -> Callable[[int], Post]:
        return lambda when: scene.write(
            rng, bot, when, scene.idiom.say("chart", bot.lang, star, rng.random),
            tags=(star.tags[0],),
        )  # fmt: skip

    planned: list[Planned] = []
    for n in range(_CHART_BOTS):
        bot = scene.maker.person(
            rng, lang="ko" if n % 2 else "en", platform="x", loyal=star.group,
            born=scene.start_ms - 700 * clock.DAY_MS, followers=3000,
        )  # fmt: skip
        write = tell(bot)
        hours = (scene.end_ms - scene.start_ms) // clock.HOUR_MS
        planned += [
            Planned(
                scene.start_ms + hour * clock.HOUR_MS + int(rng.random() * 90_000), label, write
            )
            for hour in range(0, hours, 2)
        ]
    return [one for one in planned if one.at >= at]


def merch_spam(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """A shop's accounts push goods: same texts, same pictures, popular hashtags."""
    stars = [_star(scene, rng) for _ in range(3)]
    shop = scene.idiom.habits.shops[int(rng.random() * len(scene.idiom.habits.shops))]
    photos = [new_pdq(rng) for _ in stars]
    texts = [scene.idiom.say("merch", "ko", star, rng.random) for star in stars]

    def sell(account: Person, n: int) -> Callable[[int], Post]:
        def write(when: int) -> Post:
            text = edits.light(rng, texts[n], rng.random(), scene.idiom.habits.name)
            return scene.write(
                rng, account, when, text, tags=stars[n].tags[:1],
                urls=(f"https://{shop}/{n}{rng.getrandbits(8):x}",),
                media=picture(rng, photos[n], int(rng.random() * 4)),
            )  # fmt: skip

        return write

    span = min(scene.end_ms - at, 9 * clock.DAY_MS)
    planned: list[Planned] = []
    for _ in range(10):
        account = scene.maker.person(
            rng, lang="ko", platform="x", loyal=stars[0].group,
            born=at - int((3 + rng.random() * 500) * clock.DAY_MS),
            followers=int(rng.random() * 90),
        )  # fmt: skip
        planned += [
            Planned(at + int(rng.random() * span), label, sell(account, int(rng.random() * 3)))
            for _ in range(max(6, size // 14))
        ]
    return planned


def lone_hater(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """Persons who each, alone, attack one star again and again, repeating themselves."""
    span = scene.end_ms - at
    planned: list[Planned] = []

    def hate(person: Person, star: Star, fixed: str) -> Callable[[int], Post]:
        def write(when: int) -> Post:
            if rng.random() < 0.3:
                return scene.write(rng, person, when, fixed)
            rule = "hater" if rng.random() < 0.7 else f"rumour_{_claim(scene, rng)}"
            text = scene.say(rng, rule, person.lang, star)
            notices = [n for n in scene.notices[star.group] if n.platform == person.platform]
            if notices and rng.random() < 0.3:
                return scene.reply(rng, person, when, text, rng.choice(notices))
            return scene.write(rng, person, when, text)

        return write

    for _ in range(max(3, size)):
        star = _star(scene, rng)
        lang = rng.choice(tuple(scene.idiom.habits.langs))
        born = at - int((20 + rng.random() * 1500) * clock.DAY_MS)
        person = scene.maker.person(
            rng, lang=lang, platform="x", loyal=star.group, born=born,
            followers=int(10 ** (rng.random() * 2.8)),
        )  # fmt: skip
        fixed = scene.idiom.say("hater", lang, star, rng.random)
        write = hate(person, star, fixed)
        planned += [
            Planned(at + int(rng.random() * span), label, write)
            for _ in range(8 + int(rng.random() * 25))
        ]
    return planned


def _public(
    scene: Scene, rng: Random, at: int, size: int, star: Star, platforms: tuple[str, ...]
) -> list[Person]:
    return scene.people.crowd(
        rng, size, loyal=star.group, platforms=platforms, settled_before=at
    )


def _star(scene: Scene, rng: Random) -> Star:
    return scene.star_of(rng, scene.idiom.groups[int(rng.random() * len(scene.idiom.groups))])


def _claim(scene: Scene, rng: Random) -> str:
    return scene.idiom.claims[int(rng.random() * len(scene.idiom.claims))]


def _decay(scene: Scene, rng: Random, hours: float) -> int:
    """Until somebody hears of it: exponential, or with the long tail of a lognormal."""
    if scene.idiom.habits.attention == "fading":
        delay = rng.expovariate(4.5 / hours) + 0.02 * hours * rng.random()
    else:
        delay = hours * 0.12 * rng.lognormvariate(0.0, 1.1)
    return int(min(delay, 3 * hours) * clock.HOUR_MS)

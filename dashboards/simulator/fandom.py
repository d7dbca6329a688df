"""What fans do together and may: votes, streaming, timed hashtags, appeals, protest."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from dashboards.simulator import clock
from dashboards.simulator.idiom import Star
from dashboards.simulator.people import Person
from dashboards.simulator.pictures import new_pdq, picture
from dashboards.simulator.scene import EVERYWHERE, SOCIAL, Planned, Scene
from ingest.records import Author, Media, Post

_ALL_DAY = 24 * 60
_REMEMBERED = 12


class Call(NamedTuple):
    """How an event goes: what is pasted, what is said freely, what hangs on it."""

    star: Star
    pasted: str
    rule: str
    tags: tuple[str, ...] = ()
    url: str | None = None
    pdq: int | None = None
    paste: float = 0.4
    repost: float = 0.2
    flips: int = 6
    again: float = 0.2
    platforms: tuple[str, ...] = SOCIAL


def rush(scene: Scene, rng: Random, minutes: float) -> int:
    """Milliseconds after a call at which somebody follows it."""
    if scene.idiom.habits.rush == "front":
        share = rng.random() ** 2
    else:
        reminder = int(rng.random() * 3) / 3
        share = min(1.0, reminder + rng.expovariate(9.0))
    return int(share * minutes * clock.MINUTE_MS)


def vote_drive(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """Fans paste one voting guide and push the hashtags of a declared vote, openly."""
    habits = scene.idiom.habits
    group = next(iter(habits.callers))
    caller = _caller(scene, habits.callers[group], group)
    call = Call(
        star=scene.idiom.of_group[group][0],
        pasted="guide_vote",
        rule="push",
        tags=habits.event_tags["vote"],
        url=f"https://{habits.votes}/{group}",
        paste=0.45,
    )
    return _event(scene, rng, at, size, label, call, 60 + 120 * rng.random(), caller)


def streaming_party(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """Fans stream one song through a night: the guide, proof pictures, one link."""
    star = scene.star_of(rng, _group(scene, rng))
    call = Call(
        star=star,
        pasted="guide_stream",
        rule="stream",
        tags=(f"{star.tags[0]}_STREAM", star.tags[0]),
        url=f"https://{scene.idiom.habits.streams}/{star.group}/{rng.getrandbits(20):x}",
        paste=0.3,
        repost=0.25,
        again=0.5,
    )
    return _event(scene, rng, at, size, label, call, 6 * 60 + 600 * rng.random())


def hashtag_push(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """At nine in the evening all post two hashtags, several times each (총공)."""
    star = scene.star_of(rng, _group(scene, rng))
    at = clock.next_korean_hour(at, 21 if scene.idiom.habits.rush == "front" else 22)
    call = Call(
        star=star,
        pasted="guide_tag",
        rule="tagpush",
        tags=(f"{star.tags[-1]}_{rng.randrange(2, 99)}_TREND", f"WE_LOVE_{star.tags[0]}"),
        paste=0.2,
        repost=0.15,
        again=0.65,
    )
    return _event(scene, rng, at, size, label, call, 25 + 40 * rng.random())


def birthday(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """A birthday at midnight: hashtags nobody declared, one poster, own and set words."""
    star = scene.star_of(rng, _group(scene, rng))
    call = Call(
        star=star,
        pasted="birthday",
        rule="birthday",
        tags=(f"HAPPY_{star.tags[0]}_DAY", f"{star.tags[-1]}_생일축하해"),
        pdq=new_pdq(rng),
        paste=0.35,
        repost=0.2,
    )
    return _event(
        scene, rng, clock.next_korean_hour(at, 0), size, label, call, 120 + 600 * rng.random()
    )


def report_appeal(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """Fans ask each other to report defaming posts: one list, one link, one wording."""
    star = scene.star_of(rng, _group(scene, rng))
    call = Call(
        star=star,
        pasted="guide_report",
        rule="report",
        tags=(f"PROTECT_{star.tags[0]}",),
        url=f"https://{scene.idiom.habits.pages[0]}/report/{rng.getrandbits(24):x}",
        paste=0.5,
        repost=0.3,
    )
    return _event(scene, rng, at, size, label, call, 4 * 60 + 400 * rng.random())


def giveaway(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """One fan gives things away; everybody reposts or answers for days."""
    star = scene.star_of(rng, _group(scene, rng))
    call = Call(
        star=star,
        pasted="giveaway",
        rule="giveaway",
        tags=(star.tags[0],),
        pdq=new_pdq(rng),
        paste=0.05,
        repost=0.85,
        again=0.05,
    )
    return _event(scene, rng, at, size, label, call, 2 * _ALL_DAY)


def fan_protest(scene: Scene, rng: Random, at: int, size: int, label: str) -> list[Planned]:
    """A fandom attacks its own agency, by a pasted statement, for a star it protects."""
    star = scene.star_of(rng, _group(scene, rng))
    brand = scene.idiom.watchlist.subjects[0]
    call = Call(
        star=star,
        pasted="guide_protest",
        rule="protest",
        tags=(f"{brand.hashtags[0]}_사과해", f"PROTECT_{star.tags[0]}"),
        url=f"https://{scene.idiom.habits.pages[-1]}/truck/{rng.getrandbits(20):x}",
        paste=0.5,
        repost=0.2,
        again=0.45,
        platforms=EVERYWHERE,
    )
    return _event(scene, rng, at, size, label, call, _ALL_DAY * (1 + rng.random()))


def _group(scene: Scene, rng: Random) -> str:
    return scene.idiom.groups[int(rng.random() * len(scene.idiom.groups))]


def _caller(scene: Scene, spec: str, group: str) -> Person:
    platform, name, lang = spec.split(":")
    born = scene.start_ms - 900 * clock.DAY_MS
    return Person(
        name,
        platform,
        lang,
        group,
        Author(handle=name, created_at=born, followers=52_000),
    )


def _event(
    scene: Scene,
    rng: Random,
    at: int,
    size: int,
    label: str,
    call: Call,
    minutes: float,
    caller: Person | None = None,
) -> list[Planned]:
    """The caller's post, and those who follow it by pasting, passing on, or own words."""
    fans = scene.people.crowd(
        rng, size, loyal=call.star.group, platforms=call.platforms, settled_before=at
    )
    if not fans:
        return []
    scene.fan_tags.extend((call.star.group, tag) for tag in call.tags)
    followers = _Followers(scene, rng, call)
    first = caller or max(fans, key=lambda fan: fan.author.followers or 0)
    planned = [Planned(at, label, followers.start(first))]
    for fan in fans:
        while True:
            when = at + 1 + rush(scene, rng, minutes)
            planned.append(Planned(when, label, followers.follow(fan)))
            if rng.random() >= call.again:
                break
    return planned


class _Followers:
    """Writes what the caller of an event and those who follow it post."""

    def __init__(self, scene: Scene, rng: Random, call: Call) -> None:
        self._scene, self._rng, self._call = scene, rng, call
        self._pasted = {
            lang: scene.idiom.say(call.pasted, lang, call.star, rng.random)
            for lang in scene.idiom.habits.langs
        }
        self._called: list[Post] = []
        self._urls = (call.url,) if call.url else ()

    def start(self, caller: Person) -> Callable[[int], Post]:
        """The call itself."""

        def write(when: int) -> Post:
            post = self._scene.write(
                self._rng, caller, when, self._pasted[caller.lang],
                tags=self._call.tags, urls=self._urls, media=self._media(),
            )  # fmt: skip
            self._scene.pin(post, 30, self._rng.random)
            self._called.append(post)
            return post

        return write

    def follow(self, fan: Person) -> Callable[[int], Post]:
        """What one fan does about it."""

        def write(when: int) -> Post:
            rng, call = self._rng, self._call
            luck = rng.random()
            near = [post for post in self._called if post.platform == fan.platform]
            if near and luck < call.repost:
                return self._scene.repost(rng, fan, when, near[int(rng.random() * len(near))])
            pastes = luck < call.repost + call.paste
            post = self._own(fan, when, pastes)
            if pastes and len(self._called) < _REMEMBERED:
                self._called.append(post)
            return post

        return write

    def _own(self, fan: Person, when: int, pastes: bool) -> Post:
        scene, rng, call = self._scene, self._rng, self._call
        text = self._pasted[fan.lang]
        if not pastes:
            text = scene.say(rng, call.rule, fan.lang, call.star)
        return scene.write(
            rng, fan, when, text,
            tags=call.tags if rng.random() < 0.85 else call.tags[:1],
            urls=self._urls if pastes or rng.random() < 0.3 else (),
            media=self._media(),
            container=scene.room(rng, fan, call.star.group),
        )  # fmt: skip

    def _media(self) -> tuple[Media, ...]:
        rng, call = self._rng, self._call
        if call.pdq is not None and rng.random() < 0.5:
            return picture(rng, call.pdq, int(rng.random() * call.flips))
        return picture(rng, new_pdq(rng)) if rng.random() < 0.1 else ()

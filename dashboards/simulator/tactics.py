"""The thirteen ways in which rings attack, as public reports describe them."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

import msgspec

from dashboards.simulator import clock, edits, plan, rings
from dashboards.simulator.daily import Daily
from dashboards.simulator.people import Person
from dashboards.simulator.pictures import picture
from dashboards.simulator.rings import Ring, Tools
from dashboards.simulator.scene import Planned, Scene
from ingest.records import Post

_LINKED, _PICTURED, _TAGGED, _PASSED_ON = 0.2, 0.12, 0.25, 0.15

Speak = Callable[[Person, int], Post]


class Strike(NamedTuple):
    """One attack of a ring: who, when, for how long, with what, in which episode."""

    accounts: Sequence[Person]
    at: int
    minutes: int
    kit: Tools
    episode: int


def campaign_label(ring_id: str, episode: int) -> str:
    """The oracle's word for hostile posts."""
    return f"campaign:{ring_id}:{episode}"


def camouflage_label(ring_id: str) -> str:
    """The oracle's word for what a ring posts in order to look like anybody."""
    return f"camouflage:{ring_id}"


def attack(scene: Scene, rng: Random, one: Ring, daily: Daily) -> list[Planned]:
    """Everything the accounts of a ring will post."""
    planned: list[Planned] = []
    for strike in _strikes(scene, rng, one):
        label = campaign_label(one.id, strike.episode)
        said: list[Post] = []
        speak = _speaker(scene, rng, one, strike, said)
        present = [
            member
            for member in strike.accounts
            if rng.random() < plan.TAKING_PART[one.strength]
        ]
        times = rings.strike_times(scene, rng, len(present), strike.at, strike.minutes)
        if one.tactic == "cross_platform":
            present.sort(key=lambda member: ("reddit", "youtube").count(member.platform) == 0)
            times.sort()
        for member, when in zip(present, times, strict=True):
            planned.append(Planned(when, label, _act(scene, rng, member, speak, said)))
    hostile = len(planned)
    share = one.dose.camouflage
    label = camouflage_label(one.id)
    for when in rings.hidden_moments(scene, rng, one, round(hostile * share / (1 - share))):
        member = one.accounts[int(rng.random() * len(one.accounts))]
        planned.append(Planned(when, label, _hide(rng, daily, member)))
    return planned


def _hide(rng: Random, daily: Daily, member: Person) -> Callable[[int], Post]:
    return lambda when: daily.act(rng, member, when).post


def _act(
    scene: Scene, rng: Random, member: Person, speak: Speak, said: list[Post]
) -> Callable[[int], Post]:
    """Say it, or now and then pass on what another member said."""

    def write(when: int) -> Post:
        near = [post for post in said if post.platform == member.platform]
        near = [post for post in near if post.author_id != member.id]
        if near and rings.social(member) and rng.random() < _PASSED_ON:
            return scene.repost(rng, member, when, near[int(rng.random() * len(near))])
        post = speak(member, when)
        said.append(post)
        # A rumour is met by ordinary people too, and some of them pass it on.
        scene.pin(post, 2, rng.random)
        return post

    return write


def _strikes(scene: Scene, rng: Random, one: Ring) -> list[Strike]:
    """The attacks of a ring, first to last."""
    dose = one.dose
    gossip = scene.idiom.habits.gossip
    domain = gossip[int(rng.random() * len(gossip))]
    span = int(one.days * clock.DAY_MS)
    halves = one.tactic in ("return", "handover")
    strikes: list[Strike] = []
    claims = [one.claim, *[c for c in scene.idiom.claims if c != one.claim]]
    for wave in range(dose.waves):
        at = one.opens_at + (span * wave // max(1, dose.waves - 1) if dose.waves > 1 else 0)
        episode = int(halves and wave * 2 >= dose.waves)
        if halves:
            # Two visits of a day and a half, and quiet between them.
            inside = int(
                1.5 * clock.DAY_MS * (wave % (dose.waves // 2)) / max(1, dose.waves // 2)
            )
            at = one.opens_at + episode * span + inside
        accounts = one.accounts
        if one.tactic == "handover":
            middle = len(accounts) // 2
            accounts = accounts[middle:] if episode else accounts[:middle]
        claim = claims[episode] if one.tactic == "return" else one.claim
        kit = rings.tools(scene, rng, one, claim, domain)
        if one.tactic in ("link_push", "media_push") and strikes:
            kit = _same_object(kit, strikes[0].kit)
        minutes = dose.minutes
        if one.tactic == "slow_drip":
            at = one.opens_at + span * wave // dose.waves
            minutes = span // dose.waves // clock.MINUTE_MS
        jitter = (
            int(rng.random() * 3 * clock.HOUR_MS) if wave and one.tactic != "in_wave" else 0
        )
        latest = scene.end_ms - min(minutes, 600) * clock.MINUTE_MS
        strikes.append(Strike(accounts, min(at + jitter, latest), minutes, kit, episode))
    return strikes


def _same_object(kit: Tools, first: Tools) -> Tools:
    """New words around the link and the picture of the first strike."""
    return msgspec.structs.replace(
        kit, plain=first.plain, disguised=first.disguised, pdq=first.pdq
    )


def _speaker(scene: Scene, rng: Random, one: Ring, strike: Strike, said: list[Post]) -> Speak:
    """How a member speaks in that strike, by tactic."""
    if one.tactic == "reply_brigade":
        return _brigade(scene, rng, one, strike)
    if one.tactic == "media_push":
        return _picture_push(scene, rng, one, strike)
    if one.tactic == "link_push":
        return _link_push(scene, rng, one, strike)
    if one.tactic == "hijack":
        return _hijack(scene, rng, one, strike)
    if one.tactic == "in_wave":
        return _in_wave(scene, rng, one, strike, said)
    return _statement(scene, rng, one, strike)


def _words(scene: Scene, rng: Random, one: Ring, kit: Tools, member: Person) -> str:
    """The rumour as a member words it, by tactic and dose."""
    amount, name = one.dose.edits, scene.idiom.habits.name
    if one.tactic == "copy_paste":
        return kit.masters[member.lang]
    if one.tactic == "paraphrase":
        shape = -1 if rng.random() < amount else kit.shape
        return scene.idiom.rumour(kit.claim, member.lang, kit.star, rng.random, shape)
    if one.tactic in ("link_push", "media_push"):
        loose = rng.random() < 0.5
        if loose:
            return scene.idiom.rumour(kit.claim, member.lang, kit.star, rng.random, -1)
        return edits.light(rng, kit.masters[member.lang], 1.0, name)
    if one.tactic == "reply_brigade" and rng.random() < amount:
        return scene.idiom.rumour(kit.claim, member.lang, kit.star, rng.random, -1)
    return edits.light(rng, kit.masters[member.lang], amount, name)


def _extras(
    rng: Random, kit: Tools, member: Person
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Hashtags, links, and whether a picture comes along, as rings add them now and then."""
    if not rings.social(member):
        return (), (), False
    tags: tuple[str, ...] = ()
    if rng.random() < _TAGGED:
        tags = (kit.tag,) if rng.random() < 0.5 else kit.star.tags[:1]
    urls = (rings.link(rng, kit, 0.3),) if rng.random() < _LINKED else ()
    return tags, urls, rng.random() < _PICTURED


def _statement(scene: Scene, rng: Random, one: Ring, strike: Strike) -> Speak:
    kit = strike.kit

    def speak(member: Person, when: int) -> Post:
        tags, urls, pictured = _extras(rng, kit, member)
        return scene.write(
            rng, member, when, _words(scene, rng, one, kit, member), tags=tags, urls=urls,
            media=picture(rng, kit.pdq, int(rng.random() * 8)) if pictured else (),
            container=scene.room(rng, member, kit.star.group),
        )  # fmt: skip

    return speak


def _link_push(scene: Scene, rng: Random, one: Ring, strike: Strike) -> Speak:
    kit = strike.kit

    def speak(member: Person, when: int) -> Post:
        tags, _, _ = _extras(rng, kit, member)
        return scene.write(
            rng, member, when, _words(scene, rng, one, kit, member), tags=tags,
            urls=(rings.link(rng, kit, one.dose.edits),),
        )  # fmt: skip

    return speak


def _picture_push(scene: Scene, rng: Random, one: Ring, strike: Strike) -> Speak:
    kit = strike.kit

    def speak(member: Person, when: int) -> Post:
        tags, _, _ = _extras(rng, kit, member)
        text = _words(scene, rng, one, kit, member)
        if rng.random() < 0.4:
            text = scene.say(rng, "hater", member.lang, kit.star)
        flips = int(rng.random() * 2 * one.dose.edits)
        return scene.write(
            rng, member, when, text, tags=tags, media=picture(rng, kit.pdq, flips)
        )

    return speak


def _brigade(scene: Scene, rng: Random, one: Ring, strike: Strike) -> Speak:
    kit = strike.kit
    chosen: dict[str, Post] = {}

    def speak(member: Person, when: int) -> Post:
        platform = member.platform
        if platform not in chosen:
            notices = [n for n in scene.notices[kit.star.group] if n.platform == platform]
            met = notices[-1] if notices else scene.meet(member, rng.random)
            if met is None:
                return _statement(scene, rng, one, strike)(member, when)
            chosen[platform] = met
        text = _words(scene, rng, one, kit, member)
        if rng.random() < 0.25:
            text = scene.say(rng, "hater", member.lang, kit.star)
        return scene.reply(rng, member, when, text, chosen[platform])

    return speak


def _hijack(scene: Scene, rng: Random, one: Ring, strike: Strike) -> Speak:
    kit = strike.kit
    running = [tag for group, tag in scene.fan_tags if group == kit.star.group]
    fans = (*running[-2:], kit.star.tags[0])

    def speak(member: Person, when: int) -> Post:
        text = _words(scene, rng, one, kit, member)
        if rng.random() < 0.25:
            text = f"{scene.say(rng, 'tagpush', member.lang, kit.star)} {text}"
        tags = tuple(rng.sample(fans, min(len(fans), 1 + int(rng.random() * 2))))
        return scene.write(rng, member, when, text, tags=tags)

    return speak


def _in_wave(scene: Scene, rng: Random, one: Ring, strike: Strike, said: list[Post]) -> Speak:
    statement = _statement(scene, rng, one, strike)

    def speak(member: Person, when: int) -> Post:
        met = scene.meet(member, rng.random) if rng.random() < 0.3 else None
        if met is None or met in said:
            return statement(member, when)
        text = _words(scene, rng, one, strike.kit, member)
        return scene.reply(rng, member, when, text, met)

    return speak

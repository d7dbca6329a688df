"""A ring: its accounts, its rumour and its tools, when it strikes, and how it hides."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from dashboards.simulator import clock
from dashboards.simulator.idiom import Star
from dashboards.simulator.people import Person
from dashboards.simulator.pictures import new_pdq
from dashboards.simulator.plan import Dose, Strength, Tactic
from dashboards.simulator.scene import SOCIAL, Scene

STANDARD_DAYS = 14
_OPERATOR = 5
"""Accounts that one person runs, where rings work in shifts."""
_MIRRORS = 4
_NO_SHIFT_MINUTES = 24 * 60


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What a ring pushes: claim, texts, links in every disguise, a picture, hashtags."""

    star: Star
    claim: str
    masters: dict[str, str]
    shape: int
    plain: str
    disguised: tuple[str, ...]
    pdq: int
    tag: str


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """A planted ring, ready to strike."""

    id: str
    tactic: Tactic
    strength: Strength
    dose: Dose
    star: Star
    claim: str
    langs: tuple[str, ...]
    accounts: tuple[Person, ...]
    opens_at: int
    days: float


def recruit(
    scene: Scene,
    rng: Random,
    count: int,
    *,
    young: float,
    langs: Sequence[str],
    platforms: Sequence[str],
    loyal: str,
    at: int,
) -> list[Person]:
    """Accounts somebody bought or made: some new, some old, with few followers."""
    members: list[Person] = []
    for _ in range(count):
        lang = langs[int(rng.random() * len(langs))]
        days = 3 + 40 * rng.random() if rng.random() < young else 100 + 2600 * rng.random()
        members.append(
            scene.maker.person(
                rng,
                lang=lang,
                platform=platforms[int(rng.random() * len(platforms))],
                loyal=loyal,
                born=at - int(days * clock.DAY_MS),
                followers=int(10 ** (rng.random() * 2.9)),
            )
        )
    return members


def ring(
    scene: Scene,
    rng: Random,
    number: int,
    tactic: Tactic,
    strength: Strength,
    dose: Dose,
    opens_at: int,
) -> Ring:
    """Choose whom a ring attacks, with what, in which languages, from which accounts."""
    stars = tuple(scene.idiom.stars.values())
    # The famous are attacked more often, though not as much more as they are spoken of.
    star = rng.choices(stars, [one.weight**0.5 for one in stars])[0]
    claims = scene.idiom.claims
    claim = claims[int(rng.random() * len(claims))]
    # Most of the words of a grammar are in its first languages, most rings too.
    langs: tuple[str, ...] = (
        ("ko",) if rng.random() < 0.5 else ("en",) if rng.random() < 0.6 else ("ja",)
    )
    if tactic == "cross_platform":
        langs = ("ko", "en")
    elif rng.random() < 0.25:
        langs = (*langs, rng.choice([lang for lang in scene.idiom.voices if lang not in langs]))
    platforms: tuple[str, ...] = ("x",) if rng.random() < 0.6 else ("x", "x", "x", "bluesky")
    if tactic == "cross_platform":
        platforms = ("x", "x", "x", "bluesky", "youtube", "reddit")
    elif tactic == "in_wave":
        platforms = ("x", "x", "x", "bluesky", "youtube")
    accounts = recruit(
        scene,
        rng,
        dose.accounts,
        young=dose.young,
        langs=langs,
        platforms=platforms,
        loyal=star.group,
        at=opens_at,
    )
    whole = (scene.end_ms - scene.start_ms) / clock.DAY_MS
    return Ring(
        id=f"c{number:02d}",
        tactic=tactic,
        strength=strength,
        dose=dose,
        star=star,
        claim=claim,
        langs=langs,
        accounts=tuple(accounts),
        opens_at=opens_at,
        days=dose.days * min(1.0, whole / STANDARD_DAYS),
    )


def tools(scene: Scene, rng: Random, one: Ring, claim: str, domain: str) -> Tools:
    """The material of one strike; the same domain comes back in every strike of a ring."""
    shape = int(rng.random() * 60)
    masters = {
        lang: _naming(scene, rng, one.star, claim, lang, shape) for lang in scene.idiom.voices
    }
    slug = f"{rng.getrandbits(28):07x}"
    stem = domain.removesuffix(".example")
    mirrors = [f"https://{stem}{n}.example/{slug}" for n in ("-2", "news", "-mirror", "x")]
    short = scene.idiom.habits.shorteners
    hidden = [
        f"https://{short[n % len(short)]}/{rng.getrandbits(30):x}" for n in range(_MIRRORS)
    ]
    return Tools(
        star=one.star,
        claim=claim,
        masters=masters,
        shape=shape,
        plain=f"https://{domain}/{slug}",
        disguised=(*mirrors[: 2 + int(rng.random() * 3)], *hidden),
        pdq=new_pdq(rng),
        tag=f"{one.star.tags[-1]}_{rng.choice(('OUT', '논란', '하차', 'EXPOSED', 'STOP'))}",
    )


def _naming(scene: Scene, rng: Random, star: Star, claim: str, lang: str, shape: int) -> str:
    """A rumour that says whom it is about, as texts that are to be copied do."""
    text = ""
    for _ in range(40):
        text = scene.idiom.rumour(claim, lang, star, rng.random, shape)
        if any(name in text for name in star.spoken[lang]):
            break
    return text


def link(rng: Random, kit: Tools, disguised: float) -> str:
    """The link as one post carries it: plain, with a tracking tail, mirrored or shortened."""
    if rng.random() < disguised:
        return kit.disguised[int(rng.random() * len(kit.disguised))]
    if rng.random() < 0.4:
        return f"{kit.plain}?{rng.choice(('ref', 'utm_source', 's'))}={rng.getrandbits(20):x}"
    return kit.plain


def strike_times(scene: Scene, rng: Random, accounts: int, at: int, minutes: int) -> list[int]:
    """When each account posts in a strike of that length, in ms; none before ``at``.

    Long strikes keep to the hours in which people are awake.
    """
    length = minutes * clock.MINUTE_MS
    times: list[int]
    if scene.idiom.habits.rhythm == "spread" or minutes > _NO_SHIFT_MINUTES:
        times = [at + int(rng.random() * length) for _ in range(accounts)]
    else:
        times = []
        for first in range(0, accounts, _OPERATOR):
            when = at + int(rng.random() * length * 0.9)
            for _ in range(min(_OPERATOR, accounts - first)):
                times.append(when)
                when += int((20 + rng.expovariate(1 / 90)) * 1000 * max(1.0, minutes / 240))
    if minutes > 300:
        times = [_waking(rng, when) for when in times]
    return [min(when, scene.end_ms - clock.MINUTE_MS) for when in times]


def hidden_moments(scene: Scene, rng: Random, one: Ring, count: int) -> list[int]:
    """When the accounts of a ring act like anybody: before, between and after strikes."""
    begin = max(scene.start_ms, one.opens_at - int(3 * clock.DAY_MS))
    end = min(scene.end_ms, one.opens_at + int((one.days + 2) * clock.DAY_MS))
    return [_waking(rng, begin + int(rng.random() * (end - begin))) for _ in range(count)]


def social(person: Person) -> bool:
    """Whether the platform knows hashtags and reposts."""
    return person.platform in SOCIAL


def _waking(rng: Random, when: int) -> int:
    """The moment, or one some hours later if everybody sleeps."""
    for _ in range(6):
        if clock.awake(when, 9.0, 0.0) > 0.4 + 0.4 * rng.random():
            break
        when += int(2 * clock.HOUR_MS * rng.random())
    return when

"""The invented agency: subjects of the watchlist and how posts speak of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from detect.watchlist import Subject, Watchlist, load_watchlist

AGENCY_FILE = Path(__file__).with_name("agency.toml")
"""The demo's watchlist, in the form that every watchlist has."""

LANGUAGES = ("ko", "en", "ja")
GROUPS = ("velloria", "kyte9")
POPULARITY: Mapping[str, float] = {
    "velloria": 0.16,
    "haruel": 0.22,
    "bomsae": 0.09,
    "dew": 0.07,
    "nabiel": 0.08,
    "kyte9": 0.12,
    "taerok": 0.12,
    "moruun": 0.06,
    "gyeolhan": 0.05,
    "zeorin": 0.03,
}
"""Share of ordinary posts that speak of each subject."""

SONGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "velloria": {
        "ko": ("종이등", "물결무늬", "초록의 온도", "느린 별", "아홉 시의 바다"),
        "en": (
            "Paper Lantern",
            "Ripple Mark",
            "Green Degrees",
            "Slow Star",
            "Nine O'Clock Sea",
        ),
        "ja": ("紙ランタン", "さざなみ模様", "緑の温度", "遅い星", "Paper Lantern"),
    },
    "kyte9": {
        "ko": ("바람의 이름", "연줄", "아홉 번", "지붕 위에서", "밤을 접어"),
        "en": ("Name of Wind", "Kite String", "Nine Times", "On the Roof", "Fold the Night"),
        "ja": ("風の名前", "凧糸", "九回", "屋根の上で", "夜を折って"),
    },
}


class Star(msgspec.Struct, frozen=True):
    """A subject as posts speak of it; tuples by language repeat what is said often."""

    id: str
    group: str
    spoken: Mapping[str, tuple[str, ...]]
    songs: Mapping[str, tuple[str, ...]]
    tags: tuple[str, ...]


@cache
def agency() -> Watchlist:
    """The watchlist of :data:`AGENCY_FILE`."""
    return load_watchlist(AGENCY_FILE)


@cache
def stars() -> Mapping[str, Star]:
    """Groups and members by subject id, in the order of :data:`POPULARITY`."""
    by_id = {subject.id: subject for subject in agency().subjects}
    return {name: _star(by_id[name]) for name in POPULARITY}


def _star(subject: Subject) -> Star:
    group = subject.groups[0] if subject.groups else subject.id
    spoken = {
        lang: (*subject.names[lang] * 5, *subject.aliases.get(lang, ())) for lang in LANGUAGES
    }
    return Star(
        id=subject.id,
        group=group,
        spoken=spoken,
        songs=SONGS[group],
        tags=subject.hashtags,
    )

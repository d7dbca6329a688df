"""The watchlists of the mention cases: an invented one, and nicknames beside the name lists."""

from __future__ import annotations

import msgspec

from detect.watchlist import Watchlist
from detect.watchlists.file import parse

NICKNAMES = {
    "bts": {"ko": ("방탄",), "ja": ("防弾少年団", "バンタン"), "zh": ("防彈少年團",)},
    "g-dragon-bigbang": {"ko": ("지디",)},
    "super-junior": {"en": ("suju",)},
}

INVENTED = """
[[subjects]]
id = "lumina"
kind = "group"
name = "Lumina"
names = { ko = ["루미나", "루미나 걸즈"], ja = ["ルミナ"], zh = ["露米娜"] }
aliases = { en = ["Lumina Girls"] }
hashtags = ["LMN_WORLD"]
exclude = ["Lumina Hotel", "루미나 호텔"]

[subjects.official]
accounts = ["x:@lumina_official", "bluesky:@lumina.example", "x:1001"]
containers = ["reddit:lumina", "youtube:UClumina"]
domains = ["lumina.example", "fanplace.example/lumina"]

[[subjects]]
id = "nova7"
kind = "group"
name = "NOVA7"
names = { ko = ["노바세븐"], ja = ["ノバセブン"] }

[[subjects]]
id = "arin"
kind = "idol"
name = "Arinelle"
groups = ["lumina"]
names = { ko = ["아린", "김아린"], ja = ["アリン"], zh = ["阿琳娜"] }
romanisations = ["a-rin"]
ambiguous = ["a-rin"]

[[subjects]]
id = "via"
kind = "idol"
name = "V"
groups = ["lumina"]
names = { ko = ["뷔", "비아나"] }
ambiguous = ["V", "뷔"]

[[subjects]]
id = "winter"
kind = "idol"
name = "Winter"
groups = ["nova7"]
names = { ko = ["겨울", "윈터라"] }
ambiguous = ["Winter", "겨울"]
context = ["aurora tour"]
exclude = ["winter storm", "겨울 방학"]

[[subjects]]
id = "jiwon-l"
kind = "idol"
name = "Jiwon"
groups = ["lumina"]
names = { ko = ["지원"] }

[[subjects]]
id = "jiwon-n"
kind = "idol"
name = "Jiwon"
groups = ["nova7"]
names = { ko = ["지원"] }

[[subjects]]
id = "rain"
kind = "idol"
name = "Rain"
names = { ko = ["비"] }
ambiguous = ["Rain", "비"]
context = ["콘서트", "concert", "가수"]

[[subjects]]
id = "serae"
kind = "idol"
name = "Serae"
names = { ko = ["세래"], ja = ["せれ"] }
romanisations = ["se-rae"]

[[subjects]]
id = "hoshino"
kind = "idol"
name = "Hoshino Mei"
groups = ["nova7"]
names = { ja = ["星野芽衣", "めいりん"], ko = ["호시노 메이"] }
"""


def invented() -> Watchlist:
    """Two invented groups, their members and two soloists."""
    return parse(INVENTED, "invented.toml")


def with_nicknames(watchlist: Watchlist) -> Watchlist:
    """The watchlist with the nicknames a user would add."""
    known = {subject.id for subject in watchlist.subjects}
    assert set(NICKNAMES) <= known, set(NICKNAMES) - known
    return Watchlist(
        subjects=tuple(
            msgspec.structs.replace(
                subject, aliases={**subject.aliases, **NICKNAMES.get(subject.id, {})}
            )
            for subject in watchlist.subjects
        )
    )

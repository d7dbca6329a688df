"""An embedded host whose watchlist has people with ambiguous names, and posts about them."""

from __future__ import annotations

from pathlib import Path

from dashboards.composing.compose import build_host
from detect.watchlist import load_watchlist
from ingest.collector import Collected
from ingest.records import Deletion, Post
from stream.embedded import EmbeddedHost
from stream.records import LoggedPost, PostSeen
from stream.settings import Settings

START = 1_790_000_000_000
WATCHLIST = """
[[subjects]]
id = "mirelle"
kind = "brand"
name = "Mirelle Entertainment"
names.en = ["Mirelle Entertainment"]

[[subjects]]
id = "lumena"
kind = "group"
name = "LUMENA"
agency = "Mirelle Entertainment"
names.en = ["LUMENA"]

[[subjects]]
id = "dew"
kind = "idol"
name = "Dew"
agency = "Mirelle Entertainment"
groups = ["lumena"]
names.en = ["Dew"]
names.ko = ["이슬"]
hashtags = ["LUMENA_DEW"]
ambiguous = ["Dew", "이슬"]
exclude = ["morning dew"]

[[subjects]]
id = "dew-of-nova"
kind = "idol"
name = "Dew of NOVA"
names.en = ["Dew"]
hashtags = ["NOVA_DEW"]
ambiguous = ["Dew"]
"""
STOLE = "yikes Dew stole a song from a friend, they never denied it"
SHORTER = "Dew stole the song of a friend, and they never even denied it"
PAGE = "https://gossip.example/a/18823"


def post(n: int, text: str, *, at: int = 0, **more: object) -> Post:
    return Post(
        id=f"x:{n}", source="x", platform="x", author_id=f"a{n}",
        created_at=START + at + n, text=text, **more,  # type: ignore[arg-type]
    )  # fmt: skip


class House:
    """An embedded host that can be killed and begun again."""

    def __init__(self, folder: Path, given: Settings | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.settings = given or Settings()
        (folder / "watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
        self.host: EmbeddedHost
        self.now = START
        self.begin()

    def begin(self) -> None:
        watchlist = load_watchlist(self.folder / "watchlist.toml")
        self.host = build_host(self.folder / "data", self.settings, watchlist, None)
        self.host.intake._echoes._now = lambda: self.now

    def read(self, *items: Post | Deletion) -> None:
        self.host.ingest([Collected(source="x", items=list(items))])

    def kill(self) -> None:
        self.host.close()
        self.begin()

    def logged(self) -> list[LoggedPost]:
        rows = self.host.posts.read(0, 100_000)
        return [entry for _, entry in rows if isinstance(entry, LoggedPost)]

    def said(self) -> dict[str, list[tuple[str, str, str | None]]]:
        return {
            one.post.id: [(m.subject, m.reason, m.via) for m in one.mentions]
            for one in self.logged()
        }

    def routed(self) -> list[PostSeen]:
        logs = self.host.subjects
        read = [e for p in range(logs.partitions) for _, e in logs.read(p, 0, 100_000)]
        return [entry for entry in read if isinstance(entry, PostSeen)]

    def counts(self) -> dict[str, int]:
        return self.host.intake.counters()

    def rows(self) -> int:
        (found,) = self.host.store.db.execute("SELECT count(*) FROM echoes").fetchone()
        return int(found)

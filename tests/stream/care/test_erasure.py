"""What is deleted leaves every byte of the store: log, state, results, letters, free space."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from detect.watchlist import Watchlist
from ingest.records import Deletion, Malformed, Post
from stream.care.requests import Asking, Forget
from stream.care.wiping import PURGE
from stream.pipeline import operators
from stream.storage.migrations import keep_copy
from stream.storage.store import DATABASE
from tests.stream.embedded_world import START, collected, open_host, post

ROOT = Path(__file__).parents[2]
SENTINEL = "zzqsentinel"
MINUTE = 60_000


def hosting(folder: Path):
    return open_host(
        folder,
        operators=operators(
            Watchlist(),
            threshold=0.7,
            days=30,
            max_texts=1000,
            min_accounts=3,
            window_minutes=10,
            cooldown_hours=24,
        ),
    )


def story(n: int, text: str, **changes: object) -> Post:
    return post(n, text, author_id=f"a{n}", at=START + n * 1000, **changes)


def deletion(n: object, scope: str = "post") -> Deletion:
    id_ = f"x:{n}"
    return Deletion(id=id_, source="x", deleted_at=START + 9 * MINUTE, scope=scope)


def left(folder: Path, word: str = SENTINEL) -> list[str]:
    """Files of the folder that hold the word, read by another process."""
    found = subprocess.run(
        ["grep", "-rlaiF", word, str(folder)], capture_output=True, text=True, check=False
    )
    return found.stdout.split()


def finished(host) -> None:
    assert host.wiping.finish(20)
    host.close()


def crowd(host, count: int = 3_000) -> None:
    """Many other posts, so that rows move between pages."""
    rng = random.Random(5)
    for start in range(0, count, 250):
        host.ingest(
            [
                collected(
                    *(
                        story(
                            1000 + i, f"arin {rng.random()} {rng.random()} {'ab ' * (i % 60)}"
                        )
                        for i in range(start, start + 250)
                    )
                )
            ]
        )


def test_a_deleted_post_leaves_every_byte_of_the_store(tmp_path):
    host = hosting(tmp_path)
    host.ingest([collected(story(1, f"arin {SENTINEL} and some more words to compare"))])
    crowd(host, 1000)
    assert left(tmp_path)

    host.ingest([collected(deletion(1))])
    finished(host)

    assert left(tmp_path) == []


def test_the_surface_of_a_mention_goes_too(tmp_path):
    host = open_host(tmp_path)
    host.ingest([collected(post(n, "arin hello")) for n in range(40)])
    rows = "SELECT post_offset, body FROM subject_log WHERE post_offset IS NOT NULL"
    before = [offset for offset, body in host.store.db.execute(rows) if b"surface" in body]
    assert len(before) == 80, "the member's log and the group's"

    host.ingest([collected(deletion(7))])

    after = [offset for offset, body in host.store.db.execute(rows) if b"surface" in body]
    assert sorted(set(before) - set(after)) == [8]
    assert len(after) == 78
    host.close()


def test_the_sample_of_a_cluster_does_not_outlive_the_post_it_came_from(tmp_path):
    host = hosting(tmp_path)
    same = "arin was seen yesterday at the airport with her whole family"
    # The link is no part of the compared text, so all three are copies.
    host.ingest(
        [
            collected(
                story(1, f"{same} https://x.example/{SENTINEL}"),
                story(2, same),
                story(3, same.upper()),
            )
        ]
    )
    assert SENTINEL in {
        c.sample[-len(SENTINEL) :] for c in host.processor.results.of_kind("cluster")
    }

    host.ingest([collected(deletion(1))])

    samples = {c.sample for c in host.processor.results.of_kind("cluster")}
    assert all("airport" in sample for sample in samples), samples
    finished(host)
    assert left(tmp_path) == []


def test_a_merged_cluster_keeps_no_words_that_no_deletion_would_reach(tmp_path):
    host = hosting(tmp_path)
    one = "arin was seen yesterday at the airport with her whole family and two dogs"
    two = "arin was seen yesterday at the airport with her whole family"
    host.ingest([collected(story(1, one + " today"), story(2, one + " today"))])
    host.ingest(
        [collected(story(3, two[:40] + " " + SENTINEL), story(4, two[:40] + " " + SENTINEL))]
    )
    host.ingest([collected(story(5, two + f" and {SENTINEL}"))])

    host.ingest([collected(*(deletion(n) for n in (3, 4, 5)))])
    finished(host)

    assert left(tmp_path) == []


def test_all_revisions_of_a_post_go(tmp_path):
    host = hosting(tmp_path)
    for n in range(4):
        host.ingest([collected(story(1, f"arin revision {n} of {SENTINEL} is quite long"))])
    host.ingest([collected(deletion(1))])
    finished(host)

    assert left(tmp_path) == []


def test_the_posts_of_a_deleted_account_go_all(tmp_path):
    host = hosting(tmp_path)
    mine = [
        post(n, f"arin {SENTINEL} number {n} is quite long", author_id="bad") for n in range(20)
    ]
    host.ingest([collected(*mine)])
    host.ingest([collected(deletion("bad", "account"))])
    finished(host)

    assert left(tmp_path) == []


def test_a_record_that_could_not_be_read_goes_with_a_deletion_of_a_post_never_kept(tmp_path):
    host = hosting(tmp_path)
    raw = f'{{"id": "77", "text": "{SENTINEL}'.encode()
    host.ingest([collected(Malformed(source="x", raw=raw, reason="cut off"))])
    assert left(tmp_path)

    host.ingest([collected(deletion(77))])
    finished(host)

    assert left(tmp_path) == []


def test_a_copy_kept_before_a_migration_goes_with_the_first_deletion(tmp_path):
    host = hosting(tmp_path)
    host.ingest([collected(story(1, f"arin {SENTINEL} and some more words"))])
    keep_copy(host.store.db, tmp_path / DATABASE, 1)

    host.ingest([collected(deletion(1))])
    finished(host)

    assert left(tmp_path) == []


def test_a_deleted_post_that_is_sent_again_leaves_nothing(tmp_path):
    host = hosting(tmp_path)
    words = story(1, f"arin {SENTINEL} and some more words")
    host.ingest([collected(words)])
    host.ingest([collected(deletion(1))])
    host.ingest([collected(words)])
    finished(host)

    assert left(tmp_path) == []


def test_nothing_is_wiped_where_nothing_was_deleted(tmp_path):
    host = hosting(tmp_path)
    host.ingest([collected(story(1, "arin hello and some more words"))])

    assert host.wiping.step()
    assert host.store.meta(PURGE) is None
    host.close()


KILLED = """
import os, pathlib, sys
from tests.stream.care.test_erasure import deletion, hosting
from tests.stream.embedded_world import collected
host = hosting(pathlib.Path(sys.argv[1]))
host.ingest([collected(deletion(1))])
if sys.argv[2] == "wiping":
    os.pwrite = lambda *a: os.kill(os.getpid(), 9)
    host.wiping.finish(20)
os.kill(os.getpid(), 9)
"""


@pytest.mark.crash
@pytest.mark.parametrize("when", ["committed", "wiping"])
def test_killed_after_the_deletion_the_next_start_wipes(tmp_path, when):
    host = hosting(tmp_path)
    host.ingest([collected(story(1, f"arin {SENTINEL} and some more words to compare"))])
    crowd(host, 1500)
    host.close()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), when],
        cwd=ROOT, check=False, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL

    host = hosting(tmp_path)
    assert host.wiping.finish(20)
    assert left(tmp_path) == []
    host.close()


def test_a_request_to_forget_is_carried_out_once_and_answered(tmp_path):
    host = hosting(tmp_path)
    host.ingest([collected(story(1, f"arin {SENTINEL} and more words"), story(2, "arin two"))])
    asking = Asking(tmp_path, now=lambda: START)
    first = asking.ask(Forget(ids=("x:1", "x:9"), reason="asked"))
    second = asking.ask(Forget(ids=("x:a2",), reason="asked"))
    assert asking.outcome(first) is None

    host.care()

    one, two = asking.outcome(first), asking.outcome(second)
    assert one is not None
    assert one.counts == {"posts": 1, "accounts": 0, "dead_letters": 0, "unknown": 1}
    assert two is not None
    assert two.counts == {"posts": 1, "accounts": 1, "dead_letters": 0, "unknown": 0}
    before = host.intake.counters()
    host.care()
    assert host.intake.counters() == before
    finished(host)
    assert left(tmp_path) == []


def test_a_request_of_another_jikimi_is_refused_and_does_not_stop_the_rest(tmp_path):
    host = hosting(tmp_path)
    host.ingest([collected(story(1, "arin one and more words"))])
    asking = Asking(tmp_path, now=lambda: START)
    with host.store.transaction():
        host.store.db.execute(
            "INSERT INTO requests (body, asked_at) VALUES (?, 1)", (b'{"type": "fly/9"}',)
        )
    number = asking.ask(Forget(ids=("x:1",), reason="asked"))

    host.care()

    refused, done = asking.outcome(1), asking.outcome(number)
    assert refused is not None
    assert "does not know" in refused.problem
    assert done is not None
    assert done.counts["posts"] == 1
    host.close()


def test_asking_where_there_is_no_data_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no data in this folder"):
        Asking(tmp_path, now=lambda: 0)

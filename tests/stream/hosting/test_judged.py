"""Judgements on their way: made once at intake, read from the log, gone with the post."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from detect.records import HarmReason, HarmScore, Judgement, Mention
from ingest.records import Deletion, Post
from stream.records import LoggedPost, PostSeen
from tests.stream.embedded_world import START, collected, events, everything, open_host, post

NEXT = START + 60_000


def judgement_of(one: Post, subjects: tuple[str, ...] = ("arin",)) -> Judgement:
    """What the judge below says of a post."""
    spoken = one.text.find("rude")
    reason = HarmReason(
        layer="test", category="defamation", surface="rude", start=spoken, end=spoken + 4
    )
    return Judgement(
        language=one.text[:2],
        harm=(HarmScore(category="defamation", score=0.75),) if spoken >= 0 else (),
        reasons=(reason,) if spoken >= 0 else (),
        target="subject" if subjects else "unknown",
        version="test/1",
    )


class Judging:
    """Judges by one word, and counts in which batches it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def judge(
        self, posts: Sequence[Post], mentions: Sequence[tuple[Mention, ...]], /
    ) -> list[Judgement]:
        self.batches.append([one.id for one in posts])
        return [
            judgement_of(one, tuple(m.subject for m in named))
            for one, named in zip(posts, mentions, strict=True)
        ]


class Failing(Judging):
    """Fails on any batch in which a post says the word."""

    def judge(
        self, posts: Sequence[Post], mentions: Sequence[tuple[Mention, ...]], /
    ) -> list[Judgement]:
        if any("poison" in one.text for one in posts):
            raise RecursionError("poison")
        return super().judge(posts, mentions)


class Forgetful(Judging):
    """Says one judgement too few of every batch of several."""

    def judge(
        self, posts: Sequence[Post], mentions: Sequence[tuple[Mention, ...]], /
    ) -> list[Judgement]:
        found = super().judge(posts, mentions)
        return found if len(found) == 1 else found[1:]


def seen(host: object) -> dict[tuple[str, str, int], Judgement | None]:
    found = [e for e in events(host) if isinstance(e, PostSeen)]
    return {(e.subject, e.post.id, e.revision): e.judgement for e in found}


def test_a_matched_post_carries_its_judgement_into_every_subject_log(tmp_path: Path) -> None:
    host = open_host(tmp_path, judge=Judging())
    one = post(1, "arin was rude")

    host.ingest([collected(one)])

    in_memory = seen(host)
    host.subjects.rolled_back()
    expected = judgement_of(one)
    assert seen(host) == in_memory
    assert in_memory == {("arin", "x:1", 1): expected, ("luna", "x:1", 1): expected}
    assert expected.worst == 0.75
    ((_, entry),) = host.posts.read(0, 10)
    assert isinstance(entry, LoggedPost)
    assert entry.judgement == expected
    host.close()


def test_posts_about_nobody_are_judged_by_nobody(tmp_path: Path) -> None:
    judge = Judging()
    host = open_host(tmp_path, judge=judge)

    host.ingest([collected(post(1, "rude weather"), post(2, "rude rain"))])

    assert judge.batches == []
    host.close()


def test_posts_of_a_batch_are_judged_together(tmp_path: Path) -> None:
    judge = Judging()
    host = open_host(tmp_path, judge=judge)

    host.ingest([collected(*(post(n) for n in range(50)))])

    assert [len(batch) for batch in judge.batches] == [50]
    host.close()


def test_an_answer_is_judged_with_the_mention_that_its_thread_gives_it(tmp_path: Path) -> None:
    host = open_host(tmp_path, judge=Judging())

    host.ingest([collected(post(1), post(2, text="so rude", reply_to="x:1"))])

    answer = seen(host)["arin", "x:2", 1]
    assert answer is not None
    assert answer.target == "subject"
    host.close()


def test_an_edited_post_is_judged_anew(tmp_path: Path) -> None:
    host = open_host(tmp_path, judge=Judging())
    host.ingest([collected(post(1, "arin was kind"))])

    host.ingest([collected(post(1, "arin was rude", at=NEXT))])

    found = seen(host)
    before, after = found["arin", "x:1", 1], found["arin", "x:1", 2]
    assert before is not None
    assert after is not None
    assert (before.worst, after.worst) == (0.0, 0.75)
    host.close()


def test_new_numbers_of_a_post_leave_its_judgement(tmp_path: Path) -> None:
    host = open_host(tmp_path, judge=Judging())
    host.ingest([collected(post(1, "arin was rude", metrics={"likes": 1}))])

    host.ingest([collected(post(1, "arin was rude", metrics={"likes": 9}))])

    found = seen(host)
    assert found["arin", "x:1", 2] == found["arin", "x:1", 1] is not None
    host.close()


@pytest.mark.parametrize("judge", [Failing(), Forgetful()])
def test_a_judge_that_fails_on_one_post_stops_nothing(tmp_path: Path, judge: Judging) -> None:
    host = open_host(tmp_path, judge=judge)
    poisoned = isinstance(judge, Failing)
    texts = ["arin one", "arin poison" if poisoned else "arin two", "arin three"]

    host.ingest([collected(*(post(n, text) for n, text in enumerate(texts)))])
    host.ingest([collected(post(9, "arin four"))])

    found = {post_id: one for (subject, post_id, _), one in seen(host).items() if subject}
    unjudged = {post_id for post_id, one in found.items() if one is None}
    assert unjudged == ({"x:1"} if poisoned else set())
    assert set(found) == {"x:0", "x:1", "x:2", "x:9"}
    counts = host.intake.counters()
    assert counts.get("unjudged", 0) == len(unjudged)
    assert counts["logged"] == counts["indexed"] == 4
    host.close()


def test_a_folder_that_knew_no_judge_is_read_on(tmp_path: Path) -> None:
    host = open_host(tmp_path)
    host.ingest([collected(post(1, "arin was rude"))])
    host.close()

    host = open_host(tmp_path, judge=Judging())
    host.ingest([collected(post(2, "arin was rude again"))])

    found = seen(host)
    assert found["arin", "x:1", 1] is None
    assert found["arin", "x:2", 1] is not None
    host.close()


def test_judgements_do_not_depend_on_how_a_source_cut_its_items(tmp_path: Path) -> None:
    items = [
        post(n, f"arin {'rude' if n % 3 else 'kind'} {n}", reply_to=f"x:{n - 2}")
        for n in range(30)
    ]
    outcomes = []
    for size in (1, 7, 30):
        host = open_host(tmp_path / str(size), judge=Judging())
        for at in range(0, len(items), size):
            host.ingest([collected(*items[at : at + size])])
        outcomes.append(everything(host))
        host.close()

    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_a_deleted_post_takes_the_words_of_its_judgement_along(tmp_path: Path) -> None:
    class Telling(Judging):
        def judge(
            self, posts: Sequence[Post], mentions: Sequence[tuple[Mention, ...]], /
        ) -> list[Judgement]:
            words = HarmReason(layer="test", category="threat", surface="unmistakable-words")
            return [Judgement(reasons=(words,), version="test/1") for _ in posts]

    host = open_host(tmp_path, judge=Telling())
    host.ingest([collected(post(1))])
    assert b"unmistakable-words" in (tmp_path / "jikimi.db-wal").read_bytes()

    host.ingest([collected(Deletion(id="x:1", source="x", deleted_at=NEXT))])
    host.close()

    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"unmistakable-words" not in file.read_bytes(), file

"""A small invented world for page tests: an agency, a smear, a fan event, a quiet week."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from detect.records import HarmReason, HarmScore, Judgement, Mention
from detect.watchlist import Subject, Watchlist
from ingest.records import Author, Gap, Media, Post, SourceStatus
from stream.index import Index, IndexBatch
from stream.records import (
    Alert,
    Burst,
    Cluster,
    Evidence,
    GapSeen,
    Membership,
    PostSeen,
    Severity,
)
from tests.dashboards.web.memory_index import MemoryIndex

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_795_492_800_000  # 2026-11-24 04:00 UTC, 13:00 in Seoul
POST_ID = "bluesky:at://did:plc:aa11/app.bsky.feed.post/3kk?x#y"
SMEAR = "alert_smear"
SMEAR_TEXT = "루메나 서안이 연습실에서 쫓겨났다는 얘기 들었어? 다들 퍼뜨려 줘"

WATCHLIST = Watchlist(
    subjects=(
        Subject(id="lumena", kind="group", name="LUMENA", hangul_name="루메나"),
        Subject(id="seoan", kind="idol", name="Seoan", hangul_name="서안", groups=("lumena",)),
        Subject(id="dajin", kind="idol", name="Dajin", hangul_name="다진", groups=("lumena",)),
        Subject(id="orbital", kind="brand", name="Orbital House"),
    )
)

ORDINARY = (
    ("ko", "루메나 서안 오늘 무대 진짜 잘했다"),
    ("en", "seoan's new dance practice has me smiling all day"),
    ("ja", "ルメナのソアン、今日の配信とても良かった"),
    ("ko", "서안 신곡 너무 좋은데 가사가 조금 아쉬워"),
    ("en", "did anybody catch the LUMENA radio show? notes below"),
)


def make_post(
    number: int,
    *,
    at: int,
    text: str,
    lang: str | None = "ko",
    author: str | None = None,
    post_id: str | None = None,
    platform: str = "bluesky",
    media: tuple[Media, ...] = (),
    url: str | None = None,
    **references: str | None,
) -> Post:
    name = author or f"did:plc:{number:04d}"
    return Post(
        id=post_id or f"{platform}:at://{name}/app.bsky.feed.post/{number}",
        source=platform,
        platform=platform,
        author_id=name,
        created_at=at,
        observed_at=at + 2000,
        text=text,
        lang=lang,
        url=url or f"https://social.example/{number}",
        media=media,
        author=Author(handle=f"fan{number}.example", created_at=at - (number % 90) * DAY),
        **references,
    )


def seen(post: Post, *subjects: str, mentions: tuple[Mention, ...] = ()) -> PostSeen:
    return PostSeen(subject=subjects[0], subjects=subjects, post=post, mentions=mentions)


def ordinary_posts() -> Iterator[PostSeen]:
    """Six days of posts with a rhythm of the day; one subject has twice as many."""
    number = 0
    for step in range(6 * 48):
        at = NOW - 5 * DAY - 12 * HOUR + step * HOUR // 2
        hour = (at // HOUR + 9) % 24
        for _ in range(1 + (hour > 8) * 2 + (hour > 18) * 3 + step % 2):
            number += 1
            lang, text = ORDINARY[number % len(ORDINARY)]
            when = at + (number * 7 % 29) * MINUTE
            if when < NOW:
                post = make_post(number, at=when, text=f"{text} {number}", lang=lang)
                yield seen(post, *(("seoan", "lumena") if number % 3 else ("dajin", "lumena")))


def smear_posts() -> list[PostSeen]:
    """48 copies by 44 accounts in 40 minutes, some on another platform."""
    posts = list[PostSeen]()
    for i in range(48):
        text = SMEAR_TEXT if i % 4 else SMEAR_TEXT.replace("다들", "모두") + " !!"
        post = make_post(
            9000 + i,
            at=NOW - 55 * MINUTE + i * 50_000,
            text=text,
            author=f"did:plc:new{i % 44:03d}",
            post_id=POST_ID if i == 0 else None,
            platform="reddit" if i % 5 == 4 else "bluesky",
            media=(Media(url="https://cdn.pictures.example/p.jpg", alt="a practice room"),)
            if i == 0
            else (),
        )
        start = text.index("서안")
        mentions = (
            Mention(
                subject="seoan", reason="alias", surface="서안", start=start, end=start + 2
            ),
            Mention(subject="lumena", reason="alias", surface="루메나", start=0, end=3),
        )
        posts.append(seen(post, "seoan", "lumena", mentions=mentions))
    return posts


THREAD = "bluesky:at://did:plc:9501/app.bsky.feed.post/9501"
"""A post that answers one which never came; 12 posts follow it."""


def thread_posts() -> list[PostSeen]:
    """A thread of five days ago: replies, quotes, reposts, a branch below a post not here."""
    begin = NOW - 5 * DAY - 2 * HOUR
    lost = "bluesky:at://did:plc:lost/app.bsky.feed.post/lost1"
    gone = "bluesky:at://did:plc:9599/app.bsky.feed.post/9599"
    origin = "bluesky:at://did:plc:first/app.bsky.feed.post/first1"
    ids: dict[int, str] = {1: THREAD}
    posts = list[PostSeen]()

    def say(n: int, minutes: int, text: str, **references: str | None) -> None:
        post = make_post(
            9500 + n, at=begin + minutes * MINUTE, text=text, lang="en", **references
        )
        ids[n] = post.id
        mentions = (
            (Mention(subject="seoan", reason="alias", surface="서안", start=0, end=2),)
            if text.startswith("서안")
            else (Mention(subject="seoan", reason="thread", via=THREAD),)
        )
        posts.append(seen(post, "seoan", mentions=mentions))

    say(1, 0, "서안 was seen leaving the practice room early", reply_to=origin, root=origin)
    for n, minutes, text, parent in (
        (2, 3, "where does this come from?", 1),
        (3, 4, "a friend of a friend, so no source at all", 2),
        (4, 9, "then please take it down", 3),
        (5, 12, "서안 was on the radio at that hour, I listened to it", 1),
        (6, 14, "link to the radio show?", 5),
    ):
        say(n, minutes, text, reply_to=ids[parent], root=THREAD)
    say(7, 16, "서안 again, people believe anything", quote_of=THREAD)
    say(8, 21, "and they quote it without asking", reply_to=ids[7], root=ids[7])
    say(9, 25, "", repost_of=THREAD)
    say(10, 31, "", repost_of=ids[7])
    say(11, 40, "this was answered above", reply_to=lost, root=THREAD)
    say(12, 44, "agreed, the radio proves it", reply_to=gone, root=THREAD)
    say(13, 95, "", repost_of=ids[5])
    return posts


def make_alert(
    alert_id: str,
    *,
    severity: Severity = "medium",
    title: str = "One text by many accounts",
    kind: str = "copy_burst",
    subject: str = "seoan",
    at: int = NOW - 30 * MINUTE,
    **more: object,
) -> Alert:
    return Alert(
        alert_id=alert_id,
        subject=subject,
        kind=kind,
        severity=severity,
        title=title,
        created_at=at,
        updated_at=at,
        revision=1,
        operator_version="alerts/1",
        **more,  # type: ignore[arg-type]
    )


def results() -> list[Alert | Burst | Cluster | Membership]:
    copies = smear_posts()
    ids = tuple(one.post.id for one in copies)
    cluster = Cluster(
        cluster_id="cluster_smear",
        subject="seoan",
        revision=3,
        operator_version="clusters/1",
        founder=ids[0],
        first_at=copies[0].post.event_at,
        last_at=copies[-1].post.event_at,
        posts=48,
        accounts=44,
        platforms=("bluesky", "reddit"),
        sample=SMEAR_TEXT,
    )
    burst = Burst(
        burst_id="burst_smear",
        subject="seoan",
        cluster_id="cluster_smear",
        revision=1,
        operator_version="burst/1",
        first_at=cluster.first_at,
        last_at=cluster.last_at,
        detected_at=NOW - 48 * MINUTE,
        posts=48,
        accounts=44,
        peak_accounts=12,
        expected_accounts=0.4,
    )
    smear = make_alert(
        SMEAR,
        severity="critical",
        title="서안: same sentence 48 times by 44 accounts",
        at=NOW - 48 * MINUTE,
        cluster_id="cluster_smear",
        posts=48,
        accounts=44,
        platforms=("bluesky", "reddit"),
        post_ids=ids[:20],
        evidence=(
            Evidence(signal="accounts_in_window", value=12, expected=0.4, post_ids=ids[:3]),
            Evidence(signal="surprise", value=9.5),
            Evidence(signal="exact_copies", value=0.75),
            Evidence(signal="span_seconds", value=2350),
            Evidence(signal="new_accounts", value=0.34),
        ),
        counter_evidence=(Evidence(signal="long_standing_accounts", value=0.66),),
    )
    others = [
        make_alert(
            "alert_high",
            severity="high",
            title="Copied rumour about a tour",
            subject="lumena",
            at=NOW - 3 * HOUR,
            posts=17,
            accounts=15,
            platforms=("bluesky",),
        ),
        make_alert(
            "alert_medium",
            severity="medium",
            title="Copied complaint about tickets",
            subject="dajin",
            at=NOW - 5 * HOUR,
            posts=9,
            accounts=8,
            platforms=("reddit",),
        ),
        make_alert(
            "alert_low",
            severity="low",
            title="Copied link to a video",
            subject="seoan",
            at=NOW - 9 * HOUR,
            posts=6,
            accounts=6,
            platforms=("bluesky",),
        ),
    ]
    members = [
        Membership(subject="seoan", post_id=one, cluster_id="cluster_smear", revision=1)
        for one in ids
    ]
    return [cluster, burst, smear, *others, *members]


def statuses() -> list[SourceStatus]:
    return [
        SourceStatus(
            source="bluesky",
            state="live",
            changed_at=NOW - 6 * DAY,
            last_item_at=NOW - 4000,
            read=1_204_331,
            logged=5_210,
            unmatched=1_199_118,
            malformed=3,
        ),
        SourceStatus(
            source="reddit",
            state="waiting",
            changed_at=NOW - 9 * MINUTE,
            last_item_at=NOW - 9 * MINUTE,
            read=4_410,
            logged=120,
            unmatched=4_290,
            problem="the platform asked us to wait 60 s",
        ),
    ]


def filled_index() -> MemoryIndex:
    """The whole world in an index."""
    index = MemoryIndex()
    fill(index)
    return index


HARMFUL = Judgement(
    language="ko",
    harm=(
        HarmScore(category="defamation", score=0.91),
        HarmScore(category="threat", score=0.55, unsure=True),
        HarmScore(category="criticism", score=0.3),
    ),
    target="subject",
    reasons=(
        HarmReason(layer="words", category="defamation", surface="쫓겨났다", start=0, end=4),
        HarmReason(layer="model", category="threat"),
    ),
    version="harm/test",
)


def judged_index() -> MemoryIndex:
    """The world, its smear judged as harmful and its thread as harmless."""
    index = filled_index()
    harmless = Judgement(language="en", version="harm/test")
    again = [(one, HARMFUL) for one in smear_posts()]
    again += [(one, harmless) for one in thread_posts()]
    posts = [
        msgspec.structs.replace(one, revision=2, judgement=judgement)
        for one, judgement in again
    ]
    index.write(IndexBatch(checkpoint="judged", posts=posts))
    return index


def fill(index: Index) -> None:
    """Write the world into any index."""
    everything = [*ordinary_posts(), *smear_posts(), *thread_posts()]
    index.write(
        IndexBatch(
            checkpoint="1",
            posts=everything,
            sightings=[
                PostSeen(subject=subject, subjects=one.subjects, post=one.post)
                for one in everything
                for subject in one.subjects
            ],
            gaps=[
                GapSeen(
                    gap=Gap(
                        source="bluesky",
                        since=NOW - 9 * HOUR,
                        until=NOW - 8 * HOUR,
                        reason="source was away",
                    )
                )
            ],
            results=results(),
            statuses=statuses(),
        )
    )
    index.refresh()

"""A world in which every text and every name is hostile, in a real index."""

from __future__ import annotations

from detect.records import HarmReason, HarmScore, Judgement, Mention
from detect.watchlist import Subject, Watchlist
from ingest.records import Author, Gap, Media, Post, SourceStatus
from stream.index import Index, IndexBatch
from stream.records import Alert, Burst, Cluster, Evidence, GapSeen, Membership, PostSeen
from tests.dashboards.web.world import HOUR, MINUTE, NOW

BREAKOUTS = (
    "<x-evil onclick=alert(1)>",
    "</title></textarea></style></script><script>document.x_evil=1</script>",
    "\"><img src=x onerror='document.x_evil=1'>",
    "' onfocus='document.x_evil=1' autofocus x='",
    "--><svg/onload=document.x_evil=1>",
    "javascript:document.x_evil=1",
    "{{7*191}}${7*191}<%=7*191%>",
    "&lt;x-evil&gt;&#60;x-evil&#62;",
)
OVERRIDES = "\u202edlrow\u202c \u2066isolated\u2069 \u200b\u2060\ufeff\x07"
ZALGO = "".join(letter + "\u0301\u0332\u0489\u20d2" * 40 for letter in "zalgo")
FORMULA = '=HYPERLINK("https://evil.example","x")'
EVIL = FORMULA + "".join(BREAKOUTS) + OVERRIDES + ZALGO
LONG = "W" * 100_000
LONG_NAME = "W" * 2_000
"""Of subjects and sources, which our own people name."""
CLUSTER = "cluster'\"><x-evil>"
ALERT = "alert'\"><x-evil>"
BARE_ALERT = "alert ?#%00&amp;"
SUBJECT = "subject'\"><x-evil>"
POST_IDS = tuple(f"bluesky:at://{breakout}/{n}" for n, breakout in enumerate(BREAKOUTS))

WATCHLIST = Watchlist(
    subjects=(
        Subject(id=SUBJECT, kind="idol", name=EVIL, hangul_name=EVIL, agency=EVIL),
        Subject(id="long", kind="group", name=LONG_NAME, hangul_name=LONG_NAME),
    )
)


JUDGEMENT = Judgement(
    language=EVIL,
    harm=(HarmScore(category="threat", score=0.9),),
    target="subject",
    reasons=(HarmReason(layer=EVIL, category="threat", surface=EVIL, start=0, end=10**9),),
    version=EVIL,
)


def posts() -> list[PostSeen]:
    """Posts with hostile fields, each answering the one before, and one with long names."""
    found: list[PostSeen] = []
    for n, post_id in enumerate(POST_IDS):
        at = NOW - 30 * MINUTE + n * MINUTE
        post = Post(
            id=post_id,
            source=EVIL,
            platform="bluesky" if n % 2 else EVIL,
            author_id=EVIL,
            created_at=at,
            observed_at=at,
            text=f"{BREAKOUTS[n]} {EVIL}",
            lang=BREAKOUTS[n],
            url=BREAKOUTS[n],
            urls=("javascript:document.x_evil=1", f"https://evil.example/{EVIL}"),
            hashtags=(BREAKOUTS[n], EVIL),
            mentions=(EVIL,),
            reply_to=POST_IDS[n - 1] if n else None,
            root=POST_IDS[0] if n else None,
            quote_of=EVIL,
            container=EVIL,
            media=(Media(url=BREAKOUTS[n], kind=EVIL, mime=EVIL, alt=EVIL),),
            metrics={EVIL: 7},
            author=Author(handle=EVIL, created_at=at, followers=n),
        )
        mention = Mention(
            subject=SUBJECT, reason="alias", surface=EVIL, start=0, end=5, via=EVIL
        )
        found.append(
            PostSeen(
                subject=SUBJECT,
                subjects=(SUBJECT,),
                post=post,
                mentions=(mention,),
                judgement=JUDGEMENT if n % 2 else None,
            )
        )
    long = Post(
        id="bluesky:long",
        source="bluesky",
        platform=LONG,
        author_id=LONG,
        created_at=NOW - MINUTE,
        observed_at=NOW - MINUTE,
        text=LONG[:60_000],
        lang=LONG,
        url=f"https://evil.example/{LONG}",
        urls=(f"https://evil.example/{LONG}",),
        hashtags=(LONG,),
        mentions=(LONG,),
        container=LONG,
        media=(Media(url=f"https://evil.example/{LONG}", alt=LONG),),
        author=Author(handle=LONG, followers=3),
    )
    return [*found, PostSeen(subject="long", subjects=("long",), post=long)]


def alert(alert_id: str, text: str, **more: object) -> Alert:
    """An alert whose every text is ``text``."""
    return Alert(
        alert_id=alert_id,
        subject=SUBJECT,
        kind=text,
        severity="critical",
        title=text,
        created_at=NOW - 20 * MINUTE,
        updated_at=NOW - 10 * MINUTE,
        revision=1,
        operator_version=text,
        cluster_id=CLUSTER,
        posts=9,
        accounts=8,
        platforms=(text,),
        post_ids=POST_IDS,
        evidence=(Evidence(signal=text, value=3, expected=1, post_ids=POST_IDS),),
        counter_evidence=(Evidence(signal=text, value=float("inf")),),
        **more,  # type: ignore[arg-type]
    )


def fill(index: Index) -> None:
    """Write the hostile world into any index."""
    everything = posts()
    cluster = Cluster(
        cluster_id=CLUSTER,
        subject=SUBJECT,
        revision=1,
        operator_version=EVIL,
        founder=POST_IDS[0],
        first_at=NOW - 30 * MINUTE,
        last_at=NOW - 20 * MINUTE,
        posts=len(POST_IDS),
        accounts=len(POST_IDS),
        platforms=(EVIL, LONG),
        sample=EVIL,
    )
    burst = Burst(
        burst_id="burst'\"><x-evil>",
        subject=SUBJECT,
        cluster_id=CLUSTER,
        revision=1,
        operator_version=EVIL,
        first_at=cluster.first_at,
        last_at=cluster.last_at,
        detected_at=cluster.last_at,
        posts=9,
        accounts=8,
        peak_accounts=8,
        expected_accounts=0.5,
    )
    members = [
        Membership(subject=SUBJECT, post_id=one, cluster_id=CLUSTER, revision=1)
        for one in POST_IDS
    ]
    index.write(
        IndexBatch(
            checkpoint="1",
            posts=everything,
            sightings=everything,
            gaps=[
                GapSeen(gap=Gap(source=name, since=NOW - HOUR, until=NOW, reason=text))
                for name, text in ((EVIL, EVIL), (LONG_NAME, LONG))
            ],
            results=[
                cluster,
                burst,
                alert(ALERT, EVIL),
                alert(BARE_ALERT, BREAKOUTS[1]),
                alert("alert_long", LONG),
                *members,
            ],
            statuses=[
                SourceStatus(source=name, state="failed", changed_at=NOW, problem=text)
                for name, text in ((EVIL, EVIL), (LONG_NAME, LONG))
            ],
        )
    )
    index.refresh()

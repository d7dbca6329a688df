"""Golden bytes of every record: what was once written stays readable for ever.

A new record needs a sample below; ``JIKIMI_GOLDEN=write pytest`` on this file
writes the golden file that is missing. A file that exists is never rewritten:
when its bytes no longer fit, the schema needs a new version and a note in
docs/decisions.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
from pathlib import Path

import msgspec
import pytest

import detect
import ingest
import stream
from detect.records import (
    Finding,
    HarmReason,
    HarmScore,
    Judgement,
    Mention,
    PictureFinding,
)
from detect.watchlist import FanProject, Official, Subject, Watchlist
from ingest.records import (
    Author,
    Deletion,
    Gap,
    Malformed,
    Media,
    Post,
    Record,
    SourceStatus,
)
from stream.log import Routed, Seen
from stream.records import (
    Alert,
    Burst,
    Campaign,
    Cluster,
    DeadLetter,
    Evidence,
    GapSeen,
    LoggedClock,
    LoggedDeletion,
    LoggedGap,
    LoggedMedia,
    LoggedPost,
    MediaSeen,
    Membership,
    PostGone,
    PostSeen,
    Tally,
    Tick,
    Versions,
)
from stream.router import RouterClock
from stream.sink import Delivery
from stream.storage.sqlite_log import MediaReference, PostReference
from stream.topics import RouterTick, SourceCursor
from tests.picture_samples import FOUND, JUDGED

GOLDEN = Path(__file__).parent / "golden"
AT = 1_790_000_000_000

POST = Post(
    id="bluesky:at://did:plc:abc/app.bsky.feed.post/3k",
    source="bluesky",
    platform="bluesky",
    author_id="did:plc:abc",
    created_at=AT,
    text="서하늘 is live 🎤",
    observed_at=AT + 5,
    lang="ko",
    url="https://bsky.app/profile/did:plc:abc/post/3k",
    urls=("https://a.example/1",),
    hashtags=("서하늘",),
    mentions=("haneul.example",),
    reply_to="bluesky:at://did:plc:x/app.bsky.feed.post/1",
    root="bluesky:at://did:plc:x/app.bsky.feed.post/0",
    repost_of="bluesky:at://did:plc:y/app.bsky.feed.post/2",
    quote_of="bluesky:at://did:plc:z/app.bsky.feed.post/3",
    container="reddit:kpop",
    media=(
        Media(
            url="https://cdn.example/1", mime="image/jpeg", alt="stage", sha256="ab", pdq="c"
        ),
    ),
    metrics={"likes": 3},
    author=Author(handle="fan.example", created_at=AT - 9, followers=12),
    truncated=True,
)
MENTION = Mention(subject="seo-haneul", reason="alias", surface="서하늘", start=0, end=3)
JUDGEMENT = Judgement(
    language="ko",
    harm=(
        HarmScore(category="threat", score=0.91),
        HarmScore(category="criticism", score=0.4, unsure=True),
    ),
    target="subject",
    reasons=(
        HarmReason(layer="lexicon", category="threat", surface="live", start=7, end=11),
        HarmReason(layer="model", category="criticism"),
    ),
    version="harm/1",
)
EVIDENCE = Evidence(signal="accounts", value=25.0, expected=1.5, post_ids=(POST.id,))
GAP = Gap(source="bluesky", since=AT, until=AT + 60_000, reason="connection closed")
DELETION = Deletion(id=POST.id, source="bluesky", deleted_at=AT + 9, scope="account")
ALERT = Alert(
    alert_id="al_0123456789abcdef0123",
    subject="seo-haneul",
    kind="copy_burst",
    severity="high",
    title="25 accounts posted one text within 15 minutes",
    created_at=AT,
    updated_at=AT + 1,
    revision=2,
    operator_version="alerts/1",
    cluster_id="cl_0123456789abcdef0123",
    campaign_id="ca_0123456789abcdef0123",
    posts=30,
    accounts=25,
    platforms=("bluesky", "x"),
    post_ids=(POST.id,),
    evidence=(EVIDENCE,),
    counter_evidence=(Evidence(signal="official_link", value=0.0),),
)
SUBJECT = Subject(
    id="seo-haneul",
    kind="idol",
    name="Seo Haneul",
    agency="Narae",
    groups=("moonlit",),
    legal_name="Seo Ha-neul",
    hangul_name="서하늘",
    birth_date="2009-02-03",
    names={"ko": ("서하늘",)},
    aliases={"ja": ("ハヌル",)},
    romanisations=("Suh Hanul",),
    hashtags=("서하늘",),
    ambiguous=("하늘",),
    context=("moonlit",),
    exclude=("하늘색",),
    official=Official(
        accounts=("bluesky:did:plc:o",), containers=("reddit:moonlit",), domains=("a.example",)
    ),
    fan_projects=(
        FanProject(
            name="birthday", hashtags=("hb",), domains=("v.example",), accounts=("x:1",)
        ),
    ),
)

SAMPLES: list[Record] = [
    POST,
    DELETION,
    GAP,
    Malformed(source="archive", raw=b"{\xff", reason="not UTF-8"),
    SourceStatus(
        source="bluesky",
        state="live",
        changed_at=AT,
        last_item_at=AT,
        read=6,
        logged=1,
        unmatched=3,
        malformed=2,
        skipped=9,
        problem="none",
    ),
    MENTION,
    Mention(subject="seo-haneul", reason="thread", via=POST.id),
    Mention(subject="seo-haneul", reason="copy", surface="하늘", start=0, end=2, via=POST.id),
    Finding(
        detector="nsfw",
        version="1",
        subject="seo-haneul",
        score=0.5,
        flagged=True,
        reasons=("above the threshold",),
    ),
    FOUND,
    PictureFinding(version="1", finding_id="fi_1", at=AT, gone=True, revision=3),
    JUDGED,
    JUDGEMENT,
    Judgement(version="harm/1"),
    LoggedMedia(post_id=POST.id, account=POST.account, findings=(FOUND,)),
    MediaSeen(subject="seo-haneul", post_id=POST.id, findings=(FOUND,)),
    MediaReference(subject="seo-haneul", post_id=POST.id),
    SUBJECT,
    Watchlist(subjects=(SUBJECT,)),
    LoggedPost(post=POST, mentions=(MENTION,)),
    LoggedPost(post=POST, mentions=(MENTION,), judgement=JUDGEMENT),
    LoggedDeletion(deletion=DELETION),
    LoggedGap(gap=GAP),
    LoggedClock(at=AT),
    PostSeen(
        subject="seo-haneul",
        subjects=("seo-haneul", "moonlit"),
        post=POST,
        mentions=(MENTION,),
        revision=2,
        change="edit",
        late=True,
    ),
    PostSeen(subject="seo-haneul", post=POST, judgement=JUDGEMENT),
    PostGone(subject="seo-haneul", post_id=POST.id, deleted_at=AT),
    Tick(subject="seo-haneul", at=AT, minutes=3),
    GapSeen(subject="seo-haneul", gap=GAP),
    Versions(subject="s", watchlist="a", rules="b", calendar="c", banks="d"),
    Membership(
        subject="seo-haneul", post_id=POST.id, cluster_id="cl_1", revision=1, similarity=0.75
    ),
    Cluster(
        cluster_id="cl_1",
        subject="seo-haneul",
        kind="media",
        revision=3,
        operator_version="clusters/1",
        founder=POST.id,
        first_at=AT,
        last_at=AT + 1,
        posts=30,
        accounts=25,
        platforms=("x",),
        sample="text",
        merged_into="cl_0",
    ),
    Burst(
        burst_id="bu_1",
        subject="seo-haneul",
        cluster_id="cl_1",
        revision=1,
        operator_version="bursts/1",
        kind="fan_event",
        first_at=AT,
        last_at=AT + 1,
        detected_at=AT + 2,
        posts=30,
        accounts=25,
        peak_accounts=20,
        expected_accounts=0.5,
        evidence=(EVIDENCE,),
        counter=(EVIDENCE,),
    ),
    Campaign(
        campaign_id="ca_1",
        subject="seo-haneul",
        kind="coordinated",
        revision=1,
        operator_version="campaigns/1",
        first_post_at=AT,
        last_post_at=AT + 1,
        detected_at=AT + 2,
        accounts=("x:1",),
        post_ids=(POST.id,),
        coordination=0.9,
        harm=0.8,
        openness=0.1,
        independence=0.2,
        evidence=(EVIDENCE,),
        counter_evidence=(EVIDENCE,),
    ),
    ALERT,
    msgspec.structs.replace(
        ALERT, raised=Tally(at=AT, posts=12, accounts=10, platforms=("bluesky",))
    ),
    DeadLetter(stage="router", source="x", reason="r", raw=b"\x00", at=AT, tries=2),
    Seen(digest=-5, metrics=6, revision=2, subjects=("s",), offsets=(1, 9), deleted=True),
    Routed(event=Tick(at=AT), post_offset=7),
    RouterClock(newest=AT, ticked=AT - 1),
    PostReference(
        subject="seo-haneul",
        subjects=("seo-haneul", "moonlit"),
        mentions=(Mention(subject="seo-haneul", reason="thread"),),
        revision=2,
        change="edit",
        late=True,
    ),
    RouterTick(router=3, of=8, at=AT),
    SourceCursor(source="bluesky", cursor="1790000000000000", owner="host-1"),
    Delivery(delivery_id="de_1", alert=ALERT, link="https://a.example/alerts/al_1"),
]


def schema_of(kind: type[Record]) -> str:
    return str(kind.__struct_config__.tag)


def record_classes() -> list[type[Record]]:
    for package in (ingest, detect, stream):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found: list[type[Record]] = []
    waiting = [Record]
    while waiting:
        kind = waiting.pop()
        found += [sub for sub in kind.__subclasses__() if sub.__struct_config__.tag]
        waiting += kind.__subclasses__()
    return sorted(found, key=schema_of)


def names(sample: Record) -> str:
    same = [other for other in SAMPLES if type(other) is type(sample)]
    place = same.index(sample)
    return schema_of(type(sample)).replace("/", "-") + (f"-{place + 1}" if place else "")


@pytest.mark.parametrize("sample", SAMPLES, ids=names)
def test_a_record_is_written_in_the_golden_bytes_and_read_back(sample):
    file = GOLDEN / f"{names(sample)}.json"
    packed = msgspec.msgpack.encode(sample)
    if not file.exists() and os.environ.get("JIKIMI_GOLDEN") == "write":
        shown = {"json": json.loads(msgspec.json.encode(sample)), "msgpack": packed.hex()}
        file.write_text(
            json.dumps(shown, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )

    golden = json.loads(file.read_text(encoding="utf-8"))

    assert json.loads(msgspec.json.encode(sample)) == golden["json"]
    assert packed.hex() == golden["msgpack"]
    assert msgspec.msgpack.decode(bytes.fromhex(golden["msgpack"]), type=type(sample)) == sample
    assert msgspec.json.decode(json.dumps(golden["json"]), type=type(sample)) == sample


def test_every_record_of_the_three_packages_has_a_golden_sample():
    with_sample = {type(sample) for sample in SAMPLES}

    missing = [kind.__name__ for kind in record_classes() if kind not in with_sample]

    assert missing == []


def test_every_golden_file_belongs_to_a_sample():
    assert {file.stem for file in GOLDEN.glob("*.json")} == {
        names(sample) for sample in SAMPLES
    }


def test_no_two_records_share_a_schema():
    schemas = [schema_of(kind) for kind in record_classes()]

    assert len(schemas) == len(set(schemas))


def test_records_are_frozen_keyword_only_and_versioned():
    for kind in record_classes():
        config = kind.__struct_config__

        assert config.frozen, kind
        assert kind.__match_args__ == (), f"{kind}: positional fields freeze their order"
        assert config.tag_field == "schema", kind
        assert schema_of(kind).partition("/")[2].isdigit(), kind


@pytest.mark.parametrize("sample", SAMPLES, ids=names)
def test_unknown_fields_from_a_newer_version_are_ignored(sample):
    body = json.loads(msgspec.json.encode(sample)) | {"added_later": [1]}

    assert msgspec.json.decode(json.dumps(body), type=type(sample)) == sample


@pytest.mark.parametrize("sample", SAMPLES, ids=names)
def test_bytes_of_another_schema_are_refused(sample):
    body = json.loads(msgspec.json.encode(sample)) | {"schema": "other/9"}

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(body), type=type(sample))


def test_fields_at_their_default_are_not_written():
    post = Post(id="x:1", source="x", platform="x", author_id="1", created_at=1, text="t")

    assert set(json.loads(msgspec.json.encode(post))) == {
        "schema",
        "id",
        "source",
        "platform",
        "author_id",
        "created_at",
        "text",
    }

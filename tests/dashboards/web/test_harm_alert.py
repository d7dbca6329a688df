"""The page of an alert of harm: what it is about in plain words, its posts folded away."""

from __future__ import annotations

import msgspec

from detect.records import HarmReason, HarmScore, Judgement, Mention
from stream.alerting.harm import HarmAlerts
from stream.index import IndexBatch
from stream.records import Alert
from tests.dashboards.web.conftest import Serve
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import MINUTE, NOW, filled_index, make_post, seen
from tests.stream.harness import Harness

WORDS = "Seoan 딥페이크 팝니다 텔레 문의"
OFFER = Judgement(
    language="ko",
    harm=(HarmScore(category="sexual_deepfake", score=0.9),),
    target="subject",
    reasons=(
        HarmReason(
            layer="words", category="sexual_deepfake", surface="딥페이크", start=6, end=10
        ),
    ),
    version="harm/1",
)


def offered() -> MemoryIndex:
    """The world, and three accounts that offer sexual deepfakes of a subject."""
    index = filled_index()
    mention = Mention(subject="seoan", reason="alias", surface="Seoan", start=0, end=5)
    posts = [
        msgspec.structs.replace(
            seen(
                make_post(9000 + n, at=NOW - (20 - n) * MINUTE, text=f"{WORDS} {n}"),
                "seoan",
                mentions=(mention,),
            ),
            judgement=OFFER,
        )
        for n in range(3)
    ]
    found = Harness([HarmAlerts()]).run(posts)
    alerts = {one.alert_id: one for one in found if isinstance(one, Alert)}
    index.write(IndexBatch(checkpoint="harm", posts=posts, results=list(alerts.values())))
    return index


def test_it_says_what_is_done_to_whom_and_shows_no_post_unasked(serve: Serve):
    index = offered()
    [alert] = [one for one in index._all(Alert) if one.kind == "harm"]
    visitor = serve(index).browser()
    page = visitor.get(f"/alerts/{alert.alert_id}")
    assert page.status_code == 200
    said = text_of(page.text)
    assert "Sexual deepfake: trade, request" in said
    assert "90 %" in said
    assert "by 3 accounts" in said
    assert "high" in said.casefold()
    folded = page.text.partition('class="spared"')
    assert folded[1]
    assert WORDS not in text_of(folded[0])


def test_it_stands_among_the_alerts(serve: Serve):
    said = text_of(serve(offered()).browser().get("/").text)
    assert "sexual deepfakes offered or asked for in" in said

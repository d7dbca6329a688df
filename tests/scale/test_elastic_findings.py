"""Findings of pictures in Elasticsearch: asked for as in the local index, gone with their post."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from detect.records import PictureFinding
from stream.index import FindingQuery, IndexBatch
from stream.local_index import LocalIndex
from tests.picture_samples import FOUND
from tests.scale.elastic_world import Eager, Ground, elasticsearch

pytestmark = pytest.mark.slow


@pytest.fixture
def index() -> Iterator[Eager]:
    with elasticsearch() as client:
        index = Ground(client).index()
        yield index
        index.close()


def finding(number: int, **changes: object) -> PictureFinding:
    made = {"finding_id": f"fi_{number}", "post_id": f"x:{number}", "at": FOUND.at + number}
    return msgspec.structs.replace(FOUND, **made, **changes)


def test_both_indices_hold_the_same_findings(index: Eager, tmp_path: Path) -> None:
    local = LocalIndex(tmp_path)
    moved = finding(2, revision=3, family="fam_2")
    results = [finding(3), finding(1, severity="", subject="haneul"), finding(2)]
    gone = PictureFinding(finding_id="fi_3", version="1", revision=3, post_id="x:3", gone=True)
    for number, batch in enumerate([results, [moved], [finding(2)], [gone]], 1):
        for one in (index, local):
            one.write(IndexBatch(checkpoint=str(number), results=batch))
    for query in (
        FindingQuery(),
        FindingQuery(limit=1),
        FindingQuery(newest=True),
        FindingQuery(newest=True, limit=1),
        FindingQuery(family="fam_1"),
        FindingQuery(family="fam_2"),
        FindingQuery(post_id="x:1"),
        FindingQuery(post_id="x:3"),
        FindingQuery(post_ids=("x:2", "x:1", "x:3", "x:2", "\ud800")),
        FindingQuery(post_ids=()),
        FindingQuery(family="\ud800"),
        FindingQuery(subject="haneul"),
        FindingQuery(subject="nobody"),
        FindingQuery(subject="\ud800"),
        FindingQuery(grave=True),
    ):
        assert index.findings(query) == local.findings(query)
    assert [one.finding_id for one in local.findings(FindingQuery())] == ["fi_1", "fi_2"]
    assert local.findings(FindingQuery(family="fam_2")) == [moved]
    assert local.findings(FindingQuery(grave=True)) == [moved]
    assert local.findings(FindingQuery(post_ids=("x:2", "x:3"))) == [moved]
    assert local.findings(FindingQuery(post_ids=())) == []
    assert [one.finding_id for one in local.findings(FindingQuery(subject="haneul"))] == [
        "fi_1"
    ]
    local.close()

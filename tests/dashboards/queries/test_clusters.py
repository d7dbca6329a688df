"""Clusters as pages list them: one text once, and harmful ones known under every subject."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dashboards.queries.clusters import harmful, once
from detect.records import HarmScore, Judgement
from stream.local_index import LocalIndex
from tests.stream.index_world import batch, cluster, membership, post, seen

GROUPS = {"haruel": ("velloria",)}


def groups_of(subject: str) -> tuple[str, ...]:
    return GROUPS.get(subject, ())


def test_a_text_is_listed_once_with_everybody_it_is_about():
    listed = [
        cluster("cl_group", subject="velloria", founder="archive:1"),
        cluster("cl_other", subject="agency", founder="archive:2"),
        cluster("cl_member", subject="haruel", founder="archive:1"),
        cluster("cl_agency", subject="agency", founder="archive:1"),
    ]

    found = once(listed, groups_of)

    assert [(one.cluster.cluster_id, one.subjects) for one in found] == [
        ("cl_member", ("haruel", "velloria", "agency")),
        ("cl_other", ("agency",)),
    ]


def test_a_harmful_text_is_known_under_each_of_its_subjects(tmp_path: Path):
    judged = Judgement(
        language="en", harm=(HarmScore(category="defamation", score=0.9),), target="subject",
        reasons=(), version="harm/1",
    )  # fmt: skip
    events = [
        msgspec.structs.replace(one, judgement=judged)
        for one in seen(post("1", "a rumour"), "velloria", "haruel")
    ]
    clusters = [
        cluster("cl_group", subject="velloria", founder="archive:1"),
        cluster("cl_member", subject="haruel", founder="archive:1"),
    ]
    index = LocalIndex(tmp_path / "index")
    index.write(batch(*events))

    assert set(harmful(index, clusters)) == {"cl_group", "cl_member"}
    index.close()


def test_a_text_is_harmful_when_a_copy_of_it_is_though_the_first_post_was_never_judged(
    tmp_path: Path,
):
    judged = Judgement(
        language="en", harm=(HarmScore(category="threat", score=0.9),), target="subject",
        reasons=(), version="harm/1",
    )  # fmt: skip
    first, copy = post("1", "see you there"), post("2", "see you there")
    (harsh,) = seen(copy)
    index = LocalIndex(tmp_path / "index")
    index.write(
        batch(
            *seen(first),
            msgspec.structs.replace(harsh, judgement=judged),
            results=[membership(first, "cl_1"), membership(copy, "cl_1")],
        )
    )

    assert harmful(index, [cluster("cl_1"), cluster("cl_2", founder="archive:9")]) == {
        "cl_1": judged
    }
    index.close()

"""Alerts of pictures: one a family, by rules, the same whatever the order, and withdrawn."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from detect.media.fusion import Signs, changed_in_picture, fuse, touches_a_face
from detect.records import PictureFinding, PictureMatch, SeenFace
from stream.alerting.media import SPREAD, MediaAlerts
from stream.records import Alert, MediaSeen, PostGone
from tests.stream.harness import DAY, MINUTE, START, Harness

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
COPY = PictureMatch(reference="ref_1", bank="photos", kind="official", distance=4)
ALTERED = PictureMatch(
    reference="ref_1", bank="photos", kind="official", region=WHOLE, inliers=90, agreeing=0.9,
    changed=((0.4, 0.2, 0.2, 0.2),),
)  # fmt: skip
BAD = PictureMatch(reference="ref_2", bank="harm", kind="known_bad", distance=0)
IGNORE = PictureMatch(reference="ref_3", bank="memes", kind="ignore", distance=0)
FACE = SeenFace(box=(0.45, 0.25, 0.1, 0.1), score=0.9)
ENROLLED = SeenFace(
    box=(0.45, 0.25, 0.1, 0.1), score=0.9, subject="arin", likeness=0.6, sure=True
)
ELSEWHERE = SeenFace(box=(0.0, 0.8, 0.1, 0.1), score=0.9)


@pytest.mark.parametrize(
    ("signs", "severity", "first"),
    [
        (Signs(), "", None),
        (Signs(matches=[COPY]), "", "official_copy"),
        (Signs(matches=[ALTERED]), "medium", "official_altered"),
        (Signs(matches=[ALTERED], faces=[FACE]), "high", "official_face_altered"),
        (Signs(matches=[ALTERED], faces=[ELSEWHERE]), "low", "official_altered"),
        (Signs(matches=[ALTERED], sexual=True), "critical", "official_altered_sexual"),
        (Signs(matches=[BAD]), "high", "known_bad"),
        (Signs(family_bad=True), "high", "family_known_bad"),
        (Signs(matches=[BAD, IGNORE]), "", "known_bad"),
        (Signs(faces=[ENROLLED]), "", None),
        (Signs(faces=[ENROLLED], sexual=True), "critical", "face_sexual"),
        (Signs(faces=[ENROLLED], sexual=True, matches=[IGNORE]), "critical", "face_sexual"),
        (Signs(faces=[FACE], sexual=True), "", None),
        (Signs(faces=[ENROLLED], machine_made=True), "medium", "face_machine_made"),
        (Signs(machine_made=True), "", "machine_made"),
        (Signs(signature="invalid"), "", "signature_invalid"),
        (Signs(signature="trusted"), "", "signature_trusted"),
        (Signs(signature="valid", forgery_band="inconclusive"), "", None),
        (Signs(sexual=True), "", None),
    ],
)  # fmt: skip
def test_the_rules_can_be_read(signs, severity, first):
    found, reasons = fuse(signs)
    assert found == severity
    assert (reasons[0] if reasons else None) == first


@pytest.mark.parametrize("rest", [Signs(), Signs(matches=[COPY]), Signs(faces=[ENROLLED])])
def test_a_forgery_score_alone_amounts_to_nothing(rest):
    without, _ = fuse(rest)
    found, reasons = fuse(msgspec.structs.replace(rest, forgery_band="likely"))
    assert found == without == ""
    assert "forgery_likely" in reasons


def test_what_supports_and_what_speaks_against_stand_beside_an_alert_and_change_nothing_in_it():
    said = ("known_bad", "machine_made", "forgery_likely", "signature_trusted")
    [alert] = last_alerts(run([event(finding(1, reasons=said))])).values()
    [plain] = last_alerts(run([event(finding(1))])).values()
    assert alert.severity == plain.severity
    assert [one.signal for one in alert.evidence][:3] == [
        "media_known_bad", "media_machine_made", "media_forgery_likely",
    ]  # fmt: skip
    assert [one.signal for one in alert.counter_evidence] == ["media_signature_trusted"]


def test_a_changed_part_is_found_where_the_picture_lies():
    half = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5))
    placed = msgspec.structs.replace(ALTERED, region=half, changed=((0.0, 0.0, 0.5, 0.5),))
    assert changed_in_picture(placed) == [(0.5, 0.0, 0.25, 0.25)]
    assert not touches_a_face(placed, [ELSEWHERE])
    assert touches_a_face(placed, [SeenFace(box=(0.7, 0.2, 0.2, 0.2), score=0.9)])


def finding(
    number: int, *, severity="high", reasons=("known_bad",), **changes
) -> PictureFinding:
    made = PictureFinding(
        version="media/1", finding_id=f"fi_{number}",
        post_id=f"x:{number}", account=f"x:a{number}", platform="x",
        at=START + number * MINUTE, family="fam_1", severity=severity, reasons=reasons,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def event(*findings: PictureFinding, subject="arin") -> MediaSeen:
    return MediaSeen(subject=subject, post_id=findings[0].post_id, findings=findings)


def run(events, *, batch=500):
    return Harness([MediaAlerts()]).run(events, batch=batch)


def last_alerts(results) -> dict[str, Alert]:
    return {one.alert_id: one for one in results if isinstance(one, Alert)}


def test_one_grave_picture_raises_one_alert_that_names_its_family():
    found = run([event(finding(1))])
    [alert] = last_alerts(found).values()
    [kept] = [one for one in found if isinstance(one, PictureFinding)]
    assert (alert.kind, alert.severity, alert.posts, alert.family_id) == (
        "media",
        "high",
        1,
        "fam_1",
    )
    assert alert.created_at == START + MINUTE
    assert [one.signal for one in alert.evidence] == ["media_known_bad", "accounts"]
    assert kept.subject == "arin"


@pytest.mark.parametrize("severity", ["", "low"])
def test_a_picture_that_amounts_to_little_is_found_and_nobody_is_called(severity):
    found = run([event(finding(1, severity=severity, reasons=("official_copy",)))])
    assert [type(one) for one in found] == [PictureFinding]


def test_variants_grow_the_alert_of_their_family_and_do_not_make_others():
    found = run([event(finding(n)) for n in range(1, 9)])
    [alert] = last_alerts(found).values()
    assert alert.accounts == 8
    assert alert.revision == 4


def test_many_accounts_make_a_changed_photo_grave():
    changed = {"severity": "medium", "reasons": ("official_altered",)}
    [alert] = last_alerts(
        run([event(finding(n, **changed)) for n in range(1, 2 * SPREAD)])
    ).values()
    assert alert.severity == "high"


def test_delivered_twice_or_in_other_batches_it_says_the_same():
    events = [event(finding(n)) for n in range(1, 6)]
    once = run(events)
    assert run(events + events) == once
    assert run(events, batch=1) == once


def test_the_order_of_arrival_changes_neither_the_alert_nor_what_it_counts():
    said = set()
    for events in itertools.permutations([event(finding(n)) for n in (1, 2, 4)]):
        [alert] = last_alerts(run(list(events))).values()
        said.add((alert.alert_id, alert.severity, alert.title.partition(":")[0]))
    assert len(said) == 1


def test_a_deleted_post_takes_its_findings_and_its_part_of_the_alert_with_it():
    gone = PostGone(subject="arin", post_id="x:1", deleted_at=START + DAY, revision=2)
    found = run([event(finding(1)), event(finding(2)), gone])
    [blank] = [one for one in found if isinstance(one, PictureFinding) and one.gone]
    assert (blank.url, blank.sha256, blank.account, blank.revision) == ("", "", "", 2)
    alert = found[-1]
    assert isinstance(alert, Alert)
    assert alert.post_ids == ("x:2",)
    assert alert.posts == 1


def test_the_last_deletion_leaves_an_alert_about_nothing():
    gone = PostGone(subject="arin", post_id="x:1", deleted_at=START + DAY, revision=2)
    [alert] = last_alerts(run([event(finding(1)), gone])).values()
    assert (alert.posts, alert.post_ids, alert.severity) == (0, (), "low")


def test_a_finding_that_moves_to_another_family_is_counted_there_alone():
    moved = finding(1, revision=2, family="fam_2")
    alerts = last_alerts(run([event(finding(1)), event(moved)]))
    by_family = {one.family_id: one.posts for one in alerts.values()}
    assert by_family == {"fam_1": 0, "fam_2": 1}


def test_a_group_is_not_called_for_what_names_only_its_member():
    shown = msgspec.structs.replace(event(finding(1), subject="group"), named=("arin",))
    found = run([shown])
    assert [type(one) for one in found] == [PictureFinding]


def test_each_subject_of_a_post_has_results_of_its_own():
    found = run([event(finding(1)), event(finding(1), subject="group")])
    names = {one.finding_id for one in found if isinstance(one, PictureFinding)}
    assert len(names) == 2
    assert {one.subject for one in last_alerts(found).values()} == {"arin", "group"}

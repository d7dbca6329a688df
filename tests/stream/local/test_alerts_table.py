"""Alerts in the local index: by severity, counted by kind, and their order of change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.index import AlertQuery
from stream.local_index import LocalIndex
from tests.dashboards.alert_world import alert, graver, write


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LocalIndex]:
    index = LocalIndex(tmp_path / "index")
    yield index
    index.close()


def test_alerts_are_found_by_severity_also_after_they_grew(index):
    first, second = alert(1, "low"), alert(2, "high")
    write(index, [first, second, alert(3, "low")])
    write(index, [graver(first, "critical")])

    def found(*severities):
        return [a.alert_id for a in index.alerts(AlertQuery(severities=severities)).alerts]

    assert found("low") == ["al_0003"]
    assert found("critical", "high") == ["al_0002", "al_0001"]
    assert found("medium") == []
    assert len(found()) == 3


def test_alerts_are_counted_by_kind_and_severity(index):
    assert index.alert_totals() == {}
    write(index, [alert(1, "low"), alert(2, "low"), alert(3, "high", kind="other_kind")])

    assert index.alert_totals() == {("copy_burst", "low"): 2, ("other_kind", "high"): 1}


def test_the_sequence_is_the_place_of_the_newest_change(index):
    start = index.alert_seq()
    assert index.alerts_after(start) == []
    write(index, [alert(1), alert(2)])

    after = index.alert_seq()

    assert [seq for seq, _ in index.alerts_after(start)][-1] == after
    write(index, [graver(alert(1), "critical")])
    assert [one.alert_id for _, one in index.alerts_after(after)] == ["al_0001"]
    assert index.alert_seq() > after

"""What every registered sink promises, ours and those of other packages.

A sink of another package is exercised once its options are listed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.sinks import build_sinks
from ingest import plugins
from stream.settings import ConfigError, load_settings
from stream.sink import DeliveryError, Sink, SinkMisconfigured
from tests.dashboards.alert_world import SECRET, delivery
from tests.dashboards.receiver import Receiver, receiving

KINDS = plugins.names(plugins.SINKS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def good_options(kind: str, folder: Path, receiver: Receiver) -> dict[str, Any]:
    return {
        "log": {"path": str(folder / "alerts.ndjson")},
        "webhook": {"url": receiver.url, "secret": SECRET},
    }[kind]


def broken_options(kind: str, folder: Path) -> dict[str, Any]:
    """Options that are well formed, for a place that takes nothing."""
    (folder / "in-the-way").write_text("")
    return {
        "log": {"path": str(folder / "in-the-way" / "alerts.ndjson")},
        "webhook": {"url": "http://127.0.0.1:1/", "secret": SECRET},
    }[kind]


def taken(kind: str, folder: Path, receiver: Receiver) -> list[str]:
    if kind == "webhook":
        return list(receiver.taken)
    lines = (folder / "alerts.ndjson").read_bytes().splitlines()
    return [json.loads(line)["delivery_id"] for line in lines]


def make(kind: str, options: dict[str, Any]) -> Sink:
    return plugins.load(plugins.SINKS, kind).from_settings("mine", options)


def test_our_sinks_are_registered():
    assert {"log", "webhook"} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_sink_that_bears_the_name_it_was_given(kind, tmp_path, receiver):
    sink = make(kind, good_options(kind, tmp_path, receiver))

    assert isinstance(sink, Sink)
    assert sink.name == "mine"


@pytest.mark.parametrize("kind", KINDS)
def test_it_takes_deliveries_in_order_and_each_once(kind, tmp_path, receiver):
    sink = make(kind, good_options(kind, tmp_path, receiver))
    for number in (1, 2, 2, 3, 3, 3):
        sink.deliver(delivery(number))
    again = make(kind, good_options(kind, tmp_path, receiver))
    again.deliver(delivery(3))

    assert taken(kind, tmp_path, receiver) == [delivery(n).delivery_id for n in (1, 2, 3)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_cannot_deliver_is_a_delivery_error_without_secrets(kind, tmp_path):
    sink = make(kind, broken_options(kind, tmp_path))

    with pytest.raises(DeliveryError) as caught:
        sink.deliver(delivery(1))

    assert str(caught.value)
    assert SECRET not in f"{caught.value!r}{sink!r}"


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_option_is_named_with_those_that_are_known(kind, tmp_path, receiver):
    options = good_options(kind, tmp_path, receiver) | {"no-such-option": 1}

    with pytest.raises(
        SinkMisconfigured, match=r"^notify\.mine\.options\.no-such-option: "
    ) as caught:
        make(kind, options)

    assert all(key in str(caught.value) for key in good_options(kind, tmp_path, receiver))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_no_options_at_all_name_the_one_that_is_missing(kind):
    with pytest.raises(
        SinkMisconfigured, match=r"^notify\.mine\.options\.\w+: found nothing, allowed: "
    ):
        make(kind, {})


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_explain_itself_in_the_reference(kind):
    assert len(plugins.load(plugins.SINKS, kind).__doc__ or "") > 40


# --- from the settings -------------------------------------------------------------------


def test_sinks_are_made_from_file_and_environment(tmp_path, receiver):
    (tmp_path / "secret").write_text(SECRET + "\n")
    file = tmp_path / "jikimi.toml"
    file.write_text(
        f"[notify.log.options]\npath = '{tmp_path}/alerts.ndjson'\n"
        f"[notify.team]\nkind = 'webhook'\n[notify.team.options]\nurl = '{receiver.url}'\n"
        "[notify.off]\nkind = 'webhook'\nenabled = false\n"
    )
    environ = {
        "JIKIMI__NOTIFY__TEAM__OPTIONS__SECRET_FILE": str(tmp_path / "secret"),
        "JIKIMI__NOTIFY__TEAM__OPTIONS__TIMEOUT": "5",
    }
    sinks = build_sinks(load_settings(file, environ).notify)
    for sink in sinks:
        sink.deliver(delivery(1))

    assert [sink.name for sink in sinks] == ["log", "team"]
    assert taken("log", tmp_path, receiver) == taken("webhook", tmp_path, receiver)


def test_a_kind_nobody_registered_is_a_mistake_in_the_settings(tmp_path):
    file = tmp_path / "jikimi.toml"
    file.write_text("[notify.x]\nkind = 'pigeon'\n")

    with pytest.raises(
        ConfigError, match=r"notify\.x\.kind: found 'pigeon', allowed: log, webhook"
    ):
        build_sinks(load_settings(file, {}).notify)

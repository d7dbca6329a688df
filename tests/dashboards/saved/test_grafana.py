"""Dashboards for Grafana: fields, metrics and data sources exist; units and steps are set."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from dashboards.grafana import build
from stream.elastic import mappings
from stream.elastic.names import NOUNS, Names

FOLDER = Path(build.__file__).parent
ROOT = Path(__file__).parents[3]
FILES = sorted(FOLDER.glob("*.json"))
FIELDS = {
    Names().posts: mappings.fields(mappings.of_posts()),
    **{Names().of(noun): mappings.fields(mappings.of_noun(noun)) for noun in NOUNS},
}
DOCUMENTED = set(
    re.findall(r"`(jikimi_[a-z_]+)`", (ROOT / "docs/how-to/watch-jikimi.md").read_text("utf-8"))
)


def metrics_of(expression: str) -> set[str]:
    """Names of metrics as documented: a histogram's buckets under its own name."""
    return {name.removesuffix("_bucket") for name in re.findall(r"jikimi_[a-z_]+", expression)}


def pages() -> list[dict]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in FILES]


def provisioned() -> dict[str, dict]:
    file = FOLDER / "provisioning" / "datasources" / "jikimi.yml"
    return {one["uid"]: one for one in yaml.safe_load(file.read_text("utf-8"))["datasources"]}


def test_the_files_are_what_the_code_writes():
    assert {file.name: file.read_text(encoding="utf-8") for file in FILES} == build.files()


def test_uids_are_stable_and_of_one_page_each():
    assert len({page["uid"] for page in pages()}) == len(FILES) >= 4
    assert all(page["uid"] == file.stem for page, file in zip(pages(), FILES, strict=True))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page["uid"])
def test_every_data_source_is_a_variable_that_provisioning_fills(page):
    variables = {one["name"]: one for one in page["templating"]["list"]}
    used = set()
    for panel in page["panels"]:
        for one in (panel, *panel["targets"]):
            name = one["datasource"]["uid"].removeprefix("${").removesuffix("}")
            used.add(name)
            source = provisioned()[variables[name]["current"]["value"]]
            assert source["type"] == one["datasource"]["type"] == variables[name]["query"]
    assert used == set(variables)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page["uid"])
def test_every_field_and_metric_exists(page):
    variables = {one["name"]: one["current"]["value"] for one in page["templating"]["list"]}
    for panel in page["panels"]:
        for target in panel["targets"]:
            if "expr" in target:
                assert metrics_of(target["expr"])
                assert metrics_of(target["expr"]) <= DOCUMENTED
                continue
            source = variables[target["datasource"]["uid"].strip("${}")]
            fields = FIELDS[provisioned()[source]["jsonData"]["index"]]
            for cut in target["bucketAggs"]:
                kind = "date" if cut["type"] == "date_histogram" else "keyword"
                assert fields[cut["field"]] == kind
            for metric in target["metrics"]:
                assert "field" not in metric or fields[metric["field"]] in {
                    "integer", "long", "float",
                }  # fmt: skip


@pytest.mark.parametrize("page", pages(), ids=lambda page: page["uid"])
def test_every_panel_has_a_unit_and_steps_that_rise(page):
    for panel in page["panels"]:
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"]
        values = [step["value"] for step in defaults["thresholds"]["steps"]]
        assert values[0] is None
        assert values[1:] == sorted(values[1:])

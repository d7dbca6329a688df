"""Dashboards for Kibana: every field is in the mappings, every reference leads somewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards.kibana import build
from stream.elastic import mappings
from stream.elastic.names import NOUNS, Names

FOLDER = Path(build.__file__).parent
FILES = sorted(FOLDER.glob("*.ndjson"))
FIELDS = {
    Names().posts: mappings.fields(mappings.of_posts()),
    **{Names().of(noun): mappings.fields(mappings.of_noun(noun)) for noun in NOUNS},
}
NUMBERS = {"integer", "long", "float"}


def objects(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_the_files_are_what_the_code_writes():
    assert {file.name: file.read_text(encoding="utf-8") for file in FILES} == build.files()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_reference_leads_to_an_object_of_the_same_file(file):
    held = {(one["type"], one["id"]) for one in objects(file)}
    for one in objects(file):
        for reference in one["references"]:
            assert (reference["type"], reference["id"]) in held


def test_an_id_means_one_thing_in_all_files():
    by_id: dict[tuple[str, str], dict] = {}
    for file in FILES:
        for one in objects(file):
            assert by_id.setdefault((one["type"], one["id"]), one) == one


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_field_is_in_the_mapping_of_its_data_view(file):
    titles = {
        o["id"]: o["attributes"]["title"] for o in objects(file) if o["type"] == "index-pattern"
    }
    seen = 0
    for one in objects(file):
        if one["type"] != "lens":
            continue
        fields = FIELDS[titles[one["references"][0]["id"]]]
        layer = one["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]["layer"]
        for column in layer["columns"].values():
            seen += 1
            if column["operationType"] == "count":
                continue
            kind = fields[column["sourceField"]]
            if column["operationType"] == "date_histogram":
                assert kind == "date"
            elif column["operationType"] == "terms":
                assert kind == "keyword"
            else:
                assert kind in NUMBERS
    assert seen > 3


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_column_that_a_chart_draws_exists(file):
    for one in objects(file):
        if one["type"] == "lens":
            state = one["attributes"]["state"]
            layer = state["datasourceStates"]["formBased"]["layers"]["layer"]
            assert layer["columnOrder"] == list(layer["columns"]) or set(
                layer["columnOrder"]
            ) == set(layer["columns"])
            drawn = accessors(state["visualization"])
            assert drawn
            assert drawn <= set(layer["columns"])
            for column in layer["columns"].values():
                order = column.get("params", {}).get("orderBy")
                assert order is None or order["columnId"] in layer["columns"]


def accessors(shape: dict) -> set[str]:
    if "metricAccessor" in shape:
        return {shape["metricAccessor"]}
    if "columns" in shape:
        return {column["columnId"] for column in shape["columns"]}
    (layer,) = shape["layers"]
    return {
        layer["xAccessor"],
        *layer["accessors"],
        layer.get("splitAccessor", layer["xAccessor"]),
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dashboard_shows_every_chart_once_and_none_over_another(file):
    every = objects(file)
    page = next(one for one in every if one["type"] == "dashboard")
    panels = json.loads(page["attributes"]["panelsJSON"])
    named = {reference["name"] for reference in page["references"]}
    assert {f"{p['panelIndex']}:{p['panelRefName']}" for p in panels} == named
    assert len(panels) == sum(one["type"] == "lens" for one in every)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridData"]
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 48
        taken |= cells

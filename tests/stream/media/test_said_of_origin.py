"""What models and files say of a picture: in findings, with their limits, never decisive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detect.media.forgery import ForgeryModel
from detect.media.registry import Domain
from detect.media.signature import can_read
from detect.records import SeenFace
from stream.media.stage import Load
from tests.detect.media.nets import RED, entry
from tests.detect.media.pictures import as_file, scene
from tests.stream.media.world import World

SIGNED = Path(__file__).parents[2] / "detect/media/signed.jpg"
FACE = SeenFace(box=(0.25, 0.25, 0.5, 0.5), score=0.9)
ENROLLED = SeenFace(
    box=(0.0, 0.0, 0.4, 0.4), score=0.9, subject="arin", likeness=0.7, sure=True
)


def red(value: int):
    picture = scene(1)
    picture[:, :, :2] = 0
    picture[:, :, 2] = value
    picture[::7] = picture[::7] // 2
    return picture


def shown(world: World, data: bytes):
    world.web.pages["https://media.example/1"] = data
    world.take(world.post(1, "https://media.example/1"))
    [found] = world.work()
    world.stage.close()
    return found.findings[0]


def test_a_band_comes_into_the_finding_and_calls_nobody(tmp_path):
    model = ForgeryModel(entry(), RED)
    one = shown(World(tmp_path, judges=[model]), as_file(red(250)))
    assert (one.forgery_band, one.forgery_model) == ("likely", model.version)
    assert one.forgery is not None
    assert one.forgery > 0.8
    assert (one.severity, one.reasons) == ("", ("forgery_likely",))


def test_what_is_unlike_what_was_measured_is_left_open_and_the_reason_is_told(tmp_path):
    strict = ForgeryModel(entry(domain=Domain(brightness=(254.0, 255.0))), RED)
    one = shown(World(tmp_path, judges=[strict]), as_file(red(250)))
    assert one.forgery_band == "inconclusive"
    assert "brightness" in one.forgery_reasons[0]
    assert one.reasons == ()


def test_the_face_of_an_enrolled_person_counts_before_a_larger_one(tmp_path):
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[:160, :160, 2] = 250
    model = ForgeryModel(entry(task="face_forgery", domain=Domain(face=20)), RED)
    large = SeenFace(box=(0.5, 0.5, 0.5, 0.5), score=0.9)
    world = World(tmp_path, judges=[model], faces=lambda _raster: (large, ENROLLED))
    one = shown(world, as_file(picture))
    assert one.forgery_band == "likely"


def test_without_a_face_a_model_of_faces_has_nothing_to_say(tmp_path):
    model = ForgeryModel(entry(task="face_forgery"), RED)
    one = shown(World(tmp_path, judges=[model], faces=lambda _raster: ()), as_file(red(250)))
    assert (one.forgery_band, one.forgery, one.reasons) == ("not_applicable", None, ())


def test_the_score_is_the_first_step_to_be_left_out_and_is_made_good(tmp_path):
    model = ForgeryModel(entry(), RED)
    world = World(tmp_path, judges=[model], faces=lambda _raster: (FACE,), load=Load(hurry=6))
    for number in range(6):
        world.web.pages[f"https://media.example/{number}"] = as_file(scene(number + 40))
        world.take(world.post(number, f"https://media.example/{number}"))
    assert world.stage.step()
    assert world.stage.found()[0][1].findings[0].partial == ("forgery",)
    world.work()
    assert all(one.findings[0].forgery_band for one in world.newest().values())
    world.stage.close()


def test_traces_of_a_generator_are_told_and_with_an_enrolled_face_somebody_is_called(tmp_path):
    data = as_file(scene(3), ".jpg", 90)
    words = b"tags\nNegative prompt: blurry\nSteps: 20, Sampler: Euler"
    data = data[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + data[2:]
    alone = shown(World(tmp_path / "a"), data)
    assert (alone.severity, alone.reasons) == ("", ("machine_made",))
    assert dict(alone.provenance)["generators"] == "Stable Diffusion web UI"
    face = shown(World(tmp_path / "b", faces=lambda _raster: (ENROLLED,)), data)
    assert (face.severity, face.reasons) == ("medium", ("face_machine_made",))


@pytest.mark.skipif(not can_read(), reason="c2pa-python is not installed")
@pytest.mark.parametrize(("trusted", "state"), [(True, "trusted"), (False, "valid")])
def test_a_signature_is_checked_and_told(tmp_path, trusted, state):
    root = SIGNED.with_name("signed_root.pem").read_text("ascii") if trusted else ""
    one = shown(World(tmp_path, trust=root), SIGNED.read_bytes())
    assert dict(one.provenance)["signature"] == state
    assert ("signature_trusted" in one.reasons) == trusted
    torn = SIGNED.read_bytes()[:-300] + bytes(298) + b"\xff\xd9"
    changed = shown(World(tmp_path / "torn", trust=root), torn)
    assert "signature_invalid" in changed.reasons
    assert changed.severity == ""

"""What looking at pictures and clips costs, beside the bare libraries, in CPU time.

    python tests/bench/bench_media.py [--models FOLDER] [--peer PYTHON]

Models come from ``jikimi models fetch``; without them their lines are left out. PYTHON is one
that has pdqhash, imagehash or perception installed: they are measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import cv2
import numpy as np

from detect.media.cage import Cage
from detect.media.caged import examine
from detect.media.examined import Raster
from detect.media.faces import Faces, People, Person
from detect.media.forgery import prepared
from detect.media.near import HashTable
from detect.media.nsfw import SexualContent
from detect.media.pdq import local_pdq, pdq
from detect.media.registry import Input
from detect.media.weights import NSFW, SFACE, YUNET
from detect.onnx import Session
from tests.detect.media.pictures import as_file, scene

WIDE = Input(name="input:0", width=224, height=224, layout="nhwc", colour="bgr")
"""How a forgery model of the size of open_nsfw would be fed."""

PEER = """
import io, json, sys, time
import numpy as np
raw = open(sys.argv[1], "rb").read()
found = {}
def rate(task, times):
    task()
    begin = time.process_time()
    for _ in range(times):
        task()
    return times / (time.process_time() - begin)
try:
    import cv2, pdqhash
    image = cv2.cvtColor(cv2.imdecode(np.frombuffer(raw, np.uint8), 1), cv2.COLOR_BGR2RGB)
    found["pdqhash"] = rate(lambda: pdqhash.compute(image), 10)
except ImportError: pass
try:
    import imagehash
    from PIL import Image
    picture = Image.open(io.BytesIO(raw)).convert("RGB")
    found["imagehash phash"] = rate(lambda: imagehash.phash(picture), 10)
except ImportError: pass
print(json.dumps(found))
"""


def rate(task, times):
    """Calls a second of CPU; the middle of three rounds after one that warms up."""
    task()
    found = []
    for _ in range(3):
        begin = time.process_time()
        for _ in range(times):
            task()
        found.append(times / (time.process_time() - begin))
    return round(sorted(found)[1], 1)


def beside(ours, bare, times):
    """Both rates, taken in turns, and how much of the bare one ours is."""
    ours(), bare()
    spent = [0.0, 0.0]
    for _ in range(times):
        for place, task in enumerate((ours, bare)):
            begin = time.process_time()
            task()
            spent[place] += time.process_time() - begin
    return {
        "ours": round(times / spent[0], 1),
        "bare": round(times / spent[1], 1),
        "share": round(spent[1] / spent[0], 3),
    }


def hashing(found):
    large = cv2.resize(scene(1), (1920, 1080), interpolation=cv2.INTER_CUBIC)
    raw = np.frombuffer(as_file(large, ".jpg"), np.uint8)
    quarter = cv2.IMREAD_REDUCED_GRAYSCALE_4
    found["1080p, local, decoded small"] = rate(
        lambda: local_pdq(cv2.imdecode(raw, quarter)), 40
    )
    found["1080p, exact, pixels given"] = rate(lambda: pdq(large), 8)
    return raw.tobytes()


def lookup(found):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (1_000_000, 32)).astype(np.uint8)
    table = HashTable([row.tobytes() for row in rows])
    asked = [(rows[n] ^ (n % 7 == 0)).astype(np.uint8).tobytes() for n in range(300)]
    begin = time.process_time()
    for query in asked:
        table.within(query)
    found["lookup among a million"] = round(300 / (time.process_time() - begin), 1)


def clips(found):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (1280, 720))
        big = cv2.resize(scene(2), (1400, 800))
        for number in range(600):
            writer.write(np.ascontiguousarray(big[:720, number // 8 : number // 8 + 1280]))
        writer.release()
        data = path.read_bytes()
    examine(data)
    begin = time.process_time()
    seen = examine(data)
    spent = time.process_time() - begin
    found["keyframes, video seconds a CPU second"] = round(20 / spent, 1)
    found["keyframes seen"] = len(seen.clip.frames)


def face_rates(found, folder, photo):
    yunet, sface = (folder / YUNET.file).read_bytes(), (folder / SFACE.file).read_bytes()
    image = cv2.imread(str(photo))
    ours = Faces(yunet, sface)
    people = People([Person(subject="one", vectors=(ours.to_enrol(image),))])
    nothing = np.empty(0, np.uint8)
    height, width = image.shape[:2]
    detector = cv2.FaceDetectorYN.create(
        "onnx", np.frombuffer(yunet, np.uint8), nothing, (width, height), 0.7, 0.3, 500
    )
    knower = cv2.FaceRecognizerSF.create("onnx", np.frombuffer(sface, np.uint8), nothing)

    def bare():
        _, rows = detector.detect(image)
        knower.feature(knower.alignCrop(image, rows[:1, :14]))

    found["faces"] = beside(lambda: ours.seen(image, people), bare, 20)


def nsfw_rates(found, folder):
    raw = (folder / NSFW.file).read_bytes()
    picture = cv2.resize(scene(3), (640, 480))
    raster = Raster(picture.tobytes(), 640, 480)
    model, session = SexualContent(raw), Session(raw)
    ready = np.zeros((1, 224, 224, 3), np.float32)
    found["sexual content"] = beside(
        lambda: model.score(raster), lambda: session.run({"input:0": ready}, ["outputs"]), 20
    )
    found["forgery of that size"] = beside(
        lambda: session.run({"input:0": prepared(picture, WIDE)[None]}, ["outputs"]),
        lambda: session.run({"input:0": ready}, ["outputs"]),
        20,
    )


def memory(found):
    with Cage() as cage:
        largest = np.zeros((5000, 5000, 3), np.uint8)
        cage.examine(as_file(largest))
        status = Path(f"/proc/{cage.process_id}/status").read_text("ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    found["decoding 25 megapixels, MB"] = int(peak.split()[1]) // 1024


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--models", type=Path)
    options.add_argument("--photo", type=Path, help="of one face, with --models")
    options.add_argument("--peer", help="a Python with the peers")
    given = options.parse_args()
    cv2.setNumThreads(1)
    found = {}
    picture = hashing(found)
    lookup(found)
    clips(found)
    memory(found)
    if given.models is not None:
        nsfw_rates(found, given.models)
        if given.photo is not None:
            face_rates(found, given.models, given.photo)
    if given.peer is not None:
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(picture)
            file.flush()
            done = subprocess.run(
                [given.peer, "-c", PEER, file.name], check=True, capture_output=True
            )
        found["peers"] = json.loads(done.stdout)
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()

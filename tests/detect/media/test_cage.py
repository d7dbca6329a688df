"""The cage: hostile files are marked, never fatal, and what decodes them can reach nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect.media.cage import Cage
from detect.media.pdq import pdq_dihedral
from tests.detect.media.pictures import as_file, waves
from tests.detect.media.test_header import png_claiming

PICTURE = waves(120, 160, 3)


@pytest.fixture(scope="module")
def cage():
    with Cage() as made:
        yield made


@pytest.mark.parametrize("ending", [".png", ".bmp"])
def test_a_picture_gives_its_hashes_and_size(cage, ending):
    found = cage.examine(as_file(PICTURE, ending))
    hashes = pdq_dihedral(PICTURE)

    assert (found.width, found.height, found.error, found.cut_off) == (160, 120, None, False)
    assert (found.pdq, found.quality) == (hashes["original"].hex, hashes["original"].quality)
    assert found.views == {n: h.hex for n, h in hashes.items() if n != "original"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"<html>", "no picture or clip"),
        (png_claiming(20_000, 20_000), "more than 25 million"),
        (png_claiming(100, 100), "cannot be decoded"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", "clip cannot be decoded"),
        (bytes(65 * 1024 * 1024), "larger than 64 MB"),
    ],
    ids=["empty", "html", "bomb", "torn", "clip", "huge"],
)
def test_what_cannot_be_decoded_says_why(cage, data, says):
    found = cage.examine(data)

    assert says in found.error
    assert found.pdq is None


@pytest.mark.parametrize("ending", [".jpg", ".png", ".gif", ".webp"])
def test_a_picture_that_ends_early_is_marked(cage, ending):
    data = as_file(PICTURE, ending)

    assert cage.examine(data[: len(data) * 2 // 3]).cut_off


def test_a_turned_photo_is_hashed_as_it_is_stored(cage):
    import struct

    data = as_file(PICTURE, ".jpg")
    turned = b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0) + bytes(4)
    part = b"Exif\0\0" + turned
    exif = data[:2] + struct.pack(">BBH", 0xFF, 0xE1, len(part) + 2) + part + data[2:]

    assert cage.examine(exif).pdq == cage.examine(data).pdq


def test_a_process_that_dies_marks_its_file_and_the_next_one_is_fine():
    with Cage() as made:
        made.examine(b"")
        os.kill(made.process_id, signal.SIGKILL)
        failed = made.examine(as_file(PICTURE))
        after = made.examine(as_file(PICTURE))

    assert "ended on this file" in failed.error
    assert after.error is None


def test_a_process_that_hangs_is_ended():
    with Cage(patience_s=0.5) as made:
        made.examine(b"")
        stuck = made.process_id
        os.kill(stuck, signal.SIGSTOP)
        found = made.examine(as_file(PICTURE))

    assert "took too long" in found.error
    assert not Path(f"/proc/{stuck}").exists()


def test_a_process_is_replaced_after_its_share_of_files():
    with Cage(files_a_process=2) as made:
        seen = set()
        for _ in range(5):
            made.examine(b"")
            seen.add(made.process_id)

    assert len(seen) == 3


def test_no_secret_of_ours_is_in_its_surroundings(monkeypatch):
    monkeypatch.setenv("JIKIMI__KAFKA__PASSWORD", "sentinel-4711")
    with Cage() as made:
        made.examine(b"")
        surroundings = Path(f"/proc/{made.process_id}/environ").read_bytes()

    assert b"sentinel" not in surroundings


ATTEMPTS = {
    "read a file": "open('/etc/hostname').read()",
    "write a file": "open('/tmp/jikimi-cage-escape', 'w').write('x')",
    "open a socket": "import socket; socket.socket()",
    "take memory": "bytearray(3_000_000_000)",
    "start a program": "import subprocess; subprocess.run(['/bin/true'])",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_code_inside_cannot(attempt):
    """Runs what an attacker would, after the same surrender of rights."""
    program = (
        "import os, sys, socket, subprocess\n"
        "from detect.media.caged import give_up_rights\n"
        "os.closerange(3, 65536)\n"
        "give_up_rights()\n"
        "try:\n"
        f"    {ATTEMPTS[attempt]}\n"
        "except (OSError, MemoryError) as error:\n"
        "    print('refused', type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.startswith("refused"), done


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from([".png", ".jpg", ".webp", ".gif", ".bmp"]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=12),
    st.integers(0, 10_000),
)
def test_no_damaged_picture_ends_the_process(cage, ending, changes, cut):
    data = bytearray(as_file(waves(24, 32, 2), ending))
    for place, value in changes:
        data[place % len(data)] = value
    found = cage.examine(bytes(data[: len(data) - cut % (len(data) // 2)]))

    assert found.error is None or "ended" not in found.error
    assert (found.pdq is None) == (found.error is not None)


def test_memory_stays_bounded_at_the_largest_picture():
    flat = as_file(np.full((5000, 5000, 3), 90, np.uint8), ".png")
    with Cage() as made:
        found = made.examine(flat)
        status = Path(f"/proc/{made.process_id}/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0])

    assert found.error is None
    assert peak < 600_000

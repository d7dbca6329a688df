"""Files, plain or compressed: bounded memory, several members, damage after what is good."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ingest.files import DamagedFile, TooLong, chunks, lines

TEXT = b"".join(b"line %d of the archive\n" % n for n in range(5_000))


def quiet(_: int) -> None: ...


def packed(form: str, data: bytes) -> bytes:
    if form == "gzip":
        return gzip.compress(data)
    if form == "zstd":
        return zstandard.ZstdCompressor(write_checksum=True).compress(data)
    return data


def collect(file: Path, into: bytearray) -> None:
    for chunk in chunks(file, quiet):
        into += chunk


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
def test_the_form_is_told_by_content_and_not_by_name(tmp_path, form):
    file = tmp_path / "posts.dat"
    file.write_bytes(packed(form, TEXT))

    assert b"".join(chunks(file, quiet)) == TEXT


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_several_members_are_one_file(tmp_path, form):
    file = tmp_path / "posts"
    file.write_bytes(packed(form, TEXT[:999]) + packed(form, TEXT[999:]))

    assert b"".join(chunks(file, quiet)) == TEXT


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_file_that_ends_early_gives_what_is_good_and_then_says_so(tmp_path, form):
    noise = random.Random(7).randbytes(400_000)
    whole = packed(form, noise)
    file = tmp_path / "posts"
    file.write_bytes(whole[: len(whole) // 2])
    found = bytearray()

    with pytest.raises(DamagedFile, match="end early"):
        collect(file, found)

    assert noise.startswith(bytes(found))
    assert len(found) > 50_000


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_corrupt_data_are_reported_and_never_a_crash(tmp_path, form):
    whole = bytearray(packed(form, random.Random(3).randbytes(100_000)))
    whole[40_000:40_100] = b"\xaa" * 100
    file = tmp_path / "posts"
    file.write_bytes(whole)

    with pytest.raises(DamagedFile):
        for _ in chunks(file, quiet):
            pass


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_bomb_unfolds_in_pieces(tmp_path, form):
    file = tmp_path / "bomb"
    file.write_bytes(packed(form, b"\0" * 300_000_000))

    largest = max(len(chunk) for chunk in chunks(file, quiet))

    assert largest <= 64 << 20


def test_progress_ends_at_the_size_of_the_file(tmp_path):
    file = tmp_path / "posts.gz"
    file.write_bytes(packed("gzip", TEXT))
    told: list[int] = []

    for _ in chunks(file, told.append):
        pass

    assert told == sorted(told)
    assert told[-1] == file.stat().st_size


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), min_size=1, max_size=9))
def test_lines_do_not_depend_on_how_the_bytes_come(data, sizes):
    def pieces():
        at = turn = 0
        while at < len(data):
            size = sizes[turn % len(sizes)]
            yield data[at : at + size]
            at, turn = at + size, turn + 1

    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()

    assert list(lines(pieces(), 1_000)) == expected


def test_a_line_without_end_is_cut_and_the_next_is_read():
    def endless():
        for _ in range(1_000):
            yield b"x" * 1_000
        yield b"\nnext\n"

    long, following = lines(endless(), 5_000)

    assert isinstance(long, TooLong)
    assert 5_000 <= len(long) <= 6_000
    assert following == b"next"


def test_damage_is_told_after_the_lines_before_it():
    def broken():
        yield b"one\ntwo\nthr"
        raise DamagedFile("the gzip data end early")

    found: list[bytes] = []
    with pytest.raises(DamagedFile):
        found.extend(lines(broken(), 100))
    assert found == [b"one", b"two", b"thr"]

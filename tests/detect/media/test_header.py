"""Headers: sizes as claimed, bombs and lies found before anything is decoded."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.media.header import MOST_PIXELS, is_cut_off, read_header
from tests.detect.media.pictures import as_file, waves

FORMATS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "bmp": ".bmp", "gif": ".gif"}


@pytest.mark.parametrize("name", FORMATS)
def test_format_and_size_are_read_from_the_first_bytes(name):
    data = as_file(waves(37, 61, 1), FORMATS[name])
    header = read_header(data)

    assert (header.format, header.width, header.height) == (name, 61, 37)
    assert header.problem is None
    assert not is_cut_off(data, header.format)


def test_lossless_and_extended_webp_are_read():
    lossless = b"RIFF\x20\0\0\0WEBPVP8L\x10\0\0\0/" + struct.pack("<I", 99 | 49 << 14)
    extended = b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x63\0\0\x31\0\0"

    assert (read_header(lossless).width, read_header(lossless).height) == (100, 50)
    assert (read_header(extended).width, read_header(extended).height) == (100, 50)


def test_stills_of_iso_files_tell_their_largest_picture():
    ispe = b"\0\0\0\x14ispe\0\0\0\0"
    boxes = ispe + struct.pack(">II", 160, 90) + ispe + struct.pack(">II", 1600, 900)
    avif = b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf" + boxes
    header = read_header(avif)

    assert (header.format, header.width, header.height) == ("avif", 1600, 900)
    assert read_header(avif.replace(b"avif", b"heic")).format == "heif"
    assert read_header(b"\0\0\0\x18ftypisom\0\0\0\0isomiso2").format == "mp4"
    assert read_header(b"\x1a\x45\xdf\xa3...").format == "webm"


def png_claiming(width, height):
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + ihdr + struct.pack(">I", zlib.crc32(ihdr))


@pytest.mark.parametrize(
    ("width", "height"), [(20_000, 20_000), (60_000, 60_000), (5001, 5000)]
)
def test_a_bomb_is_named_and_not_decoded(width, height):
    header = read_header(png_claiming(width, height))

    assert f"claims {width} x {height} pixels" in header.problem
    assert (header.width, header.height) == (width, height)


def test_the_largest_picture_allowed_is_exactly_the_limit():
    assert read_header(png_claiming(5000, MOST_PIXELS // 5000)).problem is None


def test_no_pixels_at_all_are_a_problem():
    assert "no pixels" in read_header(png_claiming(0, 10)).problem


def test_a_jpeg_whose_size_was_forged_claims_too_much():
    data = bytearray(as_file(waves(64, 64, 1), ".jpg"))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", 65_000, 65_000)

    assert "claims 65000 x 65000" in read_header(bytes(data)).problem


def test_a_jpeg_with_two_sizes_is_a_lie():
    data = as_file(waves(64, 64, 1), ".jpg")
    place = data.index(b"\xff\xc0")
    (length,) = struct.unpack_from(">H", data, place + 2)
    segment = bytearray(data[place : place + 2 + length])
    segment[5:9] = struct.pack(">HH", 8, 8)
    header = read_header(data[:place] + bytes(segment) + data[place:])

    assert "different sizes" in header.problem


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"<html>not found</html>", "no picture or clip"),
        (b"\x89PNG\r\n\x1a\n", "not the header"),
        (b"\xff\xd8\xff\xd9", "no frame header"),
        (b"RIFF\0\0\0\0WAVEfmt ", "no picture or clip"),
        (b"BM" + bytes(12), "ends inside its header"),
    ],
)
def test_what_is_no_picture_says_why(data, says):
    assert says in read_header(data).problem


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_that_ends_early_is_known_to_be_cut_off(name):
    data = as_file(waves(120, 160, 2), FORMATS[name])

    assert is_cut_off(data[: len(data) * 2 // 3], name)


@given(st.binary(max_size=200), st.sampled_from(list(FORMATS)), st.integers(0, 400))
def test_no_bytes_raise(tail, name, kept):
    data = as_file(waves(8, 8, 1), FORMATS[name])[:kept] + tail
    header = read_header(data)

    is_cut_off(data, header.format)
    assert header.problem is not None or header.width * header.height <= MOST_PIXELS

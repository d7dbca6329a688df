"""Provenance: what files claim about their origin, and that nothing they hold does harm."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.media.provenance import MOST_TEXT, Provenance, read_provenance
from tests.detect.media.pictures import as_file, waves

JPEG = as_file(waves(16, 16, 1), ".jpg")
PNG = as_file(waves(16, 16, 1), ".png")
XMP = (
    b'<x:xmpmeta><rdf:Description xmp:CreatorTool="Brush 2"'
    b" Iptc4xmpExt:DigitalSourceType="
    b'"http://cv.iptc.org/newscodes/digitalsourcetype/%s"/></x:xmpmeta>'
)


def jpeg_with(marker, part):
    return JPEG[:2] + struct.pack(">BBH", 0xFF, marker, len(part) + 2) + part + JPEG[2:]


def png_with(kind, part):
    chunk = struct.pack(">I", len(part)) + kind + part
    chunk += struct.pack(">I", zlib.crc32(kind + part))
    return PNG[:33] + chunk + PNG[33:]


def tiff(tag, text, order="<"):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(f"{order}HHII", tag, 2, len(text), 26)
    return mark + struct.pack(f"{order}IH", 8, 1) + entry + bytes(4) + text


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("trainedAlgorithmicMedia", "machine"),
        ("compositeWithTrainedAlgorithmicMedia", "composite"),
        ("digitalCapture", "camera"),
        ("dataDrivenMedia", "other"),
    ],
)
def test_the_source_type_of_iptc_is_found_in_xmp(source, origin):
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + XMP % source.encode()
    found = read_provenance(jpeg_with(0xE1, xmp))

    assert (found.origin, found.source_type, found.tool) == (origin, source, "Brush 2")


@pytest.mark.parametrize(
    ("kind", "part", "generator"),
    [
        (b"tEXt", b"parameters\0a stage\nNegative prompt: blur\nSteps: 20, Sampler: Euler",
         "Stable Diffusion web UI"),
        (b"iTXt", b'prompt\0\0\0\0\0{"3": {"class_type": "KSampler"}}', "ComfyUI"),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"made with NovelAI"), "NovelAI"),
        (b"iTXt", b"Description\0\1\0\0\0" + zlib.compress(b"x Job ID: 0a1b2c3d-4e5f"),
         "Midjourney"),
    ],
)  # fmt: skip
def test_generators_leave_traces_in_the_text_of_png(kind, part, generator):
    assert read_provenance(png_with(kind, part)).generators == (generator,)


def test_a_comment_of_jpeg_may_hold_a_trace():
    found = read_provenance(jpeg_with(0xFE, b"Steps: 30, Sampler: DPM++"))

    assert found.generators == ("Stable Diffusion web UI",)


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_names_camera_and_program(order):
    camera = read_provenance(jpeg_with(0xE1, b"Exif\0\0" + tiff(0x0110, b"Camera X\0", order)))
    program = read_provenance(png_with(b"eXIf", tiff(0x0131, b"FaceFusion 3\0", order)))

    assert camera.model == "Camera X"
    assert (program.software, program.generators) == ("FaceFusion 3", ("FaceFusion",))


def test_a_manifest_of_c2pa_is_noticed_and_not_believed():
    found = read_provenance(jpeg_with(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x1ejumbjumdc2pa"))

    assert found == Provenance(signed=True)


@pytest.mark.parametrize("data", [JPEG, PNG, b"", b"no picture"])
def test_a_file_without_claims_claims_nothing(data):
    assert read_provenance(data) == Provenance()


def test_text_that_unpacks_to_gigabytes_is_cut():
    bomb = zlib.compress(b"a" * 50_000_000 + b"NovelAI")
    found = read_provenance(png_with(b"zTXt", b"Comment\0\0" + bomb))

    assert found.generators == ()
    assert MOST_TEXT < 50_000_000


def test_control_characters_and_tags_do_not_reach_a_page():
    raw = b"<b>\x1b[31m\xe2\x80\xaetool\x07\xff\0junk"
    found = read_provenance(png_with(b"eXIf", tiff(0x0131, raw)))

    assert found.software == "<b>[31mtool\N{REPLACEMENT CHARACTER}"


@given(st.binary(max_size=300), st.sampled_from([0xE1, 0xFE, 0xED]))
def test_no_segment_raises(part, marker):
    read_provenance(jpeg_with(marker, part))
    read_provenance(jpeg_with(0xE1, b"Exif\0\0II*\0" + part))
    read_provenance(png_with(b"zTXt", part))
    read_provenance(png_with(b"iTXt", part))
    read_provenance(PNG[:33] + part)

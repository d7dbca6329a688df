"""Signed claims of origin: trusted, valid, changed since, absent, and torn ones.

``signed.jpg`` is a generated picture, signed by an invented signer whose certificate hangs on
``signed_root.pem``; both were made with c2pa-python 0.38.1 and openssl for this test.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detect.media.cage import Cage
from detect.media.signature import Signatures
from tests.detect.media.pictures import as_file, waves

pytest.importorskip("c2pa")
SIGNED = (Path(__file__).parent / "signed.jpg").read_bytes()
ROOT = (Path(__file__).parent / "signed_root.pem").read_text("ascii")


@pytest.fixture(scope="module")
def trusting():
    return Signatures(ROOT)


def test_a_trusted_signer_is_told_with_what_they_say(trusting):
    found = trusting.read(SIGNED, "image/jpeg")

    assert (found.state, found.issuer) == ("trusted", "Invented Camera")
    assert found.source_type == "trainedAlgorithmicMedia"
    assert found.tool.startswith("Invented Studio 1")


def test_without_certificates_a_signature_is_valid_and_nobody_vouches():
    found = Signatures().read(SIGNED, "image/jpeg")

    assert found.state == "valid"
    assert "signingCredential.untrusted" in found.problems


def test_a_picture_that_was_changed_since_has_no_valid_signature(trusting):
    changed = bytearray(SIGNED)
    changed[-200] ^= 0xFF
    found = trusting.read(bytes(changed), "image/jpeg")

    assert found.state == "invalid"
    assert "assertion.dataHash.mismatch" in found.problems


def test_a_picture_without_a_signature_has_none(trusting):
    assert trusting.read(as_file(waves(40, 50, 1), ".jpg"), "image/jpeg").state == "absent"


def test_certificates_that_are_none_are_refused():
    with pytest.raises(ValueError, match="certificates"):
        Signatures("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    st.floats(0, 1),
)
@example([(0.5, 1)], 1.0)
def test_what_is_trusted_has_the_picture_and_the_claims_that_were_signed(
    trusting, changes, share
):
    data = bytearray(SIGNED[: int(share * len(SIGNED))])
    for place, value in changes:
        if data:
            data[int(place * len(data))] = value
    found = trusting.read(bytes(data), "image/jpeg")

    if found.state == "trusted":
        # C2PA signs no bytes that only fill up the signature's own box.
        assert without_claims(data) == without_claims(SIGNED)
        assert found == trusting.read(SIGNED, "image/jpeg")


def without_claims(data: bytes | bytearray) -> bytes:
    """A file's bytes outside of the segment that holds the signature."""
    start = SIGNED.index(b"\xff\xeb")
    end = start + 2 + int.from_bytes(SIGNED[start + 2 : start + 4], "big")
    return bytes(data[:start] + data[end:])


def test_signatures_are_read_inside_of_the_cage():
    with Cage(trust=ROOT) as cage:
        first, second = cage.examine(SIGNED), cage.examine(as_file(waves(40, 50, 1)))
    with Cage(trust="") as cage:
        unknown = cage.examine(SIGNED)
    with Cage() as cage:
        unread = cage.examine(SIGNED)

    assert (first.signature.state, second.signature.state) == ("trusted", "absent")
    assert unknown.signature.state == "valid"
    assert unread.signature is None
    assert first.pdq == unread.pdq

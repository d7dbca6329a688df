"""Banks: hashes of known pictures, matched turned and mirrored, every change on record."""

from __future__ import annotations

import sqlite3

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.media.near import HashTable
from detect.media.pdq import distance, pdq, pdq_dihedral
from stream.banks import BANKS_FILE, BankRefusedError, Banks, Reference, Snapshot
from tests.detect.media.pictures import as_file, waves

PICTURES = [waves(200, 300, seed) for seed in range(1, 6)]


def reference(picture, bank="official", **more):
    found = pdq(picture)
    return Reference(
        reference_id="",
        bank=bank,
        kind="official",
        pdq=found.hex,
        quality=found.quality,
        **more,
    )


def views(picture):
    return {name: one.hex for name, one in pdq_dihedral(picture).items()}


@pytest.fixture
def banks(tmp_path):
    with Banks(tmp_path / BANKS_FILE) as made:
        made.create("official", "official", who="kim", now=1)
        made.add(
            [reference(one, label=f"p{n}") for n, one in enumerate(PICTURES)], who="kim", now=2
        )
        yield made


def test_a_picture_saved_again_smaller_is_found(banks):
    small = cv2.resize(PICTURES[2], (150, 100), interpolation=cv2.INTER_AREA)
    again = cv2.imdecode(np.frombuffer(as_file(small, ".jpg", 60), np.uint8), cv2.IMREAD_COLOR)

    found = banks.snapshot().matches(views(again))

    assert [one.reference.label for one in found] == ["p2"]


@pytest.mark.parametrize(
    ("turned", "view"),
    [
        (cv2.flip(PICTURES[1], 1), "flip_y"),
        (cv2.rotate(PICTURES[1], cv2.ROTATE_180), "rotate180"),
    ],
    ids=["mirrored", "upside down"],
)
def test_a_mirrored_or_turned_picture_is_found_and_told_as_such(banks, turned, view):
    (found,) = banks.snapshot().matches(views(turned))

    assert (found.reference.label, found.view) == ("p1", view)


def test_another_picture_is_not_found(banks):
    assert banks.snapshot().matches(views(waves(200, 300, 99))) == []


def test_adding_twice_changes_nothing(banks):
    before = banks.references()

    assert banks.add([reference(PICTURES[0], label="again")], who="lee", now=9) == 0
    assert banks.references() == before


def test_a_disabled_reference_matches_no_longer_until_it_is_enabled(banks):
    name = banks.references()[0].reference_id
    digits = banks.references()[0].pdq
    banks.enable(name, False, who="lee", now=5, note="wrong person")
    without = banks.snapshot().matches({"original": digits})
    banks.enable(name, True, who="lee", now=6)

    assert without == []
    assert len(banks.snapshot().matches({"original": digits})) == 1


def test_every_change_is_on_record_and_stays(banks, tmp_path):
    name = banks.references()[0].reference_id
    banks.enable(name, False, who="lee", now=5, note="wrong person")
    changes = banks.changes()

    assert [one.action for one in changes] == ["create", *["add"] * 5, "disable"]
    assert (changes[-1].who, changes[-1].at, changes[-1].note) == ("lee", 5, "wrong person")
    with sqlite3.connect(tmp_path / BANKS_FILE) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("DELETE FROM audit")


def test_banks_are_there_after_the_file_is_opened_again(banks, tmp_path):
    with Banks(tmp_path / BANKS_FILE) as again:
        assert again.references() == banks.references()
        (listed,) = again.banks()

    assert (listed.name, listed.kind, listed.references, listed.enabled) == (
        "official", "official", 5, 5,
    )  # fmt: skip


def test_a_bank_does_not_change_its_kind(banks):
    with pytest.raises(BankRefusedError, match="of the kind official, not ignore"):
        banks.create("official", "ignore", who="kim", now=3)


@pytest.mark.parametrize("digits", ["", "zz", "a" * 63, "a" * 65, "\x1b[31m"])
def test_what_is_no_hash_is_refused_and_nothing_is_added(banks, digits):
    good = reference(waves(64, 64, 50))
    bad = Reference(reference_id="", bank="official", kind="official", pdq=digits)

    with pytest.raises(BankRefusedError, match="no PDQ hash"):
        banks.add([good, bad], who="kim", now=3)
    assert len(banks.references()) == 5


def test_a_reference_for_a_bank_that_is_not_there_is_refused(banks):
    with pytest.raises(BankRefusedError, match="no bank 'other'"):
        banks.add([reference(PICTURES[0], bank="other")], who="kim", now=3)


def test_flat_references_are_not_compared(banks):
    flat = Reference(
        reference_id="", bank="official", kind="official", pdq="0" * 64, quality=20
    )
    banks.add([flat], who="kim", now=3)

    assert banks.snapshot().matches({"original": "0" * 64}) == []


def test_no_references_match_nothing():
    assert Snapshot([]).matches({"original": "0" * 64}) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=32, max_size=32), max_size=40), st.data())
def test_search_finds_exactly_what_comparing_one_by_one_finds(hashes, data):
    query = bytearray(data.draw(st.sampled_from(hashes)) if hashes else bytes(32))
    for place in data.draw(st.lists(st.integers(0, 255), max_size=40)):
        query[place // 8] ^= 1 << place % 8
    bits = data.draw(st.integers(0, 140))

    found = HashTable(hashes).within(bytes(query), bits)

    expected = {(n, distance(one, bytes(query))) for n, one in enumerate(hashes)}
    assert set(found) == {(n, far) for n, far in expected if far <= bits}
    assert [far for _, far in found] == sorted(far for _, far in found)


def test_a_hash_of_another_length_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        HashTable([b"short"])

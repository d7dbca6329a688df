"""Files as a source: every format and compression, damage, resuming at any record."""

from __future__ import annotations

import gzip
import json
import random
import threading
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.archive import LONGEST_LINE, ArchiveSource
from ingest.records import Deletion, Malformed, Post
from ingest.source import Sighting, Source, SourceMisconfigured
from tests.ingest.jetstream_server import post_event
from tests.ingest.payloads import PAYLOADS, needs_payloads

NOW = 1_795_000_000_000
GO_ON = threading.Event()


def line(number: int, text: str = "서하늘") -> bytes:
    fields = {
        "id": str(number),
        "author_id": "a",
        "created_at": NOW - 10_000 + number,
        "text": text,
    }
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


LINES = [line(number) for number in range(30)]


def source(*paths: Path) -> ArchiveSource:
    return ArchiveSource(paths, now=lambda: NOW)


def read(reader: ArchiveSource, after: str | None = None) -> list[Sighting]:
    return list(reader.read(after, GO_ON))


def ids(sightings: list[Sighting]) -> list[str]:
    return [s.item.id for s in sightings if isinstance(s.item, Post | Deletion)]


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


WANTED = [f"archive:{number}" for number in range(30)]


def test_it_is_a_source(tmp_path):
    reader = source(written(tmp_path, "a", b""))

    assert isinstance(reader, Source)
    assert reader.terms.rate == "none"


@pytest.mark.parametrize("name", ["posts.ndjson", "posts.txt", "no-ending"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_lines_are_read_whatever_the_name_and_the_compression(tmp_path, name, pack):
    assert ids(read(source(written(tmp_path, name, pack(b"".join(LINES)))))) == WANTED


def test_one_array_over_many_lines_is_read_like_lines(tmp_path):
    pretty = json.dumps([json.loads(one) for one in LINES], indent=2).encode()

    assert ids(read(source(written(tmp_path, "posts.json", pretty)))) == WANTED


def test_a_table_is_read_by_its_header(tmp_path):
    rows = ["id,author_id,created_at,text,hashtags"]
    rows += [f'{n},a,{NOW - 100 + n},"comma, ""quote""\nand line",a b' for n in range(3)]
    found = read(source(written(tmp_path, "posts.csv", "\n".join(rows).encode())))

    assert ids(found) == WANTED[:3]
    first = found[0].item
    assert isinstance(first, Post)
    assert first.text == 'comma, "quote"\nand line'
    assert first.hashtags == ("a", "b")


def test_a_byte_order_mark_does_no_harm(tmp_path):
    assert (
        ids(read(source(written(tmp_path, "a", b"\xef\xbb\xbf" + b"".join(LINES))))) == WANTED
    )


def test_jetstream_lines_are_read_as_posts_and_deletions(tmp_path):
    lines = [
        post_event("3a", "one", NOW * 1000 - 9),
        post_event("3a", "", NOW * 1000 - 8, operation="delete"),
        b'{"did":"did:plc:x","time_us":5,"kind":"commit","commit":{"operation":"create",'
        b'"collection":"app.bsky.feed.like","rkey":"1"}}',
    ]
    found = read(source(written(tmp_path, "a", b"\n".join(lines))))

    assert [type(s.item) for s in found] == [Post, Deletion, type(None)]
    assert found[2].skipped == 1, "a like is of no interest, and is accounted for"


@given(st.integers(0, 29))
@settings(max_examples=12)
def test_reading_resumes_behind_any_record(number):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        one = written(Path(folder), "a.gz", gzip.compress(b"".join(LINES[:13])))
        two = written(Path(folder), "b", b"".join(LINES[13:]))
        cursor = read(source(one, two))[number].cursor

        assert ids(read(source(one, two), cursor)) == WANTED[number + 1 :]


def test_every_sighting_is_a_safe_point(tmp_path):
    reader = source(written(tmp_path, "a", b"".join(LINES)))

    assert all(sighting.cursor for sighting in read(reader))


def test_other_files_than_those_begun_with_are_refused(tmp_path):
    path = written(tmp_path, "a", b"".join(LINES))
    cursor = read(source(path))[5].cursor
    path.write_bytes(b"".join(LINES[1:]))

    with pytest.raises(SourceMisconfigured, match="not those that reading began with"):
        read(source(path), cursor)


@pytest.mark.parametrize("cursor", ["", "{}", "[1,2]", "nonsense", '{"file":-9}'])
def test_a_cursor_of_another_source_is_refused(tmp_path, cursor):
    with pytest.raises(SourceMisconfigured, match=r"cursor|reading began"):
        read(source(written(tmp_path, "a", b"".join(LINES))), cursor)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_truncated_file_gives_what_is_whole_and_a_dead_letter(tmp_path, pack):
    dice = random.Random(11)
    noise = [
        "".join(chr(dice.randrange(0xAC00, 0xD7A4)) for _ in range(900)) for _ in range(300)
    ]
    whole = pack(b"".join(line(n, text) for n, text in enumerate(noise)))
    found = read(source(written(tmp_path, "a", whole[: len(whole) * 2 // 3])))

    last = found[-1].item
    assert isinstance(last, Malformed)
    assert "end early" in last.reason
    assert ids(found) == [f"archive:{n}" for n in range(len(ids(found)))]
    assert len(ids(found)) > 10


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{broken\n", "not JSON"),
        (b"\xff\xfe\xfd\n", "not UTF-8"),
        (b'"text"\n', "expected an object, found text"),
        (b'{"id": 1, "text": "x", "created_at": 1795000000}\n', "author_id: missing"),
        (b"[" * 200_000 + b"\n", "nested too deeply"),
    ],
)
def test_a_bad_line_is_a_dead_letter_and_the_next_is_read(tmp_path, bad, reason):
    found = read(source(written(tmp_path, "a", LINES[0] + bad + LINES[1])))

    assert ids(found) == WANTED[:2]
    [dead] = [s.item for s in found if isinstance(s.item, Malformed)]
    assert reason in dead.reason
    assert dead.raw == bad.rstrip(b"\n")[:65_536]


def test_a_line_without_end_is_a_dead_letter_in_bounded_memory(tmp_path):
    endless = b'{"text":"' + b"x" * (LONGEST_LINE + 5) + b'"}\n'
    found = read(source(written(tmp_path, "a", LINES[0] + endless + LINES[1])))

    assert ids(found) == WANTED[:2]
    [dead] = [s.item for s in found if isinstance(s.item, Malformed)]
    assert "longer than 16 MiB" in dead.reason


def test_a_file_in_no_known_format_is_told_line_by_line(tmp_path):
    found = read(source(written(tmp_path, "a", b'{"x": 1}\n{"y": 2}\n')))

    assert [s.item.reason for s in found if isinstance(s.item, Malformed)] == [
        "in none of the formats we read"
    ] * 2


def test_rows_of_the_wrong_width_are_dead_letters(tmp_path):
    table = f"id,author_id,created_at,text\n1,a,{NOW},x\n2,a\n3,a,{NOW},y\n".encode()
    found = read(source(written(tmp_path, "a.csv", table)))

    assert ids(found) == ["archive:1", "archive:3"]
    assert any(isinstance(s.item, Malformed) and "2 cells, the header has 4" in s.item.reason for s in found)  # fmt: skip


def test_an_empty_file_holds_nothing(tmp_path):
    assert read(source(written(tmp_path, "a", b""), written(tmp_path, "b", b"\n\n"))) == []


def test_progress_counts_the_bytes_of_all_files(tmp_path):
    told: list[tuple[int, int]] = []
    paths = [written(tmp_path, n, gzip.compress(b"".join(LINES))) for n in ("a", "b")]
    reader = ArchiveSource(
        paths, now=lambda: NOW, progress=lambda done, of: told.append((done, of))
    )

    read(reader)

    total = sum(path.stat().st_size for path in paths)
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_it_stops_when_asked(tmp_path):
    stop = threading.Event()
    reading = source(written(tmp_path, "a", b"".join(LINES))).read(None, stop)
    next(reading)
    stop.set()

    assert len(list(reading)) <= 1


def test_a_file_that_vanished_is_named(tmp_path):
    path = written(tmp_path, "a", b"".join(LINES))
    reader = source(path)
    path.unlink()

    with pytest.raises((SourceMisconfigured, OSError)) as failed:
        read(reader)
    assert str(path) in str(failed.value)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "sources.old.options.paths: found None, allowed: a list of files"),
        ({"paths": "posts.ndjson"}, "allowed: a list of files"),
        ({"paths": [5]}, "allowed: a list of files"),
        ({"paths": ["/nowhere/x"]}, "found /nowhere/x, which is no file"),
        ({"path": ["x"]}, "sources.old.options.path: unknown, allowed: paths"),
    ],
)
def test_wrong_options_are_named_with_what_is_allowed(options, problem):
    with pytest.raises(SourceMisconfigured) as refused:
        ArchiveSource.from_settings("old", options)

    assert problem in str(refused.value)


@needs_payloads
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("pushshift_comments_300.ndjson.gz", 280),
        ("pushshift_submissions_300.ndjson.gz", 280),
        ("x_v2/kpop.jsonl", 100),
        ("x_v2/flat.jsonl", 100),
        ("x_v2/filtered_stream_bts_geo_20210213.json", 0),
        ("bluesky/corpus_expected_v1.jsonl", 20),
    ],
)
def test_real_files_resume_in_the_middle_as_if_nothing_had_happened(name, least):
    path = PAYLOADS / name
    whole = read(source(path))
    points = [place for place, sighting in enumerate(whole) if sighting.cursor]
    middle = points[len(points) // 2]

    again = read(source(path), whole[middle].cursor)

    assert len(ids(whole)) >= least
    assert [s.item for s in again] == [s.item for s in whole[middle + 1 :]]

"""The index of texts in memory: exact and near look-up, room, and the same after loading."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detect.neardup import VALUES, Sketch, restore, sketches
from stream.clustering.text_index import PER_BAND, SMALLEST, Loaded, TextIndex
from tests.stream.effort import lines_run

FAR = 1_000


def draw(text: str) -> Sketch:
    return sketches([restore(text)])[0]


def add(index: TextIndex, key: int, sketch: Sketch, *, expires: int = FAR, now: int = 1) -> int:
    row = index.add(key, sketch, key, now)
    index.expires[row] = expires
    index.posts[row] = 1
    return row


SENTENCE = "the second verse was sung by somebody else at the rehearsal last night {}"
SKETCH = draw(SENTENCE)


def test_a_known_key_is_found_and_another_is_not() -> None:
    index = TextIndex()
    row = add(index, 7, SKETCH)
    assert index.find(7, 1) == row
    assert index.find(7 + (1 << 20), 1) == -1


def test_an_expired_or_removed_row_is_hidden_everywhere() -> None:
    index = TextIndex()
    add(index, 1, SKETCH, expires=50)
    index.remove(add(index, 2, SKETCH))
    assert index.find(1, 49) == 0
    assert index.find(1, 50) == index.find(2, 1) == -1
    assert index.candidates(SKETCH, 50, 0.5) == []
    assert len(index) == 1
    index.sweep(50)
    assert len(index) == 0


def test_candidates_come_most_alike_first() -> None:
    index = TextIndex()
    near = draw(SENTENCE.format("or so they say at least"))
    for key, sketch in enumerate(
        (near, draw("nothing of that sort at all is said here"), SKETCH)
    ):
        add(index, key, sketch)
    assert index.candidates(SKETCH, 1, 0.5) == [2, 0]


def test_a_family_of_thousands_is_not_walked_to_its_end() -> None:
    index = TextIndex()
    for key in range(3_000):
        add(index, key, SKETCH)
    found = index.candidates(SKETCH, 1, 0.5)
    assert len(found) == PER_BAND
    assert min(found) == 3_000 - PER_BAND


def test_thousands_of_expired_texts_are_passed_once() -> None:
    index = TextIndex()
    for key in range(3_000):
        add(index, key, SKETCH, expires=50, now=1)
    add(index, 3_000, SKETCH)

    first = lines_run(lambda: index.candidates(SKETCH, 60, 0.5))
    second = lines_run(lambda: index.candidates(SKETCH, 60, 0.5))

    assert index.candidates(SKETCH, 60, 0.5) == [3_000]
    assert second < first / 100


def test_texts_with_numbers_chosen_to_meet_are_found_in_few_steps() -> None:
    index, empty = TextIndex(), TextIndex()
    step = 1 << 24
    for number in range(2_000):
        add(index, number * step, SKETCH)
    add(empty, 5 * step, SKETCH)

    few = lines_run(lambda: empty.find(5 * step, 1))
    assert all(
        lines_run(lambda n=n: index.find(n * step, 1)) < 20 * few for n in range(0, 2_000, 50)
    )


def test_removed_rows_make_room_before_the_arrays_grow() -> None:
    index = TextIndex()
    for key in range(50 * SMALLEST):
        row = add(index, key, SKETCH)
        if key >= SMALLEST // 2:
            index.remove(row)
    assert index.used <= 2 * SMALLEST
    assert [index.find(key, 1) >= 0 for key in (0, SMALLEST // 2)] == [True, False]


def test_the_oldest_are_those_that_expire_first() -> None:
    index = TextIndex()
    for key, expires in enumerate((30, 10, 20, 10)):
        add(index, key, SKETCH, expires=expires)
    assert index.oldest(3) == [1, 3, 2]


def test_relabelling_moves_every_text_of_a_cluster() -> None:
    index = TextIndex()
    for key, cluster in enumerate(("a", "b", "a")):
        index.clusters[add(index, key, SKETCH)] = index.number(cluster)
    index.relabel("a", "b")
    assert {index.cluster_of(row) for row in range(3)} == {"b"}
    assert index.first_of("b", 1) == 0
    assert index.first_of("a", 1) == -1


def test_clusters_keep_their_names_when_room_is_made() -> None:
    index = TextIndex()
    for key in range(5 * SMALLEST):
        row = add(index, key, SKETCH)
        index.clusters[row] = index.number(f"c{key}")
        if key % 2:
            index.remove(row)
    assert index.cluster_of(index.find(4 * SMALLEST, 1)) == f"c{4 * SMALLEST}"


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.booleans(), st.sampled_from((5, FAR))), max_size=70
    )
)
def test_a_loaded_index_answers_like_the_one_that_grew(
    rows: list[tuple[int, bool, int]],
) -> None:
    family = [draw(SENTENCE.format("really " * n)) for n in range(6)]
    grown = TextIndex()
    kept: list[tuple[Loaded, Sketch]] = []
    for key, (member, removed, expires) in enumerate(rows):
        row = add(grown, key, family[member], expires=expires, now=1)
        if removed:
            grown.remove(row)
        else:
            kept.append(((key, key, expires, expires, 1, None), family[member]))
    loaded = TextIndex()
    loaded.load(
        [row for row, _ in kept],
        np.array([s for _, s in kept], dtype=np.uint8).reshape(-1, VALUES),
    )
    for now in (1, 5):
        for sketch in family:
            answers = [
                [index.keys[row] for row in index.candidates(sketch, now, 0.3)]
                for index in (grown, loaded)
            ]
            assert answers[0] == answers[1]
        for key in range(len(rows)):
            assert (grown.find(key, now) >= 0) == (loaded.find(key, now) >= 0)


def test_a_text_costs_less_than_four_hundred_bytes() -> None:
    index = TextIndex()
    rng = np.random.default_rng(7)
    drawn = rng.integers(0, 256, (20_000, VALUES), dtype=np.uint8)
    index.load([(k, k, FAR, FAR, 1, None) for k in range(20_000)], drawn)
    assert 200 < index.memory() / 20_000 < 400

"""What is found in which text, in many scripts, and which stretch of it is marked."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream.index import PostQuery
from stream.local_index import LocalIndex
from stream.search.highlight import MAX_SPANS, excerpt, highlight, wanted
from stream.search.query import parse
from stream.search.tokens import pieces, tokens
from tests.stream.index_world import batch, korean_texts, post, seen

# Text, query, and what is marked; None where the text is not found.
CASES: list[tuple[str, str, list[str] | None]] = [
    # Korean: words of two syllables, inside others, with particles and endings
    ("딥페이크 영상 신고합니다", "신고", ["신고"]),
    ("합성사진이 돌고 있다", "합성", ["합성"]),
    ("하늘이가 표절했다는 말", "하늘", ["하늘"]),
    ("표절의혹", "의혹", ["의혹"]),
    ("의심", "의혹", None),
    ("표 절", "표절", None),
    ("표절 아님, 표절!", "표절", ["표절", "표절"]),
    ("서안이형", "안이", ["안이"]),
    ("가나다라마바사", "나다라마", ["나다라마"]),
    ("가나 다라", "나다", None),
    # Korean: single syllables
    ("뷔 생일 축하해", "뷔", ["뷔"]),
    ("뷔가 온다", "뷔", ["뷔"]),
    ("방탄뷔최고", "뷔", ["뷔"]),
    ("비가 온다", "뷔", None),
    ("진이랑 진", "진", ["진", "진"]),
    ("봐", "보", None),
    ("솔", "솔", ["솔"]),
    # phrases of Korean words
    ("그 표절 의혹이 또", '"표절 의혹"', ["표절 의혹"]),
    ("의혹 표절", '"표절 의혹"', None),
    ("표절, 의혹", '"표절 의혹"', ["표절, 의혹"]),
    ("표절 큰 의혹", '"표절 의혹"', None),
    ("표절 의혹 표절 의혹", '"의혹 표절"', ["의혹 표절"]),
    ("우리 뷔 최고", '"뷔 최고"', ["뷔 최고"]),
    ("하늘 표절 의혹", "의혹 하늘", ["하늘", "의혹"]),
    # Korean: loose and decomposed letters, laughs, disguises
    ("\u1112\u1161\u1102\u1173\u11af 예뻐", "하늘", ["\u1112\u1161\u1102\u1173\u11af"]),
    ("ㅎㅏㄴㅡㄹ 예뻐", "하늘", ["ㅎㅏㄴㅡㄹ"]),
    ("하\u200b늘이", "하늘", ["하\u200b늘"]),
    ("ㅋㅋㅋㅋ 뭐야", "ㅋㅋ", ["ㅋㅋㅋㅋ"]),
    ("ㅠㅠ 왜", "ㅠㅠ", ["ㅠㅠ"]),
    ("ㅇㅈ", "ㅇㅈ", ["ㅇㅈ"]),
    # mixed scripts
    ("BTS뷔 사진", "BTS뷔", ["BTS뷔"]),
    ("BTS는 최고", "bts", ["BTS"]),
    ("2024년 컴백", "2024", ["2024"]),
    ("2024년 컴백", "2024년", ["2024년"]),
    ("아이브IVE컴백", "ive", ["IVE"]),
    ("KBS2에서", "kbs", None),
    # words that may go on
    ("KBS2에서", "kbs*", ["KBS2"]),
    ("Deepfakes! deepfaked.", "deepfak*", ["Deepfakes", "deepfaked"]),
    ("deep fakes", "deepf*", None),
    ("Beyoncé’s", "beyo＊", ["Beyoncé"]),
    # Japanese
    ("東京タワーで新曲を撮影", "新曲", ["新曲"]),
    ("東京タワーで新曲を撮影", "タワー", ["タワー"]),
    ("東京タワーで新曲を撮影", "京東", None),
    ("ﾄｳｷｮｳのｶﾗｵｹ", "カラオケ", ["ｶﾗｵｹ"]),
    ("偽物の動画", "偽", ["偽"]),
    ("がっこう", "か\u3099っこう", ["がっこう"]),
    ("すごい。楽しい", '"すごい楽しい"', None),
    ("𠮷野家", "𠮷野", ["𠮷野"]),
    # Chinese
    ("新歌发布了", "发布", ["发布"]),
    ("新歌发布了", "歌", ["歌"]),
    ("假视频在传播", "视频", ["视频"]),
    ("假视频在传播", "频视", None),
    ("金泰亨，最棒", "泰亨", ["泰亨"]),
    # Thai, Lao, Khmer, Burmese: no spaces
    ("ฉันรักเธอมาก", "รัก", ["รัก"]),
    ("วิดีโอปลอมของศิลปิน", "ปลอม", ["ปลอม"]),
    ("วิดีโอปลอมของศิลปิน", "จริง", None),
    ("ຂ້ອຍຮັກເຈົ້າ", "ຮັກ", ["ຮັກ"]),
    ("ខ្ញុំស្រឡាញ់អ្នក", "ស្រឡាញ់", ["ស្រឡាញ់"]),
    ("မင်းကိုချစ်တယ်", "ချစ်", ["ချစ်"]),
    # Latin: whole words, case, accents, width, punctuation
    ("A Deepfake of her", "deepfake", ["Deepfake"]),
    ("deepfakes everywhere", "deepfake", None),
    ("DEEPFAKE!!!", "DeepFake", ["DEEPFAKE"]),
    ("Beyoncé à Paris", "beyonce", ["Beyoncé"]),
    ("Beyonce", "Beyoncé", ["Beyonce"]),
    ("Straße", "strasse", ["Straße"]),
    ("İstanbul", "istanbul", ["İstanbul"]),
    ("ＳＴＡＲ show", "star", ["ＳＴＡＲ"]),
    ("𝗛𝗮𝗻𝗲𝘂𝗹 again", "haneul", ["𝗛𝗮𝗻𝗲𝘂𝗹"]),
    ("b\u0336o\u0336y\u0336", "boy", ["b\u0336o\u0336y\u0336"]),
    ("don't", "dont", None),
    ("don't stop", '"don\'t stop"', ["don't stop"]),
    ("new song out", '"new song"', ["new song"]),
    ("new, song", '"new song"', ["new, song"]),
    ("song new", '"new song"', None),
    ("#Bts_Comeback", "comeback", ["Comeback"]),
    ("#Bts_Comeback", "#bts", ["Bts"]),
    ("@some.one hi", "@some.one", ["some", "one"]),
    ("e-mail", "email", None),
    ("ﬁne", "fine", ["ﬁne"]),
    # Cyrillic, Greek, Arabic, Hindi, Vietnamese
    ("Это подделка", "подделка", ["подделка"]),
    ("ψεύτικο βίντεο", "ΨΕΎΤΙΚΟ", ["ψεύτικο"]),
    ("فيديو مزيف", "مزيف", ["مزيف"]),
    ("यह नकली है", "नकली", ["नकली"]),
    ("यह नकली है", "नकल", None),
    ("হাসি", "হাসি", ["হাসি"]),
    ("Video giả mạo", "gia mao", ["giả", "mạo"]),
    ("hаneul", "haneul", ["hаneul"]),
    # emoji and nothing
    ("💜뷔💜", "뷔", ["뷔"]),
    ("so 😭 cute", "cute", ["cute"]),
    ("😭😭", "😭", None),
    ("anything", '"…"', None),
    ("", "a", None),
    # queries: or, not, several clauses
    ("하늘 좋아", "하늘 OR 표절", ["하늘"]),
    ("하늘 좋아", "하늘 -표절", ["하늘"]),
    ("하늘 표절", "하늘 -표절", None),
    ("표절표절의혹", "표절 의혹", ["표절표절의혹"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory):
    made = LocalIndex(tmp_path_factory.mktemp("found") / "index")
    posts = [post(str(n), text) for n, (text, _, _) in enumerate(CASES)]
    made.write(batch(*[one for p in posts for one in seen(p)]))
    made.refresh()
    yield made
    made.close()


@pytest.mark.parametrize(
    "n", range(len(CASES)), ids=lambda n: f"{CASES[n][1]} in {CASES[n][0]}"
)
def test_a_text_is_found_or_not_and_what_was_found_is_marked(index, n):
    text, query, marked = CASES[n]
    node = parse(query)

    hits = index.search(PostQuery(where=node, limit=len(CASES))).posts
    assert (f"archive:{n}" in {hit.post.id for hit in hits}) == (marked is not None)
    if marked is not None:
        assert [text[a:b] for a, b in highlight(text, wanted(node))] == marked


def test_there_are_enough_cases_of_both_kinds():
    assert len(CASES) >= 60
    assert sum(marked is None for _, _, marked in CASES) >= 15


@given(st.text(max_size=200))
@example("İ\u0307ﬁß뷔\u200b가ㅎㅏ\ud800 A\u0300")
def test_pieces_are_the_tokens_of_search(text):
    from detect.text import fold

    plain = fold(text)
    found = pieces(plain)

    assert (
        " ".join(p.token for p in found if not p.single).split() == tokens(text).words.split()
    )
    singles = dict.fromkeys(p.token for p in found if p.single)
    assert list(singles) == tokens(text).singles.split()
    assert all(plain[p.start : p.end] == p.token for p in found)


ALPHABET = st.text(alphabet="가나뷔ㅎㅏbBéＡ\u200b .😀", max_size=60)


@given(ALPHABET, ALPHABET)
def test_marks_are_in_order_apart_and_inside_the_text(text, query):
    spans = highlight(text, wanted(parse(query.replace("-", " "))))

    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert len(spans) <= MAX_SPANS


def test_every_word_of_real_korean_comments_is_marked_in_its_comment():
    for text in korean_texts(200):
        for word in text.split()[:5]:
            quoted = '"' + word.replace('"', " ").replace("\\", " ") + '"'
            clauses = wanted(parse(quoted))
            if clauses:
                assert highlight(text, clauses), (text, word)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("가" * 65_536, '"' + "가" * 999 + '"'),
        ("가나" * 32_768, "가"),
        ("a " * 32_768, '"' + "a " * 499 + '"'),
        ("a " * 32_768, '"' + "a " * 499 + 'b"'),
        ("\u0300" * 65_536, "a"),
    ],
    ids=["one syllable", "pairs", "words", "nearly", "marks"],
)
def test_hostile_texts_are_marked_in_bounded_time(text, query):
    clauses = wanted(parse(query))
    begin = time.process_time()

    spans = highlight(text, clauses)

    assert time.process_time() - begin < 2
    assert len(spans) <= MAX_SPANS


def test_what_must_not_be_there_is_not_marked():
    assert highlight("하늘 표절", wanted(parse("하늘 -(표절 OR 의혹)"))) == [(0, 2)]
    assert highlight("하늘", wanted(None)) == []
    assert highlight("tag", wanted(parse("tag:tag subject:tag"))) == []


def test_an_excerpt_shows_the_first_mark():
    text = "처음 " * 200 + "표절 의혹 " + "끝 " * 200
    spans = highlight(text, wanted(parse('"표절 의혹"')))

    found = excerpt(text, spans, 120)

    assert len(found.text) <= 122
    assert found.text.startswith("…")
    assert found.text.endswith("…")
    assert [found.text[a:b] for a, b in found.spans] == ["표절 의혹"]


def test_a_short_text_is_its_own_excerpt():
    assert excerpt("하늘", [(0, 1)], 10).text == "하늘"


@given(st.text(alphabet="ab 가", max_size=400), st.integers(1, 80), st.data())
def test_an_excerpt_marks_what_the_text_marks(text, limit, data):
    edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))

    found = excerpt(text, spans, limit)

    assert len(found.text) <= limit + 2 or len(text) <= limit
    body = found.text.strip("…")
    assert body in text
    marked = [found.text[a:b] for a, b in found.spans]
    assert all(any(part in text[a:b] for a, b in spans) for part in marked)

"""What language and undoing of disguises cost a post, in CPU time; `make bench` runs it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

from detect.language import identify
from detect.wording.evasion import VIEWS, Disguised
from tests.eval.language import OWN, SHARED, comments, stream, thinned

ROUNDS = 3


def cost(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """Microseconds of CPU a text, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - begin)
    return best / len(texts) * 1e6


def every_view(text: str) -> None:
    """All views of a text, without a way back."""
    seen = Disguised(text)
    for view in VIEWS:
        seen.text(view)


def main() -> None:
    """Print a JSON line a set of texts."""
    sets = {"own posts": [line.split("\t")[1] for line in OWN.read_text("utf-8").splitlines()]}
    if SHARED.is_dir():
        sets["comments (ko)"] = [text for _, text, _ in thinned(comments())]
        sets["share stream"] = [text for _, text, _ in thinned(stream())]
    for name, texts in sets.items():
        length = sum(map(len, texts)) / len(texts)
        language, views = cost(identify, texts), cost(every_view, texts)
        found = {
            "bench": "language",
            "posts": name,
            "characters": round(length),
            "language_us": round(language, 1),
            "views_us": round(views, 1),
            "together_us": round(language + views, 1),
        }
        print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()

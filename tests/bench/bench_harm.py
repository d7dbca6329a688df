"""How fast posts are judged for harm: each layer by itself, all together, onnxruntime bare.

CPU time of one process on our own harmful and harmless posts, repeated. Without
``--model FILE`` (``jikimi models train-harm``) a model is trained from our own sentences.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dashboards
from detect.harm import training
from detect.harm.export import to_onnx
from detect.harm.features import as_seen
from detect.harm.judge import HarmJudge
from detect.harm.lexicon import harm_lexicon
from detect.harm.model import HarmModel, batches
from detect.harm.reading import read
from detect.language import identify
from detect.mentions import MentionMatcher
from detect.watchlist import load_watchlist
from detect.wording.evasion import Disguised
from tests.eval import harm_data as data

POSTS = 4000
BATCH = 256
ROUNDS = 7


def per_second(work: Callable[[], object]) -> float:
    """Posts a second of CPU time, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return round(POSTS / best)


def main() -> None:
    if "--model" in sys.argv:
        raw = Path(sys.argv[sys.argv.index("--model") + 1]).read_bytes()
    else:
        raw = to_onnx(training.train([], training.own_sentences()))
    model, lexicon = HarmModel(raw), harm_lexicon()
    own = [one.text for one in data.cases()] + [text for _, text in data.harmless()]
    texts = (own * (POSTS // len(own) + 1))[:POSTS]
    matcher = MentionMatcher(
        load_watchlist(Path(dashboards.__file__).parent / "demo" / "agency.toml")
    )
    mentions = [matcher.match_text(text) for text in texts]
    judge = HarmJudge(identify, model)
    cuts = [slice(at, at + BATCH) for at in range(0, POSTS, BATCH)]
    seen = [as_seen(text) for text in texts]
    padded = [ids for cut in cuts for _, ids in batches(seen[cut])]

    def words() -> None:
        for text, about in zip(texts, mentions, strict=True):
            read(lexicon, Disguised(text), about, identify(text))

    runs = {
        "language": lambda: [identify(text) for text in texts],
        "normalised": lambda: [Disguised(text).joined for text in texts],
        "language_normalised_words": words,
        "features": lambda: [list(batches(seen[cut])) for cut in cuts],
        "onnxruntime_bare": lambda: [
            model._session._session.run(["tone", "categories"], {"ids": ids}) for ids in padded
        ],
        "onnxruntime_by_us": lambda: [model.run(ids, ("tone", "categories")) for ids in padded],
        "all_together": lambda: [judge.judge_texts(texts[cut], mentions[cut]) for cut in cuts],
    }
    runs["all_together"]()
    figures = {f"{name}_posts_s": per_second(work) for name, work in runs.items()}
    share = figures["onnxruntime_bare_posts_s"] / figures["onnxruntime_by_us_posts_s"] - 1
    print(json.dumps({"bench": "harm", **figures, "onnxruntime_overhead": round(share, 3)}))


if __name__ == "__main__":
    main()

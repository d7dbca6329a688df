"""The share stream of real posts: a regression check, with evasions and a tenth of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from dashboards.evaluation import evasion
from dashboards.evaluation.ranking import average_precision
from dashboards.evaluation.results import Results, read_results
from dashboards.evaluation.runner import Cost, Say, command_of, measure

POSTS, LABELS = "coord_stream_share.ndjson.gz", "coord_stream_share.labels.csv.gz"
TV_FANS = "kpop-tv-2017"
"""Real fans who copy one text: nobody of them may be put before an analyst."""
TENTHS = range(1, 6)
VARIANTS = ("as_it_is", "wrap", "reword", "delay", "own_posts", *(f"tenth_{n}" for n in TENTHS))
RECALLS = tuple(round(0.1 * n, 1) for n in range(1, 11))


class ShareScore(msgspec.Struct, frozen=True, kw_only=True):
    """A method on one variant of the share stream.

    Attributes:
        precision: of the accounts with campaigns, the method's own threshold.
        best: threshold on the score with the highest F1, with precision and
            recall there; found with the labels, so a bound and not a promise.
        curve: best precision at each recall, 0 where it is never reached.
    """

    method: str
    variant: str
    posts: int
    accounts: int
    operation: int
    average_precision: float
    flagged: int
    precision: float | None
    recall: float
    tv_fans_flagged: int
    best: tuple[float, float, float]
    best_threshold: float
    curve: dict[str, float]
    cost: Cost


def variant(data: Path, work: Path, name: str) -> tuple[Path, list[dict[str, str]]]:
    """The file of a variant (made once in ``work``) and its labels.

    Raises:
        OSError: the data are not in ``data``.
    """
    labels = evasion.read_labels(data / LABELS)
    if name == "as_it_is":
        return data / POSTS, labels
    if name.startswith("tenth_"):
        labels = evasion.dilute(labels, 0.1, int(name.removeprefix("tenth_")))
    target = work / "streams" / f"share-{name}.ndjson.gz"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        evasion.write_posts(part, _posts(data, labels, name))
        part.replace(target)
    return target, labels


def _posts(data: Path, labels: Sequence[dict[str, str]], name: str) -> Sequence[evasion.Row]:
    posts = evasion.read_posts(data / POSTS)
    if name in ("wrap", "reword", "delay"):
        return evasion.evade(posts, labels, name)  # type: ignore[arg-type]
    if name == "own_posts":
        # Most reposts of this stream do not say what they repost.
        return [post for post in posts if not (post["is_repost"] or post["repost_of"])]
    return list(evasion.only(posts, labels))


def run_share(method: str, data: Path, work: Path, say: Say) -> list[ShareScore]:
    """A method on every variant; results that are there are not made again."""
    name = method.partition("=")[0]
    scores: list[ShareScore] = []
    for kind in VARIANTS:
        posts, labels = variant(data, work, kind)
        out = work / "results" / name / f"share-{kind}"
        spent = out / "cost.json"
        if not spent.exists():
            out.mkdir(parents=True, exist_ok=True)
            cost = measure(command_of(method, posts, None, out), len(labels))
            spent.write_bytes(msgspec.json.encode(cost))
        cost = msgspec.json.decode(spent.read_bytes(), type=Cost)
        present = _present(posts) if kind == "own_posts" else None
        found = score(name, kind, read_results(out), labels, cost, present)
        scores.append(found)
        say(f"{name} share {kind}: AP {found.average_precision:.3f}")
    return scores


def _present(posts: Path) -> set[str]:
    return {post["id"] for post in evasion.read_posts(posts)}


def score(
    method: str,
    kind: str,
    results: Results,
    labels: Sequence[Mapping[str, str]],
    cost: Cost,
    present: set[str] | None = None,
) -> ShareScore:
    """How well accounts of the operation stand out; ``present``: the posts that were given."""
    rows = [row for row in labels if present is None or row["id"] in present]
    everybody = {row["author_id"] for row in rows}
    bad = {row["author_id"] for row in rows if row["label"] == "1"}
    fans = {row["author_id"] for row in rows if row["source"] == TV_FANS} - bad
    scores = {one.author_id: one.score for one in results.accounts}
    flagged = {one.author_id for one in results.accounts if one.campaigns}
    steps = _steps(scores, bad)
    best = max(steps, key=lambda step: (step[3], step[0]), default=(0.0, 0.0, 0.0, 0.0))
    return ShareScore(
        method=method,
        variant=kind,
        posts=len(rows),
        accounts=len(everybody),
        operation=len(bad),
        average_precision=average_precision(scores, bad, len(everybody)),
        flagged=len(flagged),
        precision=len(flagged & bad) / len(flagged) if flagged else None,
        recall=len(flagged & bad) / len(bad),
        tv_fans_flagged=len(flagged & fans),
        best=(best[1], best[2], best[3]),
        best_threshold=best[0],
        curve={
            str(recall): max((p for _, p, r, _ in steps if r >= recall), default=0.0)
            for recall in RECALLS
        },
        cost=cost,
    )


def _steps(
    scores: Mapping[str, float], bad: set[str]
) -> list[tuple[float, float, float, float]]:
    """(threshold, precision, recall, F1) at every value of the score above zero."""
    counts: dict[float, list[int]] = {}
    for key, value in scores.items():
        if value > 0:
            seen = counts.setdefault(value, [0, 0])
            seen[0] += key in bad
            seen[1] += 1
    steps: list[tuple[float, float, float, float]] = []
    hits = size = 0
    for value in sorted(counts, reverse=True):
        hits, size = hits + counts[value][0], size + counts[value][1]
        precision, recall = hits / size, hits / len(bad)
        both = precision + recall
        steps.append((value, precision, recall, 2 * precision * recall / both if both else 0.0))
    return steps

"""False alarms, recall and delay of bursts and level changes on simulated counts.

    PYTHONPATH=. python tests/bench/bench_trends.py [--runs 60] [--seed 1]

Eight weeks teach, four weeks are watched, as on the pages. Hours are negative binomial around
a rhythm of day and week; in the second world good days follow good days (a log-normal level,
standard deviation 0.29, correlation 0.5 from one day to the next). One JSON line a rate.
"""

from __future__ import annotations

import argparse
import json
import math
import time

import numpy as np

from stream.trends.baseline import HOUR_MS, cell_of, fit
from stream.trends.departures import Change, changes, surges

SINCE = 1_790_000_000_000 // HOUR_MS * HOUR_MS
TAUGHT, WATCHED = 8 * 168, 4 * 168
FACTORS = (3, 10)
SPARSE = 20
"""Posts a month up to which a change may be dated a week off instead of two days."""
RATES = (5, 50, 500, 5_000, 50_000, 1_000_000)


def means(rate: float, hours: int) -> np.ndarray:
    cells = np.array([cell_of(SINCE + i * HOUR_MS) for i in range(hours)])
    rhythm = (1 + 0.8 * np.sin((cells % 24 - 10) / 24 * 2 * np.pi)) * (
        1 + 0.3 * (cells // 24 >= 5)
    )
    return rhythm / rhythm.mean() * rate / 720


def draw(dice: np.random.Generator, mean: np.ndarray, follows: bool) -> np.ndarray:
    if follows:
        level = np.zeros(len(mean) // 24 + 1)
        for i in range(1, len(level)):
            level[i] = 0.5 * level[i - 1] + dice.normal(0, 0.25)
        mean = mean * np.exp(np.repeat(level, 24)[: len(mean)])
    return dice.poisson(dice.gamma(8.0, mean / 8.0))


def interval(hits: int, of: int) -> list[float]:
    """Wilson's 95 % interval."""
    z, p = 1.96, hits / of
    middle = (p + z * z / 2 / of) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(p * (1 - p) / of + z * z / 4 / of / of)
    return [round(middle - half, 3), round(middle + half, 3)]


def measure(rate: float, runs: int, seed: int, *, follows: bool) -> dict[str, object]:
    dice = np.random.default_rng([seed, int(rate), follows])
    false_surges = false_changes = found_surges = 0
    found_changes = dict.fromkeys(FACTORS, 0)
    delays: list[float] = []
    hours = TAUGHT + WATCHED
    watch_at = SINCE + TAUGHT * HOUR_MS
    mean = means(rate, hours)
    began = time.process_time()

    def shifts(counts: np.ndarray, mask: np.ndarray) -> list[Change]:
        hidden = mask.tolist()
        usual = fit(SINCE, counts[:TAUGHT].tolist(), hidden[:TAUGHT])
        found = changes(SINCE, counts.tolist(), hidden, usual)
        return [one for one in found if one.at >= watch_at]

    for _ in range(runs):
        quiet = draw(dice, mean, follows)
        mask = np.zeros(hours, dtype=bool)
        gap = int(dice.integers(TAUGHT - 200, hours - 40))
        mask[gap : gap + 30] = True
        quiet[mask] = 0
        usual = fit(SINCE, quiet[:TAUGHT].tolist(), mask[:TAUGHT].tolist())
        watched, hidden = quiet[TAUGHT:].tolist(), mask[TAUGHT:].tolist()
        false_surges += len(surges(watch_at, watched, hidden, usual))
        false_changes += len(shifts(quiet, mask))
        at = int(dice.integers(50, WATCHED - 50))
        while any(hidden[at : at + 3]):
            at = int(dice.integers(50, WATCHED - 50))
        loud = list(watched)
        for i in range(at, at + 3):
            loud[i] += int(dice.poisson(4 + 5 * mean[TAUGHT + i]))
        hits = [
            s
            for s in surges(watch_at, loud, hidden, usual)
            if s.since < watch_at + (at + 3) * HOUR_MS and s.until > watch_at + at * HOUR_MS
        ]
        found_surges += bool(hits)
        delays += [(hits[0].since - watch_at) / HOUR_MS + 1 - at] if hits else []
        day = TAUGHT // 24 + int(dice.integers(4, WATCHED // 24 - 7))
        near = (2 if rate > SPARSE else 7) * 24 * HOUR_MS
        for factor in FACTORS:
            moved = draw(dice, mean * np.where(np.arange(hours) < day * 24, 1, factor), follows)
            moved[mask] = 0
            found_changes[factor] += any(
                abs(s.at - SINCE - day * 24 * HOUR_MS) <= near for s in shifts(moved, mask)
            )
    return {
        "posts_a_month": rate,
        "days_follow": follows,
        "runs": runs,
        "false_bursts_a_subject_month": round(false_surges / runs / (WATCHED / 720), 3),
        "burst_recall": interval(found_surges, runs),
        "burst_delay_h": round(float(np.mean(delays)), 2) if delays else None,
        "false_changes_a_subject_month": round(false_changes / runs / (WATCHED / 720), 3),
        "change_recall": {str(f): interval(n, runs) for f, n in found_changes.items()},
        "cpu_ms_a_run": round((time.process_time() - began) / runs * 1000, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for follows in (False, True):
        for rate in RATES:
            found = measure(rate, chosen.runs, chosen.seed, follows=follows)
            print(json.dumps({"bench": "trends", **found}), flush=True)


if __name__ == "__main__":
    main()

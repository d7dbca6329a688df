"""False alarms, recall and delay of bursts and level changes on simulated counts.

    PYTHONPATH=. python tests/bench/bench_trends.py [--runs 60] [--seed 1]

Eight weeks teach, four weeks are watched. Hours are negative binomial around a rhythm of day
and week. One JSON line a rate.
"""

from __future__ import annotations

import argparse
import json
import math
import time

import numpy as np

from stream.trends.baseline import HOUR_MS, cell_of, fit
from stream.trends.departures import changes, surges

SINCE = 1_790_000_000_000 // HOUR_MS * HOUR_MS
TAUGHT, WATCHED = 8 * 168, 4 * 168
RATES = (5, 50, 500, 5_000, 50_000, 1_000_000)


def means(rate: float, hours: int) -> np.ndarray:
    cells = np.array([cell_of(SINCE + i * HOUR_MS) for i in range(hours)])
    rhythm = (1 + 0.8 * np.sin((cells % 24 - 10) / 24 * 2 * np.pi)) * (
        1 + 0.3 * (cells // 24 >= 5)
    )
    return rhythm / rhythm.mean() * rate / 720


def draw(dice: np.random.Generator, mean: np.ndarray, shape: float = 8.0) -> np.ndarray:
    return dice.poisson(dice.gamma(shape, mean / shape))


def interval(hits: int, of: int) -> list[float]:
    """Wilson's 95 % interval."""
    z, p = 1.96, hits / of
    middle = (p + z * z / 2 / of) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(p * (1 - p) / of + z * z / 4 / of / of)
    return [round(middle - half, 3), round(middle + half, 3)]


def measure(rate: float, runs: int, seed: int) -> dict[str, object]:
    dice = np.random.default_rng([seed, int(rate)])
    false_surges = false_changes = found_surges = found_changes = 0
    delays: list[float] = []
    hours = TAUGHT + WATCHED
    began = time.process_time()
    for _ in range(runs):
        mean = means(rate, hours)
        quiet = draw(dice, mean)
        mask = np.zeros(hours, dtype=bool)
        gap = int(dice.integers(TAUGHT - 200, hours - 40))
        mask[gap : gap + 30] = True
        quiet[mask] = 0
        usual = fit(SINCE, quiet[:TAUGHT].tolist(), mask[:TAUGHT].tolist())
        watch_at = SINCE + TAUGHT * HOUR_MS
        watched, hidden = quiet[TAUGHT:].tolist(), mask[TAUGHT:].tolist()
        false_surges += len(surges(watch_at, watched, hidden, usual))
        false_changes += len(changes(watch_at, watched, hidden, usual))
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
        day = 12
        moved = draw(dice, mean[TAUGHT:] * np.where(np.arange(WATCHED) < day * 24, 1, 3))
        moved[np.array(hidden)] = 0
        shifts = changes(watch_at, moved.tolist(), hidden, usual)
        found_changes += any(
            abs(s.at - watch_at - day * 24 * HOUR_MS) <= 48 * HOUR_MS for s in shifts
        )
    return {
        "posts_a_month": rate,
        "runs": runs,
        "false_bursts_a_subject_month": round(false_surges / runs / (WATCHED / 720), 3),
        "burst_recall": interval(found_surges, runs),
        "burst_delay_h": round(float(np.mean(delays)), 2) if delays else None,
        "false_changes_a_subject_month": round(false_changes / runs / (WATCHED / 720), 3),
        "change_recall": interval(found_changes, runs),
        "cpu_ms_a_run": round((time.process_time() - began) / runs * 1000, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for rate in RATES:
        print(json.dumps({"bench": "trends", **measure(rate, chosen.runs, chosen.seed)}))


if __name__ == "__main__":
    main()

"""Real payloads of platforms, read where they lie; tests that need them skip without them."""

from __future__ import annotations

from pathlib import Path

import pytest

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "data" / "api_payloads"

needs_payloads = pytest.mark.skipif(
    not PAYLOADS.is_dir(), reason="../shared/data/api_payloads is absent: no real payloads"
)


def bluesky_lines() -> list[bytes]:
    """Lines of the production Jetstream, in order of time."""
    folder = PAYLOADS / "bluesky"
    lines: list[bytes] = []
    for name in ("subscribe_golden_v1.jsonl", "corpus_expected_v1.jsonl"):
        lines += (folder / name).read_bytes().splitlines()
    return lines

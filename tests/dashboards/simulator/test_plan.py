"""The difficulty of every tactic and strength is what it was before a detector existed."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from dashboards.simulator import plan

GOLDEN = Path(__file__).parents[2] / "golden" / "simulator" / "difficulty.json"


def the_plan() -> dict[str, object]:
    return {
        "doses": {
            tactic: {
                strength: msgspec.to_builtins(plan.dose(tactic, strength))
                for strength in plan.STRENGTHS
            }
            for tactic in plan.TACTICS
        },
        "taking_part": dict(plan.TAKING_PART),
        "easy": sorted(f"{tactic}/{strength}" for tactic, strength in plan.EASY),
        "events": {
            name: [list(event) for event in events] for name, events in plan.EVENTS.items()
        },
        "ordinary": dict(plan.ORDINARY),
    }


def test_the_difficulty_table_is_frozen():
    assert the_plan() == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_every_tactic_that_must_be_found_is_planted():
    assert set(plan.TACTICS) == {
        "copy_paste", "light_edits", "paraphrase", "link_push", "media_push", "reply_brigade",
        "hijack", "cross_platform", "slow_drip", "camouflage", "return", "handover", "in_wave",
    }  # fmt: skip
    assert plan.dose("slow_drip", "weak").accounts == 20
    assert [plan.dose("camouflage", s).camouflage for s in plan.STRENGTHS] == [0.7, 0.8, 0.9]


def test_everything_that_must_stay_silent_happens_somewhere():
    kinds = {kind for events in plan.EVENTS.values() for kind, _ in events}

    assert kinds == {
        "vote_drive", "streaming_party", "hashtag_push", "birthday", "report_appeal",
        "giveaway", "fan_protest", "news", "meme", "quote_train", "criticism", "chart_bot",
        "merch_spam", "lone_hater",
    }  # fmt: skip


def test_a_weaker_dose_is_never_easier_to_see():
    for tactic in plan.TACTICS:
        strong, medium, weak = (plan.dose(tactic, strength) for strength in plan.STRENGTHS)
        assert strong.accounts >= medium.accounts >= weak.accounts
        assert strong.minutes <= medium.minutes <= weak.minutes
        assert strong.edits <= medium.edits <= weak.edits
        assert strong.camouflage <= medium.camouflage <= weak.camouflage
        assert strong.young >= medium.young >= weak.young


def test_half_of_the_pairs_count_as_easy():
    assert len(plan.EASY) == 19
    assert len(plan.TACTICS) * len(plan.STRENGTHS) == 39


def test_three_mixed_streams_hold_every_tactic_in_every_strength():
    planted = [pair for seed in (4, 5, 6) for pair in plan.planted("mixed", seed)]

    assert len(planted) == 39
    assert len(set(planted)) == 39
    assert sorted(planted) == sorted(plan.planted("hostile_heavy", 1))


def test_no_campaign_is_planted_where_there_must_be_none():
    assert plan.planted("fans_only", 1) == ()
    assert plan.planted("organic_only", 1) == ()

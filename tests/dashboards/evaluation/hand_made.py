"""A tiny truth by hand: two campaigns, one vote drive, twenty accounts."""

from __future__ import annotations

from dashboards.evaluation.results import Account, Alert, Report, Results
from dashboards.simulator.files import iso
from dashboards.simulator.oracle import Campaign, Episode, LegitEvent, Oracle
from dashboards.simulator.world import START_MS, World

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def account(n: int) -> str:
    return f"x:a{n}"


def episode(numbers, posts, start_ms, step_ms=MINUTE_MS) -> Episode:
    return Episode(
        accounts=tuple(sorted(account(n) for n in numbers)),
        post_ids=tuple(f"p{n}" for n in posts),
        times=tuple(start_ms + i * step_ms for i in range(len(posts))),
    )


def campaign(name, *episodes: Episode, tactic="copy_paste", strength="strong", easy=True):
    return Campaign(
        id=name,
        tactic=tactic,
        strength=strength,
        easy=easy,
        subject="s",
        claim="bully",
        kind="campaign",
        first_hostile_post=episodes[0].post_ids[0],
        first_hostile_at=episodes[0].times[0],
        episodes=episodes,
        camouflage_posts=3,
    )


COPIES = campaign("c00", episode(range(8), range(100, 116), START_MS + HOUR_MS))
RETURNING = campaign(
    "c01",
    episode(range(10, 14), range(200, 208), START_MS + 5 * HOUR_MS),
    episode(range(10, 14), range(300, 308), START_MS + 99 * HOUR_MS),
    tactic="return",
    strength="weak",
    easy=False,
)
ORACLE = Oracle(
    world=World(posts=500, days=14),
    generator="g",
    posts=500,
    accounts=20,
    campaigns=(COPIES, RETURNING),
    events=(
        LegitEvent(id="e00", kind="vote_drive", first_at=START_MS, last_at=START_MS, posts=4),
    ),
)
LABELS = {
    **{f"p{n}": "campaign:c00:0" for n in range(100, 116)},
    **{f"p{n}": "campaign:c01:0" for n in range(200, 208)},
    **{f"p{n}": "campaign:c01:1" for n in range(300, 308)},
    **{f"p{n}": "event:e00" for n in range(400, 404)},
}


def report(name, accounts, posts, *, told_ms=START_MS, kind="campaign", coordination=None):
    return Report(
        campaign_id=name,
        subject="s",
        kind=kind,
        first_post_at=iso(START_MS),
        last_post_at=iso(START_MS),
        detected_at=iso(told_ms),
        accounts=tuple(account(n) for n in accounts),
        post_ids=tuple(f"p{n}" for n in posts),
        coordination=coordination,
    )


def results(*reports: Report, flagged=(), q=None) -> Results:
    """Results with these reports; ``flagged`` are account numbers with a campaign."""
    rows = tuple(
        Account(
            author_id=f"a{n}",
            platform="x",
            score=float(20 - n),
            q_value=None if q is None else q.get(n, 1.0),
            campaigns=("r",) if n in flagged else (),
        )
        for n in range(20)
    )
    alerts = tuple(
        Alert(
            alert_id=f"al{one.campaign_id}",
            created_at=one.detected_at,
            subject="s",
            kind=one.kind,
            campaign_id=one.campaign_id,
        )
        for one in reports
    )
    return Results(rows, reports, alerts)

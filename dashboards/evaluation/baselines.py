"""The starting line: exact copies, counts of shared objects, and recursive trust."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from dashboards.evaluation.objects import Families, Line, exact_text, links, read_posts
from dashboards.evaluation.results import Account, Report, write_results
from stream.coordination.trust import company_scores, first_shares

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
FEWEST = 3
"""Accounts that make a campaign."""
HALF_TRUST = 5.0
COUNT_THRESHOLD, TRUST_THRESHOLD = 7.0, 1.1
"""Scores from which an account is put before an analyst: best F1 on the share stream."""


class Share(NamedTuple):
    """Somebody posted an object."""

    at: int
    account: str
    post: str


def exact_60s(posts: Path, out: Path) -> None:
    """Exact copies by another account within 60 seconds; flagged from two."""
    _exact(posts, out, MINUTE_MS, 2)


def exact_24h(posts: Path, out: Path) -> None:
    """Exact copies by another account within 24 hours; flagged from three."""
    _exact(posts, out, DAY_MS, 3)


def counts(posts: Path, out: Path) -> None:
    """How many text families and links an account shares with others within 24 hours."""
    shared, accounts = _families_and_links(posts)
    scores = dict.fromkeys(accounts, 0.0)
    for shares in shared.values():
        for account in _together(shares, DAY_MS):
            scores[account] += 1
    write_components(out, scores, shared, COUNT_THRESHOLD)


def trust(posts: Path, out: Path) -> None:
    """The same, each object weighted by the recursive trust of those it is shared with."""
    shared, accounts = _families_and_links(posts)
    numbers = {account: n for n, account in enumerate(accounts)}
    objects = [n for n, shares in enumerate(shared.values()) for _ in shares]
    who = [numbers[share.account] for shares in shared.values() for share in shares]
    when = [share.at for shares in shared.values() for share in shares]
    found = company_scores(first_shares(objects, who, when), len(accounts), half=HALF_TRUST)
    scores = dict(zip(accounts, found.score.tolist(), strict=True))
    write_components(out, scores, shared, TRUST_THRESHOLD)


class Groups:
    """Accounts that hang together (union-find)."""

    def __init__(self, accounts: Iterable[str]) -> None:
        self._parent = {account: account for account in accounts}

    def root(self, account: str) -> str:
        """The account that stands for the group."""
        parent = self._parent
        while parent[account] != account:
            parent[account] = parent[parent[account]]
            account = parent[account]
        return account

    def join(self, one: str, other: str) -> None:
        """Make their groups one."""
        self._parent[self.root(other)] = self.root(one)

    def all(self) -> list[list[str]]:
        """The groups, each in order of name."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for account in sorted(self._parent):
            found[self.root(account)].append(account)
        return list(found.values())


METHODS: Mapping[str, Callable[[Path, Path], None]] = {
    "exact-60s": exact_60s,
    "exact-24h": exact_24h,
    "counts": counts,
    "trust": trust,
}
"""The built-in baselines by name: posts in, result files out."""


def _exact(posts: Path, out: Path, window: int, fewest: int) -> None:
    shared: defaultdict[object, list[Share]] = defaultdict(list)
    scores: dict[str, float] = {}
    for line in read_posts(posts):
        scores.setdefault(line.key, 0.0)
        text = exact_text(line)
        if text is not None:
            shared[text].append(_share(line))
    runs: list[list[Share]] = []
    for shares in shared.values():
        shares.sort()
        for share, near in zip(shares, _neighbours(shares, window), strict=True):
            scores[share.account] += any(other.account != share.account for other in near)
        runs += _runs(shares, window)
    reports = [
        _report(n, run) for n, run in enumerate(runs) if len({s.account for s in run}) >= FEWEST
    ]
    _write(out, scores, reports, float(fewest))


def _families_and_links(posts: Path) -> tuple[dict[object, list[Share]], list[str]]:
    """Objects with who shared them, each in order of time, and all accounts."""
    shared: defaultdict[object, list[Share]] = defaultdict(list)
    accounts: dict[str, None] = {}
    families = Families()
    for line in read_posts(posts):
        accounts.setdefault(line.key)
        family = None if line.repost_of else families.of(line.text)
        if family is not None:
            shared[family].append(_share(line))
        for url in links(line):
            shared[url].append(_share(line))
    for shares in shared.values():
        shares.sort()
    return dict(shared), list(accounts)


def _share(line: Line) -> Share:
    return Share(line.at, line.key, line.id)


def _neighbours(shares: Sequence[Share], window: int) -> list[Sequence[Share]]:
    times = [share.at for share in shares]
    return [
        shares[bisect_left(times, at - window) : bisect_right(times, at + window)]
        for at in times
    ]


def _together(shares: Sequence[Share], window: int) -> set[str]:
    """Accounts that shared it within the window of another account."""
    found: set[str] = set()
    for before, after in pairwise(shares):
        if before.account != after.account and after.at - before.at <= window:
            found |= {before.account, after.account}
    return found


def _runs(shares: Sequence[Share], window: int) -> list[list[Share]]:
    """Cut where nothing is posted for longer than the window."""
    runs: list[list[Share]] = []
    for share in shares:
        if runs and share.at - runs[-1][-1].at <= window:
            runs[-1].append(share)
        else:
            runs.append([share])
    return runs


def write_components(
    out: Path,
    scores: Mapping[str, float],
    shared: Mapping[Any, Sequence[Share]],
    threshold: float,
    *,
    window: int | None = DAY_MS,
) -> None:
    """Flag by score; campaigns are flagged accounts that hang together by what they share.

    Shares further apart than ``window`` (ms) do not hang together; None: all do.
    """
    flagged = {account for account, value in scores.items() if value >= threshold}
    parts = Groups(flagged)
    ties: list[list[Share]] = []
    for shares in shared.values():
        known = [share for share in shares if share.account in flagged]
        for run in _runs(known, window) if window is not None else [known]:
            if len({share.account for share in run}) > 1:
                ties.append(run)
                for share in run[1:]:
                    parts.join(run[0].account, share.account)
    groups: defaultdict[str, list[Share]] = defaultdict(list)
    for run in ties:
        groups[parts.root(run[0].account)] += run
    reports = [
        _report(n, sorted(set(group)), at_the_end=True)
        for n, group in enumerate(groups.values())
        if len({share.account for share in group}) >= FEWEST
    ]
    _write(out, scores, reports, threshold)


def _report(number: int, run: Sequence[Share], *, at_the_end: bool = False) -> Report:
    """A campaign; known when its third account posted, or only when all is over."""
    known: set[str] = set()
    told = run[-1].at
    if not at_the_end:
        for share in run:
            known.add(share.account)
            if len(known) == FEWEST:
                told = share.at
                break
    return Report(
        campaign_id=f"b{number}",
        subject="all",
        kind="coordinated",
        first_post_at=_iso(run[0].at),
        last_post_at=_iso(run[-1].at),
        detected_at=_iso(told),
        accounts=tuple(sorted({share.account for share in run})),
        post_ids=tuple(dict.fromkeys(share.post for share in run)),
    )


def _write(
    out: Path, scores: Mapping[str, float], reports: Sequence[Report], threshold: float
) -> None:
    of: defaultdict[str, list[str]] = defaultdict(list)
    for report in reports:
        for account in report.accounts:
            of[account].append(report.campaign_id)
    write_results(
        out,
        (
            Account(
                author_id=key.partition(":")[2],
                platform=key.partition(":")[0],
                score=value,
                campaigns=tuple(of[key]) if value >= threshold else (),
            )
            for key, value in scores.items()
        ),
        reports,
    )


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")

"""coordination-network-toolkit (QUT) beside ours: never a dependency, a Python of its own."""

from __future__ import annotations

import csv
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dashboards.evaluation.baselines import Groups, Share, write_components
from dashboards.evaluation.objects import Line, read_posts

INSTALL = "python -m venv qut && qut/bin/pip install coordination-network-toolkit==1.5.2"
_SCRIPT = Path(__file__).with_name("qut_networks.py")
_COLUMNS = (
    "message_id",
    "user_id",
    "username",
    "repost_id",
    "reply_id",
    "message",
    "timestamp",
    "urls",
)
_LINK, _RETWEET = re.compile(r"https?://\S+"), re.compile(r"^\s*RT\s+@\w+:?\s*")
_TAIL = 500


class Setup(NamedTuple):
    """Networks whose weights are summed, and from which edge and score on they count."""

    networks: tuple[str, ...]
    bare: bool
    lightest: float
    threshold: float


SETUPS: Mapping[str, Setup] = {
    "co-tweet": Setup(("co_tweet:3600",), False, 2, 3),
    "fused": Setup(
        ("co_tweet:3600", "co_retweet:3600", "co_link:3600", "co_reply:3600"), True, 3, 6
    ),
}
"""The two settings that did best on the share stream, as published with its figures."""


class NotInstalledError(RuntimeError):
    """The toolkit is not in the Python that was named."""


def run(setup: str, posts: Path, out: Path, python: Path) -> None:
    """Build the networks of a setup and write accounts and campaigns.

    An account's score is the sum of its edges; campaigns are flagged accounts
    that hang together by edges.

    Raises:
        NotInstalledError: ``python`` cannot import the toolkit, or it failed.
    """
    chosen = SETUPS[setup]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        posted = _table(posts, work / "posts.csv", bare=chosen.bare)
        command = [
            str(python),
            str(_SCRIPT),
            str(work / "posts.csv"),
            str(work),
            *chosen.networks,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except OSError as error:
            raise NotInstalledError(f"{python}: {error.strerror}; {INSTALL}") from None
        if done.returncode:
            raise NotInstalledError(
                f"coordination-network-toolkit did not run ({INSTALL}): {done.stderr[-_TAIL:]}"
            )
        edges = _edges(work, chosen)
    scores = dict.fromkeys(posted, 0.0)
    for (one, other), weight in edges.items():
        scores[one] += weight
        scores[other] += weight
    flagged = {account for account, score in scores.items() if score >= chosen.threshold}
    groups = Groups(flagged)
    for one, other in edges:
        if one in flagged and other in flagged:
            groups.join(one, other)
    shared = {
        n: sorted(Share(line.at, line.key, line.id) for key in keys for line in posted[key])
        for n, keys in enumerate(groups.all())
    }
    write_components(out, scores, shared, chosen.threshold, window=None)


def _table(posts: Path, target: Path, *, bare: bool) -> dict[str, list[Line]]:
    """Write the toolkit's table; returns posts by account."""
    posted: defaultdict[str, list[Line]] = defaultdict(list)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for line in read_posts(posts):
            posted[line.key].append(line)
            text = line.text.replace("\x00", "")
            if bare:
                text = " ".join(_LINK.sub(" ", _RETWEET.sub("", text)).split())
            links = " ".join(url.replace(" ", "") for url in line.urls or ())
            writer.writerow(
                (
                    line.id,
                    line.key,
                    line.key,
                    line.repost_of or "",
                    line.reply_to or "",
                    text,
                    line.at / 1000,
                    links,
                )
            )
    return dict(posted)


def _edges(folder: Path, setup: Setup) -> dict[tuple[str, str], float]:
    """Undirected edges: the larger direction of each network, summed over networks."""
    total: defaultdict[tuple[str, str], float] = defaultdict(float)
    for spec in setup.networks:
        network: dict[tuple[str, str], float] = {}
        with (folder / f"{spec.replace(':', '_')}.csv").open(newline="") as file:
            for one, other, written in csv.reader(file):
                if one != other:
                    edge = (one, other) if one < other else (other, one)
                    network[edge] = max(network.get(edge, 0.0), float(written))
        for edge, weight in network.items():
            total[edge] += weight
    return {edge: weight for edge, weight in total.items() if weight >= setup.lightest}

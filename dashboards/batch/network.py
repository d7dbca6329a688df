"""The account network as GraphML and GEXF: who shared the same objects within a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from xml.sax.saxutils import quoteattr

from dashboards.batch.gather import Gathered

WIDEST_OBJECT = 200
"""Objects shared by more accounts say little about a pair and are left out."""
MOST_EDGES = 200_000

SHOWN = 10
"""Posts that show an edge."""

Edges = Sequence[tuple[int, int, int, tuple[int, ...]]]


def edges(found: Gathered, members: set[int]) -> Edges:
    """(account, account, number of shared objects, posts) among ``members``, heaviest first."""
    weights: Counter[tuple[int, int]] = Counter()
    shown: dict[tuple[int, int], list[int]] = {}
    for sharers in _sharers(found, members):
        for pair in combinations(sorted(sharers), 2):
            weights[pair] += 1
            posts = shown.setdefault(pair, [])
            if len(posts) < SHOWN:
                posts += [sharers[one] for one in pair if sharers[one] not in posts]
    ranked = sorted(weights.items(), key=lambda e: (-e[1], e[0]))[:MOST_EDGES]
    return [(*pair, n, tuple(shown[pair][:SHOWN])) for pair, n in ranked]


def _sharers(found: Gathered, members: set[int]) -> Iterator[dict[int, int]]:
    """For each object, which of ``members`` shared it, each with the first post of theirs.

    Those within a day of somebody else count, as in the scores; the widest are left out.
    """
    shares = found.shares()
    theirs: dict[tuple[int, int], int] = {}
    for obj, post in found.objects:
        account = found.post_accounts[post]
        if account in members:
            known = theirs.setdefault((obj, account), post)
            if found.post_times[post] < found.post_times[known]:
                theirs[obj, account] = post
    at: dict[int, dict[int, int]] = {}
    for obj, account in zip(shares.object.tolist(), shares.account.tolist(), strict=True):
        if account in members:
            at.setdefault(obj, {})[account] = theirs[obj, account]
    for sharers in at.values():
        if 1 < len(sharers) <= WIDEST_OBJECT:
            yield sharers


def graphml(names: Mapping[int, str], scores: Mapping[int, float], links: Edges) -> str:
    """GraphML 1.0 (graphml.graphdrawing.org) of an undirected weighted graph."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        '<key id="score" for="node" attr.name="score" attr.type="double"/>',
        '<key id="weight" for="edge" attr.name="weight" attr.type="int"/>',
        '<graph edgedefault="undirected">',
    ]
    lines += [
        f'<node id={quoteattr(name)}><data key="score">{scores[n]:.6g}</data></node>'
        for n, name in names.items()
    ]
    lines += [
        f"<edge source={quoteattr(names[a])} target={quoteattr(names[b])}>"
        f'<data key="weight">{weight}</data></edge>'
        for a, b, weight, _ in links
    ]
    return "\n".join([*lines, "</graph>", "</graphml>", ""])


def gexf(names: Mapping[int, str], scores: Mapping[int, float], links: Edges) -> str:
    """GEXF 1.3 (gexf.net) of the same graph."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gexf xmlns="http://gexf.net/1.3" version="1.3">',
        '<graph defaultedgetype="undirected">',
        '<attributes class="node"><attribute id="0" title="score" type="double"/></attributes>',
        "<nodes>",
    ]
    lines += [
        f"<node id={quoteattr(name)} label={quoteattr(name)}><attvalues>"
        f'<attvalue for="0" value="{scores[n]:.6g}"/></attvalues></node>'
        for n, name in names.items()
    ]
    lines += ["</nodes>", "<edges>"]
    lines += [
        f'<edge id="{i}" source={quoteattr(names[a])} target={quoteattr(names[b])} '
        f'weight="{weight}"/>'
        for i, (a, b, weight, _) in enumerate(links)
    ]
    return "\n".join([*lines, "</edges>", "</graph>", "</gexf>", ""])

"""The account network as GraphML and GEXF: who shared the same objects within a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from xml.sax.saxutils import quoteattr

from dashboards.batch.gather import Gathered

WIDEST_OBJECT = 200
"""Objects shared by more accounts say little about a pair and are left out."""
MOST_EDGES = 200_000

Edges = Sequence[tuple[int, int, int]]


def edges(found: Gathered, members: set[int]) -> Edges:
    """(account, account, number of shared objects) among ``members``, heaviest first."""
    shares = found.shares()
    pairs: Counter[tuple[int, int]] = Counter()
    start = 0
    objects = shares.object.tolist()
    accounts = shares.account.tolist()
    while start < len(objects):
        end = start
        while end < len(objects) and objects[end] == objects[start]:
            end += 1
        sharers = sorted({a for a in accounts[start:end] if a in members})
        if 1 < len(sharers) <= WIDEST_OBJECT:
            pairs.update(combinations(sharers, 2))
        start = end
    ranked = sorted(
        ((a, b, n) for (a, b), n in pairs.items()), key=lambda e: (-e[2], e[0], e[1])
    )
    return ranked[:MOST_EDGES]


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
        for a, b, weight in links
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
        for i, (a, b, weight) in enumerate(links)
    ]
    return "\n".join([*lines, "</edges>", "</graph>", "</gexf>", ""])
